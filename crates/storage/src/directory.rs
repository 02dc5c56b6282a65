//! The directory in the database: municipalities, agencies, people and their posts, department systems, notices to the resident.
//!
//! Lists are newest first and go on after an id. What refers to an agency or a person names one of the same municipality, or is
//! refused with [`StoreError::Missing`], the same as for an id that nobody has.

use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::schema::{agency, client, municipality, notice, post, staff};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::agency::{Agency, Agreement, Scope};
use domain::codes::{AgencyClass, Role};
use domain::ids::{AgencyId, ClientId, MunicipalityId, NoticeId, PostId, StaffId};
use domain::time::{Day, Instant};
use std::collections::{BTreeMap, BTreeSet};

coded!(AgencyClass, Role);

/// A municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MunicipalityRecord {
    /// Its id.
    pub id: MunicipalityId,
    /// Its code (全国地方公共団体コード or a word), unique in the service.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// An agency with what the directory says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyRecord {
    /// What the rules look at: id, municipality, class, days of its existence, agreement.
    pub agency: Agency,
    /// Its code, unique in the municipality.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The name in kana.
    pub kana: String,
    /// The agency above it.
    pub parent_id: Option<AgencyId>,
    /// The topics (相談内容) it takes, by code.
    pub topics: Vec<String>,
    /// Where its mail goes.
    pub mailbox: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Whether it coordinates (調整担当).
    pub hub: bool,
    /// Counts from 1.
    pub revision: u32,
    /// When it was changed last.
    pub updated_at: Instant,
}

/// What is kept of a password. Cannot be printed.
#[derive(Clone)]
pub struct PasswordHash(pub String);

/// A person who works with the service. Cannot be printed.
#[derive(Clone)]
pub struct StaffRecord {
    /// Their id.
    pub id: StaffId,
    /// Whose directory they stand in.
    pub municipality_id: MunicipalityId,
    /// The login, unique in the service.
    pub login: String,
    /// Their name.
    pub name: String,
    /// What is kept of the password.
    pub password_hash: PasswordHash,
    /// Their posts, past and future ones, too; oldest first.
    pub posts: Vec<PostRecord>,
}

/// A post (職): one person in one agency in one role, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostRecord {
    /// Its id.
    pub id: PostId,
    /// Who holds it.
    pub staff_id: StaffId,
    /// Where.
    pub agency_id: AgencyId,
    /// As what.
    pub role: Role,
    /// First day.
    pub valid_from: Day,
    /// Last day, if it is known.
    pub valid_until: Option<Day>,
}

impl PostRecord {
    /// Whether the post is held on `today`.
    pub fn is_valid(&self, today: Day) -> bool {
        self.valid_from <= today && self.valid_until.is_none_or(|until| today <= until)
    }
}

/// A version of the text shown to the resident (説明文).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    /// Its id.
    pub id: NoticeId,
    /// Whose text it is.
    pub municipality_id: MunicipalityId,
    /// Counts from 1 in the municipality.
    pub version: u32,
    /// Title.
    pub title: String,
    /// Text.
    pub body: String,
    /// The first day it is shown.
    pub in_force_from: Day,
}

/// A version to be; its number is given by [`WriteTx::insert_notice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Its id.
    pub id: NoticeId,
    /// Whose text it is.
    pub municipality_id: MunicipalityId,
    /// Title.
    pub title: String,
    /// Text.
    pub body: String,
    /// The first day it is shown.
    pub in_force_from: Day,
}

/// A department system (OAuth client). Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// Its id.
    pub id: ClientId,
    /// Its municipality.
    pub municipality_id: MunicipalityId,
    /// The agency it belongs to.
    pub agency_id: AgencyId,
    /// What it is called.
    pub name: String,
    /// What is kept of its secret.
    pub secret_hash: [u8; 32],
    /// What it may ask for.
    pub scopes: BTreeSet<Scope>,
    /// Since when it may do nothing any more.
    pub revoked_at: Option<Instant>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = municipality)]
struct MunicipalityRow {
    id: Uid<MunicipalityId>,
    code: String,
    name: String,
    created_at: At,
}

impl From<MunicipalityRow> for MunicipalityRecord {
    fn from(row: MunicipalityRow) -> Self {
        Self {
            id: row.id.0,
            code: row.code,
            name: row.name,
        }
    }
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = agency, treat_none_as_default_value = false, treat_none_as_null = true)]
struct AgencyRow {
    id: Uid<AgencyId>,
    municipality_id: Uid<MunicipalityId>,
    code: String,
    name: String,
    kana: String,
    parent_id: Option<Uid<AgencyId>>,
    class: Coded<AgencyClass>,
    topics: DocOf<Vec<String>>,
    mailbox: Option<String>,
    phone: Option<String>,
    hub: bool,
    active_from: OnDay,
    active_until: Option<OnDay>,
    agreement_number: Option<String>,
    agreement_from: Option<OnDay>,
    agreement_until: Option<OnDay>,
    revision: i32,
    updated_at: At,
}

impl AgencyRow {
    fn of(record: &AgencyRecord) -> Result<Self, StoreError> {
        let AgencyRecord { agency, .. } = record;
        let agreement = agency.agreement.as_ref();
        Ok(Self {
            id: Uid(agency.id),
            municipality_id: Uid(agency.municipality_id),
            code: record.code.clone(),
            name: record.name.clone(),
            kana: record.kana.clone(),
            parent_id: record.parent_id.map(Uid),
            class: agency.class.into(),
            topics: DocOf(record.topics.clone()),
            mailbox: record.mailbox.clone(),
            phone: record.phone.clone(),
            hub: record.hub,
            active_from: OnDay(agency.active_from),
            active_until: agency.active_until.map(OnDay),
            agreement_number: agreement.map(|a| a.number.clone()),
            agreement_from: agreement.map(|a| OnDay(a.valid_from)),
            agreement_until: agreement.map(|a| OnDay(a.valid_until)),
            revision: i32::try_from(record.revision).map_err(|_| StoreError::Missing)?,
            updated_at: At(record.updated_at),
        })
    }

    fn record(self) -> Result<AgencyRecord, StoreError> {
        let id = self.id;
        let unknown = |column, code: &str| StoreError::UnknownCode {
            table: "agency",
            column,
            row: id.0.0,
            code: code.to_owned(),
        };
        let agreement = match (self.agreement_number, self.agreement_from, self.agreement_until) {
            (None, None, None) => None,
            (Some(number), Some(from), Some(until)) => Some(Agreement {
                number,
                valid_from: from.0,
                valid_until: until.0,
            }),
            _ => return Err(unknown("agreement_number", "half an agreement")),
        };
        Ok(AgencyRecord {
            agency: Agency {
                id: id.0,
                municipality_id: self.municipality_id.0,
                class: self.class.known("agency", "class", id)?,
                active_from: self.active_from.0,
                active_until: self.active_until.map(|day| day.0),
                agreement,
            },
            code: self.code,
            name: self.name,
            kana: self.kana,
            parent_id: self.parent_id.map(|id| id.0),
            topics: self.topics.0,
            mailbox: self.mailbox,
            phone: self.phone,
            hub: self.hub,
            revision: u32::try_from(self.revision).map_err(|_| unknown("revision", "negative"))?,
            updated_at: self.updated_at.0,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = staff)]
struct StaffRow {
    id: Uid<StaffId>,
    municipality_id: Uid<MunicipalityId>,
    login: String,
    name: String,
    password_hash: String,
    created_at: At,
}

impl StaffRow {
    fn record(self, posts: Vec<PostRecord>) -> StaffRecord {
        StaffRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            login: self.login,
            name: self.name,
            password_hash: PasswordHash(self.password_hash),
            posts,
        }
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = post, treat_none_as_default_value = false)]
pub(crate) struct PostRow {
    id: Uid<PostId>,
    municipality_id: Uid<MunicipalityId>,
    staff_id: Uid<StaffId>,
    agency_id: Uid<AgencyId>,
    role: Coded<Role>,
    valid_from: OnDay,
    valid_until: Option<OnDay>,
}

impl PostRow {
    pub(crate) fn record(self) -> Result<PostRecord, StoreError> {
        Ok(PostRecord {
            id: self.id.0,
            staff_id: self.staff_id.0,
            agency_id: self.agency_id.0,
            role: self.role.known("post", "role", self.id)?,
            valid_from: self.valid_from.0,
            valid_until: self.valid_until.map(|day| day.0),
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = notice)]
struct NoticeRow {
    id: Uid<NoticeId>,
    municipality_id: Uid<MunicipalityId>,
    version: i32,
    title: String,
    body: String,
    in_force_from: OnDay,
    created_at: At,
}

impl NoticeRow {
    fn record(self) -> Result<NoticeRecord, StoreError> {
        let row = self.id.0.0;
        let unknown = |_| StoreError::UnknownCode {
            table: "notice",
            column: "version",
            row,
            code: "negative".to_owned(),
        };
        Ok(NoticeRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            version: u32::try_from(self.version).map_err(unknown)?,
            title: self.title,
            body: self.body,
            in_force_from: self.in_force_from.0,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = client, treat_none_as_default_value = false)]
struct ClientRow {
    id: Uid<ClientId>,
    municipality_id: Uid<MunicipalityId>,
    agency_id: Uid<AgencyId>,
    name: String,
    secret_hash: Vec<u8>,
    scopes: DocOf<Vec<String>>,
    created_at: At,
    revoked_at: Option<At>,
}

impl ClientRow {
    fn record(self) -> Result<ClientRecord, StoreError> {
        let row = self.id.0.0;
        let unknown = |column, code: String| StoreError::UnknownCode {
            table: "client",
            column,
            row,
            code,
        };
        let scopes = self
            .scopes
            .0
            .into_iter()
            .map(|scope| Scope::parse(&scope).ok_or_else(|| unknown("scopes", scope)));
        Ok(ClientRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            agency_id: self.agency_id.0,
            name: self.name,
            scopes: scopes.collect::<Result<_, _>>()?,
            secret_hash: self
                .secret_hash
                .try_into()
                .map_err(|_| unknown("secret_hash", "not 32 bytes".to_owned()))?,
            revoked_at: self.revoked_at.map(|at| at.0),
        })
    }
}

fn find_municipality(conn: &mut Conn, id: MunicipalityId) -> Result<Option<MunicipalityRecord>, StoreError> {
    let row: Option<MunicipalityRow> = municipality::table.find(Uid(id)).first(conn).optional()?;
    Ok(row.map(Into::into))
}

fn find_municipality_by_code(conn: &mut Conn, code: &str) -> Result<Option<MunicipalityRecord>, StoreError> {
    let row: Option<MunicipalityRow> = municipality::table
        .filter(municipality::code.eq(code))
        .first(conn)
        .optional()?;
    Ok(row.map(Into::into))
}

fn find_agency(conn: &mut Conn, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
    let row: Option<AgencyRow> = agency::table.find(Uid(id)).first(conn).optional()?;
    row.map(AgencyRow::record).transpose()
}

fn find_agencies(conn: &mut Conn, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
    // Each id once: the list may come from a request, and a database has a limit of values in one statement.
    let ids: BTreeSet<_> = ids.iter().copied().map(Uid).collect();
    let rows: Vec<AgencyRow> = agency::table
        .filter(agency::id.eq_any(ids))
        .order(agency::id)
        .load(conn)?;
    rows.into_iter().map(AgencyRow::record).collect()
}

fn find_agency_by_code(conn: &mut Conn, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
    let found = agency::table
        .filter(agency::municipality_id.eq(Uid(of)))
        .filter(agency::code.eq(code));
    let row: Option<AgencyRow> = found.first(conn).optional()?;
    row.map(AgencyRow::record).transpose()
}

fn with_posts(conn: &mut Conn, rows: Vec<StaffRow>) -> Result<Vec<StaffRecord>, StoreError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let posts: Vec<PostRow> = post::table
        .filter(post::staff_id.eq_any(ids))
        .order(post::id)
        .load(conn)?;
    let mut by_person: BTreeMap<StaffId, Vec<PostRecord>> = BTreeMap::new();
    for row in posts {
        let record = row.record()?;
        by_person.entry(record.staff_id).or_default().push(record);
    }
    let person = |row: StaffRow| {
        let posts = by_person.remove(&row.id.0).unwrap_or_default();
        row.record(posts)
    };
    Ok(rows.into_iter().map(person).collect())
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

/// The mailboxes of those of the agencies that have one.
pub(crate) fn mailboxes(conn: &mut Conn, ids: &[AgencyId]) -> QueryResult<Vec<(AgencyId, String)>> {
    let ids: BTreeSet<_> = ids.iter().copied().map(Uid).collect();
    let rows: Vec<(Uid<AgencyId>, Option<String>)> = agency::table
        .filter(agency::id.eq_any(ids))
        .select((agency::id, agency::mailbox))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, mailbox)| Some((id.0, mailbox?)))
        .collect())
}

/// Refuses an agency that is not in this municipality.
fn must_be_in(conn: &mut Conn, of: MunicipalityId, id: AgencyId) -> Result<(), StoreError> {
    let there: Uid<MunicipalityId> = agency::table
        .find(Uid(id))
        .select(agency::municipality_id)
        .first(conn)?;
    if there.0 == of {
        Ok(())
    } else {
        Err(StoreError::Missing)
    }
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

    /// Every municipality of the service, oldest first: few, and most often one.
    pub fn list_municipalities(&mut self) -> Result<Vec<MunicipalityRecord>, StoreError> {
        let rows: Vec<MunicipalityRow> = municipality::table.order(municipality::id).load(self.conn)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The agency.
    pub fn find_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency(self.conn, id)
    }

    /// Those of the agencies that exist, by id.
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
        let mut page = agency::table.filter(agency::municipality_id.eq(Uid(of))).into_boxed();
        if let Some(after) = after {
            page = page.filter(agency::id.lt(Uid(after)));
        }
        let rows: Vec<AgencyRow> = page.order(agency::id.desc()).limit(i64::from(limit)).load(self.conn)?;
        rows.into_iter().map(AgencyRow::record).collect()
    }

    /// The person.
    pub fn find_staff(&mut self, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
        find_staff(self.conn, id)
    }

    /// The person with this login.
    pub fn find_staff_by_login(&mut self, login: &str) -> Result<Option<StaffRecord>, StoreError> {
        let row: Option<StaffRow> = staff::table
            .filter(staff::login.eq(login))
            .first(self.conn)
            .optional()?;
        Ok(with_posts(self.conn, row.into_iter().collect())?.pop())
    }

    /// The people of a municipality, or those with a post (also a past or future one) in one of its agencies; newest first.
    pub fn list_staff(
        &mut self,
        of: MunicipalityId,
        in_agency: Option<AgencyId>,
        after: Option<StaffId>,
        limit: u32,
    ) -> Result<Vec<StaffRecord>, StoreError> {
        let mut page = staff::table.filter(staff::municipality_id.eq(Uid(of))).into_boxed();
        if let Some(in_agency) = in_agency {
            let holders = post::table
                .filter(post::agency_id.eq(Uid(in_agency)))
                .select(post::staff_id);
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

    /// The department system, also a revoked one.
    pub fn find_client(&mut self, id: ClientId) -> Result<Option<ClientRecord>, StoreError> {
        let row: Option<ClientRow> = client::table.find(Uid(id)).first(self.conn).optional()?;
        row.map(ClientRow::record).transpose()
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

    /// The agency.
    pub fn find_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency(self.conn, id)
    }

    /// Those of the agencies that exist, by id.
    pub fn find_agencies(&mut self, ids: &[AgencyId]) -> Result<Vec<AgencyRecord>, StoreError> {
        find_agencies(self.conn, ids)
    }

    /// The agency with this code.
    pub fn find_agency_by_code(&mut self, of: MunicipalityId, code: &str) -> Result<Option<AgencyRecord>, StoreError> {
        find_agency_by_code(self.conn, of, code)
    }

    /// The agency, its row locked until the commit: for what looks at its revision and then changes it.
    pub fn lock_agency(&mut self, id: AgencyId) -> Result<Option<AgencyRecord>, StoreError> {
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
        diesel::insert_into(municipality::table)
            .values(row)
            .execute(self.conn)?;
        Ok(())
    }

    /// Adds an agency; [`StoreError::Conflict`] when the municipality has one with this code.
    pub fn insert_agency(&mut self, record: &AgencyRecord) -> Result<(), StoreError> {
        if let Some(parent) = record.parent_id {
            must_be_in(self.conn, record.agency.municipality_id, parent)?;
        }
        diesel::insert_into(agency::table)
            .values(AgencyRow::of(record)?)
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes the whole record, revision and `updated_at` as they stand in it: whoever has compared the revision under
    /// [`WriteTx::lock_agency`] also raises it. An agency does not move to another municipality.
    pub fn update_agency(&mut self, record: &AgencyRecord) -> Result<(), StoreError> {
        let of = record.agency.municipality_id;
        if let Some(parent) = record.parent_id {
            must_be_in(self.conn, of, parent)?;
        }
        let row = agency::table
            .find(Uid(record.agency.id))
            .filter(agency::municipality_id.eq(Uid(of)));
        match diesel::update(row).set(AgencyRow::of(record)?).execute(self.conn)? {
            0 => Err(StoreError::Missing),
            _ => Ok(()),
        }
    }

    /// Adds a person with their posts; [`StoreError::Conflict`] when the login is taken.
    pub fn insert_staff(&mut self, record: &StaffRecord, now: Instant) -> Result<(), StoreError> {
        let row = StaffRow {
            id: Uid(record.id),
            municipality_id: Uid(record.municipality_id),
            login: record.login.clone(),
            name: record.name.clone(),
            password_hash: record.password_hash.0.clone(),
            created_at: At(now),
        };
        diesel::insert_into(staff::table).values(row).execute(self.conn)?;
        // A person begins with one post, seldom two.
        record.posts.iter().try_for_each(|post| self.insert_post(post))
    }

    /// Adds a post. Person and agency must stand in one directory.
    pub fn insert_post(&mut self, record: &PostRecord) -> Result<(), StoreError> {
        let of: Uid<MunicipalityId> = staff::table
            .find(Uid(record.staff_id))
            .select(staff::municipality_id)
            .first(self.conn)?;
        must_be_in(self.conn, of.0, record.agency_id)?;
        let row = PostRow {
            id: Uid(record.id),
            municipality_id: of,
            staff_id: Uid(record.staff_id),
            agency_id: Uid(record.agency_id),
            role: record.role.into(),
            valid_from: OnDay(record.valid_from),
            valid_until: record.valid_until.map(OnDay),
        };
        diesel::insert_into(post::table).values(row).execute(self.conn)?;
        Ok(())
    }

    /// Adds the next version. Locks the municipality: give its id to `Store::write` as the key.
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
        };
        let row: NoticeRow = diesel::insert_into(notice::table)
            .values(row)
            .returning(notice::all_columns)
            .get_result(self.conn)?;
        row.record()
    }

    /// Adds a department system to an agency of its municipality.
    pub fn insert_client(&mut self, record: &ClientRecord, now: Instant) -> Result<(), StoreError> {
        must_be_in(self.conn, record.municipality_id, record.agency_id)?;
        let row = ClientRow {
            id: Uid(record.id),
            municipality_id: Uid(record.municipality_id),
            agency_id: Uid(record.agency_id),
            name: record.name.clone(),
            secret_hash: record.secret_hash.to_vec(),
            scopes: DocOf(record.scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
            created_at: At(now),
            revoked_at: record.revoked_at.map(At),
        };
        diesel::insert_into(client::table).values(row).execute(self.conn)?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
