//! What `tsunagu doctor --deep` compares, sheet by sheet under its lock: the head with the last event, the document with the head, and every
//! derived row with what the document says. It rebuilds derived rows on request; a document or a head is never mended, because only a copy
//! of the database knows what stood there.

use crate::audit::{HEAD_COLUMNS, HeadRow, StoredEvent, list_events_of};
use crate::case::rows::{
    AccessRow, ConsentRow, ExceptionRow, RelayRow, ReleaseRow, SheetRow, StopRow, TokenRow, tokens,
};
use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::locked::{self, Locked};
use crate::schema::{
    access, address_release, attachment, attachment_chunk, audit_event, consent, entry, evidence, exception, receipt,
    relay, search_token, sheet, sheet_content, stop_notice, stream, task,
};
use crate::sql_types::{At, Coded, Uid};
use crate::store::{ReadTx, Store, StoreError};
use crate::tasks::TaskRow;
use diesel::prelude::*;
use domain::audit::{EventKind, Finding, Stream, Verifier};
use domain::ids::{AgencyId, AttachmentId, ConsentId, EntryId, EvidenceId, MunicipalityId, SheetId};
use domain::receipt::ReceiptStanding;
use domain::time::Day;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Something that is not what the service wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The stream of the thing: `sheet:<id>`, `agency:<id>` or `service`.
    pub thing: String,
    /// What differs: the name of a table, or `head`, `document`, `trail`.
    pub what: &'static str,
    /// In numbers, for an operator.
    pub told: String,
    /// How it can be mended.
    pub mending: Mending,
}

/// How a difference can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Not at all: restore a copy, and look for whoever did it.
    Never,
    /// `--repair` writes the derived rows again.
    Possible,
    /// That was done.
    Done,
}

/// Streams that one read lists.
const AT_ONCE: i64 = 500;
/// The most events of a sheet whose days are tried: its rows show what held on the day of the last change.
const EVENTS: i64 = 400;

/// The rows of a table that are missing, too many, or not as they must be.
#[derive(Default)]
struct Count {
    missing: usize,
    extra: usize,
    changed: usize,
}

impl Count {
    fn is_nothing(&self) -> bool {
        self.missing + self.extra + self.changed == 0
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} missing, {} too many, {} changed", self.missing, self.extra, self.changed)
    }
}

/// Compares the rows of a table that belong to the sheet with those that must be there, and writes them again when `repair` says so. A macro,
/// because each table has a type of its own.
macro_rules! compare {
    ($look:ident, $table:ident, $row:ty, $key:ident, $expected:expr) => {{
        let (id, repair) = ($look.id, $look.repair);
        let rows = $table::table.filter($table::sheet_id.eq(Uid(id))).select(<$row>::as_select());
        let rows: Vec<$row> = rows.load($look.tx.conn)?;
        let stored: BTreeMap<_, $row> = rows.into_iter().map(|row| (row.$key.clone(), row)).collect();
        let expected: BTreeMap<_, $row> = $expected.into_iter().map(|row: $row| (row.$key.clone(), row)).collect();
        let mut count = Count::default();
        for key in stored.keys().filter(|key| !expected.contains_key(*key)) {
            count.extra += 1;
            if repair {
                let row = $table::table.filter($table::sheet_id.eq(Uid(id)).and($table::$key.eq(key.clone())));
                diesel::delete(row).execute($look.tx.conn)?;
            }
        }
        for (key, row) in &expected {
            match stored.get(key) {
                None => {
                    count.missing += 1;
                    if repair {
                        diesel::insert_into($table::table).values(row).execute($look.tx.conn)?;
                    }
                }
                Some(kept) if kept != row => {
                    count.changed += 1;
                    if repair {
                        let kept = $table::table.filter($table::sheet_id.eq(Uid(id)).and($table::$key.eq(key.clone())));
                        diesel::update(kept).set(row).execute($look.tx.conn)?;
                    }
                }
                Some(_) => {}
            }
        }
        $look.derived(stringify!($table), &count);
    }};
}

/// One sheet that is looked at.
struct Look<'a, 'b> {
    tx: &'a mut WriteTx<'b>,
    id: SheetId,
    repair: bool,
    found: Vec<Difference>,
}

impl Look<'_, '_> {
    fn say(&mut self, what: &'static str, told: String, mending: Mending) {
        let thing = Stream::Sheet(self.id).to_string();
        self.found.push(Difference { thing, what, told, mending });
    }

    fn derived(&mut self, table: &'static str, count: &Count) {
        if !count.is_nothing() {
            let mending = if self.repair { Mending::Done } else { Mending::Possible };
            self.say(table, count.to_string(), mending);
        }
    }

    fn is_there(&mut self) -> Result<bool, StoreError> {
        Ok(diesel::select(diesel::dsl::exists(sheet::table.find(Uid(self.id)))).get_result(self.tx.conn)?)
    }

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
        let (case, municipality) = (&locked.case, locked.case.sheet.municipality_id);
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
        compare!(self, access, AccessRow, agency_id, access);
        let consents = case.consents.iter().map(|it| ConsentRow::of(municipality, it));
        let consents: Vec<ConsentRow> = consents.collect::<Result<_, _>>()?;
        compare!(self, consent, ConsentRow, id, consents);
        let exceptions = case.exceptions.iter().map(|it| ExceptionRow::of(&case.sheet, it));
        let exceptions: Vec<ExceptionRow> = exceptions.collect::<Result<_, _>>()?;
        compare!(self, exception, ExceptionRow, id, exceptions);
        let relays: Vec<RelayRow> =
            case.relays.iter().map(|it| RelayRow::of(&case.sheet, it)).collect::<Result<_, _>>()?;
        compare!(self, relay, RelayRow, id, relays);
        let stops: Vec<StopRow> = case.stops.iter().map(|it| StopRow::of(municipality, it)).collect();
        compare!(self, stop_notice, StopRow, id, stops);
        let releases: Vec<ReleaseRow> = case.releases.iter().map(|it| ReleaseRow::of(&case.sheet, it)).collect();
        compare!(self, address_release, ReleaseRow, id, releases);
        let kept: Vec<TaskRow> =
            task::table.filter(task::sheet_id.eq(Uid(self.id))).select(TaskRow::as_select()).load(self.tx.conn)?;
        let tasks: Vec<TaskRow> =
            case.tasks().iter().map(|it| TaskRow::of(case, it, today).shown_as_in(&kept)).collect();
        compare!(self, task, TaskRow, id, tasks);
        self.receipts(locked)
    }

    fn receipts(&mut self, locked: &Locked) -> Result<(), StoreError> {
        let rows = receipt::table
            .filter(receipt::sheet_id.eq(Uid(self.id)))
            .select((receipt::idx, receipt::consent_id, receipt::agency_id, receipt::standing))
            .load::<(i64, Uid<ConsentId>, Uid<AgencyId>, Coded<ReceiptStanding>)>(self.tx.conn)?;
        let mut count = Count::default();
        for (index, consent, agency, stored) in rows {
            let Some(it) = locked.case.consent(consent.0) else {
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
        let sheet = &locked.case.sheet;
        match self.tx.document(locked) {
            Ok(document) => {
                let rows = tokens(self.tx.keys, sheet.municipality_id, sheet.id, &document);
                compare!(self, search_token, TokenRow, token, rows);
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
        let consents: Vec<_> = locked.case.consents.iter().map(|it| Uid(it.id)).collect();
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
        for file in &locked.case.attachments {
            let needed = match file.withdrawn {
                Some(_) => 0,
                None => self.tx.open_attachment(locked, file.id)?.chunks(),
            };
            count.missing += usize::from(chunks.remove(&file.id) != Some(needed));
        }
        count.extra = chunks.len();
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
    evidence: BTreeSet<EvidenceId>,
}

impl Said {
    fn hear(&mut self, kind: &str, body: &serde_json::Value) {
        let data = body.get("data");
        let id = |name: &str| data?.get(name)?.as_str()?.parse::<uuid::Uuid>().ok();
        let revision = || i32::try_from(data?.get("revision")?.as_i64()?).ok();
        match kind.parse::<EventKind>() {
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
    fn examine_sheet(&mut self, id: SheetId, today: Day, repair: bool) -> Result<Vec<Difference>, StoreError> {
        let mut look = Look { tx: self, id, repair, found: Vec::new() };
        let locked = match look.tx.lock_case(id) {
            Ok(Some(locked)) => locked,
            Ok(None) => return Ok(look.found),
            Err(StoreError::Diverged(_)) if !look.is_there()? => {
                look.say("sheet", "the sheet is gone, its trail is not".to_owned(), Mending::Never);
                return Ok(look.found);
            }
            Err(StoreError::Diverged(_) | StoreError::Key(_)) => {
                let told = "the document or the head of its trail is not what the service wrote".to_owned();
                look.say("document", told, Mending::Never);
                return Ok(look.found);
            }
            Err(error) => return Err(error),
        };
        // Rows are never compared with, or written from, a document that the trail has left behind.
        if !look.tx.ends_well(&Stream::Sheet(id).to_string())? {
            return Ok(look.found);
        }
        look.rows(&locked, today)?;
        look.kept(&locked)?;
        Ok(look.found)
    }

    /// The streams after `after`, by name, each with what is wrong with its head.
    fn examine_heads(&mut self, after: &str) -> Result<(Vec<String>, Vec<Difference>), StoreError> {
        let heads: Vec<(String, HeadRow)> = stream::table
            .filter(stream::name.gt(after))
            .order(stream::name.asc())
            .limit(AT_ONCE)
            .select((stream::name, HEAD_COLUMNS))
            .load(self.conn)?;
        let names: Vec<String> = heads.iter().map(|(name, _)| name.clone()).collect();
        let last: Vec<(String, i64, Vec<u8>)> = audit_event::table
            .filter(audit_event::stream.eq_any(names.clone()))
            .inner_join(stream::table.on(stream::name.eq(audit_event::stream).and(audit_event::seq.ge(stream::seq))))
            .select((audit_event::stream, audit_event::seq, audit_event::hash))
            .load(self.conn)?;
        let mut ends: BTreeMap<String, Vec<(i64, Vec<u8>)>> = BTreeMap::new();
        for (name, seq, hash) in last {
            ends.entry(name).or_default().push((seq, hash));
        }
        let mut found = Vec::new();
        for (name, head) in heads {
            let end = ends.remove(&name).unwrap_or_default();
            let told = match head.ends_with(&end) || self.ends_well(&name)? {
                false => "its last event is another one",
                true if head.is_vouched(&name, self.keys) => continue,
                true => "somebody else has written it",
            };
            found.push(Difference { thing: name, what: "head", told: told.to_owned(), mending: Mending::Never });
        }
        Ok((names, found))
    }

    /// The same for one stream under its lock: between two readings the service may have appended an event.
    fn ends_well(&mut self, name: &str) -> Result<bool, StoreError> {
        let row = stream::table.find(name).select(HEAD_COLUMNS);
        let head: HeadRow = match &mut *self.conn {
            Conn::Postgres(conn) => row.for_no_key_update().get_result(conn)?,
            Conn::Sqlite(conn) => row.get_result(conn)?,
        };
        let end: Vec<(i64, Vec<u8>)> = audit_event::table
            .filter(audit_event::stream.eq(name).and(audit_event::seq.ge(head.seq())))
            .select((audit_event::seq, audit_event::hash))
            .load(self.conn)?;
        Ok(head.ends_with(&end))
    }
}

/// How far the events of a stream have been read, and what they have said.
struct Reading {
    stream: String,
    verifier: Verifier,
    seq: i64,
    position: i64,
    municipality: Option<MunicipalityId>,
}

impl Reading {
    fn of(stream: String) -> Self {
        Self { stream, verifier: Verifier::default(), seq: 0, position: 0, municipality: None }
    }

    /// Compares an event with its body, its place and the events before it.
    fn hear(&mut self, event: &StoredEvent, municipality: Option<MunicipalityId>) -> Result<(), &'static str> {
        let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
        let line = serde_json::json!({
            "id": event.id.to_string(), "stream": event.stream, "seq": event.seq, "kind": event.kind,
            "at": event.at.to_string(), "sheet_id": id(event.sheet_id.map(|id| id.0)),
            "relay_id": id(event.relay_id.map(|id| id.0)), "basis": event.basis,
            "actor": {
                "agency_id": id(event.agency_id.map(|id| id.0)), "staff_id": id(event.staff_id.map(|id| id.0)),
                "post_id": id(event.post_id.map(|id| id.0)), "client_id": id(event.client_id.map(|id| id.0)),
            },
            "prev": event.prev, "hash": event.hash, "body": event.body,
        });
        self.verifier.feed(&line.to_string()).map_err(|finding| match finding {
            Finding::Tampered { why, .. } => why,
            Finding::Incomplete { .. } | Finding::Unusable { .. } => "it is no event",
        })?;
        if event.seq != self.seq + 1 {
            return Err("events before it are missing");
        }
        if event.position <= self.position {
            return Err("its position is not after that of the event before it");
        }
        if self.seq > 0 && municipality != self.municipality {
            return Err("it belongs to another municipality than the event before it");
        }
        (self.seq, self.position, self.municipality) = (event.seq, event.position, municipality);
        Ok(())
    }
}

impl ReadTx<'_> {
    /// Reads on in a stream; true when there may be more.
    fn examine_events(&mut self, reading: &mut Reading) -> Result<(bool, Option<String>), StoreError> {
        let events = list_events_of(self.conn, &reading.stream, reading.seq, AT_ONCE)?;
        for (event, municipality) in &events {
            if let Err(why) = reading.hear(event, *municipality) {
                return Ok((false, Some(format!("event {}: {why}", event.id))));
            }
        }
        Ok((i64::try_from(events.len()).is_ok_and(|read| read == AT_ONCE), None))
    }

    /// The sheets after `after`, each with whether its stream is there.
    fn list_sheets_with_trail(&mut self, after: SheetId) -> Result<Vec<(SheetId, bool)>, StoreError> {
        let ids: Vec<Uid<SheetId>> = sheet::table
            .filter(sheet::id.gt(Uid(after)))
            .order(sheet::id.asc())
            .limit(AT_ONCE)
            .select(sheet::id)
            .load(self.conn)?;
        let names: Vec<String> = ids.iter().map(|id| Stream::Sheet(id.0).to_string()).collect();
        let there = stream::table.filter(stream::name.eq_any(names)).select(stream::name);
        let there: BTreeSet<String> = there.load::<String>(self.conn)?.into_iter().collect();
        Ok(ids.into_iter().map(|id| (id.0, there.contains(&Stream::Sheet(id.0).to_string()))).collect())
    }

    /// Streams that have events and no head.
    fn list_streams_without_head(&mut self) -> Result<Vec<String>, StoreError> {
        let head = stream::table.filter(stream::name.eq(audit_event::stream));
        let names = audit_event::table.filter(diesel::dsl::not(diesel::dsl::exists(head)));
        Ok(names.select(audit_event::stream).distinct().limit(AT_ONCE).load(self.conn)?)
    }
}

/// Compares everything, and says each difference. The service may run at the same time: each sheet is looked at under its lock.
///
/// # Errors
/// The database refuses.
pub async fn examine_deeply(
    store: &Store,
    today: Day,
    repair: bool,
    mut say: impl FnMut(Difference),
) -> Result<u64, StoreError> {
    let (mut after, mut looked_at) = (String::new(), 0);
    loop {
        let since = after.clone();
        let (names, found) =
            store.write::<_, StoreError, _>(uuid::Uuid::nil(), move |tx| tx.examine_heads(&since)).await?;
        found.into_iter().for_each(&mut say);
        let Some(last) = names.last() else { break };
        after.clone_from(last);
        looked_at += names.len() as u64;
        for name in &names {
            let reading = Arc::new(Mutex::new(Reading::of(name.clone())));
            loop {
                let reading = Arc::clone(&reading);
                let read = move |tx: &mut ReadTx<'_>| {
                    tx.examine_events(&mut reading.lock().unwrap_or_else(PoisonError::into_inner))
                };
                let (more, told) = store.read::<_, StoreError, _>(read).await?;
                if let Some(told) = told {
                    say(Difference { thing: name.clone(), what: "trail", told, mending: Mending::Never });
                }
                if !more {
                    break;
                }
            }
        }
        let sheets = names.iter().filter_map(|name| name.strip_prefix("sheet:")?.parse::<uuid::Uuid>().ok());
        for id in sheets {
            let looked = store.write::<_, StoreError, _>(id, move |tx| tx.examine_sheet(SheetId(id), today, repair));
            match looked.await {
                Ok(found) => found.into_iter().for_each(&mut say),
                Err(error @ (StoreError::Busy | StoreError::Closed | StoreError::Unavailable(_))) => return Err(error),
                // One sheet that cannot be compared or mended does not hide the others.
                Err(error) => {
                    let (thing, told) =
                        (Stream::Sheet(SheetId(id)).to_string(), format!("it cannot be compared: {error}"));
                    say(Difference { thing, what: "sheet", told, mending: Mending::Never });
                }
            }
        }
    }
    let mut say_gone = |thing: String, told: &str| {
        say(Difference { thing, what: "trail", told: told.to_owned(), mending: Mending::Never });
    };
    for name in store.read::<_, StoreError, _>(|tx| tx.list_streams_without_head()).await? {
        say_gone(name, "it has events and no head");
    }
    let mut after = SheetId(uuid::Uuid::nil());
    loop {
        let since = after;
        let sheets = store.read::<_, StoreError, _>(move |tx| tx.list_sheets_with_trail(since)).await?;
        let Some((last, _)) = sheets.last() else { break };
        after = *last;
        for (id, _) in sheets.iter().filter(|(_, has_trail)| !has_trail) {
            say_gone(Stream::Sheet(*id).to_string(), "the sheet is there, its trail is gone");
        }
    }
    Ok(looked_at)
}
