//! How a case is written: its document, and the rows that repeat parts of it for lists and searches.

use super::rows::SheetRow;
use crate::lane::WriteTx;
use crate::locked::{Locked, Stored, wrapped};
use crate::prepared::{names, put};
use crate::schema::{access, idempotency, search_token, sheet, sheet_content};
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::dsl::exists;
use diesel::prelude::*;
use domain::audit::Stream;
use domain::case::sheet::{Document, Standing};
use domain::case::{Case, Changes, Outcome};
use domain::figure::{self, Counting};
use domain::ids::SheetId;
use domain::time::{Day, Instant};
use uuid::Uuid;

names!(ChangeSheet, ChangeSheetAndLabel, AddSheet);

impl Stored for Case {
    const TABLE: &'static str = "sheet";
    /// The content of the sheet as it stands, sealed; none when it was not there.
    type Beside = Option<Vec<u8>>;

    fn id(&self) -> Uuid {
        self.sheet.id.0
    }

    fn stream_of(id: Uuid) -> Stream {
        Stream::Sheet(SheetId(id))
    }

    fn is_there(tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
        Ok(diesel::select(exists(sheet::table.find(Uid(id)))).get_result(tx.conn)?)
    }

    fn read_locked(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Locked>, StoreError> {
        tx.read_locked_case(SheetId(id))
    }

    fn complete(tx: &mut WriteTx<'_>, locked: &Locked, outcome: Outcome, at: Instant) -> Result<Outcome, StoreError> {
        if outcome.changes.discarded {
            return Ok(outcome);
        }
        let receivers = tx.find_receivers(&outcome.thing)?;
        Ok(outcome.recall(&locked.thing, &receivers, &mut || tx.new_stop(at), at))
    }

    fn counted(
        tx: &mut WriteTx<'_>,
        locked: &Locked,
        outcome: &Outcome,
        at: Instant,
    ) -> Result<Option<Counting>, StoreError> {
        if !figure::counts(&outcome.events) {
            return Ok(None);
        }
        let earlier = match outcome.changes.created {
            true => None,
            false => match tx.document(locked) {
                // Somebody has put another content in its place. Nothing that is only counted may hold up a withdrawal.
                Err(StoreError::Diverged(_)) => Some(Document::default()),
                earlier => Some(earlier?),
            },
        };
        let written = outcome.changes.document.as_ref().map(|(document, _)| document);
        let nothing = Document::default();
        let document = written.or(earlier.as_ref()).unwrap_or(&nothing);
        Ok(Some(figure::count(outcome, earlier.as_ref().map(|it| (&locked.thing, it)), document, at)))
    }

    fn is_gone(changes: &Changes) -> bool {
        changes.discarded
    }

    fn write(
        tx: &mut WriteTx<'_>,
        locked: &mut Locked,
        outcome: &Outcome,
        sealed: Option<Vec<u8>>,
        at: Instant,
    ) -> Result<(), StoreError> {
        let (case, changes, today) = (&outcome.thing, &outcome.changes, Day(at.date()));
        let (id, municipality) = (case.sheet.id, case.sheet.municipality_id);
        if changes.discarded {
            return tx.discard(id);
        }
        if let Some(document) = sealed {
            let (row, document) = (SheetRow::of(case, today)?, sheet::document.eq(document));
            let content = changes.document.as_ref().map(|(content, _)| content);
            let label = content.map(|content| tx.sealed_label(&locked.key, id, content)).transpose()?;
            let its = sheet::table.find(Uid(id));
            match label.map(|label| sheet::label.eq(label)) {
                Some(label) if changes.created => {
                    let data_key = sheet::data_key.eq(tx.keys.wrap(&locked.key, &wrapped::<Self>(id.0), tx.chance)?);
                    put!(tx, AddSheet, diesel::insert_into(sheet::table).values((row, data_key, document, label)));
                }
                Some(label) => put!(tx, ChangeSheetAndLabel, diesel::update(its).set((row, document, label))),
                None => put!(tx, ChangeSheet, diesel::update(its).set((row, document))),
            }
        }
        if case.sheet.origin_agency_id != locked.thing.sheet.origin_agency_id && !changes.created {
            tx.move_entries(id, locked.thing.sheet.origin_agency_id, case.sheet.origin_agency_id)?;
        }
        if let Some((document, keep)) = &changes.document {
            let earlier = if changes.created { None } else { Some(tx.document(locked)?) };
            let sealed = tx.write_content(&locked.key, &case.sheet, earlier.as_ref(), document, *keep, at)?;
            locked.beside = Some(sealed);
        }
        for consent in case.consents.iter().filter(|c| changes.consents.contains(&c.id)) {
            tx.write_consent(municipality, consent, changes.new == Some(consent.id.0))?;
        }
        // A consent that is new has no receipt yet.
        let known = changes.consents.iter().copied().filter(|id| locked.thing.consent(*id).is_some()).collect();
        tx.settle_receipts(case, &known)?;
        for relay in case.relays.iter().filter(|r| changes.relays.contains(&r.id)) {
            tx.write_relay(case, relay, changes.new == Some(relay.id.0))?;
        }
        for exception in case.exceptions.iter().filter(|e| changes.exceptions.contains(&e.id)) {
            tx.write_exception(&case.sheet, exception, changes.new == Some(exception.id.0))?;
        }
        for stop in case.stops.iter().filter(|s| changes.stops.contains(&s.id)) {
            tx.write_stop(municipality, stop, locked.thing.stop(stop.id).is_none())?;
        }
        for release in case.releases.iter().filter(|r| changes.releases.contains(&r.id)) {
            tx.write_release(&case.sheet, release, locked.thing.release(release.id).is_none())?;
        }
        if let Some(new) = changes.new {
            tx.note_named(&case.named_by(new), at)?;
        }
        if let Some(entry) = &changes.entry {
            tx.write_entry(&locked.key, municipality, entry)?;
        }
        if let Some(closure) = &changes.closure {
            tx.write_closure(&locked.key, municipality, closure)?;
        }
        if let Some(attachment) = &changes.attachment {
            tx.write_attachment(&locked.key, &case.sheet, attachment)?;
        }
        if let Some((file, reason)) = &changes.withdrawn_file {
            let file = case.attachments.iter().find(|it| it.id == *file).ok_or(StoreError::Missing)?;
            tx.forget_file(&locked.key, file, reason)?;
        }
        if let Some(evidence) = &changes.evidence {
            tx.write_evidence(&locked.key, &case.sheet, evidence, at)?;
        }
        if case.sheet.standing == Standing::Voided && locked.thing.sheet.standing != Standing::Voided {
            tx.forget_answers_about(id)?;
        }
        let receivers = tx.find_receivers(case)?;
        let before = if changes.created { Vec::new() } else { locked.thing.access(&receivers, today) };
        tx.write_access(id, municipality, &before, &case.access(&receivers, today))?;
        tx.write_tasks(&locked.thing, case, today)?;
        Ok(())
    }
}

impl WriteTx<'_> {
    fn discard(&mut self, id: SheetId) -> Result<(), StoreError> {
        diesel::delete(access::table.filter(access::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(search_token::table.filter(search_token::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet_content::table.filter(sheet_content::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(idempotency::table.filter(idempotency::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet::table.find(Uid(id))).execute(self.conn)?;
        Ok(())
    }
}
