//! The rows of a case: plain columns for what lists sort and filter by, sealed bytes for everything else.

use crate::keys::Keyring;
use crate::schema::{
    access, address_release, consent, exception, relay, search_token, sheet, sheet_content, sheet_topic, stop_notice,
};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::address::ReleaseState;
use domain::case::{Access, Case, SheetSeen};
use domain::codes::{
    AddressSecret, BirthPrecision, Channel, Handover, Purpose, RelayState, Route, SheetState, Urgency,
};
use domain::content::Section;
use domain::exception::{ExceptionCode, ExceptionState};
use domain::ids::{
    AddressReleaseId, AgencyId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StaffId, StopNoticeId,
};
use domain::kana;
use domain::sheet::{Document, Reception, Sheet, SheetNumber, Standing};
use domain::time::Day;
use std::collections::BTreeMap;

coded!(ReleaseState, Section, SheetState, Channel, Route, Urgency, AddressSecret, RelayState, Purpose, Handover);

/// The most characters of a kana prefix that gets a token.
const LONGEST_PREFIX: usize = 20;

#[derive(Queryable, Identifiable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = sheet, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct SheetRow {
    pub(crate) id: Uid<SheetId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) fiscal_year: Option<i32>,
    pub(crate) serial: Option<i32>,
    pub(crate) number: Option<String>,
    pub(crate) standing: String,
    pub(crate) state: Coded<SheetState>,
    pub(crate) consented_until: Option<OnDay>,
    pub(crate) revision: i32,
    pub(crate) content_revision: i32,
    pub(crate) origin_agency_id: Uid<AgencyId>,
    pub(crate) holder_agency_id: Uid<AgencyId>,
    pub(crate) received_at: Option<At>,
    pub(crate) channel: Option<Coded<Channel>>,
    pub(crate) route: Option<Coded<Route>>,
    pub(crate) urgency: Option<Coded<Urgency>>,
    pub(crate) address_secret: Coded<AddressSecret>,
    pub(crate) data_key: Vec<u8>,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) closed_at: Option<At>,
    pub(crate) has_exceptions: bool,
    pub(crate) attachment_count: i32,
    pub(crate) has_stops: bool,
    pub(crate) has_releases: bool,
    pub(crate) seen: DocOf<BTreeMap<AgencyId, SheetSeen>>,
}

pub(super) fn number(value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| StoreError::Missing)
}

pub(super) fn count(value: i32) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::Missing)
}

pub(super) fn standing_code(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => "draft",
        Standing::Open => "open",
        Standing::Closed => "closed",
        Standing::Voided => "voided",
    }
}

impl SheetRow {
    pub(super) fn of(case: &Case, data_key: Vec<u8>, today: Day) -> Result<Self, StoreError> {
        let sheet = &case.sheet;
        Ok(Self {
            id: Uid(sheet.id),
            municipality_id: Uid(sheet.municipality_id),
            fiscal_year: sheet.number.map(|n| i32::from(n.fiscal_year)),
            serial: sheet.number.map(|n| number(n.serial)).transpose()?,
            number: sheet.number.map(|n| n.to_string()),
            standing: standing_code(sheet.standing).to_owned(),
            state: case.state(today).into(),
            consented_until: case.consented_until(today).map(OnDay),
            revision: number(sheet.revision)?,
            content_revision: number(sheet.content_revision)?,
            origin_agency_id: Uid(sheet.origin_agency_id),
            holder_agency_id: Uid(sheet.holder_agency_id),
            received_at: sheet.reception.received_at.map(At),
            channel: sheet.reception.channel.map(Into::into),
            route: sheet.reception.route.map(Into::into),
            urgency: sheet.reception.urgency.map(Into::into),
            address_secret: sheet.reception.address_secret.into(),
            data_key,
            created_at: At(sheet.created_at),
            updated_at: At(sheet.updated_at),
            closed_at: sheet.closed_at.map(At),
            has_exceptions: !case.exceptions.is_empty(),
            attachment_count: i32::try_from(case.attachments.len()).map_err(|_| StoreError::Missing)?,
            has_stops: !case.stops.is_empty(),
            has_releases: !case.releases.is_empty(),
            seen: DocOf(sheet.seen.clone()),
        })
    }

    pub(crate) fn into_sheet(self) -> Result<Sheet, StoreError> {
        let id = self.id;
        let standing = match self.standing.as_str() {
            "draft" => Standing::Draft,
            "open" => Standing::Open,
            "closed" => Standing::Closed,
            "voided" => Standing::Voided,
            _ => {
                let code = self.standing;
                return Err(StoreError::UnknownCode { table: "sheet", column: "standing", row: id.0.0, code });
            }
        };
        let number = match (self.fiscal_year, self.serial) {
            (Some(year), Some(serial)) => Some(SheetNumber {
                fiscal_year: i16::try_from(year).map_err(|_| StoreError::Missing)?,
                serial: count(serial)?,
            }),
            _ => None,
        };
        Ok(Sheet {
            id: id.0,
            municipality_id: self.municipality_id.0,
            number,
            standing,
            revision: count(self.revision)?,
            content_revision: count(self.content_revision)?,
            origin_agency_id: self.origin_agency_id.0,
            holder_agency_id: self.holder_agency_id.0,
            reception: Reception {
                received_at: self.received_at.map(|at| at.0),
                channel: self.channel.map(|c| c.known("sheet", "channel", id)).transpose()?,
                route: self.route.map(|c| c.known("sheet", "route", id)).transpose()?,
                urgency: self.urgency.map(|c| c.known("sheet", "urgency", id)).transpose()?,
                address_secret: self.address_secret.known("sheet", "address_secret", id)?,
            },
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
            closed_at: self.closed_at.map(|at| at.0),
            seen: self.seen.0,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = sheet_content, treat_none_as_default_value = false)]
pub(super) struct ContentRow {
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) revision: i32,
    pub(super) sealed: Vec<u8>,
    pub(super) created_at: At,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = consent, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct ConsentRow {
    pub(super) id: Uid<ConsentId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) version: i32,
    pub(super) effective_until: OnDay,
    pub(super) follow_up_on: Option<OnDay>,
    pub(super) sealed: Vec<u8>,
    pub(super) invalid: bool,
    pub(super) lapses_on: Option<OnDay>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = address_release, treat_none_as_default_value = false)]
pub(super) struct ReleaseRow {
    pub(super) id: Uid<AddressReleaseId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) origin_agency_id: Uid<AgencyId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) to_agency_id: Uid<AgencyId>,
    pub(super) state: Coded<ReleaseState>,
    pub(super) requested_at: At,
    pub(super) sealed: Vec<u8>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = stop_notice, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct StopRow {
    pub(super) id: Uid<StopNoticeId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) agency_id: Uid<AgencyId>,
    pub(super) rests_until: Option<OnDay>,
    pub(super) sealed: Vec<u8>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = relay, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct RelayRow {
    pub(super) id: Uid<RelayId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) number: String,
    pub(super) revision: i32,
    pub(super) state: Coded<RelayState>,
    pub(super) from_agency_id: Uid<AgencyId>,
    pub(super) to_agency_id: Uid<AgencyId>,
    pub(super) parent_relay_id: Option<Uid<RelayId>>,
    pub(super) sections: DocOf<Vec<Section>>,
    pub(super) purpose: Coded<Purpose>,
    pub(super) urgency: Coded<Urgency>,
    pub(super) handover: Coded<Handover>,
    pub(super) consent_id: Option<Uid<ConsentId>>,
    pub(super) sent_at: At,
    pub(super) reply_due: OnDay,
    pub(super) waits: bool,
    pub(super) overdue_since: Option<OnDay>,
    pub(super) updated_at: At,
    pub(super) sealed: Vec<u8>,
    pub(super) exception_id: Option<Uid<ExceptionId>>,
    pub(super) chased_on: Option<OnDay>,
    pub(super) held: bool,
    pub(super) sender_revision: i32,
    pub(super) sender_updated_at: At,
    pub(super) receiver_revision: i32,
    pub(super) receiver_updated_at: At,
    pub(super) shut: bool,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = exception, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct ExceptionRow {
    pub(super) id: Uid<ExceptionId>,
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) number: String,
    pub(super) revision: i32,
    pub(super) state: Coded<ExceptionState>,
    pub(super) code: Coded<ExceptionCode>,
    pub(super) emergency: bool,
    pub(super) refusal_on_file: bool,
    pub(super) requested_agency_id: Uid<AgencyId>,
    pub(super) requested_by: Uid<StaffId>,
    pub(super) requested_at: At,
    pub(super) to_agency_id: Uid<AgencyId>,
    pub(super) relay_id: Option<Uid<RelayId>>,
    pub(super) used_at: Option<At>,
    pub(super) approve_by: Option<OnDay>,
    pub(super) waits: bool,
    pub(super) updated_at: At,
    pub(super) sealed: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = access, treat_none_as_default_value = false)]
pub(super) struct AccessRow {
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) agency_id: Uid<AgencyId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) is_origin: bool,
    pub(super) identity_until: Option<OnDay>,
    pub(super) topics_until: Option<OnDay>,
    pub(super) seen_revision: Option<i32>,
    pub(super) seen_at: Option<At>,
}

impl AccessRow {
    pub(super) fn of(id: SheetId, municipality: MunicipalityId, it: &Access) -> Result<Self, StoreError> {
        Ok(Self {
            municipality_id: Uid(municipality),
            agency_id: Uid(it.agency_id),
            sheet_id: Uid(id),
            is_origin: it.is_origin,
            identity_until: it.identity_until.map(OnDay),
            topics_until: it.topics_until.map(OnDay),
            seen_revision: it.seen.map(|seen| number(seen.revision)).transpose()?,
            seen_at: it.seen.map(|seen| At(seen.at)),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = search_token, treat_none_as_default_value = false)]
pub(super) struct TokenRow {
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) token: Vec<u8>,
    pub(super) sheet_id: Uid<SheetId>,
}

#[derive(Insertable)]
#[diesel(table_name = sheet_topic, treat_none_as_default_value = false)]
pub(super) struct TopicRow {
    pub(super) municipality_id: Uid<MunicipalityId>,
    pub(super) sheet_id: Uid<SheetId>,
    pub(super) topic: String,
}

pub(super) fn topics(sheet: &Sheet, document: &Document) -> Vec<TopicRow> {
    let row = |topic| TopicRow { municipality_id: Uid(sheet.municipality_id), sheet_id: Uid(sheet.id), topic };
    document.content.topic_codes().into_iter().map(row).collect()
}

/// The tokens by which a sheet is found: each prefix of the kana up to [`LONGEST_PREFIX`] characters, and the date of birth.
pub(super) fn tokens(
    keys: &Keyring,
    municipality: MunicipalityId,
    sheet_id: SheetId,
    document: &Document,
) -> Vec<TokenRow> {
    let Some(identity) = document.content.identity() else {
        return Vec::new();
    };
    let row = |kind: &str, value: &str| TokenRow {
        municipality_id: Uid(municipality),
        token: keys.index_token(municipality, kind, value).to_vec(),
        sheet_id: Uid(sheet_id),
    };
    let kana = format!("{}{}", identity.kana_family.unwrap_or_default(), identity.kana_given.unwrap_or_default());
    let kana = kana::search_key(&kana);
    let ends = kana.char_indices().map(|(start, c)| start + c.len_utf8()).take(LONGEST_PREFIX);
    let mut rows: Vec<TokenRow> = ends.filter_map(|end| kana.get(..end)).map(|prefix| row("kana", prefix)).collect();
    let precision = identity.birth_precision.unwrap_or(BirthPrecision::Day);
    rows.extend(identity.birth_date.and_then(|day| birth_value(day, precision)).map(|value| row("birth", &value)));
    rows
}

/// The token that finds sheets whose kana begin with `prefix`.
pub(crate) fn kana_token(keys: &Keyring, municipality: MunicipalityId, prefix: &str) -> Vec<u8> {
    let key = kana::search_key(prefix);
    let end = key.char_indices().nth(LONGEST_PREFIX).map_or(key.len(), |(end, _)| end);
    keys.index_token(municipality, "kana", key.get(..end).unwrap_or_default()).to_vec()
}

/// The tokens that find sheets of people born on `day`, including those of whom only the month or the year is known.
pub(crate) fn birth_tokens(keys: &Keyring, municipality: MunicipalityId, day: Day) -> Vec<Vec<u8>> {
    let values = [BirthPrecision::Day, BirthPrecision::Month, BirthPrecision::Year].map(|it| birth_value(day, it));
    values.into_iter().flatten().map(|value| keys.index_token(municipality, "birth", &value).to_vec()).collect()
}

/// The known part of a date of birth: `1986-04-01`, `1986-04` or `1986`.
fn birth_value(day: Day, precision: BirthPrecision) -> Option<String> {
    let Day(date) = day;
    match precision {
        BirthPrecision::Day => Some(day.to_string()),
        BirthPrecision::Month => Some(format!("{:04}-{:02}", date.year(), date.month())),
        BirthPrecision::Year => Some(format!("{:04}", date.year())),
        BirthPrecision::Unknown => None,
    }
}
