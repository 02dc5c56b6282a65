//! The tables of the audit trail: chains that grow under the lock of their head, and the pages that an auditor reads.

use crate::connection::Conn;
use crate::keys::Keyring;
use crate::lane::WriteTx;
use crate::prepared::{names, put, put_all};
use crate::schema::{audit_event, stream};
use crate::sql_types::{At, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::agency::{Actor, Principal};
use domain::audit::{self, EventDraft, EventKind, Head, Stream};
use domain::ids::{AgencyId, Chance, ClientId, EventId, MunicipalityId, PostId, RelayId, SheetId, StaffId};
use domain::time::Instant;

names!(AddHead, MoveHead);

/// A stream whose head row is locked until the commit. Events can be appended only through it, so every write takes this lock before it
/// decides anything.
pub struct StreamLock {
    stream: Stream,
    municipality_id: Option<MunicipalityId>,
    head: Head,
    /// The digest of the document to which the events have led; empty where there is none.
    state: Vec<u8>,
    /// Whether its row is still to be written.
    is_new: bool,
}

impl StreamLock {
    /// The lock of a stream that this transaction has just made, or is about to make.
    pub(crate) fn of_new(stream: Stream, municipality_id: Option<MunicipalityId>) -> Self {
        Self { stream, municipality_id, head: Head::EMPTY, state: Vec::new(), is_new: true }
    }

    /// The lock of a stream whose head was read.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when the service has not made this head.
    pub(crate) fn of(
        stream: Stream,
        municipality_id: Option<MunicipalityId>,
        row: HeadRow,
        keys: &Keyring,
    ) -> Result<Self, StoreError> {
        let vouched = row.is_vouched(&stream.to_string(), keys);
        match (u64::try_from(row.seq), <[u8; 32]>::try_from(row.hash.as_slice())) {
            (Ok(seq), Ok(hash)) if vouched => {
                Ok(Self { stream, municipality_id, head: Head { seq, hash }, state: row.state, is_new: false })
            }
            _ => Err(StoreError::Diverged(stream)),
        }
    }

    /// The digest of the document to which the events have led.
    pub(crate) fn state(&self) -> &[u8] {
        &self.state
    }

    /// Whether its row is still to be written.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// From now on the events lead to another document.
    pub(crate) fn leads_to(&mut self, state: Vec<u8>) {
        self.state = state;
    }

    /// The head as a row.
    pub(crate) fn row(&self, keys: &Keyring) -> Result<StreamRow, StoreError> {
        let name = self.stream.to_string();
        let seq = i64::try_from(self.head.seq).map_err(|_| StoreError::Missing)?;
        let mac = keys.vouch(HEAD, &[name.as_bytes(), &self.head.seq.to_be_bytes(), &self.head.hash, &self.state])?;
        Ok(StreamRow { seq, hash: self.head.hash.to_vec(), state: self.state.clone(), mac, name })
    }

    /// The row of the next event, which becomes the head.
    pub(crate) fn next(
        &mut self,
        draft: &EventDraft,
        actor: Option<&Actor>,
        at: Instant,
        chance: &dyn Chance,
    ) -> Result<NewEventRow, StoreError> {
        debug_assert_eq!(draft.stream, self.stream, "an event of another stream than the one that is locked");
        let mut nonce = [0u8; 16];
        chance.fill(&mut nonce);
        let event = audit::chain(draft, self.head, actor, at, EventId::new(at, chance), nonce);
        self.head = Head { seq: event.seq, hash: event.hash };
        let (staff_id, post_id, client_id) = match actor.map(|a| &a.principal) {
            Some(Principal::Staff { staff_id, post_id, .. }) => (Some(Uid(*staff_id)), Some(Uid(*post_id)), None),
            Some(Principal::Client { client_id, .. }) => (None, None, Some(Uid(*client_id))),
            None => (None, None, None),
        };
        Ok(NewEventRow {
            id: Uid(event.id),
            municipality_id: self.municipality_id.map(Uid),
            stream: event.stream,
            seq: i64::try_from(event.seq).map_err(|_| StoreError::Missing)?,
            kind: event.kind.as_str().to_owned(),
            at: At(event.at),
            sheet_id: event.sheet_id.map(Uid),
            relay_id: draft.relay_id().map(Uid),
            staff_id,
            client_id,
            post_id,
            agency_id: actor.map(|a| Uid(a.agency_id)),
            prev: event.prev.to_vec(),
            hash: event.hash.to_vec(),
            body: event.body,
            basis: draft.basis(),
        })
    }
}

/// What a MAC of a head is about.
const HEAD: &str = "head";

#[derive(Insertable)]
#[diesel(table_name = stream, treat_none_as_default_value = false)]
pub(crate) struct StreamRow {
    name: String,
    seq: i64,
    hash: Vec<u8>,
    state: Vec<u8>,
    mac: Vec<u8>,
}

/// The head of a stream as it was read.
#[derive(Queryable)]
pub(crate) struct HeadRow {
    seq: i64,
    hash: Vec<u8>,
    state: Vec<u8>,
    mac: Vec<u8>,
}

impl HeadRow {
    /// The place of the last event.
    pub(crate) fn seq(&self) -> i64 {
        self.seq
    }

    /// Whether the trail ends at the head; `events` are those from the head on. A stream that was opened may have no event yet.
    pub(crate) fn ends_with(&self, events: &[(i64, Vec<u8>)]) -> bool {
        match events {
            [] => self.seq == 0,
            [(seq, hash)] => *seq == self.seq && *hash == self.hash,
            _ => false,
        }
    }

    /// Whether the service has written it as the head of the stream of that name.
    pub(crate) fn is_vouched(&self, name: &str, keys: &Keyring) -> bool {
        let seq = u64::try_from(self.seq).unwrap_or_default().to_be_bytes();
        keys.vouches(HEAD, &[name.as_bytes(), &seq, &self.hash, &self.state], &self.mac)
    }
}

/// The columns of a [`HeadRow`].
pub(crate) const HEAD_COLUMNS: (stream::seq, stream::hash, stream::state, stream::mac) =
    (stream::seq, stream::hash, stream::state, stream::mac);

/// Whether the trail of a stream goes on beyond its head: then somebody has put an older head back. For a reading without a lock; under the
/// lock, the next event finds out. The arguments are the name and the place of the head.
macro_rules! goes_on {
    ($name:expr, $seq:expr) => {
        diesel::dsl::exists(
            crate::schema::audit_event::table
                .filter(crate::schema::audit_event::stream.eq($name).and(crate::schema::audit_event::seq.gt($seq))),
        )
    };
}
pub(crate) use goes_on;

#[derive(Insertable)]
#[diesel(table_name = audit_event, treat_none_as_default_value = false)]
pub(crate) struct NewEventRow {
    pub(crate) id: Uid<EventId>,
    municipality_id: Option<Uid<MunicipalityId>>,
    stream: String,
    seq: i64,
    kind: String,
    at: At,
    sheet_id: Option<Uid<SheetId>>,
    relay_id: Option<Uid<RelayId>>,
    staff_id: Option<Uid<StaffId>>,
    client_id: Option<Uid<ClientId>>,
    post_id: Option<Uid<PostId>>,
    agency_id: Option<Uid<AgencyId>>,
    prev: Vec<u8>,
    hash: Vec<u8>,
    body: String,
    basis: Option<&'static str>,
}

/// An event as it is stored; auditors see exactly this.
#[derive(Queryable)]
struct EventRow {
    position: i64,
    id: Uid<EventId>,
    municipality_id: Option<Uid<MunicipalityId>>,
    stream: String,
    seq: i64,
    kind: String,
    at: At,
    sheet_id: Option<Uid<SheetId>>,
    relay_id: Option<Uid<RelayId>>,
    staff_id: Option<Uid<StaffId>>,
    client_id: Option<Uid<ClientId>>,
    post_id: Option<Uid<PostId>>,
    agency_id: Option<Uid<AgencyId>>,
    prev: Vec<u8>,
    hash: Vec<u8>,
    body: String,
    basis: Option<String>,
}

/// A stored event, unchecked: an auditor must see what is in the database, even when somebody has tampered with it.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its place in the order of all events; grows within each stream.
    pub position: i64,
    /// Its id.
    pub id: EventId,
    /// The stream's name.
    pub stream: String,
    /// Its place in the stream.
    pub seq: i64,
    /// The code of its kind.
    pub kind: String,
    /// When.
    pub at: Instant,
    /// The sheet, if any.
    pub sheet_id: Option<SheetId>,
    /// The relay, if it is about one.
    pub relay_id: Option<RelayId>,
    /// The person who acted.
    pub staff_id: Option<StaffId>,
    /// The department system that acted.
    pub client_id: Option<ClientId>,
    /// The acting post.
    pub post_id: Option<PostId>,
    /// The acting agency.
    pub agency_id: Option<AgencyId>,
    /// The hash before it, hex.
    pub prev: String,
    /// Its hash, hex.
    pub hash: String,
    /// The exact bytes that are hashed.
    pub body: String,
    /// What the disclosure rests on, if the event is one.
    pub basis: Option<String>,
}

impl From<EventRow> for StoredEvent {
    fn from(row: EventRow) -> Self {
        Self {
            position: row.position,
            id: row.id.0,
            stream: row.stream,
            seq: row.seq,
            kind: row.kind,
            at: row.at.0,
            sheet_id: row.sheet_id.map(|id| id.0),
            relay_id: row.relay_id.map(|id| id.0),
            staff_id: row.staff_id.map(|id| id.0),
            client_id: row.client_id.map(|id| id.0),
            post_id: row.post_id.map(|id| id.0),
            agency_id: row.agency_id.map(|id| id.0),
            prev: hex::encode(row.prev),
            hash: hex::encode(row.hash),
            body: row.body,
            basis: row.basis,
        }
    }
}

/// Which events a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// From this instant on.
    pub from: Option<Instant>,
    /// Until this instant, itself excluded.
    pub until: Option<Instant>,
    /// Of this sheet.
    pub sheet_id: Option<SheetId>,
    /// By this agency.
    pub agency_id: Option<AgencyId>,
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// By this agency, or about these relays.
    pub concerning: Option<Concern>,
}

/// What concerns one agency.
#[derive(Debug, Clone)]
pub struct Concern {
    /// The agency.
    pub agency: AgencyId,
    /// Its relays.
    pub relays: Vec<RelayId>,
}

impl WriteTx<'_> {
    /// Locks the head of a stream, and makes the stream if it is not there. Every write begins with this statement.
    pub fn lock_stream(
        &mut self,
        stream: Stream,
        municipality_id: Option<MunicipalityId>,
    ) -> Result<StreamLock, StoreError> {
        if let Some(lock) = self.try_lock_stream(stream, municipality_id)? {
            return Ok(lock);
        }
        match self.create_stream(stream, municipality_id) {
            // Another process has made it in the meantime.
            Err(StoreError::Conflict(_)) => self.try_lock_stream(stream, municipality_id)?.ok_or(StoreError::Missing),
            made => made,
        }
    }

    /// Locks the head of a stream that must be there.
    pub(crate) fn try_lock_stream(
        &mut self,
        name: Stream,
        municipality_id: Option<MunicipalityId>,
    ) -> Result<Option<StreamLock>, StoreError> {
        let row = stream::table.find(name.to_string()).select(HEAD_COLUMNS);
        let row: Option<HeadRow> = match &mut *self.conn {
            Conn::Postgres(conn) => row.for_no_key_update().get_result(conn).optional()?,
            // The transaction holds the whole file.
            Conn::Sqlite(conn) => row.get_result(conn).optional()?,
        };
        row.map(|row| StreamLock::of(name, municipality_id, row, self.keys)).transpose()
    }

    /// Makes a stream, and holds its lock.
    pub(crate) fn create_stream(
        &mut self,
        name: Stream,
        municipality_id: Option<MunicipalityId>,
    ) -> Result<StreamLock, StoreError> {
        let mut lock = StreamLock::of_new(name, municipality_id);
        let row = lock.row(self.keys)?;
        // Another process may make it at the same moment.
        self.savepoint(|conn| diesel::insert_into(stream::table).values(&row).execute(conn))?;
        lock.is_new = false;
        Ok(lock)
    }

    /// Moves the head of the locked stream to another document without an event: nobody did anything, but a day or the directory has changed
    /// what a reader may see.
    pub(crate) fn move_head(&mut self, lock: &mut StreamLock) -> Result<(), StoreError> {
        self.put_head(lock)?;
        Ok(self.flush()?)
    }

    /// Executes what waits; with it appends events to the locked stream and moves its head. `actor` is none when the service itself acts.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when the stream has events beyond the head that was locked.
    pub fn append(
        &mut self,
        lock: &mut StreamLock,
        events: &[EventDraft],
        actor: Option<&Actor>,
        at: Instant,
    ) -> Result<(), StoreError> {
        let rows: Vec<_> =
            events.iter().map(|draft| lock.next(draft, actor, at, self.chance)).collect::<Result<_, _>>()?;
        if !rows.is_empty() {
            self.put_head(lock)?;
        }
        self.add(rows).map_err(|error| match StoreError::from(error) {
            StoreError::Conflict(what) if what.contains("audit_event") => StoreError::Diverged(lock.stream),
            error => error,
        })
    }

    fn put_head(&mut self, lock: &mut StreamLock) -> Result<(), StoreError> {
        let row = lock.row(self.keys)?;
        if lock.is_new {
            put!(self, AddHead, diesel::insert_into(stream::table).values(row));
            lock.is_new = false;
        } else {
            let StreamRow { name, seq, hash, state, mac } = row;
            let head = (stream::seq.eq(seq), stream::hash.eq(hash), stream::state.eq(state), stream::mac.eq(mac));
            put!(self, MoveHead, diesel::update(stream::table.find(name)).set(head));
        }
        Ok(())
    }

    /// Adds the rows, together with what waits.
    fn add(&mut self, rows: Vec<NewEventRow>) -> QueryResult<()> {
        put_all!(self, audit_event::table, rows);
        self.flush()
    }
}

impl WriteTx<'_> {
    /// The position of the newest event, once every writer that is appending now has finished: the fixed end of an export. A position below
    /// it is either committed or will never be used, so no stream can show a gap, however long the export takes.
    pub fn settled_event_position(&mut self) -> Result<i64, StoreError> {
        if let Conn::Postgres(conn) = &mut *self.conn {
            // Positions are taken before the commit. This lock waits, for a moment, for every transaction that holds one; it ends with our
            // transaction.
            diesel::sql_query("lock table audit_event in share mode").execute(conn)?;
        }
        let last: Option<i64> =
            audit_event::table.select(diesel::dsl::max(audit_event::position)).get_result(self.conn)?;
        Ok(last.unwrap_or(0))
    }
}

impl ReadTx<'_> {
    /// Events of a municipality (and of the service) in the order of their positions: those after `after`, up to and including `end`.
    pub fn list_events_from(
        &mut self,
        municipality: MunicipalityId,
        filter: &EventFilter,
        after: i64,
        end: i64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let limit_each = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut read = |query: Query| {
            query
                .filter(audit_event::position.gt(after).and(audit_event::position.le(end)))
                .order(audit_event::position.asc())
                .limit(limit_each)
                .load::<EventRow>(self.conn)
        };
        let mut rows = read(of_municipality(municipality, filter))?;
        rows.extend(read(of_service(filter))?);
        rows.sort_by_key(|row| row.position);
        rows.truncate(limit);
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The newest events of a municipality (and of the service) before position `before`.
    pub fn list_events_before(
        &mut self,
        municipality: MunicipalityId,
        filter: &EventFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let mut read = |query: Query| {
            query
                .filter(audit_event::position.lt(before))
                .order(audit_event::position.desc())
                .limit(limit)
                .load::<EventRow>(self.conn)
        };
        let mut rows = read(of_municipality(municipality, filter))?;
        rows.extend(read(of_service(filter))?);
        rows.sort_by_key(|row| std::cmp::Reverse(row.position));
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

/// The events of a stream after a place, in their order, each with the municipality to which its row belongs.
pub(crate) fn list_events_of(
    conn: &mut Conn,
    stream: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(StoredEvent, Option<MunicipalityId>)>, StoreError> {
    let rows: Vec<EventRow> = audit_event::table
        .filter(audit_event::stream.eq(stream).and(audit_event::seq.gt(after)))
        .order(audit_event::seq.asc())
        .limit(limit)
        .load(conn)?;
    let with_municipality = |row: EventRow| {
        let municipality = row.municipality_id.map(|id| id.0);
        (row.into(), municipality)
    };
    Ok(rows.into_iter().map(with_municipality).collect())
}

/// The events that `query` finds, in its order.
pub(crate) fn load(query: Query, conn: &mut Conn) -> Result<Vec<StoredEvent>, StoreError> {
    let rows: Vec<EventRow> = query.load(conn)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

type Query = audit_event::BoxedQuery<'static, crate::connection::MultiBackend>;

// Two queries and a merge: one with `or` would sort every event of both for each page.
fn of_municipality(municipality: MunicipalityId, filter: &EventFilter) -> Query {
    filtered(filter).filter(audit_event::municipality_id.eq(Uid(municipality)))
}

fn of_service(filter: &EventFilter) -> Query {
    filtered(filter).filter(audit_event::municipality_id.is_null())
}

fn filtered(filter: &EventFilter) -> Query {
    let mut query = audit_event::table.into_boxed();
    if let Some(from) = filter.from {
        query = query.filter(audit_event::at.ge(At(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_event::at.lt(At(until)));
    }
    if let Some(sheet) = filter.sheet_id {
        query = query.filter(audit_event::sheet_id.eq(Uid(sheet)));
    }
    if let Some(agency) = filter.agency_id {
        query = query.filter(audit_event::agency_id.eq(Uid(agency)));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(audit_event::kind.eq(kind.as_str()));
    }
    if let Some(concern) = &filter.concerning {
        let relays: Vec<Uid<RelayId>> = concern.relays.iter().copied().map(Uid).collect();
        let its = audit_event::agency_id.eq(Uid(concern.agency));
        query = query.filter(its.or(audit_event::relay_id.eq_any(relays)).assume_not_null());
    }
    query
}
