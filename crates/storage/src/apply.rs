//! The one writer: what a transition has decided goes into the database here, all or nothing.

use crate::audit::StreamLock;
use crate::case::rows::SheetRow;
use crate::keys::DataKey;
use crate::lane::WriteTx;
use crate::locked::{Locked, State, wrapped};
use crate::prepared::{names, put};
use crate::schema::{access, idempotency, search_token, sheet, sheet_content};
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::Actor;
use domain::audit::{EventDraft, Fact, Stream};
use domain::case::{Case, Outcome};
use domain::ids::SheetId;
use domain::sheet::Standing;
use domain::time::{Day, Instant};

names!(ChangeSheet, AddSheet);

impl WriteTx<'_> {
    /// Writes a new case.
    pub fn apply_new(&mut self, outcome: Outcome, actor: &Actor) -> Result<Locked, StoreError> {
        let key = DataKey::new(self.chance);
        let sheet = &outcome.case.sheet;
        let lock = StreamLock::of_new(Stream::Sheet(sheet.id), Some(sheet.municipality_id));
        let case = outcome.case.clone();
        self.apply(Locked { case, key, lock, content: None }, outcome, Some(actor), actor.at)
    }

    /// Stores the state, the audit events and the mails of a transition. `actor` is none when the service itself acts.
    pub fn apply(
        &mut self,
        mut locked: Locked,
        outcome: Outcome,
        actor: Option<&Actor>,
        at: Instant,
    ) -> Result<Locked, StoreError> {
        let today = Day(at.date());
        if outcome.changes.discarded {
            self.discard(outcome.case.sheet.id)?;
            locked.lock.leads_to(Vec::new());
            self.append(&mut locked.lock, &outcome.events, actor, at)?;
            return Ok(Locked { case: outcome.case, ..locked });
        }
        let receivers = if outcome.case.relays.is_empty() { Vec::new() } else { self.find_receivers(&outcome.case)? };
        let outcome = outcome.recall(&locked.case, &receivers, &mut || self.new_stop(at), at);
        let Outcome { case, changes, events, mails } = outcome;
        let (id, municipality) = (case.sheet.id, case.sheet.municipality_id);
        let state = State::of(&case, self.keys)?;
        let moved = state.digest != locked.lock.state();
        if moved {
            self.write_sheet(&case, &state, &locked.key, changes.created, today)?;
            locked.lock.leads_to(state.digest);
        }
        if case.sheet.origin_agency_id != locked.case.sheet.origin_agency_id && !changes.created {
            self.move_entries(id, locked.case.sheet.origin_agency_id, case.sheet.origin_agency_id)?;
        }
        if let Some((document, keep)) = &changes.document {
            let earlier = if changes.created { None } else { Some(self.document(&locked)?) };
            let sealed = self.write_content(&locked.key, &case.sheet, earlier.as_ref(), document, *keep, at)?;
            locked.content = Some(sealed);
        }
        for consent in case.consents.iter().filter(|c| changes.consents.contains(&c.id)) {
            self.write_consent(municipality, consent, changes.new == Some(consent.id.0))?;
        }
        // A consent that is new has no receipt yet.
        let known = changes.consents.iter().copied().filter(|id| locked.case.consent(*id).is_some()).collect();
        self.settle_receipts(&case, &known)?;
        for relay in case.relays.iter().filter(|r| changes.relays.contains(&r.id)) {
            self.write_relay(&case, relay, changes.new == Some(relay.id.0))?;
        }
        for exception in case.exceptions.iter().filter(|e| changes.exceptions.contains(&e.id)) {
            self.write_exception(&case.sheet, exception, changes.new == Some(exception.id.0))?;
        }
        for stop in case.stops.iter().filter(|s| changes.stops.contains(&s.id)) {
            self.write_stop(municipality, stop, locked.case.stop(stop.id).is_none())?;
        }
        for release in case.releases.iter().filter(|r| changes.releases.contains(&r.id)) {
            self.write_release(&case.sheet, release, locked.case.release(release.id).is_none())?;
        }
        if let Some(new) = changes.new {
            self.note_named(&case.named_by(new))?;
        }
        if let Some(entry) = &changes.entry {
            self.write_entry(&locked.key, municipality, entry)?;
        }
        if let Some(attachment) = &changes.attachment {
            self.write_attachment(&locked.key, &case.sheet, attachment)?;
        }
        if let Some(file) = changes.withdrawn_file {
            self.forget_file(file)?;
        }
        if let Some(evidence) = &changes.evidence {
            self.write_evidence(&locked.key, &case.sheet, evidence, at)?;
        }
        if case.sheet.standing == Standing::Voided && locked.case.sheet.standing != Standing::Voided {
            self.forget_answers_about(id)?;
        }
        let before = if changes.created { Vec::new() } else { locked.case.access(&receivers, today) };
        self.write_access(id, municipality, &before, &case.access(&receivers, today))?;
        self.write_tasks(&locked.case, &case, today)?;
        let events = if moved { leading_to(events, locked.lock.state()) } else { events };
        if moved && events.is_empty() {
            self.move_head(&mut locked.lock)?;
        }
        match actor {
            Some(_) => self.put_mails(&mails, municipality, at)?,
            None => self.put_mails_of_round(&mails, municipality, at)?,
        }
        self.append(&mut locked.lock, &events, actor, at)?;
        Ok(Locked { case, ..locked })
    }

    fn write_sheet(
        &mut self,
        case: &Case,
        state: &State,
        key: &DataKey,
        new: bool,
        today: Day,
    ) -> Result<(), StoreError> {
        let (id, row) = (case.sheet.id, SheetRow::of(case, today)?);
        let document = sheet::document.eq(state.seal(id, key, self.chance)?);
        if new {
            let data_key = sheet::data_key.eq(self.keys.wrap(key, &wrapped(id), self.chance)?);
            put!(self, AddSheet, diesel::insert_into(sheet::table).values((row, data_key, document)));
        } else {
            put!(self, ChangeSheet, diesel::update(sheet::table.find(Uid(id))).set((row, document)));
        }
        Ok(())
    }

    fn discard(&mut self, id: SheetId) -> Result<(), StoreError> {
        diesel::delete(access::table.filter(access::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(search_token::table.filter(search_token::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet_content::table.filter(sheet_content::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(idempotency::table.filter(idempotency::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet::table.find(Uid(id))).execute(self.conn)?;
        Ok(())
    }
}

/// The events, each with the digest of the document to which they lead.
pub(crate) fn leading_to(events: Vec<EventDraft>, state: &[u8]) -> Vec<EventDraft> {
    let digest = hex::encode(state);
    events.into_iter().map(|event| event.with("state_digest", Fact::Commitment(digest.clone()))).collect()
}
