//! The records of the directory, and the rows they are stored as.

use crate::keys::Keyring;
use crate::locked::{Locked, StateRow};
use crate::schema::{agency, municipality, notice, stream};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::{AgencyClass, AgencyRecord};
use domain::aggregate::Aggregate;
use domain::audit::Stream;
use domain::explained::{JAPANESE, Variant, VariantKind};
use domain::ids::{AgencyId, MunicipalityId, NoticeId};
use domain::time::Day;

coded!(AgencyClass);

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

/// What searches and rounds look at in an agency.
#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = agency, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct AgencyRow {
    pub(crate) id: Uid<AgencyId>,
    municipality_id: Uid<MunicipalityId>,
    code: String,
    class: Coded<AgencyClass>,
    mailbox: Option<String>,
    active_from: OnDay,
    active_until: Option<OnDay>,
    agreement_from: Option<OnDay>,
    agreement_until: Option<OnDay>,
    successor_id: Option<Uid<AgencyId>>,
    ended_at: Option<At>,
    mail_failed_at: Option<At>,
    stream: String,
}

impl AgencyRow {
    pub(crate) fn of(record: &AgencyRecord) -> Self {
        let agency = &record.agency;
        let agreement = agency.agreement.as_ref();
        Self {
            id: Uid(agency.id),
            municipality_id: Uid(agency.municipality_id),
            code: record.code.clone(),
            class: agency.class.into(),
            mailbox: record.mailbox.clone(),
            active_from: OnDay(agency.active_from),
            active_until: agency.active_until.map(OnDay),
            agreement_from: agreement.map(|a| OnDay(a.valid_from)),
            agreement_until: agreement.map(|a| OnDay(a.valid_until)),
            successor_id: record.successor_id.map(Uid),
            ended_at: record.ended_at.map(At),
            mail_failed_at: record.mail_failed_at.map(At),
            stream: record.stream().to_string(),
        }
    }
}

// The stream of an agency, where that of somebody else is in the same query.
diesel::alias!(pub(crate) const OF_AGENCY: Alias<OfAgency> = stream as of_agency);

/// The columns of a [`FoundAgency`]: with the columns of its head, and whether its trail goes on beyond that.
macro_rules! agency_columns {
    ($head:expr, $goes_on:expr) => {
        (
            crate::schema::agency::id,
            (
                $head.nullable(),
                $goes_on,
                crate::schema::agency::municipality_id,
                crate::schema::agency::data_key,
                crate::schema::agency::document,
            ),
            crate::schema::agency::mail_failed_at,
        )
    };
    (of_agency) => {{
        use crate::directory::OF_AGENCY;
        use crate::schema::stream;
        agency_columns!(
            OF_AGENCY.fields((stream::seq, stream::hash, stream::state, stream::mac)),
            crate::audit::goes_on!(OF_AGENCY.field(stream::name), OF_AGENCY.field(stream::seq))
        )
    }};
    (under_lock) => {
        agency_columns!(crate::audit::HEAD_COLUMNS, crate::locked::locked!())
    };
    () => {
        agency_columns!(
            crate::audit::HEAD_COLUMNS,
            crate::audit::goes_on!(crate::schema::stream::name, crate::schema::stream::seq)
        )
    };
}
pub(crate) use agency_columns;

/// An agency as it is read.
#[derive(Queryable)]
pub(crate) struct FoundAgency {
    pub(crate) id: Uid<AgencyId>,
    state: StateRow,
    mail_failed_at: Option<At>,
}

impl FoundAgency {
    /// The agency, if the service has written it so.
    pub(crate) fn record(self, keys: &Keyring) -> Result<AgencyRecord, StoreError> {
        Ok(self.locked(keys)?.thing)
    }

    /// The same under the lock that was taken when it was read.
    pub(crate) fn locked(self, keys: &Keyring) -> Result<Locked<AgencyRecord>, StoreError> {
        let id = self.id.0;
        let (record, key, lock) = self.state.believe::<AgencyRecord>(Stream::Agency(id), id.0, keys)?;
        let thing = AgencyRecord { mail_failed_at: self.mail_failed_at.map(|at| at.0), ..record };
        Ok(Locked { thing, key, lock, beside: () })
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
