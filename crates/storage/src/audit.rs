//! The tables of the audit trail: chains that grow under the lock of their head, and the pages that an auditor reads.

use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::prepared::{names, prepared};
use crate::schema::{audit_event, audit_pending, stream};
use crate::sql_types::{At, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::agency::{Actor, Principal};
use domain::audit::{self, EventDraft, EventKind, Head, Stream};
use domain::ids::{AgencyId, Chance, ClientId, EventId, MunicipalityId, PostId, RelayId, SheetId, StaffId};
use domain::time::Instant;

names!(LockStream, MoveHead, AddEvent, AddPending);

/// A stream whose head row is locked until the commit. Events can be appended only through it, so every write takes this lock before it
/// decides anything.
pub struct StreamLock {
    stream: Stream,
    municipality_id: Option<MunicipalityId>,
    head: Head,
}

impl StreamLock {
    /// The lock of a stream that this transaction has just made, or is about to make.
    pub(crate) fn of_new(stream: Stream, municipality_id: Option<MunicipalityId>) -> Self {
        Self { stream, municipality_id, head: Head::EMPTY }
    }

    pub(crate) fn belongs_to(&mut self, municipality: MunicipalityId) {
        self.municipality_id = Some(municipality);
    }

    /// The head as a row.
    pub(crate) fn row(&self) -> Result<StreamRow, StoreError> {
        let seq = i64::try_from(self.head.seq).map_err(|_| StoreError::Missing)?;
        Ok(StreamRow { name: self.stream.to_string(), seq, hash: self.head.hash.to_vec() })
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

#[derive(Insertable)]
#[diesel(table_name = stream, treat_none_as_default_value = false)]
pub(crate) struct StreamRow {
    pub(crate) name: String,
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

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
    _municipality_id: Option<Uid<MunicipalityId>>,
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
        let row: Option<(i64, Vec<u8>)> = prepared::<LockStream, _>(
            diesel::update(stream::table.find(name.to_string()))
                .set(stream::seq.eq(stream::seq))
                .returning((stream::seq, stream::hash)),
        )
        .get_result(self.conn)
        .optional()?;
        let Some((seq, hash)) = row else { return Ok(None) };
        let seq = u64::try_from(seq).map_err(|_| StoreError::Missing)?;
        let hash = <[u8; 32]>::try_from(hash.as_slice()).map_err(|_| StoreError::Missing)?;
        Ok(Some(StreamLock { stream: name, municipality_id, head: Head { seq, hash } }))
    }

    /// Makes a stream, and holds its lock.
    pub(crate) fn create_stream(
        &mut self,
        name: Stream,
        municipality_id: Option<MunicipalityId>,
    ) -> Result<StreamLock, StoreError> {
        let lock = StreamLock::of_new(name, municipality_id);
        let row = lock.row()?;
        // Another process may make it at the same moment.
        self.savepoint(|conn| diesel::insert_into(stream::table).values(&row).execute(conn))?;
        Ok(lock)
    }

    /// Appends events to the locked stream, and to the queue for the Merkle tree. `actor` is none when the service itself acts.
    pub fn append(
        &mut self,
        lock: &mut StreamLock,
        events: &[EventDraft],
        actor: Option<&Actor>,
        at: Instant,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        for draft in events {
            let row = lock.next(draft, actor, at, self.chance)?;
            prepared::<AddEvent, _>(diesel::insert_into(audit_event::table).values(&row)).execute(self.conn)?;
            let waits = diesel::insert_into(audit_pending::table).values(audit_pending::event_id.eq(row.id));
            prepared::<AddPending, _>(waits).execute(self.conn)?;
        }
        let StreamRow { name, seq, hash } = lock.row()?;
        let head = (stream::seq.eq(seq), stream::hash.eq(hash));
        prepared::<MoveHead, _>(diesel::update(stream::table.find(name)).set(head)).execute(self.conn)?;
        Ok(())
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
