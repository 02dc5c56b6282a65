//! The records of the directory, and the rows they are stored as.

use crate::schema::{agency, client, municipality, notice, post, staff};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::{Agency, Agreement, Scope};
use domain::codes::{AgencyClass, Role};
use domain::explained::{JAPANESE, Variant, VariantKind};
use domain::ids::{AgencyId, ClientId, MunicipalityId, NoticeId, PostId, StaffId};
use domain::time::{Day, Instant};
use std::collections::BTreeSet;

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
    /// The purpose that is shown with it.
    pub purpose: Option<String>,
    /// The same for people who read another text better.
    pub variants: Vec<Variant>,
}

impl NoticeRecord {
    /// Every text that may be shown, the standard one first.
    pub fn texts(&self) -> Vec<Variant> {
        let standard = Variant {
            kind: VariantKind::Standard,
            language: JAPANESE.to_owned(),
            title: self.title.clone(),
            body: self.body.clone(),
        };
        std::iter::once(standard).chain(self.variants.iter().cloned()).collect()
    }
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
    /// The purpose that is shown with it.
    pub purpose: Option<String>,
    /// The same for people who read another text better.
    pub variants: Vec<Variant>,
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
pub(super) struct MunicipalityRow {
    pub(super) id: Uid<MunicipalityId>,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) created_at: At,
}

impl From<MunicipalityRow> for MunicipalityRecord {
    fn from(row: MunicipalityRow) -> Self {
        Self { id: row.id.0, code: row.code, name: row.name }
    }
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = agency, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct AgencyRow {
    pub(super) id: Uid<AgencyId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) kana: String,
    pub(super) parent_id: Option<Uid<AgencyId>>,
    pub(super) class: Coded<AgencyClass>,
    pub(super) topics: DocOf<Vec<String>>,
    pub(super) mailbox: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) hub: bool,
    pub(super) active_from: OnDay,
    pub(super) active_until: Option<OnDay>,
    pub(super) agreement_number: Option<String>,
    pub(super) agreement_from: Option<OnDay>,
    pub(super) agreement_until: Option<OnDay>,
    pub(super) revision: i32,
    pub(super) updated_at: At,
}

impl AgencyRow {
    pub(super) fn of(record: &AgencyRecord) -> Result<Self, StoreError> {
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

    pub(super) fn record(self) -> Result<AgencyRecord, StoreError> {
        let id = self.id;
        let unknown = |column, code: &str| StoreError::UnknownCode {
            table: "agency",
            column,
            row: id.0.0,
            code: code.to_owned(),
        };
        let agreement = match (self.agreement_number, self.agreement_from, self.agreement_until) {
            (None, None, None) => None,
            (Some(number), Some(from), Some(until)) => {
                Some(Agreement { number, valid_from: from.0, valid_until: until.0 })
            }
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
pub(super) struct StaffRow {
    pub(super) id: Uid<StaffId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) login: String,
    pub(super) name: String,
    pub(super) password_hash: String,
    pub(super) created_at: At,
}

impl StaffRow {
    pub(super) fn record(self, posts: Vec<PostRecord>) -> StaffRecord {
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
    pub(crate) id: Uid<PostId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) staff_id: Uid<StaffId>,
    pub(crate) agency_id: Uid<AgencyId>,
    pub(crate) role: Coded<Role>,
    pub(crate) valid_from: OnDay,
    pub(crate) valid_until: Option<OnDay>,
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
pub(super) struct NoticeRow {
    pub(super) id: Uid<NoticeId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) version: i32,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) in_force_from: OnDay,
    pub(super) created_at: At,
    pub(super) purpose: Option<String>,
    pub(super) variants: DocOf<Vec<Variant>>,
}

impl NoticeRow {
    pub(super) fn record(self) -> Result<NoticeRecord, StoreError> {
        let row = self.id.0.0;
        let unknown =
            |_| StoreError::UnknownCode { table: "notice", column: "version", row, code: "negative".to_owned() };
        Ok(NoticeRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            version: u32::try_from(self.version).map_err(unknown)?,
            title: self.title,
            body: self.body,
            in_force_from: self.in_force_from.0,
            purpose: self.purpose,
            variants: self.variants.0,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = client, treat_none_as_default_value = false)]
pub(super) struct ClientRow {
    pub(super) id: Uid<ClientId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) agency_id: Uid<AgencyId>,
    pub(super) name: String,
    pub(super) secret_hash: Vec<u8>,
    pub(super) scopes: DocOf<Vec<String>>,
    pub(super) created_at: At,
    pub(super) revoked_at: Option<At>,
}

impl ClientRow {
    pub(super) fn record(self) -> Result<ClientRecord, StoreError> {
        let row = self.id.0.0;
        let unknown = |column, code: String| StoreError::UnknownCode { table: "client", column, row, code };
        let scopes =
            self.scopes.0.into_iter().map(|scope| Scope::parse(&scope).ok_or_else(|| unknown("scopes", scope)));
        Ok(ClientRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            agency_id: self.agency_id.0,
            name: self.name,
            scopes: scopes.collect::<Result<_, _>>()?,
            secret_hash: self.secret_hash.try_into().map_err(|_| unknown("secret_hash", "not 32 bytes".to_owned()))?,
            revoked_at: self.revoked_at.map(|at| at.0),
        })
    }
}
