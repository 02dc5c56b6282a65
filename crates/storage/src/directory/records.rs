//! The records of the directory, and the rows they are stored as.

use crate::schema::{agency, municipality, notice, post, staff};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::{Agency, Agreement};
use domain::codes::{AgencyClass, Role};
use domain::explained::{JAPANESE, Variant, VariantKind};
use domain::ids::{AgencyId, MunicipalityId, NoticeId, PostId, StaffId};
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

/// An agency, with what the directory says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyRecord {
    /// What the rules look at: id, municipality, class, first and last day, agreement.
    pub agency: Agency,
    /// Its code, unique in the municipality.
    pub code: String,
    /// Its name, or the next one when a change of name lies ahead; [`AgencyRecord::called`] gives the name at an instant.
    pub name: String,
    /// The name in kana.
    pub kana: String,
    /// The names before this one, oldest first.
    pub earlier_names: Vec<EarlierName>,
    /// The agency above it.
    pub parent_id: Option<AgencyId>,
    /// The agency that came after it.
    pub successor_id: Option<AgencyId>,
    /// The codes of the topics (相談内容) that it takes.
    pub topics: Vec<String>,
    /// The address for its mail.
    pub mailbox: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Whether it coordinates (調整担当).
    pub hub: bool,
    /// Whether a consent or a relay names it. Only [`WriteTx::apply`] notes this.
    pub is_named: bool,
    /// A change that waits for a second person.
    pub pending: Option<PendingChange>,
    /// When the service noted that the agency is no more; it never comes back.
    pub ended_at: Option<Instant>,
    /// Since when mail to it has been given up.
    pub mail_failed_at: Option<Instant>,
    /// Counts from 1.
    pub revision: u32,
    /// When it was changed last.
    pub updated_at: Instant,
}

/// What an agency will become when a second person confirms it. Class and agreement both decide who may be told what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    /// The class.
    pub class: AgencyClass,
    /// The agreement.
    pub agreement: Option<Agreement>,
    /// The person who asked for it; none = a department system.
    pub asked_by: Option<StaffId>,
    /// When.
    pub asked_at: Instant,
    /// The end of the agency, where that is asked for, too: everything it has goes to another agency.
    #[serde(default)]
    pub ending: Option<Ending>,
}

/// The last day of an agency, and the agency that succeeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The last day, if it is known.
    pub active_until: Option<Day>,
    /// The agency that gets everything of this one.
    pub successor_id: AgencyId,
}

/// A name that an agency had, or that it has until the next one takes effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierName {
    /// The name.
    pub name: String,
    /// The name in kana.
    pub kana: String,
    /// The instant from which it is no longer the name.
    pub until: Instant,
}

impl AgencyRecord {
    /// The name and its kana at an instant. For an instant before the agency was recorded, the first name.
    pub fn called(&self, at: Instant) -> (&str, &str) {
        match self.earlier_names.iter().find(|earlier| at < earlier.until) {
            Some(then) => (&then.name, &then.kana),
            None => (&self.name, &self.kana),
        }
    }

    /// The name at an instant; if it is a different one now, followed by the name of today.
    pub fn called_then(&self, at: Instant, now: Instant) -> String {
        let (then, now) = (self.called(at).0, self.called(now).0);
        if then == now { then.to_owned() } else { format!("{then}(現 {now})") }
    }
}

/// The hash of a password. Cannot be printed.
#[derive(Clone)]
pub struct PasswordHash(pub String);

/// The hash of a one-time code that was given to a person (invitation or reset). Cannot be printed.
#[derive(Clone, Copy)]
pub struct CodeRecord {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// From when on the code no longer works.
    pub expires_at: Instant,
}

/// A person who works with the service. Cannot be printed.
#[derive(Clone)]
pub struct StaffRecord {
    /// Their id.
    pub id: StaffId,
    /// The municipality in whose directory they stand.
    pub municipality_id: MunicipalityId,
    /// The login in lower case, unique in the service.
    pub login: String,
    /// Their name.
    pub name: String,
    /// The hash of the password; none until they have used an invitation.
    pub password_hash: Option<PasswordHash>,
    /// The code that they can use now.
    pub code: Option<CodeRecord>,
    /// The person who gave out the last code, used or not: that person cannot be the second one for their posts.
    pub code_from: Option<StaffId>,
    /// Since when they may not log in.
    pub disabled_at: Option<Instant>,
    /// Their posts, past and future ones included; oldest first.
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
    /// Who made it; none = the command line.
    pub made_by: Option<StaffId>,
    /// Since when it counts: when another person than the one who made it confirmed it. A post from the command line counts at once.
    pub confirmed_at: Option<Instant>,
    /// The post of the same person that ends where this one begins.
    pub replaces_post_id: Option<PostId>,
    /// When somebody ended the post, or rejected it while it was waiting.
    pub ended_at: Option<Instant>,
}

impl PostRecord {
    /// A post that counts from the start and has no last day: the command line makes such posts.
    pub fn confirmed(id: PostId, staff_id: StaffId, agency_id: AgencyId, role: Role, from: Day, now: Instant) -> Self {
        Self {
            id,
            staff_id,
            agency_id,
            role,
            valid_from: from,
            valid_until: None,
            made_by: None,
            confirmed_at: Some(now),
            replaces_post_id: None,
            ended_at: None,
        }
    }

    /// Whether the post is held on `today`.
    pub fn is_valid(&self, today: Day) -> bool {
        self.confirmed_at.is_some() && self.valid_from <= today && !self.is_over(today)
    }

    /// Whether it is over on `today`.
    pub fn is_over(&self, today: Day) -> bool {
        self.ended_at.is_some() || self.valid_until.is_some_and(|until| until < today)
    }
}

/// A version of the text shown to the resident (説明文).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    /// Its id.
    pub id: NoticeId,
    /// The municipality whose text it is.
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
    /// The same text for people who read another version better.
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

/// A new version; [`WriteTx::insert_notice`] gives it its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Its id.
    pub id: NoticeId,
    /// The municipality whose text it is.
    pub municipality_id: MunicipalityId,
    /// Title.
    pub title: String,
    /// Text.
    pub body: String,
    /// The first day it is shown.
    pub in_force_from: Day,
    /// The purpose that is shown with it.
    pub purpose: Option<String>,
    /// The same text for people who read another version better.
    pub variants: Vec<Variant>,
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
    pub(super) earlier_names: DocOf<Vec<EarlierName>>,
    pub(super) successor_id: Option<Uid<AgencyId>>,
    pub(super) is_named: bool,
    pub(super) pending: Option<DocOf<PendingChange>>,
    pub(super) is_confirmed: bool,
    pub(super) ended_at: Option<At>,
    pub(super) mail_failed_at: Option<At>,
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
            earlier_names: DocOf(record.earlier_names.clone()),
            successor_id: record.successor_id.map(Uid),
            is_named: record.is_named,
            pending: record.pending.clone().map(DocOf),
            is_confirmed: agency.confirmed,
            ended_at: record.ended_at.map(At),
            mail_failed_at: record.mail_failed_at.map(At),
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
                confirmed: self.is_confirmed,
            },
            code: self.code,
            name: self.name,
            kana: self.kana,
            earlier_names: self.earlier_names.0,
            parent_id: self.parent_id.map(|id| id.0),
            successor_id: self.successor_id.map(|id| id.0),
            topics: self.topics.0,
            mailbox: self.mailbox,
            phone: self.phone,
            hub: self.hub,
            is_named: self.is_named,
            pending: self.pending.map(|waits| waits.0),
            ended_at: self.ended_at.map(|at| at.0),
            mail_failed_at: self.mail_failed_at.map(|at| at.0),
            revision: u32::try_from(self.revision).map_err(|_| unknown("revision", "negative"))?,
            updated_at: self.updated_at.0,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = staff, treat_none_as_default_value = false)]
pub(super) struct StaffRow {
    pub(super) id: Uid<StaffId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) login: String,
    pub(super) name: String,
    pub(super) created_at: At,
    pub(super) password_hash: Option<String>,
    pub(super) code_hash: Option<Vec<u8>>,
    pub(super) code_expires_at: Option<At>,
    pub(super) disabled_at: Option<At>,
    pub(super) code_issued_by: Option<Uid<StaffId>>,
}

impl StaffRow {
    pub(super) fn record(self, posts: Vec<PostRecord>) -> Result<StaffRecord, StoreError> {
        let code = match (self.code_hash, self.code_expires_at) {
            (Some(hash), Some(expires_at)) => {
                Some(CodeRecord { hash: digest("staff", "code_hash", self.id.0.0, hash)?, expires_at: expires_at.0 })
            }
            _ => None,
        };
        Ok(StaffRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            login: self.login,
            name: self.name,
            password_hash: self.password_hash.map(PasswordHash),
            code,
            code_from: self.code_issued_by.map(|id| id.0),
            disabled_at: self.disabled_at.map(|at| at.0),
            posts,
        })
    }
}

/// The 32 bytes of a digest in a column.
pub(crate) fn digest(
    table: &'static str,
    column: &'static str,
    row: Uuid,
    bytes: Vec<u8>,
) -> Result<[u8; 32], StoreError> {
    let wrong = |_| StoreError::UnknownCode { table, column, row, code: "not 32 bytes".to_owned() };
    bytes.try_into().map_err(wrong)
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
    pub(crate) made_by: Option<Uid<StaffId>>,
    pub(crate) confirmed_at: Option<At>,
    pub(crate) replaces_post_id: Option<Uid<PostId>>,
    pub(crate) ended_at: Option<At>,
}

impl PostRow {
    /// The post; nobody holds it longer than its agency exists.
    pub(crate) fn record_until(self, agency_ends: Option<OnDay>) -> Result<PostRecord, StoreError> {
        let record = self.record()?;
        let ends = [record.valid_until, agency_ends.map(|day| day.0)];
        Ok(PostRecord { valid_until: ends.into_iter().flatten().min(), ..record })
    }

    fn record(self) -> Result<PostRecord, StoreError> {
        Ok(PostRecord {
            id: self.id.0,
            staff_id: self.staff_id.0,
            agency_id: self.agency_id.0,
            role: self.role.known("post", "role", self.id)?,
            valid_from: self.valid_from.0,
            valid_until: self.valid_until.map(|day| day.0),
            made_by: self.made_by.map(|id| id.0),
            confirmed_at: self.confirmed_at.map(|at| at.0),
            replaces_post_id: self.replaces_post_id.map(|id| id.0),
            ended_at: self.ended_at.map(|at| at.0),
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
