//! The rows of a case: plain columns for what lists sort and filter by.

use crate::keys::Keyring;
use crate::locked::{count, number};
use crate::schema::{
    access, address_release, consent, exception, relay, search_token, sheet, sheet_content, stop_request,
};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::case::address::{AddressRelease, ReleaseState};
use domain::case::consent::{Consent, Purpose};
use domain::case::exception::{Exception, ExceptionCode, ExceptionState, Progress};
use domain::case::relay::{Handover, Relay, RelayState};
use domain::case::sheet::{Document, Reception, Sheet, SheetNumber, SheetState, Standing};
use domain::case::{Access, Case};
use domain::content::{AddressSecret, BirthPrecision, Channel, Route, Section, Urgency};
use domain::ids::{
    AddressReleaseId, AgencyId, ConsentId, ExceptionId, HouseholdId, MunicipalityId, RelayId, SheetId, StaffId,
    StopRequestId,
};
use domain::kana;
use domain::time::Day;
use std::collections::{BTreeMap, BTreeSet};

coded!(ReleaseState, Section, SheetState, Channel, Route, Urgency, AddressSecret, RelayState, Purpose, Handover);

/// The most characters of a kana prefix that gets a token.
const LONGEST_PREFIX: usize = 20;

/// What lists show and filter by.
#[derive(Queryable, Selectable, Identifiable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
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
    pub(crate) household_id: Uid<HouseholdId>,
    pub(crate) received_at: Option<At>,
    pub(crate) channel: Option<Coded<Channel>>,
    pub(crate) route: Option<Coded<Route>>,
    pub(crate) urgency: Option<Coded<Urgency>>,
    pub(crate) address_secret: Coded<AddressSecret>,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) closed_at: Option<At>,
}

pub(crate) fn standing_code(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => "draft",
        Standing::Open => "open",
        Standing::Closed => "closed",
        Standing::Voided => "voided",
    }
}

impl SheetRow {
    pub(crate) fn of(case: &Case, today: Day) -> Result<Self, StoreError> {
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
            household_id: Uid(sheet.household_id),
            received_at: sheet.reception.received_at.map(At),
            channel: sheet.reception.channel.map(Into::into),
            route: sheet.reception.route.map(Into::into),
            urgency: sheet.reception.urgency.map(Into::into),
            address_secret: sheet.reception.address_secret.into(),
            created_at: At(sheet.created_at),
            updated_at: At(sheet.updated_at),
            closed_at: sheet.closed_at.map(At),
        })
    }

    /// The sheet as far as lists show it: without what each reader has seen.
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
            household_id: self.household_id.0,
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
            assignees: BTreeMap::new(),
            seen: BTreeMap::new(),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = sheet_content, treat_none_as_default_value = false)]
pub(crate) struct ContentRow {
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) revision: i32,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: At,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = consent, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct ConsentRow {
    pub(crate) id: Uid<ConsentId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) version: i32,
    pub(crate) effective_until: OnDay,
    pub(crate) follow_up_on: Option<OnDay>,
    pub(crate) invalid: bool,
    pub(crate) lapses_on: Option<OnDay>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = address_release, treat_none_as_default_value = false)]
pub(crate) struct ReleaseRow {
    pub(crate) id: Uid<AddressReleaseId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) origin_agency_id: Uid<AgencyId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) to_agency_id: Uid<AgencyId>,
    pub(crate) state: Coded<ReleaseState>,
    pub(crate) requested_at: At,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = stop_request, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct StopRow {
    pub(crate) id: Uid<StopRequestId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) agency_id: Uid<AgencyId>,
    pub(crate) rests_until: Option<OnDay>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = relay, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct RelayRow {
    pub(crate) id: Uid<RelayId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) number: String,
    pub(crate) revision: i32,
    pub(crate) state: Coded<RelayState>,
    pub(crate) from_agency_id: Uid<AgencyId>,
    pub(crate) to_agency_id: Uid<AgencyId>,
    pub(crate) parent_relay_id: Option<Uid<RelayId>>,
    pub(crate) sections: DocOf<Vec<Section>>,
    pub(crate) purpose: Coded<Purpose>,
    pub(crate) urgency: Coded<Urgency>,
    pub(crate) handover: Coded<Handover>,
    pub(crate) consent_id: Option<Uid<ConsentId>>,
    pub(crate) sent_at: At,
    pub(crate) reply_due: OnDay,
    pub(crate) waits: bool,
    pub(crate) overdue_since: Option<OnDay>,
    pub(crate) updated_at: At,
    pub(crate) exception_id: Option<Uid<ExceptionId>>,
    pub(crate) chased_on: Option<OnDay>,
    pub(crate) held: bool,
    pub(crate) sender_revision: i32,
    pub(crate) sender_updated_at: At,
    pub(crate) receiver_revision: i32,
    pub(crate) receiver_updated_at: At,
    pub(crate) shut: bool,
    pub(crate) answer_days: Option<i32>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq)]
#[diesel(table_name = exception, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct ExceptionRow {
    pub(crate) id: Uid<ExceptionId>,
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) number: String,
    pub(crate) revision: i32,
    pub(crate) state: Coded<ExceptionState>,
    pub(crate) code: Coded<ExceptionCode>,
    pub(crate) emergency: bool,
    pub(crate) refusal_on_file: bool,
    pub(crate) requested_agency_id: Uid<AgencyId>,
    pub(crate) requested_by: Uid<StaffId>,
    pub(crate) requested_at: At,
    pub(crate) to_agency_id: Uid<AgencyId>,
    pub(crate) relay_id: Option<Uid<RelayId>>,
    pub(crate) used_at: Option<At>,
    pub(crate) approve_by: Option<OnDay>,
    pub(crate) waits: bool,
    pub(crate) updated_at: At,
}

impl ConsentRow {
    pub(crate) fn of(municipality: MunicipalityId, it: &Consent) -> Result<Self, StoreError> {
        Ok(Self {
            id: Uid(it.id),
            municipality_id: Uid(municipality),
            sheet_id: Uid(it.sheet_id),
            version: number(it.version)?,
            effective_until: OnDay(it.terms.effective_until),
            follow_up_on: it.terms.follow_up_on.map(OnDay),
            invalid: it.invalid.is_some(),
            lapses_on: it.lapses_on().map(OnDay),
        })
    }
}

impl RelayRow {
    pub(crate) fn of(sheet: &Sheet, it: &Relay) -> Result<Self, StoreError> {
        let (sender, receiver) = (it.seen_by(it.from_agency_id), it.seen_by(it.to_agency_id));
        Ok(Self {
            id: Uid(it.id),
            municipality_id: Uid(it.municipality_id),
            sheet_id: Uid(it.sheet_id),
            number: sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            revision: number(it.revision)?,
            state: it.state().into(),
            from_agency_id: Uid(it.from_agency_id),
            to_agency_id: Uid(it.to_agency_id),
            parent_relay_id: it.parent_relay_id.map(Uid),
            sections: DocOf(it.sections.iter().copied().collect()),
            purpose: it.purpose.into(),
            urgency: it.urgency.into(),
            handover: it.handover.into(),
            consent_id: it.basis.consent_id().map(Uid),
            sent_at: At(it.sent_at),
            reply_due: OnDay(it.reply_due),
            waits: it.is_open() && it.overdue_since.is_none(),
            overdue_since: it.overdue_since.map(OnDay),
            updated_at: At(it.updated_at),
            exception_id: it.basis.exception_id().map(Uid),
            chased_on: it.chased_on.map(OnDay),
            // Also while the relay only waits there: when the agreement ends, its words must be closed, too.
            held: !it.shut && (it.is_waiting() || !it.held.is_empty()),
            sender_revision: number(sender.0)?,
            sender_updated_at: At(sender.1),
            receiver_revision: number(receiver.0)?,
            receiver_updated_at: At(receiver.1),
            shut: it.shut,
            answer_days: it.answer_days().map(number).transpose()?,
        })
    }
}

impl ExceptionRow {
    pub(crate) fn of(sheet: &Sheet, it: &Exception) -> Result<Self, StoreError> {
        let used = it.used();
        Ok(Self {
            id: Uid(it.id),
            municipality_id: Uid(it.municipality_id),
            sheet_id: Uid(it.sheet_id),
            number: sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            revision: number(it.revision)?,
            state: it.state().into(),
            code: it.reasons.code.into(),
            emergency: it.reasons.emergency,
            refusal_on_file: it.refusal_on_file,
            requested_agency_id: Uid(it.requested_agency_id),
            requested_by: Uid(it.requested_by),
            requested_at: At(it.requested_at),
            to_agency_id: Uid(it.reasons.to_agency_id),
            relay_id: used.map(|used| Uid(used.relay_id)),
            used_at: used.map(|used| At(used.at)),
            approve_by: it.approve_by().map(OnDay),
            waits: matches!(it.progress, Progress::UsedFirst { .. }),
            updated_at: At(it.updated_at),
        })
    }
}

impl ReleaseRow {
    pub(crate) fn of(sheet: &Sheet, it: &AddressRelease) -> Self {
        Self {
            id: Uid(it.id),
            municipality_id: Uid(sheet.municipality_id),
            origin_agency_id: Uid(sheet.origin_agency_id),
            sheet_id: Uid(it.sheet_id),
            to_agency_id: Uid(it.to_agency_id),
            state: it.state.into(),
            requested_at: At(it.requested_at),
        }
    }
}

/// Which agency finds a sheet in its lists. The service vouches for each row: a row that somebody else has written shows nothing.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, PartialEq, Eq)]
#[diesel(table_name = access, primary_key(agency_id, sheet_id), treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct AccessRow {
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) agency_id: Uid<AgencyId>,
    pub(crate) sheet_id: Uid<SheetId>,
    pub(crate) is_origin: bool,
    pub(crate) identity_until: Option<OnDay>,
    pub(crate) topics_until: Option<OnDay>,
    pub(crate) contact_until: Option<OnDay>,
    pub(crate) seen_revision: Option<i32>,
    pub(crate) seen_at: Option<At>,
    pub(crate) assigned_staff_id: Option<Uid<StaffId>>,
    mac: Vec<u8>,
}

/// What a MAC of such a row is about.
const ACCESS: &str = "access";

impl AccessRow {
    pub(crate) fn of(
        keys: &Keyring,
        id: SheetId,
        municipality: MunicipalityId,
        it: &Access,
    ) -> Result<Self, StoreError> {
        let row = Self {
            municipality_id: Uid(municipality),
            agency_id: Uid(it.agency_id),
            sheet_id: Uid(id),
            is_origin: it.is_origin,
            identity_until: it.identity_until.map(OnDay),
            topics_until: it.topics_until.map(OnDay),
            contact_until: it.contact_until.map(OnDay),
            seen_revision: it.seen.map(|seen| number(seen.revision)).transpose()?,
            seen_at: it.seen.map(|seen| At(seen.at)),
            assigned_staff_id: it.assignee.map(Uid),
            mac: Vec::new(),
        };
        Ok(Self { mac: keys.vouch(ACCESS, &[&row.said()])?, ..row })
    }

    /// The access that the row says.
    pub(crate) fn access(&self) -> Access {
        let day = |day: Option<OnDay>| day.map(|day| day.0);
        Access {
            agency_id: self.agency_id.0,
            is_origin: self.is_origin,
            identity_until: day(self.identity_until),
            topics_until: day(self.topics_until),
            contact_until: day(self.contact_until),
            seen: None,
            assignee: self.assigned_staff_id.map(|person| person.0),
        }
    }

    /// Whether the service has written the row.
    pub(crate) fn is_vouched(&self, keys: &Keyring) -> bool {
        keys.vouches(ACCESS, &[&self.said()], &self.mac)
    }

    /// The same row with the MAC that it has in `kept`, if the service has vouched for it there: under an earlier master key, perhaps.
    pub(crate) fn vouched_as_in(self, kept: &[Self], keys: &Keyring) -> Self {
        let same = kept.iter().find(|row| row.said() == self.said() && row.is_vouched(keys));
        let mac = same.map_or_else(|| self.mac.clone(), |row| row.mac.clone());
        Self { mac, ..self }
    }

    /// The last change of the sheet that the agency has seen; none for the origin.
    pub(crate) fn seen(&self) -> Option<(i32, At)> {
        self.seen_revision.zip(self.seen_at)
    }

    fn said(&self) -> Vec<u8> {
        let day = |day: Option<OnDay>| day.map_or_else(String::new, |day| day.0.to_string());
        format!(
            "{} {} {} {} {} {} {} {} {} {}",
            self.municipality_id.0,
            self.agency_id.0,
            self.sheet_id.0,
            self.is_origin,
            day(self.identity_until),
            day(self.topics_until),
            day(self.contact_until),
            self.seen_revision.map_or_else(String::new, |revision| revision.to_string()),
            self.seen_at.map_or_else(String::new, |at| at.0.as_micros().to_string()),
            self.assigned_staff_id.map_or_else(String::new, |person| person.0.to_string()),
        )
        .into_bytes()
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[diesel(table_name = search_token, treat_none_as_default_value = false, primary_key(token, sheet_id))]
pub(crate) struct TokenRow {
    pub(crate) municipality_id: Uid<MunicipalityId>,
    pub(crate) token: Vec<u8>,
    pub(crate) sheet_id: Uid<SheetId>,
}

/// The tokens by which a sheet is found: its topics, the last digits of its telephone numbers, each prefix of the name and of the kana up to
/// [`LONGEST_PREFIX`] characters, and the date of birth.
pub(crate) fn tokens(
    keys: &Keyring,
    municipality: MunicipalityId,
    sheet_id: SheetId,
    document: &Document,
) -> BTreeSet<TokenRow> {
    let row = |kind: TokenKind, value: &str| TokenRow {
        municipality_id: Uid(municipality),
        token: token(keys, municipality, kind, value),
        sheet_id: Uid(sheet_id),
    };
    let topics = document.content.topic_codes();
    let mut rows: BTreeSet<TokenRow> = topics.iter().map(|topic| row(TokenKind::Topic, topic)).collect();
    rows.extend(document.content.phone_ends().iter().map(|end| row(TokenKind::Phone, end)));
    let Some(identity) = document.content.identity() else {
        return rows;
    };
    let whole = |family: Option<String>, given: Option<String>| family.unwrap_or_default() + &given.unwrap_or_default();
    for (kind, name) in [
        (TokenKind::Kana, whole(identity.kana_family, identity.kana_given)),
        (TokenKind::Name, whole(identity.family_name, identity.given_name)),
    ] {
        let key = kana::search_key(&name);
        let ends = key.char_indices().map(|(start, c)| start + c.len_utf8()).take(LONGEST_PREFIX);
        rows.extend(ends.filter_map(|end| key.get(..end)).map(|prefix| row(kind, prefix)));
    }
    let precision = identity.birth_precision.unwrap_or(BirthPrecision::Day);
    rows.extend(
        identity.birth_date.and_then(|day| birth_value(day, precision)).map(|value| row(TokenKind::Birth, &value)),
    );
    rows
}

/// What a token stands for.
#[derive(Clone, Copy)]
pub(crate) enum TokenKind {
    /// A topic.
    Topic,
    /// The last digits of a telephone number.
    Phone,
    /// The beginning of the name, family name first.
    Name,
    /// The same of the kana.
    Kana,
    /// What is known of the date of birth.
    Birth,
}

/// The token that finds sheets of which this is true.
pub(crate) fn token(keys: &Keyring, municipality: MunicipalityId, kind: TokenKind, value: &str) -> Vec<u8> {
    let kind = match kind {
        TokenKind::Topic => "topic",
        TokenKind::Phone => "phone",
        TokenKind::Name => "name",
        TokenKind::Kana => "kana",
        TokenKind::Birth => "birth",
    };
    keys.index_token(municipality, kind, value).to_vec()
}

/// As much of the beginning of a name or of its kana as there are tokens for.
pub(crate) fn search_prefix(typed: &str) -> String {
    kana::search_key(typed).chars().take(LONGEST_PREFIX).collect()
}

/// The tokens that find sheets of people born on `day`, including those of whom only the month or the year is known.
pub(crate) fn birth_tokens(keys: &Keyring, municipality: MunicipalityId, day: Day) -> Vec<Vec<u8>> {
    let values = [BirthPrecision::Day, BirthPrecision::Month, BirthPrecision::Year].map(|it| birth_value(day, it));
    values.into_iter().flatten().map(|value| token(keys, municipality, TokenKind::Birth, &value)).collect()
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
