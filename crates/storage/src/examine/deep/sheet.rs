//! One sheet under its lock: every derived row is built again and compared, and what the trail tells of must be there.

use super::look::{Count, Look, compare};
use super::{Difference, Mending};
use crate::case::rows::{
    AccessRow, ConsentRow, ExceptionRow, RelayRow, ReleaseRow, SheetRow, StopRow, TokenRow, tokens,
};
use crate::lane::WriteTx;
use crate::locked::{self, Locked};
use crate::schema::{
    access, address_release, attachment, attachment_chunk, audit_event, consent, entry, evidence, exception, receipt,
    relay, search_token, sheet, sheet_content, stop_request, task,
};
use crate::sql_types::{At, Coded, Uid};
use crate::store::StoreError;
use crate::tasks::TaskRow;
use diesel::prelude::*;
use domain::audit::{EventKind, Stream};
use domain::case::Case;
use domain::ids::{AgencyId, AttachmentId, ConsentId, EntryId, EvidenceId, SheetId};
use domain::receipt::ReceiptStanding;
use domain::time::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The most events of a sheet whose days are tried: its rows show what held on the day of the last change.
const EVENTS: i64 = 400;

impl Look<'_, '_, SheetId> {
    /// The days on which the rows may have been written last: a row may show what held on the day of the last change.
    fn days(&mut self, today: Day) -> Result<Vec<Day>, StoreError> {
        let at: Vec<At> = audit_event::table
            .filter(audit_event::sheet_id.eq(Uid(self.id)))
            .order(audit_event::position.desc())
            .limit(EVENTS)
            .select(audit_event::at)
            .load(self.tx.conn)?;
        let mut days = vec![today];
        for At(at) in at {
            let day = Day(at.date());
            if days.last() != Some(&day) {
                days.push(day);
            }
        }
        Ok(days)
    }

    fn rows(&mut self, locked: &Locked, today: Day) -> Result<(), StoreError> {
        let (case, municipality) = (&locked.thing, locked.thing.sheet.municipality_id);
        let receivers = self.tx.find_receivers(case)?;
        let stored: Option<SheetRow> =
            sheet::table.find(Uid(self.id)).select(SheetRow::as_select()).first(self.tx.conn).optional()?;
        let listed: Vec<AccessRow> = access::table
            .filter(access::sheet_id.eq(Uid(self.id)))
            .order(access::agency_id.asc())
            .select(AccessRow::as_select())
            .load(self.tx.conn)?;
        let (keys, id) = (self.tx.keys, self.id);
        let on = |day: Day| -> Result<(SheetRow, Vec<AccessRow>), StoreError> {
            let access = case.access(&receivers, day);
            let access = access.iter().map(|it| AccessRow::of(keys, id, municipality, it));
            let mut access: Vec<AccessRow> = access.collect::<Result<_, _>>()?;
            access.sort_by_key(|row| row.agency_id);
            let access = access.into_iter().map(|row| row.vouched_as_in(&listed, keys)).collect();
            Ok((SheetRow::of(case, day)?, access))
        };
        let (mut row, mut access) = on(today)?;
        if stored.as_ref() != Some(&row) || access != listed {
            for day in self.days(today)? {
                let (then, listed_then) = on(day)?;
                if stored.as_ref() == Some(&then) {
                    row = then;
                }
                if listed == listed_then {
                    access = listed_then;
                }
            }
        }
        if stored.as_ref() != Some(&row) {
            if self.repair {
                diesel::update(sheet::table.find(Uid(self.id))).set(&row).execute(self.tx.conn)?;
            }
            self.derived("sheet", &Count { changed: 1, ..Count::default() });
        }
        compare!(self, access, sheet_id, AccessRow, agency_id, access);
        let consents = case.consents.iter().map(|it| ConsentRow::of(municipality, it));
        let consents: Vec<ConsentRow> = consents.collect::<Result<_, _>>()?;
        compare!(self, consent, sheet_id, ConsentRow, id, consents);
        let exceptions = case.exceptions.iter().map(|it| ExceptionRow::of(&case.sheet, it));
        let exceptions: Vec<ExceptionRow> = exceptions.collect::<Result<_, _>>()?;
        compare!(self, exception, sheet_id, ExceptionRow, id, exceptions);
        let relays: Vec<RelayRow> =
            case.relays.iter().map(|it| RelayRow::of(&case.sheet, it)).collect::<Result<_, _>>()?;
        compare!(self, relay, sheet_id, RelayRow, id, relays);
        let stops: Vec<StopRow> = case.stops.iter().map(|it| StopRow::of(municipality, it)).collect();
        compare!(self, stop_request, sheet_id, StopRow, id, stops);
        let releases: Vec<ReleaseRow> = case.releases.iter().map(|it| ReleaseRow::of(&case.sheet, it)).collect();
        compare!(self, address_release, sheet_id, ReleaseRow, id, releases);
        let kept: Vec<TaskRow> =
            task::table.filter(task::sheet_id.eq(Uid(self.id))).select(TaskRow::as_select()).load(self.tx.conn)?;
        let tasks: Vec<TaskRow> =
            case.tasks().iter().map(|it| TaskRow::of(case, it, today).shown_as_in(&kept)).collect();
        compare!(self, task, sheet_id, TaskRow, id, tasks);
        self.receipts(locked)
    }

    fn receipts(&mut self, locked: &Locked) -> Result<(), StoreError> {
        let rows = receipt::table
            .filter(receipt::sheet_id.eq(Uid(self.id)))
            .select((receipt::idx, receipt::consent_id, receipt::agency_id, receipt::standing))
            .load::<(i64, Uid<ConsentId>, Uid<AgencyId>, Coded<ReceiptStanding>)>(self.tx.conn)?;
        let mut count = Count::default();
        for (index, consent, agency, stored) in rows {
            let Some(it) = locked.thing.consent(consent.0) else {
                count.extra += 1;
                continue;
            };
            let standing = it.receipt_standing(agency.0);
            if stored.known("receipt", "standing", consent).ok() != Some(standing) {
                count.changed += 1;
                if self.repair {
                    let row = diesel::update(receipt::table.find(index));
                    row.set(receipt::standing.eq(standing.as_str())).execute(self.tx.conn)?;
                }
            }
        }
        self.derived("receipt", &count);
        Ok(())
    }

    /// What is not derived: the content and its tokens, entries, evidence, files. The trail says what must be there.
    fn kept(&mut self, locked: &Locked) -> Result<(), StoreError> {
        let sheet = &locked.thing.sheet;
        match self.tx.document(locked) {
            Ok(document) => {
                let rows = tokens(self.tx.keys, sheet.municipality_id, sheet.id, &document);
                compare!(self, search_token, sheet_id, TokenRow, token, rows);
                if !self.tx.is_labelled(&locked.key, sheet.id, &document)? {
                    if self.repair {
                        let label = self.tx.sealed_label(&locked.key, sheet.id, &document)?;
                        let row = diesel::update(sheet::table.find(Uid(self.id)));
                        row.set(sheet::label.eq(label)).execute(self.tx.conn)?;
                    }
                    self.derived("sheet", &Count { changed: 1, ..Count::default() });
                }
            }
            Err(_) => self.say("sheet_content", "the present content is missing or changed".to_owned(), Mending::Never),
        }
        let said = self.said()?;
        let revisions: BTreeSet<i32> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(self.id)))
            .select(sheet_content::revision)
            .load::<i32>(self.tx.conn)?
            .into_iter()
            .collect();
        let mut count = Count { missing: said.revisions.difference(&revisions).count(), ..Count::default() };
        for revision in &revisions {
            let opened = self.tx.find_document(locked, locked::count(*revision)?);
            count.changed += usize::from(opened.is_err());
        }
        if !count.is_nothing() {
            self.say("sheet_content", count.to_string(), Mending::Never);
        }
        let entries: BTreeSet<EntryId> = entry::table
            .filter(entry::sheet_id.eq(Uid(self.id)))
            .select(entry::id)
            .load::<Uid<EntryId>>(self.tx.conn)?
            .into_iter()
            .map(|id| id.0)
            .collect();
        let mut count = Count {
            missing: said.entries.difference(&entries).count(),
            extra: entries.difference(&said.entries).count(),
            changed: 0,
        };
        count.changed = usize::from(self.tx.list_entries(locked, None, None, i64::MAX).is_err());
        if !count.is_nothing() {
            self.say("entry", count.to_string(), Mending::Never);
        }
        match self.tx.list_closures(locked) {
            Ok(closures) => {
                let closures: BTreeSet<EntryId> = closures.iter().map(|it| it.entry_id).collect();
                let missing = said.closures.difference(&closures).count();
                let count = Count { missing, extra: closures.difference(&said.closures).count(), changed: 0 };
                if !count.is_nothing() {
                    self.say("closure", count.to_string(), Mending::Never);
                }
            }
            Err(_) => self.say("closure", "one of them was changed".to_owned(), Mending::Never),
        }
        let consents: Vec<_> = locked.thing.consents.iter().map(|it| Uid(it.id)).collect();
        let evidence: BTreeSet<EvidenceId> = evidence::table
            .filter(evidence::consent_id.eq_any(consents))
            .select(evidence::id)
            .load::<Uid<EvidenceId>>(self.tx.conn)?
            .into_iter()
            .map(|id| id.0)
            .collect();
        let extra = evidence.difference(&said.evidence).count();
        if extra > 0 {
            self.say("evidence", Count { extra, ..Count::default() }.to_string(), Mending::Never);
        }
        self.files(locked)
    }

    fn files(&mut self, locked: &Locked) -> Result<(), StoreError> {
        let rows: Vec<(Uid<AttachmentId>, Option<i32>)> = attachment::table
            .left_join(attachment_chunk::table.on(attachment_chunk::attachment_id.eq(attachment::id)))
            .filter(attachment::sheet_id.eq(Uid(self.id)))
            .select((attachment::id, attachment_chunk::place.nullable()))
            .load(self.tx.conn)?;
        let mut chunks: BTreeMap<AttachmentId, usize> = BTreeMap::new();
        for (id, place) in rows {
            *chunks.entry(id.0).or_default() += usize::from(place.is_some());
        }
        let mut count = Count::default();
        for file in &locked.thing.attachments {
            let needed = match file.withdrawn {
                Some(_) => 0,
                None => self.tx.open_attachment(locked, file.id)?.chunks(),
            };
            count.missing += usize::from(chunks.remove(&file.id) != Some(needed));
        }
        count.extra = chunks.len();
        count.changed = usize::from(self.tx.list_file_words(locked).is_err());
        if !count.is_nothing() {
            self.say("attachment", count.to_string(), Mending::Never);
        }
        Ok(())
    }

    fn said(&mut self) -> Result<Said, StoreError> {
        let rows: Vec<(String, String)> = audit_event::table
            .filter(audit_event::stream.eq(Stream::Sheet(self.id).to_string()))
            .order(audit_event::seq.asc())
            .select((audit_event::kind, audit_event::body))
            .load(self.tx.conn)?;
        let mut said = Said::default();
        for (kind, body) in rows {
            said.hear(&kind, &serde_json::from_str(&body).unwrap_or_default());
        }
        Ok(said)
    }
}

/// What the events of a sheet say must be there.
#[derive(Default)]
struct Said {
    is_registered: bool,
    revisions: BTreeSet<i32>,
    entries: BTreeSet<EntryId>,
    closures: BTreeSet<EntryId>,
    evidence: BTreeSet<EvidenceId>,
}

impl Said {
    fn hear(&mut self, kind: &str, body: &serde_json::Value) {
        let data = body.get("data");
        let id = |name: &str| data?.get(name)?.as_str()?.parse::<uuid::Uuid>().ok();
        let revision = || i32::try_from(data?.get("revision")?.as_i64()?).ok();
        let kind = kind.parse::<EventKind>();
        if kind == Ok(EventKind::SheetClosed) && data.is_some_and(|data| data.get("reason_code").is_some()) {
            self.closures.extend(id("entry_id").map(EntryId));
        }
        match kind {
            Ok(EventKind::SheetCreated) => self.revisions = BTreeSet::from([1]),
            Ok(EventKind::SheetRegistered) => self.is_registered = true,
            Ok(EventKind::SheetRevised) => {
                // A draft keeps no earlier revision.
                if !self.is_registered {
                    self.revisions.clear();
                }
                self.revisions.extend(revision());
            }
            Ok(EventKind::EntryAdded | EventKind::SheetClosed | EventKind::SheetReopened | EventKind::SheetVoided) => {
                self.entries.extend(id("entry_id").map(EntryId));
            }
            Ok(EventKind::EvidenceAdded) => self.evidence.extend(id("evidence_id").map(EvidenceId)),
            _ => {}
        }
    }
}

impl WriteTx<'_> {
    /// Looks at a sheet whose stream is there.
    pub(super) fn examine_sheet(
        &mut self,
        id: SheetId,
        today: Day,
        repair: bool,
    ) -> Result<Vec<Difference>, StoreError> {
        let mut look = Look::at(self, id, repair, Stream::Sheet(id));
        if let Some(locked) = look.locked::<Case>()? {
            look.rows(&locked, today)?;
            look.kept(&locked)?;
        }
        Ok(look.found)
    }
}
