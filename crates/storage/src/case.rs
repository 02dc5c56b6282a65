//! Cases in the database: loaded whole under the lock of their stream, and written only by [`WriteTx::apply`].

mod attachments;
mod ended;
mod entries;
mod evidence;
#[cfg(feature = "load")]
mod load;
mod rows;
mod stops;

#[cfg(feature = "load")]
pub use load::Finished;

pub use attachments::OpenedAttachment;
pub use ended::{EndedAgency, StillOpen};
pub use entries::EntryFilter;

pub(crate) use rows::{SheetRow, birth_tokens, kana_token};

use crate::audit::StreamLock;
use crate::keys::{Aad, DataKey};
use crate::lane::WriteTx;
use crate::prepared::{insert_all, names, prepared};
use crate::schema::{
    access, address_release, consent, exception, idempotency, number_counter, relay, search_token, sheet,
    sheet_content, sheet_topic,
};
use crate::sql_types::{At, DocOf, OnDay, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::address::AddressRelease;
use domain::agency::Actor;
use domain::audit::{EventDraft, Stream};
use domain::case::{Access, Case, KeepEarlier, Outcome};
use domain::consent::{CommitKey, Consent};
use domain::exception::{Exception, Progress};
use domain::ids::{AddressReleaseId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StopNoticeId};
use domain::personal::Revealed;
use domain::relay::Relay;
use domain::sheet::{Document, Sheet, SheetNumber, Standing};
use domain::time::{Day, Instant};
use rows::{AccessRow, ConsentRow, ContentRow, ExceptionRow, RelayRow, ReleaseRow, count, number, tokens, topics};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A case under lock, and the key of its sheet.
pub struct Locked {
    /// The case as it was when the lock was taken.
    pub case: Case,
    key: DataKey,
    lock: StreamLock,
}

impl Locked {
    /// The key for commitments about this sheet.
    ///
    /// # Errors
    /// The key cannot be derived.
    pub fn commit_key(&self) -> Result<CommitKey, StoreError> {
        Ok(CommitKey::new(&*self.key.commit_key()?))
    }
}

names!(NextNumber, ChangeSheet, ChangeConsent, ChangeRelay, AddRelay);

pub(crate) fn wrapped(id: SheetId) -> Aad {
    Aad::new("sheet", id.0, "data_key", 0)
}

fn seal<T: Serialize>(tx: &WriteTx<'_>, key: &DataKey, place: &Aad, value: &T) -> Result<Vec<u8>, StoreError> {
    let json = zeroize::Zeroizing::new(serde_json::to_vec(&Revealed(value)).map_err(|_| StoreError::Missing)?);
    Ok(key.seal(place, &json, tx.chance)?)
}

fn open<T: DeserializeOwned>(key: &DataKey, place: &Aad, sealed: &[u8]) -> Result<T, StoreError> {
    let json = key.open(place, sealed)?;
    serde_json::from_slice(&json).map_err(|_| StoreError::Key(crate::keys::KeyError::Sealed))
}

impl WriteTx<'_> {
    /// An id for a stop notice that the service makes itself.
    pub fn new_stop(&self, at: Instant) -> StopNoticeId {
        StopNoticeId::new(at, self.chance)
    }

    /// Locks and loads a case; none when there is no such sheet.
    pub fn lock_case(&mut self, id: SheetId) -> Result<Option<Locked>, StoreError> {
        let Some(mut lock) = self.try_lock_stream(Stream::Sheet(id), None)? else {
            return Ok(None);
        };
        let row: Option<SheetRow> = sheet::table.find(Uid(id)).first(self.conn).optional()?;
        // When a draft is discarded, its stream stays.
        let Some(row) = row else { return Ok(None) };
        lock.belongs_to(row.municipality_id.0);
        let key = self.keys.unwrap_key(&row.data_key, &wrapped(id))?;
        let consents = consent::table
            .filter(consent::sheet_id.eq(Uid(id)))
            .order(consent::version.asc())
            .select((consent::id, consent::sealed))
            .load::<(Uid<ConsentId>, Vec<u8>)>(self.conn)?
            .into_iter()
            .map(|(id, sealed)| open(&key, &Aad::new("consent", id.0.0, "sealed", 0), &sealed))
            .collect::<Result<_, _>>()?;
        let relays = relay::table
            .filter(relay::sheet_id.eq(Uid(id)))
            .order(relay::id.asc())
            .select((relay::id, relay::revision, relay::sealed))
            .load::<(Uid<RelayId>, i32, Vec<u8>)>(self.conn)?
            .into_iter()
            .map(|(id, revision, sealed)| open(&key, &relay_place(id.0, count(revision)?), &sealed))
            .collect::<Result<_, _>>()?;
        let exceptions = if row.has_exceptions { self.exceptions(id, &key)? } else { Vec::new() };
        let attachments = if row.attachment_count == 0 { Vec::new() } else { self.load_attachments(&key, id)? };
        let stops = if row.has_stops { self.stops(id, &key)? } else { Vec::new() };
        let releases = if row.has_releases { self.releases(id, &key)? } else { Vec::new() };
        let case = Case { sheet: row.into_sheet()?, consents, relays, exceptions, attachments, stops, releases };
        Ok(Some(Locked { case, key, lock }))
    }

    fn exceptions(&mut self, of: SheetId, key: &DataKey) -> Result<Vec<Exception>, StoreError> {
        let rows: Vec<(Uid<ExceptionId>, i32, Vec<u8>)> = exception::table
            .filter(exception::sheet_id.eq(Uid(of)))
            .order(exception::id.asc())
            .select((exception::id, exception::revision, exception::sealed))
            .load(self.conn)?;
        let each = rows.into_iter();
        each.map(|(id, revision, sealed)| open(key, &exception_place(id.0, count(revision)?), &sealed)).collect()
    }

    fn releases(&mut self, of: SheetId, key: &DataKey) -> Result<Vec<AddressRelease>, StoreError> {
        let rows: Vec<(Uid<AddressReleaseId>, Vec<u8>)> = address_release::table
            .filter(address_release::sheet_id.eq(Uid(of)))
            .order(address_release::id.asc())
            .select((address_release::id, address_release::sealed))
            .load(self.conn)?;
        rows.into_iter().map(|(id, sealed)| open(key, &release_place(id.0), &sealed)).collect()
    }

    /// The document of a locked case as it was at `revision`: the newest kept one up to that revision, with the revision that wrote it;
    /// none when there is none.
    pub fn find_document(&mut self, locked: &Locked, revision: u32) -> Result<Option<(u32, Document)>, StoreError> {
        let id = locked.case.sheet.id;
        let row: Option<(i32, Vec<u8>)> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(id)).and(sheet_content::revision.le(number(revision)?)))
            .order(sheet_content::revision.desc())
            .select((sheet_content::revision, sheet_content::sealed))
            .first(self.conn)
            .optional()?;
        let Some((revision, sealed)) = row else { return Ok(None) };
        let revision = count(revision)?;
        Ok(Some((revision, open(&locked.key, &content_place(id, revision), &sealed)?)))
    }

    /// Whether at least `many` of the kept revisions of a locked case came after `since`.
    pub fn has_revisions_since(&mut self, locked: &Locked, many: i64, since: Instant) -> Result<bool, StoreError> {
        let oldest: Option<At> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(locked.case.sheet.id)))
            .order(sheet_content::revision.desc())
            .offset(many - 1)
            .select(sheet_content::created_at)
            .first(self.conn)
            .optional()?;
        Ok(oldest.is_some_and(|oldest| oldest.0 > since))
    }

    /// The last revision before `revision` that has a kept document.
    pub fn find_revision_before(&mut self, locked: &Locked, revision: u32) -> Result<Option<u32>, StoreError> {
        let earlier: Option<i32> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(locked.case.sheet.id)))
            .filter(sheet_content::revision.lt(number(revision)?))
            .select(diesel::dsl::max(sheet_content::revision))
            .first(self.conn)?;
        earlier.map(count).transpose()
    }

    /// The current document of a locked case.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none; a key error when it does not open.
    pub fn document(&mut self, locked: &Locked) -> Result<Document, StoreError> {
        let revision = locked.case.sheet.content_revision;
        self.find_document(locked, revision)?.map(|(_, document)| document).ok_or(StoreError::Missing)
    }

    /// Records events about a locked case that does not change: that it was read, or that something was refused.
    pub fn note(&mut self, locked: &mut Locked, events: &[EventDraft], actor: &Actor) -> Result<(), StoreError> {
        self.append(&mut locked.lock, events, Some(actor), actor.at)
    }

    /// The next number of the municipality and fiscal year. It stays locked until the commit, so that no number is skipped or given twice;
    /// take it last, when nothing else can fail.
    pub fn next_number(&mut self, municipality: MunicipalityId, fiscal_year: i16) -> Result<SheetNumber, StoreError> {
        let row = number_counter::table.find((Uid(municipality), i32::from(fiscal_year)));
        let next = prepared::<NextNumber, _>(
            diesel::update(row).set(number_counter::last.eq(number_counter::last + 1)).returning(number_counter::last),
        );
        let next = next.get_result::<i32>(self.conn).optional()?;
        let serial = match next {
            Some(serial) => serial,
            None => {
                let first = (
                    number_counter::municipality_id.eq(Uid(municipality)),
                    number_counter::fiscal_year.eq(i32::from(fiscal_year)),
                    number_counter::last.eq(1),
                );
                match diesel::insert_into(number_counter::table).values(first).execute(self.conn) {
                    Ok(_) => 1,
                    Err(error) => match StoreError::from(error) {
                        // Another process has just taken the first number of this year.
                        StoreError::Conflict(_) => return Err(self.retry()),
                        error => return Err(error),
                    },
                }
            }
        };
        Ok(SheetNumber { fiscal_year, serial: count(serial)? })
    }

    /// Writes a new case.
    pub fn apply_new(&mut self, outcome: Outcome, actor: &Actor) -> Result<Locked, StoreError> {
        let key = DataKey::new(self.chance);
        let sheet = &outcome.case.sheet;
        let lock = self.create_stream(Stream::Sheet(sheet.id), Some(sheet.municipality_id))?;
        let case = outcome.case.clone();
        self.apply(Locked { case, key, lock }, outcome, Some(actor), actor.at)
    }

    /// The one writer: stores the state, the audit events and the mails of a transition, all or nothing. `actor` is none when the service
    /// itself acts.
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
            self.append(&mut locked.lock, &outcome.events, actor, at)?;
            return Ok(Locked { case: outcome.case, ..locked });
        }
        let receivers = if outcome.case.relays.is_empty() { Vec::new() } else { self.find_receivers(&outcome.case)? };
        let outcome = outcome.recall(&locked.case, &receivers, &mut || self.new_stop(at), at);
        let Outcome { case, changes, events, mails } = outcome;
        let (id, municipality) = (case.sheet.id, case.sheet.municipality_id);
        let hangs = |case: &Case| [case.exceptions.is_empty(), case.stops.is_empty(), case.releases.is_empty()];
        let first_of_its_kind = hangs(&locked.case) != hangs(&case);
        if changes.created {
            let data_key = self.keys.wrap(&locked.key, &wrapped(id), self.chance)?;
            diesel::insert_into(sheet::table).values(SheetRow::of(&case, data_key, today)?).execute(self.conn)?;
        } else if changes.sheet
            || !changes.consents.is_empty()
            || !changes.relays.is_empty()
            || first_of_its_kind
            || changes.attachment.is_some()
        {
            self.update_sheet(&case, today)?;
        }
        if case.sheet.origin_agency_id != locked.case.sheet.origin_agency_id && !changes.created {
            self.move_entries(id, locked.case.sheet.origin_agency_id, case.sheet.origin_agency_id)?;
        }
        if let Some((document, keep)) = &changes.document {
            self.write_document(&locked.key, &case.sheet, document, *keep, at)?;
        }
        for consent in case.consents.iter().filter(|c| changes.consents.contains(&c.id)) {
            self.write_consent(&locked.key, municipality, consent, changes.new == Some(consent.id.0))?;
        }
        if !changes.consents.is_empty() {
            self.settle_receipts(&case, &changes.consents)?;
        }
        for relay in case.relays.iter().filter(|r| changes.relays.contains(&r.id)) {
            self.write_relay(&locked.key, &case, relay, changes.new == Some(relay.id.0))?;
        }
        for exception in case.exceptions.iter().filter(|e| changes.exceptions.contains(&e.id)) {
            self.write_exception(&locked.key, &case.sheet, exception, changes.new == Some(exception.id.0))?;
        }
        for stop in case.stops.iter().filter(|s| changes.stops.contains(&s.id)) {
            self.write_stop(&locked.key, municipality, stop, locked.case.stop(stop.id).is_none())?;
        }
        for release in case.releases.iter().filter(|r| changes.releases.contains(&r.id)) {
            self.write_release(&locked.key, &case.sheet, release, locked.case.release(release.id).is_none())?;
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
        if let Some(file) = case.attachments.iter().find(|it| changes.withdrawn_file == Some(it.id)) {
            self.forget_file(&locked.key, file)?;
        }
        if let Some(evidence) = &changes.evidence {
            self.write_evidence(&locked.key, &case.sheet, evidence, at)?;
        }
        if case.sheet.standing == Standing::Voided && locked.case.sheet.standing != Standing::Voided {
            self.forget_answers_about(id)?;
        }
        let before = if changes.created { Vec::new() } else { locked.case.access(&receivers, today) };
        let access = case.access(&receivers, today);
        if access != before {
            self.write_access(id, municipality, &access)?;
        }
        self.write_tasks(&locked.case, &case, today)?;
        self.append(&mut locked.lock, &events, actor, at)?;
        if !mails.is_empty() {
            match actor {
                Some(_) => self.enqueue(&mails, municipality, at)?,
                None => self.enqueue_for_round(&mails, municipality, at)?,
            }
        }
        Ok(Locked { case, ..locked })
    }

    fn update_sheet(&mut self, case: &Case, today: Day) -> Result<(), StoreError> {
        let row = SheetRow::of(case, Vec::new(), today)?;
        prepared::<ChangeSheet, _>(diesel::update(sheet::table.find(row.id)).set((
            sheet::fiscal_year.eq(row.fiscal_year),
            sheet::serial.eq(row.serial),
            sheet::number.eq(row.number),
            sheet::standing.eq(row.standing),
            sheet::state.eq(row.state),
            sheet::consented_until.eq(row.consented_until),
            sheet::revision.eq(row.revision),
            sheet::content_revision.eq(row.content_revision),
            sheet::origin_agency_id.eq(row.origin_agency_id),
            sheet::holder_agency_id.eq(row.holder_agency_id),
            sheet::received_at.eq(row.received_at),
            sheet::channel.eq(row.channel),
            sheet::route.eq(row.route),
            sheet::urgency.eq(row.urgency),
            sheet::address_secret.eq(row.address_secret),
            sheet::updated_at.eq(row.updated_at),
            sheet::closed_at.eq(row.closed_at),
            sheet::has_exceptions.eq(row.has_exceptions),
            sheet::attachment_count.eq(row.attachment_count),
            sheet::has_stops.eq(row.has_stops),
            sheet::has_releases.eq(row.has_releases),
            sheet::seen.eq(row.seen),
        )))
        .execute(self.conn)?;
        Ok(())
    }

    fn write_document(
        &mut self,
        key: &DataKey,
        sheet: &Sheet,
        document: &Document,
        keep: KeepEarlier,
        at: Instant,
    ) -> Result<(), StoreError> {
        let id = sheet.id;
        if keep == KeepEarlier::No {
            diesel::delete(sheet_content::table.filter(sheet_content::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        }
        let row = self.content_row(key, sheet, document, at)?;
        diesel::insert_into(sheet_content::table).values(&row).execute(self.conn)?;
        diesel::delete(search_token::table.filter(search_token::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        insert_all!(self.conn, search_token::table, tokens(self.keys, sheet.municipality_id, id, document))?;
        diesel::delete(sheet_topic::table.filter(sheet_topic::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        insert_all!(self.conn, sheet_topic::table, topics(sheet, document))?;
        Ok(())
    }

    fn content_row(
        &self,
        key: &DataKey,
        sheet: &Sheet,
        document: &Document,
        at: Instant,
    ) -> Result<ContentRow, StoreError> {
        Ok(ContentRow {
            municipality_id: Uid(sheet.municipality_id),
            sheet_id: Uid(sheet.id),
            revision: number(sheet.content_revision)?,
            sealed: seal(self, key, &content_place(sheet.id, sheet.content_revision), document)?,
            created_at: At(at),
        })
    }

    fn consent_row(&self, key: &DataKey, municipality: MunicipalityId, it: &Consent) -> Result<ConsentRow, StoreError> {
        Ok(ConsentRow {
            id: Uid(it.id),
            municipality_id: Uid(municipality),
            sheet_id: Uid(it.sheet_id),
            version: number(it.version)?,
            effective_until: OnDay(it.terms.effective_until),
            follow_up_on: it.terms.follow_up_on.map(OnDay),
            sealed: seal(self, key, &Aad::new("consent", it.id.0, "sealed", 0), it)?,
            invalid: it.invalid.is_some(),
            lapses_on: it.lapses_on().map(OnDay),
        })
    }

    fn relay_row(&self, key: &DataKey, sheet: &Sheet, it: &Relay) -> Result<RelayRow, StoreError> {
        let (sender, receiver) = (it.seen_by(it.from_agency_id), it.seen_by(it.to_agency_id));
        Ok(RelayRow {
            id: Uid(it.id),
            municipality_id: Uid(it.municipality_id),
            sheet_id: Uid(it.sheet_id),
            number: sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            revision: number(it.revision)?,
            state: it.state().into(),
            from_agency_id: Uid(it.from_agency_id),
            to_agency_id: Uid(it.to_agency_id),
            parent_relay_id: it.parent_relay_id.map(Uid),
            sections: DocOf(it.sections.iter().copied().collect()),
            purpose: it.purpose.into(),
            urgency: it.urgency.into(),
            handover: it.handover.into(),
            consent_id: it.basis.consent_id().map(Uid),
            sent_at: At(it.sent_at),
            reply_due: OnDay(it.reply_due),
            waits: it.is_open() && it.overdue_since.is_none(),
            overdue_since: it.overdue_since.map(OnDay),
            updated_at: At(it.updated_at),
            sealed: seal(self, key, &relay_place(it.id, it.revision), it)?,
            exception_id: it.basis.exception_id().map(Uid),
            chased_on: it.chased_on.map(OnDay),
            // Also while the relay only waits there: when the agreement ends, its words must be closed, too.
            held: !it.shut && (it.is_waiting() || !it.held.is_empty()),
            sender_revision: number(sender.0)?,
            sender_updated_at: At(sender.1),
            receiver_revision: number(receiver.0)?,
            receiver_updated_at: At(receiver.1),
            shut: it.shut,
        })
    }

    fn write_consent(
        &mut self,
        key: &DataKey,
        municipality: MunicipalityId,
        it: &Consent,
        new: bool,
    ) -> Result<(), StoreError> {
        let row = self.consent_row(key, municipality, it)?;
        if new {
            diesel::insert_into(consent::table).values(&row).execute(self.conn)?;
        } else {
            prepared::<ChangeConsent, _>(diesel::update(consent::table.find(row.id)).set(&row)).execute(self.conn)?;
        }
        Ok(())
    }

    fn write_relay(&mut self, key: &DataKey, case: &Case, it: &Relay, new: bool) -> Result<(), StoreError> {
        let row = self.relay_row(key, &case.sheet, it)?;
        if new {
            prepared::<AddRelay, _>(diesel::insert_into(relay::table).values(&row)).execute(self.conn)?;
        } else {
            prepared::<ChangeRelay, _>(diesel::update(relay::table.find(row.id)).set(&row)).execute(self.conn)?;
        }
        Ok(())
    }

    fn write_exception(&mut self, key: &DataKey, sheet: &Sheet, it: &Exception, new: bool) -> Result<(), StoreError> {
        let used = it.used();
        let row = ExceptionRow {
            id: Uid(it.id),
            municipality_id: Uid(it.municipality_id),
            sheet_id: Uid(it.sheet_id),
            number: sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            revision: number(it.revision)?,
            state: it.state().into(),
            code: it.grounds.code.into(),
            emergency: it.grounds.emergency,
            refusal_on_file: it.refusal_on_file,
            requested_agency_id: Uid(it.requested_agency_id),
            requested_by: Uid(it.requested_by),
            requested_at: At(it.requested_at),
            to_agency_id: Uid(it.grounds.to_agency_id),
            relay_id: used.map(|used| Uid(used.relay_id)),
            used_at: used.map(|used| At(used.at)),
            approve_by: it.approve_by().map(OnDay),
            waits: matches!(it.progress, Progress::UsedFirst { .. }),
            updated_at: At(it.updated_at),
            sealed: seal(self, key, &exception_place(it.id, it.revision), it)?,
        };
        if new {
            diesel::insert_into(exception::table).values(&row).execute(self.conn)?;
        } else {
            diesel::update(exception::table.find(row.id)).set(&row).execute(self.conn)?;
        }
        Ok(())
    }

    fn write_release(
        &mut self,
        key: &DataKey,
        sheet: &Sheet,
        it: &AddressRelease,
        new: bool,
    ) -> Result<(), StoreError> {
        let row = ReleaseRow {
            id: Uid(it.id),
            municipality_id: Uid(sheet.municipality_id),
            origin_agency_id: Uid(sheet.origin_agency_id),
            sheet_id: Uid(it.sheet_id),
            to_agency_id: Uid(it.to_agency_id),
            state: it.state.into(),
            requested_at: At(it.requested_at),
            sealed: seal(self, key, &release_place(it.id), it)?,
        };
        if new {
            diesel::insert_into(address_release::table).values(&row).execute(self.conn)?;
        } else {
            diesel::update(address_release::table.find(row.id)).set(&row).execute(self.conn)?;
        }
        Ok(())
    }

    fn write_access(&mut self, id: SheetId, of: MunicipalityId, list: &[Access]) -> Result<(), StoreError> {
        diesel::delete(access::table.filter(access::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        let rows: Vec<_> = list.iter().map(|a| AccessRow::of(id, of, a)).collect::<Result<_, _>>()?;
        insert_all!(self.conn, access::table, rows)?;
        Ok(())
    }

    fn discard(&mut self, id: SheetId) -> Result<(), StoreError> {
        diesel::delete(access::table.filter(access::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(search_token::table.filter(search_token::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet_topic::table.filter(sheet_topic::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet_content::table.filter(sheet_content::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(idempotency::table.filter(idempotency::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        diesel::delete(sheet::table.find(Uid(id))).execute(self.conn)?;
        Ok(())
    }
}

fn relay_place(id: RelayId, revision: u32) -> Aad {
    Aad::new("relay", id.0, "sealed", u64::from(revision))
}

fn exception_place(id: ExceptionId, revision: u32) -> Aad {
    Aad::new("exception", id.0, "sealed", u64::from(revision))
}

fn content_place(id: SheetId, revision: u32) -> Aad {
    Aad::new("sheet_content", id.0, "sealed", u64::from(revision))
}

fn release_place(id: AddressReleaseId) -> Aad {
    Aad::new("address_release", id.0, "sealed", 0)
}
