//! The directory in the database: municipalities, agencies, people and their posts, notices to the resident.
//!
//! Lists are newest first; `after` is the id after which a page begins. A reference to an agency or a person must stay within the
//! municipality. Otherwise it is refused with [`StoreError::Missing`], just like an id that does not exist.

mod records;

pub(crate) use records::PostRow;
pub(crate) use records::digest;
pub use records::{
    AgencyRecord, CodeRecord, EarlierName, Ending, MunicipalityRecord, NewNotice, NoticeRecord, PasswordHash,
    PendingChange, PostRecord, StaffRecord,
};

use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::prepared::{ByText, prepared};
use crate::schema::{agency, municipality, notice, post, staff};
use crate::sql_types::{At, DocOf, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::agency::Agency;
use domain::case::Case;
use domain::ids::{AgencyId, MunicipalityId, NoticeId, StaffId};
use domain::time::{Day, Instant};
use records::{AgencyRow, MunicipalityRow, NoticeRow, StaffRow};
use std::collections::{BTreeMap, BTreeSet};

fn find_municipality(conn: &mut Conn, id: MunicipalityId) -> Result<Option<MunicipalityRecord>, StoreError> {
    let row: Option<MunicipalityRow> = municipality::table.find(Uid(id)).first(conn).optional()?;
    Ok(row.map(Into::into))
}

fn find_municipality_by_code(conn: &mut Conn, code: &str) -> Result<Option<MunicipalityRecord>, StoreError> {
    let row: Option<MunicipalityRow> =
        municipality::table.filter(municipality::code.eq(code)).first(conn).optional()?;
    Ok(row.map(Into::into))
}

fn find_agency(conn: &mut Conn, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
    let row: Option<AgencyRow> = agency::table.find(Uid(id)).first(conn).optional()?;
    row.map(AgencyRow::record).transpose()
}

fn find_agencies(conn: &mut Conn, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Each id once: the list may come from a request, and a database limits the number of values in one statement.
    let ids: BTreeSet<_> = ids.iter().copied().map(Uid).collect();
    let found = agency::table.filter(agency::id.eq_any(ids)).order(agency::id);
    let rows: Vec<AgencyRow> = prepared::<ByText, _>(found).load(conn)?;
    rows.into_iter().map(AgencyRow::record).collect()
}

fn find_agency_by_code(conn: &mut Conn, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
    let found = agency::table.filter(agency::municipality_id.eq(Uid(of))).filter(agency::code.eq(code));
    let row: Option<AgencyRow> = found.first(conn).optional()?;
    row.map(AgencyRow::record).transpose()
}

fn with_posts(conn: &mut Conn, rows: Vec<StaffRow>) -> Result<Vec<StaffRecord>, StoreError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let posts: Vec<(PostRow, Option<OnDay>)> = post::table
        .inner_join(agency::table.on(agency::id.eq(post::agency_id)))
        .filter(post::staff_id.eq_any(ids))
        .order(post::id)
        .select((post::all_columns, agency::active_until))
        .load(conn)?;
    let mut by_person: BTreeMap<StaffId, Vec<PostRecord>> = BTreeMap::new();
    for (row, agency_ends) in posts {
        let record = row.record_until(agency_ends)?;
        by_person.entry(record.staff_id).or_default().push(record);
    }
    let person = |row: StaffRow| {
        let posts = by_person.remove(&row.id.0).unwrap_or_default();
        row.record(posts)
    };
    rows.into_iter().map(person).collect()
}

fn find_staff(conn: &mut Conn, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
    let row: Option<StaffRow> = staff::table.find(Uid(id)).first(conn).optional()?;
    Ok(with_posts(conn, row.into_iter().collect())?.pop())
}

fn find_notice(conn: &mut Conn, id: NoticeId) -> Result<Option<NoticeRecord>, StoreError> {
    let row: Option<NoticeRow> = notice::table.find(Uid(id)).first(conn).optional()?;
    row.map(NoticeRow::record).transpose()
}

fn find_notice_in_force(conn: &mut Conn, of: MunicipalityId, today: Day) -> Result<Option<NoticeRecord>, StoreError> {
    let row: Option<NoticeRow> = notice::table
        .filter(notice::municipality_id.eq(Uid(of)))
        .filter(notice::in_force_from.le(OnDay(today)))
        .order((notice::in_force_from.desc(), notice::version.desc()))
        .first(conn)
        .optional()?;
    row.map(NoticeRow::record).transpose()
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
    of: MunicipalityId,
    after: Option<AgencyId>,
    limit: u32,
) -> Result<Vec<AgencyRecord>, StoreError> {
    let mut page = agency::table.filter(agency::municipality_id.eq(Uid(of))).into_boxed();
    if let Some(after) = after {
        page = page.filter(agency::id.lt(Uid(after)));
    }
    let rows: Vec<AgencyRow> = page.order(agency::id.desc()).limit(i64::from(limit)).load(conn)?;
    rows.into_iter().map(AgencyRow::record).collect()
}

impl ReadTx<'_> {
    /// The municipality.
    pub fn find_municipality(&mut self, id: MunicipalityId) -> Result<Option<MunicipalityRecord>, StoreError> {
        find_municipality(self.conn, id)
    }

    /// The municipality with this code.
    pub fn find_municipality_by_code(&mut self, code: &str) -> Result<Option<MunicipalityRecord>, StoreError> {
        find_municipality_by_code(self.conn, code)
    }

    /// Every municipality of the service, oldest first: few, usually one.
    pub fn list_municipalities(&mut self) -> Result<Vec<MunicipalityRecord>, StoreError> {
        let rows: Vec<MunicipalityRow> = municipality::table.order(municipality::id).load(self.conn)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Every municipality of the service, and the agency.
    pub(crate) fn list_municipalities_with(
        &mut self,
        id: AgencyId,
    ) -> Result<(Vec<MunicipalityId>, Option<AgencyRecord>), StoreError> {
        let its = agency::municipality_id.eq(municipality::id).and(agency::id.eq(Uid(id)));
        let rows: Vec<(Uid<MunicipalityId>, Option<AgencyRow>)> = municipality::table
            .left_join(agency::table.on(its))
            .select((municipality::id, agency::all_columns.nullable()))
            .load(self.conn)?;
        let (municipalities, agencies): (Vec<_>, Vec<_>) = rows.into_iter().map(|(of, row)| (of.0, row)).unzip();
        let found = agencies.into_iter().flatten().next().map(AgencyRow::record).transpose()?;
        Ok((municipalities, found))
    }

    /// The agency.
    pub fn find_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency(self.conn, id)
    }

    /// The agencies with these ids, as far as they exist.
    pub fn find_agencies(&mut self, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
        find_agencies(self.conn, ids)
    }

    /// The agency with this code.
    pub fn find_agency_by_code(&mut self, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency_by_code(self.conn, of, code)
    }

    /// The agencies of a municipality, newest first.
    pub fn list_agencies(
        &mut self,
        of: MunicipalityId,
        after: Option<AgencyId>,
        limit: u32,
    ) -> Result<Vec<AgencyRecord>, StoreError> {
        list_agencies(self.conn, of, after, limit)
    }

    /// The person.
    pub fn find_staff(&mut self, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
        find_staff(self.conn, id)
    }

    /// The person with this login.
    pub fn find_staff_by_login(&mut self, login: &str) -> Result<Option<StaffRecord>, StoreError> {
        let row: Option<StaffRow> = staff::table.filter(staff::login.eq(login)).first(self.conn).optional()?;
        Ok(with_posts(self.conn, row.into_iter().collect())?.pop())
    }

    /// The people of a municipality, or those with a post (past and future ones included) in one of its agencies; newest first.
    pub fn list_staff(
        &mut self,
        of: MunicipalityId,
        in_agency: Option<AgencyId>,
        after: Option<StaffId>,
        limit: u32,
    ) -> Result<Vec<StaffRecord>, StoreError> {
        let mut page = staff::table.filter(staff::municipality_id.eq(Uid(of))).into_boxed();
        if let Some(in_agency) = in_agency {
            let holders = post::table.filter(post::agency_id.eq(Uid(in_agency))).select(post::staff_id);
            page = page.filter(staff::id.eq_any(holders));
        }
        if let Some(after) = after {
            page = page.filter(staff::id.lt(Uid(after)));
        }
        let rows: Vec<StaffRow> = page.order(staff::id.desc()).limit(i64::from(limit)).load(self.conn)?;
        with_posts(self.conn, rows)
    }

    /// The version.
    pub fn find_notice(&mut self, id: NoticeId) -> Result<Option<NoticeRecord>, StoreError> {
        find_notice(self.conn, id)
    }

    /// The version shown on `today`: the one that came into force last.
    pub fn find_notice_in_force(&mut self, of: MunicipalityId, today: Day) -> Result<Option<NoticeRecord>, StoreError> {
        find_notice_in_force(self.conn, of, today)
    }

    /// The versions of a municipality, newest first.
    pub fn list_notices(
        &mut self,
        of: MunicipalityId,
        after: Option<NoticeId>,
        limit: u32,
    ) -> Result<Vec<NoticeRecord>, StoreError> {
        let mut page = notice::table.filter(notice::municipality_id.eq(Uid(of))).into_boxed();
        if let Some(after) = after {
            page = page.filter(notice::id.lt(Uid(after)));
        }
        let rows: Vec<NoticeRow> = page.order(notice::id.desc()).limit(i64::from(limit)).load(self.conn)?;
        rows.into_iter().map(NoticeRow::record).collect()
    }
}

impl WriteTx<'_> {
    /// All agencies of a municipality: the import of a table compares its rows with them.
    pub fn all_agencies(&mut self, of: MunicipalityId) -> Result<Vec<AgencyRecord>, StoreError> {
        list_agencies(self.conn, of, None, u32::MAX)
    }

    /// The municipality.
    pub fn find_municipality(&mut self, id: MunicipalityId) -> Result<Option<MunicipalityRecord>, StoreError> {
        find_municipality(self.conn, id)
    }

    /// The municipality with this code.
    pub fn find_municipality_by_code(&mut self, code: &str) -> Result<Option<MunicipalityRecord>, StoreError> {
        find_municipality_by_code(self.conn, code)
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
            let read = find_agencies(self.conn, &unread)?;
            self.known.extend(read.into_iter().map(|record| (record.agency.id, record)));
        }
        Ok(asked.iter().filter_map(|id| self.known.get(id).cloned()).collect())
    }

    /// The agency with this code.
    pub fn find_agency_by_code(&mut self, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency_by_code(self.conn, of, code)
    }

    /// The receivers of a case's relays; the rules need them to decide what each may see.
    pub fn find_receivers(&mut self, case: &Case) -> Result<Vec<Agency>, StoreError> {
        let ids: Vec<AgencyId> = case.relays.iter().map(|relay| relay.to_agency_id).collect();
        Ok(self.find_agencies(&ids)?.into_iter().map(|record| record.agency).collect())
    }

    /// The agency, with its row locked until the commit: for a caller that checks the revision and then changes it.
    pub fn lock_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
        self.known.clear();
        let row: Option<AgencyRow> = diesel::update(agency::table.find(Uid(id)))
            .set(agency::revision.eq(agency::revision))
            .returning(agency::all_columns)
            .get_result(self.conn)
            .optional()?;
        row.map(AgencyRow::record).transpose()
    }

    /// The person.
    pub fn find_staff(&mut self, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
        find_staff(self.conn, id)
    }

    /// The version.
    pub fn find_notice(&mut self, id: NoticeId) -> Result<Option<NoticeRecord>, StoreError> {
        find_notice(self.conn, id)
    }

    /// The version shown on `today`: the one that came into force last.
    pub fn find_notice_in_force(&mut self, of: MunicipalityId, today: Day) -> Result<Option<NoticeRecord>, StoreError> {
        find_notice_in_force(self.conn, of, today)
    }

    /// Adds a municipality; [`StoreError::Conflict`] when the code is taken.
    pub fn insert_municipality(&mut self, record: &MunicipalityRecord, now: Instant) -> Result<(), StoreError> {
        let row = MunicipalityRow {
            id: Uid(record.id),
            code: record.code.clone(),
            name: record.name.clone(),
            created_at: At(now),
        };
        diesel::insert_into(municipality::table).values(row).execute(self.conn)?;
        Ok(())
    }

    /// Gives a municipality another name; [`StoreError::Missing`] when it does not exist.
    pub fn rename_municipality(&mut self, id: MunicipalityId, name: &str) -> Result<(), StoreError> {
        match diesel::update(municipality::table.find(Uid(id))).set(municipality::name.eq(name)).execute(self.conn)? {
            0 => Err(StoreError::Missing),
            _ => Ok(()),
        }
    }

    /// Adds an agency; [`StoreError::Conflict`] when the municipality has one with this code.
    pub fn insert_agency(&mut self, record: &AgencyRecord) -> Result<(), StoreError> {
        for other in record.parent_id.into_iter().chain(record.successor_id) {
            must_be_in(self.conn, record.agency.municipality_id, other)?;
        }
        self.known.clear();
        diesel::insert_into(agency::table).values(AgencyRow::of(record)?).execute(self.conn)?;
        Ok(())
    }

    /// Writes the whole record, with the revision and `updated_at` that stand in it: a caller that has compared the revision under
    /// [`WriteTx::lock_agency`] must also raise it. An agency cannot move to another municipality.
    pub fn update_agency(&mut self, record: &AgencyRecord) -> Result<(), StoreError> {
        let of = record.agency.municipality_id;
        for other in record.parent_id.into_iter().chain(record.successor_id) {
            must_be_in(self.conn, of, other)?;
        }
        let row = agency::table.find(Uid(record.agency.id)).filter(agency::municipality_id.eq(Uid(of)));
        self.known.clear();
        match diesel::update(row).set(AgencyRow::of(record)?).execute(self.conn)? {
            0 => Err(StoreError::Missing),
            _ => Ok(()),
        }
    }

    /// Notes that a consent or a relay names these agencies. Agencies that are marked already are not touched.
    pub(crate) fn note_named(&mut self, ids: &BTreeSet<AgencyId>) -> Result<(), StoreError> {
        let ids: Vec<AgencyId> = ids.iter().copied().collect();
        let new: Vec<_> = self.find_agencies(&ids)?.into_iter().filter(|record| !record.is_named).collect();
        if new.is_empty() {
            return Ok(());
        }
        let rows = agency::table.filter(agency::id.eq_any(new.iter().map(|record| Uid(record.agency.id))));
        diesel::update(rows).set(agency::is_named.eq(true)).execute(self.conn)?;
        self.known.clear();
        Ok(())
    }

    /// Adds a person with their posts; [`StoreError::Conflict`] when the login is taken.
    pub fn insert_staff(&mut self, record: &StaffRecord, now: Instant) -> Result<(), StoreError> {
        let row = StaffRow {
            id: Uid(record.id),
            municipality_id: Uid(record.municipality_id),
            login: record.login.clone(),
            name: record.name.clone(),
            created_at: At(now),
            password_hash: record.password_hash.as_ref().map(|hash| hash.0.clone()),
            code_hash: record.code.map(|code| code.hash.to_vec()),
            code_expires_at: record.code.map(|code| At(code.expires_at)),
            disabled_at: record.disabled_at.map(At),
            code_issued_by: record.code_from.map(Uid),
        };
        diesel::insert_into(staff::table).values(row).execute(self.conn)?;
        // A new person has one post, seldom two.
        record.posts.iter().try_for_each(|post| self.insert_post(post))
    }

    /// Adds a post. The person and the agency must belong to one municipality.
    pub fn insert_post(&mut self, record: &PostRecord) -> Result<(), StoreError> {
        let of: Uid<MunicipalityId> =
            staff::table.find(Uid(record.staff_id)).select(staff::municipality_id).first(self.conn)?;
        must_be_in(self.conn, of.0, record.agency_id)?;
        let row = PostRow {
            id: Uid(record.id),
            municipality_id: of,
            staff_id: Uid(record.staff_id),
            agency_id: Uid(record.agency_id),
            role: record.role.into(),
            valid_from: OnDay(record.valid_from),
            valid_until: record.valid_until.map(OnDay),
            made_by: record.made_by.map(Uid),
            confirmed_at: record.confirmed_at.map(At),
            replaces_post_id: record.replaces_post_id.map(Uid),
            ended_at: record.ended_at.map(At),
        };
        diesel::insert_into(post::table).values(row).execute(self.conn)?;
        Ok(())
    }

    /// Adds the next version. It locks the municipality, so `Store::write` must get the municipality's id as its key.
    pub fn insert_notice(&mut self, new: &NewNotice, now: Instant) -> Result<NoticeRecord, StoreError> {
        let _locked: Uid<MunicipalityId> = diesel::update(municipality::table.find(Uid(new.municipality_id)))
            .set(municipality::code.eq(municipality::code))
            .returning(municipality::id)
            .get_result(self.conn)?;
        let last: Option<i32> = notice::table
            .filter(notice::municipality_id.eq(Uid(new.municipality_id)))
            .select(diesel::dsl::max(notice::version))
            .first(self.conn)?;
        let row = NoticeRow {
            id: Uid(new.id),
            municipality_id: Uid(new.municipality_id),
            version: last.unwrap_or(0).saturating_add(1),
            title: new.title.clone(),
            body: new.body.clone(),
            in_force_from: OnDay(new.in_force_from),
            created_at: At(now),
            purpose: new.purpose.clone(),
            variants: DocOf(new.variants.clone()),
        };
        let row: NoticeRow =
            diesel::insert_into(notice::table).values(row).returning(notice::all_columns).get_result(self.conn)?;
        row.record()
    }
}

#[cfg(test)]
pub(crate) mod tests;
