//! The directory in the database: municipalities, agencies, and the texts that are shown to the resident.
//!
//! Lists are newest first; `after` is the id after which a page begins. A reference to an agency must stay within the municipality.
//! Otherwise it is refused with [`StoreError::Missing`], just like an id that does not exist.

mod agency;
mod records;

pub(crate) use agency::{believed_page, mailboxes, must_be_in};
pub(crate) use records::{AgencyRow, FoundAgency, OF_AGENCY, agency_columns};
pub use records::{MunicipalityRecord, NewNotice, NoticeRecord};

use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::schema::{municipality, notice};
use crate::sql_types::{At, DocOf, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::ids::{MunicipalityId, NoticeId};
use domain::time::{Day, Instant};
use records::{MunicipalityRow, NoticeRow};

fn find_municipality(conn: &mut Conn, id: MunicipalityId) -> Result<Option<MunicipalityRecord>, StoreError> {
    let row: Option<MunicipalityRow> = municipality::table.find(Uid(id)).first(conn).optional()?;
    Ok(row.map(Into::into))
}

fn find_municipality_by_code(conn: &mut Conn, code: &str) -> Result<Option<MunicipalityRecord>, StoreError> {
    let row: Option<MunicipalityRow> =
        municipality::table.filter(municipality::code.eq(code)).first(conn).optional()?;
    Ok(row.map(Into::into))
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
    /// The municipality.
    pub fn find_municipality(&mut self, id: MunicipalityId) -> Result<Option<MunicipalityRecord>, StoreError> {
        find_municipality(self.conn, id)
    }

    /// The municipality with this code.
    pub fn find_municipality_by_code(&mut self, code: &str) -> Result<Option<MunicipalityRecord>, StoreError> {
        find_municipality_by_code(self.conn, code)
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
