//! Agencies in the database. The document decides; the other columns repeat parts of it for searches and rounds.

use super::records::{AgencyRow, FoundAgency, agency_columns};
use crate::connection::Conn;
use crate::keys::Keyring;
use crate::lane::WriteTx;
use crate::locked::{Locked, Stored, read_locked, wrapped};
use crate::prepared::{ByText, names, prepared, put};
use crate::schema::{agency, municipality, stream};
use crate::sql_types::Uid;
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use domain::agency::{Agency, AgencyRecord};
use domain::aggregate::Outcome;
use domain::audit::Stream;
use domain::case::Case;
use domain::ids::{AgencyId, MunicipalityId};
use domain::time::Instant;
use std::collections::BTreeSet;
use uuid::Uuid;

names!(AddAgency, ChangeAgency);

/// The most ended agencies that are looked at, the latest first: more than a directory sees in decades.
const MOST_ENDED: i64 = 1000;

impl Stored for AgencyRecord {
    const TABLE: &'static str = "agency";
    type Beside = ();

    fn id(&self) -> Uuid {
        self.agency.id.0
    }

    fn stream_of(id: Uuid) -> Stream {
        Stream::Agency(AgencyId(id))
    }

    fn is_there(tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
        Ok(diesel::select(exists(agency::table.find(Uid(id)))).get_result(tx.conn)?)
    }

    fn read_locked(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Locked<Self>>, StoreError> {
        read_locked!(tx, id, agency, agency_columns!(under_lock), FoundAgency)
    }

    fn write(
        tx: &mut WriteTx<'_>,
        locked: &mut Locked<Self>,
        outcome: &Outcome<Self>,
        document: Option<Vec<u8>>,
        _: Instant,
    ) -> Result<(), StoreError> {
        let record = &outcome.thing;
        for other in record.parent_id.into_iter().chain(record.successor_id) {
            must_be_in(tx.conn, record.agency.municipality_id, other)?;
        }
        tx.known.clear();
        let Some(document) = document else { return Ok(()) };
        let (row, document) = (AgencyRow::of(record), agency::document.eq(document));
        if locked.lock.is_new() {
            let data_key = agency::data_key.eq(tx.keys.wrap(&locked.key, &wrapped::<Self>(row.id.0.0), tx.chance)?);
            put!(tx, AddAgency, diesel::insert_into(agency::table).values((row, data_key, document)));
        } else {
            put!(tx, ChangeAgency, diesel::update(agency::table.find(row.id)).set((row, document)));
        }
        Ok(())
    }
}

fn rows_of(conn: &mut Conn, ids: &[AgencyId]) -> Result<Vec<FoundAgency>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Each id once: the list may come from a request, and a database limits the number of values in one statement.
    let ids: BTreeSet<_> = ids.iter().copied().map(Uid).collect();
    let found = agency::table
        .left_join(stream::table.on(stream::name.eq(agency::stream)))
        .filter(agency::id.eq_any(ids))
        .order(agency::id)
        .select(agency_columns!());
    Ok(prepared::<ByText, _>(found).load(conn)?)
}

fn find_agencies(conn: &mut Conn, keys: &Keyring, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
    rows_of(conn, ids)?.into_iter().map(|row| row.record(keys)).collect()
}

fn find_agency_by_code(
    conn: &mut Conn,
    keys: &Keyring,
    of: MunicipalityId,
    code: &str,
) -> Result<Option<AgencyRecord>, StoreError> {
    let row: Option<FoundAgency> = agency::table
        .left_join(stream::table.on(stream::name.eq(agency::stream)))
        .filter(agency::municipality_id.eq(Uid(of)).and(agency::code.eq(code)))
        .select(agency_columns!())
        .first(conn)
        .optional()?;
    let found = row.map(|row| row.record(keys)).transpose()?;
    // Somebody may have given its code to another row.
    match found {
        Some(found) if found.code != code => Err(StoreError::Diverged(Stream::Agency(found.agency.id))),
        found => Ok(found),
    }
}

/// The mailboxes of the agencies that have one.
pub(crate) fn mailboxes(conn: &mut Conn, ids: &[AgencyId]) -> QueryResult<Vec<(AgencyId, String)>> {
    let ids: BTreeSet<_> = ids.iter().copied().map(Uid).collect();
    let rows: Vec<(Uid<AgencyId>, Option<String>)> =
        agency::table.filter(agency::id.eq_any(ids)).select((agency::id, agency::mailbox)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, mailbox)| Some((id.0, mailbox?))).collect())
}

/// Refuses an agency that is not in this municipality.
pub(crate) fn must_be_in(conn: &mut Conn, of: MunicipalityId, id: AgencyId) -> Result<(), StoreError> {
    let there: Uid<MunicipalityId> = agency::table.find(Uid(id)).select(agency::municipality_id).first(conn)?;
    if there.0 == of { Ok(()) } else { Err(StoreError::Missing) }
}

fn list_agencies(
    conn: &mut Conn,
    keys: &Keyring,
    of: MunicipalityId,
    after: Option<AgencyId>,
    limit: u32,
) -> Result<Vec<AgencyRecord>, StoreError> {
    believed_page(after, limit, |after, limit| {
        let page = agency::table
            .left_join(stream::table.on(stream::name.eq(agency::stream)))
            .filter(agency::municipality_id.eq(Uid(of)))
            .select(agency_columns!())
            .order(agency::id.desc())
            .limit(i64::from(limit))
            .into_boxed();
        let page = match after {
            Some(after) => page.filter(agency::id.lt(Uid(after))),
            None => page,
        };
        let rows: Vec<FoundAgency> = page.load(conn)?;
        Ok(rows.into_iter().map(|row| (row.id.0, row.record(keys))).collect())
    })
}

/// What [`believed_page`] reads: ids, each with what stands in its row.
pub(crate) type Rows<I, T> = Vec<(I, Result<T, StoreError>)>;

/// A page of a list without what somebody else has written: it is as long as any other, so that nobody takes it for the last one.
pub(crate) fn believed_page<I: Copy, T>(
    mut after: Option<I>,
    limit: u32,
    mut rows: impl FnMut(Option<I>, u32) -> Result<Rows<I, T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    loop {
        let read = rows(after, limit)?;
        let is_last = u32::try_from(read.len()).is_ok_and(|read| read < limit);
        after = read.last().map(|(id, _)| *id).or(after);
        found.extend(read.into_iter().filter_map(|(_, row)| believed(row)).collect::<Result<Vec<_>, _>>()?);
        // Another turn is made only where something was left out.
        if is_last || u32::try_from(found.len()).is_ok_and(|found| found >= limit) {
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(found);
        }
    }
}

/// Leaves out of a list what somebody else has written, with an alarm: the rest of the list goes on.
pub(crate) fn believed<T>(found: Result<T, StoreError>) -> Option<Result<T, StoreError>> {
    match found {
        Err(error @ StoreError::Diverged(_)) => {
            tracing::error!(cause = %error, "state diverged");
            None
        }
        found => Some(found),
    }
}

impl ReadTx<'_> {
    /// Every municipality of the service, and the agency.
    pub(crate) fn list_municipalities_with(
        &mut self,
        id: AgencyId,
    ) -> Result<(Vec<MunicipalityId>, Option<AgencyRecord>), StoreError> {
        let its = agency::municipality_id.eq(municipality::id).and(agency::id.eq(Uid(id)));
        let rows: Vec<(Uid<MunicipalityId>, Option<FoundAgency>)> = municipality::table
            .left_join(agency::table.on(its))
            .left_join(stream::table.on(stream::name.nullable().eq(agency::stream.nullable())))
            .select((municipality::id, agency_columns!().nullable()))
            .load(self.conn)?;
        let (municipalities, agencies): (Vec<_>, Vec<_>) = rows.into_iter().map(|(of, row)| (of.0, row)).unzip();
        let found = agencies.into_iter().flatten().next().map(|row| row.record(self.keys)).transpose()?;
        Ok((municipalities, found))
    }

    /// The agency.
    pub fn find_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
        Ok(find_agencies(self.conn, self.keys, &[id])?.pop())
    }

    /// The agencies with these ids, as far as they exist.
    pub fn find_agencies(&mut self, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
        find_agencies(self.conn, self.keys, ids)
    }

    /// The same without those that somebody else has written: a round goes on without them.
    pub(crate) fn find_believed_agencies(&mut self, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
        let found = rows_of(self.conn, ids)?.into_iter();
        found.filter_map(|row| believed(row.record(self.keys))).collect()
    }

    pub(crate) fn ids_of_ended_agencies(&mut self) -> Result<Vec<Uid<AgencyId>>, StoreError> {
        Ok(self.list_ended_agencies()?.into_iter().map(|record| Uid(record.agency.id)).collect())
    }

    /// The agencies that are no more, the latest first: their documents say so, whatever the rows say.
    pub(crate) fn list_ended_agencies(&mut self) -> Result<Vec<AgencyRecord>, StoreError> {
        let rows: Vec<FoundAgency> = agency::table
            .left_join(stream::table.on(stream::name.eq(agency::stream)))
            .filter(agency::ended_at.is_not_null())
            .order(agency::ended_at.desc())
            .limit(MOST_ENDED)
            .select(agency_columns!())
            .load(self.conn)?;
        let found = rows.into_iter().filter_map(|row| believed(row.record(self.keys)));
        found.filter(|it| it.as_ref().map_or(true, |record| record.ended_at.is_some())).collect()
    }

    /// The agency with this code.
    pub fn find_agency_by_code(&mut self, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency_by_code(self.conn, self.keys, of, code)
    }

    /// The agencies of a municipality, newest first.
    pub fn list_agencies(
        &mut self,
        of: MunicipalityId,
        after: Option<AgencyId>,
        limit: u32,
    ) -> Result<Vec<AgencyRecord>, StoreError> {
        list_agencies(self.conn, self.keys, of, after, limit)
    }
}

impl WriteTx<'_> {
    /// All agencies of a municipality: the import of a table compares its rows with them.
    pub fn all_agencies(&mut self, of: MunicipalityId) -> Result<Vec<AgencyRecord>, StoreError> {
        list_agencies(self.conn, self.keys, of, None, u32::MAX)
    }

    /// The agency.
    pub fn find_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
        Ok(self.find_agencies(&[id])?.pop())
    }

    /// The agencies with these ids, as far as they exist. Each is read once in a run, together with those that the run will need anyway.
    pub fn find_agencies(&mut self, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
        let asked: BTreeSet<AgencyId> = ids.iter().copied().collect();
        if asked.iter().any(|id| !self.known.contains_key(id)) {
            let wanted = std::mem::take(&mut self.wanted);
            let unread = asked.union(&wanted).filter(|id| !self.known.contains_key(id));
            let unread: Vec<AgencyId> = unread.copied().collect();
            let read = find_agencies(self.conn, self.keys, &unread)?;
            self.known.extend(read.into_iter().map(|record| (record.agency.id, record)));
        }
        Ok(asked.iter().filter_map(|id| self.known.get(id).cloned()).collect())
    }

    /// The agency with this code.
    pub fn find_agency_by_code(&mut self, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency_by_code(self.conn, self.keys, of, code)
    }

    /// The receivers of a case's relays; the rules need them to decide what each may see. Without one of them nothing can be decided: what it
    /// must be told to stop, and which of its rows show something.
    pub fn find_receivers(&mut self, case: &Case) -> Result<Vec<Agency>, StoreError> {
        let ids: Vec<AgencyId> = case.relays.iter().map(|relay| relay.to_agency_id).collect();
        Ok(self.find_agencies(&ids)?.into_iter().map(|record| record.agency).collect())
    }

    /// Locks and loads an agency.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written its head or its document.
    pub fn lock_agency(&mut self, id: AgencyId) -> Result<Option<Locked<AgencyRecord>>, StoreError> {
        AgencyRecord::lock(self, id.0)
    }

    /// Notes that a consent or a relay names these agencies. Agencies of which that is known are not locked.
    pub(crate) fn note_named(&mut self, ids: &BTreeSet<AgencyId>, at: Instant) -> Result<(), StoreError> {
        let ids: Vec<AgencyId> = ids.iter().copied().collect();
        let new: Vec<_> = self.find_agencies(&ids)?.into_iter().filter(|record| !record.is_named).collect();
        for record in new {
            // Once in the life of an agency.
            if let Some(locked) = self.lock_agency(record.agency.id)? {
                let named = locked.thing.clone().named();
                self.apply(locked, named, None, at)?;
            }
        }
        Ok(())
    }
}
