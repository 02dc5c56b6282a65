//! The sheets of an agency or a municipality, and the search by number, name, kana, date of birth and the end of a telephone number.

use crate::case::rows::{AccessRow, SheetRow, TokenKind, birth_tokens, search_prefix, standing_code, token};
use crate::case::{Labelled, labelled, post_of_assignee};
use crate::connection::MultiBackend;
use crate::keys::Keyring;
use crate::lane::WriteTx;
use crate::schema::{access, search_token, sheet};
use crate::service::receivers_read;
use crate::sql_types::{At, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use domain::case::sheet::{Sheet, SheetState, Standing};
use domain::ids::{AgencyId, HouseholdId, MunicipalityId, SheetId, StaffId};
use domain::time::{Day, Instant};

/// A sheet in a list.
#[derive(Clone)]
pub struct SheetSummary {
    /// The sheet.
    pub sheet: Sheet,
    /// Its state on the day of the list.
    pub state: SheetState,
    /// Its label, for a reader whose agency has the sheet.
    pub labelled: Option<Labelled>,
}

/// Which sheets a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct SheetFilter {
    /// In this state.
    pub state: Option<SheetState>,
    /// With this topic (only where the reader may see topics).
    pub topic: Option<String>,
    /// Received on this day or later.
    pub received_from: Option<Day>,
    /// Received on this day or earlier.
    pub received_until: Option<Day>,
    /// Changed at this instant or later.
    pub updated_since: Option<Instant>,
    /// Whether to list only sheets that are registered and neither closed nor voided.
    pub open: bool,
    /// Assigned to this person in the reader's agency.
    pub assigned_staff_id: Option<StaffId>,
    /// Whether to list only sheets that nobody in the reader's agency works on, or somebody who has no post there any more.
    pub unassigned: bool,
    /// In the household of this sheet; only sheets of the reader's agency.
    pub household_of: Option<SheetId>,
}

/// What a sheet is searched by; it must match all that is given.
#[derive(Default)]
pub struct Search {
    /// The number.
    pub number: Option<String>,
    /// The beginning of the name, family name first.
    pub name_prefix: Option<String>,
    /// The same of the kana.
    pub kana_prefix: Option<String>,
    /// The date of birth.
    pub birth_date: Option<Day>,
    /// The last four digits of a telephone number.
    pub phone_end: Option<String>,
}

impl Search {
    /// Whether it asks for anything that stands in the content.
    fn is_by_content(&self) -> bool {
        let Self { number: _, name_prefix, kana_prefix, birth_date, phone_end } = self;
        name_prefix.is_some() || kana_prefix.is_some() || birth_date.is_some() || phone_end.is_some()
    }
}

/// Narrows a query to sheets that are in a state today: a consent that ran until yesterday counts no more. A macro, because each query has
/// a type of its own.
macro_rules! in_state {
    ($query:expr, $state:expr, $today:expr) => {
        match $state {
            SheetState::Consented => $query.filter(
                sheet::state.eq($state.as_str()).and(sheet::consented_until.ge(OnDay($today)).assume_not_null()),
            ),
            SheetState::Registered => {
                let lapsed = sheet::state
                    .eq(SheetState::Consented.as_str())
                    .and(sheet::consented_until.lt(OnDay($today)).assume_not_null());
                $query.filter(sheet::state.eq($state.as_str()).or(lapsed))
            }
            _ => $query.filter(sheet::state.eq($state.as_str())),
        }
    };
}

/// Narrows a query of sheets by what every list of them can filter by. A macro, because each query has a type of its own.
macro_rules! narrow {
    ($query:ident, $filter:expr, $today:expr) => {
        if let Some(state) = $filter.state {
            $query = in_state!($query, state, $today);
        }
        if $filter.open {
            $query = $query.filter(sheet::standing.eq(standing_code(Standing::Open)));
        }
        if let Some(from) = $filter.received_from {
            $query = $query.filter(sheet::received_at.ge(At(Instant::at_midnight(from.0))));
        }
        if let Some(until) = $filter.received_until {
            let end = Instant::at_midnight(until.0.tomorrow().unwrap_or(until.0));
            $query = $query.filter(sheet::received_at.lt(At(end)));
        }
    };
}

fn summary(row: SheetRow, today: Day) -> Result<SheetSummary, StoreError> {
    let state = row.state.clone().known("sheet", "state", row.id)?;
    // A consent that ran until yesterday counts no more, although nothing has been written since.
    let expired = state == SheetState::Consented && row.consented_until.is_some_and(|until| until.0 < today);
    let state = if expired { SheetState::Registered } else { state };
    Ok(SheetSummary { sheet: row.into_sheet()?, state, labelled: None })
}

/// A sheet as an agency finds it, with its wrapped key and its label.
type SeenRow = (SheetRow, AccessRow, (Vec<u8>, Vec<u8>));

/// The sheets of an agency, of which each shows the last change that the agency has seen. A row of `access` that the service has not
/// written shows nothing; it is said in the log.
fn seen(rows: Vec<SeenRow>, keys: &Keyring, today: Day) -> Result<Vec<SheetSummary>, StoreError> {
    let mut summaries = Vec::with_capacity(rows.len());
    for (row, access, (data_key, label)) in rows {
        if !access.is_vouched(keys) {
            tracing::error!(sheet_id = %row.id.0, "state diverged: somebody else has written a row of access");
            continue;
        }
        let mut summary = summary(row, today)?;
        if let Some((revision, at)) = access.seen() {
            summary.sheet.revision = u32::try_from(revision).map_err(|_| StoreError::Missing)?;
            summary.sheet.updated_at = at.0;
        }
        summary.labelled = labelled(keys, (Some(access), data_key, label));
        summaries.push(summary);
    }
    Ok(summaries)
}

impl WriteTx<'_> {
    /// Whether another sheet of the same origin is linked to this one.
    pub fn shares_household(&mut self, of: &Sheet) -> Result<bool, StoreError> {
        let linked = sheet::table
            .filter(sheet::household_id.eq(Uid(of.household_id)).and(sheet::id.ne(Uid(of.id))))
            .filter(sheet::origin_agency_id.eq(Uid(of.origin_agency_id)))
            .filter(sheet::standing.ne(standing_code(Standing::Voided)));
        Ok(diesel::select(exists(linked)).get_result(self.conn)?)
    }
}

impl ReadTx<'_> {
    /// The page of these rows. Where rows were left out of a whole page, `read_on` fills it with what comes after a sheet.
    fn filled(
        &mut self,
        rows: Vec<SeenRow>,
        limit: i64,
        today: Day,
        read_on: impl FnOnce(&mut Self, SheetId, i64) -> Result<Vec<SheetSummary>, StoreError>,
    ) -> Result<Vec<SheetSummary>, StoreError> {
        let is_whole = i64::try_from(rows.len()).is_ok_and(|read| read == limit);
        let next = rows.last().filter(|_| is_whole).map(|(row, ..)| row.id.0);
        let mut shown = seen(rows, self.keys, today)?;
        let left = limit - i64::try_from(shown.len()).unwrap_or(limit);
        if let Some(next) = next.filter(|_| left > 0) {
            shown.extend(read_on(self, next, left)?);
        }
        Ok(shown)
    }

    /// The sheet with this number in a municipality.
    pub fn find_sheet_by_number(&mut self, of: MunicipalityId, number: &str) -> Result<Option<SheetId>, StoreError> {
        let found = sheet::table.filter(sheet::municipality_id.eq(Uid(of)).and(sheet::number.eq(number)));
        let id: Option<Uid<SheetId>> = found.select(sheet::id).first(self.conn).optional()?;
        Ok(id.map(|id| id.0))
    }

    /// The numbers of these sheets; sheets without a number are left out.
    pub fn list_numbers(&mut self, of: &[SheetId]) -> Result<Vec<(SheetId, String)>, StoreError> {
        let of: Vec<_> = of.iter().copied().map(Uid).collect();
        let found = sheet::table.filter(sheet::id.eq_any(of)).select((sheet::id, sheet::number));
        let rows: Vec<(Uid<SheetId>, Option<String>)> = found.load(self.conn)?;
        Ok(rows.into_iter().filter_map(|(id, number)| Some((id.0, number?))).collect())
    }

    /// The sheets that an agency recorded or works on, newest first.
    pub fn list_sheets(
        &mut self,
        agency: AgencyId,
        filter: &SheetFilter,
        after: Option<SheetId>,
        limit: i64,
        today: Day,
    ) -> Result<Vec<SheetSummary>, StoreError> {
        let keys = self.keys;
        let mut query = sheet::table
            .inner_join(access::table.on(access::sheet_id.eq(sheet::id)))
            .filter(access::agency_id.eq(Uid(agency)))
            .order(access::sheet_id.desc())
            .limit(limit)
            .select((SheetRow::as_select(), AccessRow::as_select(), (sheet::data_key, sheet::label)))
            .into_boxed::<MultiBackend>();
        if let Some(after) = after {
            query = query.filter(access::sheet_id.lt(Uid(after)));
        }
        if let Some(of) = filter.household_of {
            let Some(household) = self.household_of(of, agency)? else { return Ok(Vec::new()) };
            // What was recorded by mistake belongs to nobody's household.
            query = query.filter(sheet::household_id.eq(Uid(household)).and(access::is_origin.eq(true)));
            query = query.filter(sheet::standing.ne(standing_code(Standing::Voided)));
        }
        query = query.filter(access::is_origin.eq(true).or(receivers_read()));
        if let Some(topic) = &filter.topic {
            let (municipalities, is_told) = self.municipalities_for(agency, today)?;
            let tokens: Vec<_> = municipalities.iter().map(|of| token(keys, *of, TokenKind::Topic, topic)).collect();
            let has = search_token::table
                .filter(search_token::sheet_id.eq(sheet::id).and(search_token::token.eq_any(tokens)));
            query = query.filter(exists(has)).filter(access::topics_until.ge(OnDay(today)));
            if !is_told {
                query = query.filter(access::is_origin.eq(true));
            }
        }
        if let Some(person) = filter.assigned_staff_id {
            query = query.filter(access::assigned_staff_id.eq(Uid(person)));
        }
        if filter.unassigned {
            query = query.filter(access::assigned_staff_id.is_null().or(not(exists(post_of_assignee!(agency, today)))));
        }
        narrow!(query, filter, today);
        if let Some(since) = filter.updated_since {
            let of_origin = access::seen_at.is_null().and(sheet::updated_at.ge(At(since)));
            query = query.filter(of_origin.or(access::seen_at.ge(At(since)).assume_not_null()));
        }
        let rows = query.load(self.conn)?;
        self.filled(rows, limit, today, |tx, next, left| tx.list_sheets(agency, filter, Some(next), left, today))
    }

    /// The household of a sheet that the agency recorded.
    fn household_of(&mut self, id: SheetId, agency: AgencyId) -> Result<Option<HouseholdId>, StoreError> {
        let own = sheet::table.filter(sheet::id.eq(Uid(id)).and(sheet::origin_agency_id.eq(Uid(agency))));
        let found: Option<Uid<HouseholdId>> = own.select(sheet::household_id).first(self.conn).optional()?;
        Ok(found.map(|it| it.0))
    }

    /// Every municipality, whose tokens its sheets have (a relay may come from any), and whether the agency is active and needs no
    /// agreement, or has one in force. The row in `access` that says until when it may see names and topics leaves this out, because it
    /// changes without the sheet.
    fn municipalities_for(&mut self, agency: AgencyId, today: Day) -> Result<(Vec<MunicipalityId>, bool), StoreError> {
        let (municipalities, found) = self.list_municipalities_with(agency)?;
        let is_told = found.is_some_and(|it| it.agency.is_active(today) && it.agency.may_be_told(today));
        Ok((municipalities, is_told))
    }

    /// Every sheet of a municipality except drafts, newest first: for readers who may see metadata only. Topics are content, so they are
    /// not filtered by.
    pub fn list_all_sheets(
        &mut self,
        municipality: MunicipalityId,
        filter: &SheetFilter,
        after: Option<SheetId>,
        limit: i64,
        today: Day,
    ) -> Result<Vec<SheetSummary>, StoreError> {
        let mut query = sheet::table
            .filter(sheet::municipality_id.eq(Uid(municipality)))
            .filter(sheet::standing.ne("draft"))
            .order(sheet::id.desc())
            .limit(limit)
            .select(SheetRow::as_select())
            .into_boxed::<MultiBackend>();
        if let Some(after) = after {
            query = query.filter(sheet::id.lt(Uid(after)));
        }
        narrow!(query, filter, today);
        if let Some(since) = filter.updated_since {
            query = query.filter(sheet::updated_at.ge(At(since)));
        }
        query.load::<SheetRow>(self.conn)?.into_iter().map(|row| summary(row, today)).collect()
    }

    /// Sheets of the agency that match `search`, newest first. A search by what stands in the content finds only sheets of which the agency
    /// may see that: a hit alone already tells something.
    pub fn search_sheets(
        &mut self,
        agency: AgencyId,
        search: &Search,
        after: Option<SheetId>,
        limit: i64,
        today: Day,
    ) -> Result<Vec<SheetSummary>, StoreError> {
        let keys = self.keys;
        let mut query = sheet::table
            .inner_join(access::table.on(access::sheet_id.eq(sheet::id)))
            .filter(access::agency_id.eq(Uid(agency)))
            .order(access::sheet_id.desc())
            .limit(limit)
            .select((SheetRow::as_select(), AccessRow::as_select(), (sheet::data_key, sheet::label)))
            .into_boxed::<MultiBackend>();
        if let Some(after) = after {
            query = query.filter(access::sheet_id.lt(Uid(after)));
        }
        query = query.filter(access::is_origin.eq(true).or(receivers_read()));
        if let Some(number) = &search.number {
            query = query.filter(sheet::number.eq(number.clone()));
        }
        if search.is_by_content() {
            let (municipalities, is_told) = self.municipalities_for(agency, today)?;
            if !is_told {
                query = query.filter(access::is_origin.eq(true));
            }
            let tokens = |kind, value: &str| municipalities.iter().map(|of| token(keys, *of, kind, value)).collect();
            let begins =
                |kind, typed: &Option<String>| typed.as_deref().map(|typed| tokens(kind, &search_prefix(typed)));
            let name = begins(TokenKind::Name, &search.name_prefix);
            let kana = begins(TokenKind::Kana, &search.kana_prefix);
            let phone = search.phone_end.as_deref().map(|end| tokens(TokenKind::Phone, end));
            let birth = search.birth_date;
            let birth = birth.map(|day| municipalities.iter().flat_map(|of| birth_tokens(keys, *of, day)).collect());
            if name.is_some() || kana.is_some() || birth.is_some() {
                query = query.filter(access::identity_until.ge(OnDay(today)));
            }
            if phone.is_some() {
                query = query.filter(access::contact_until.ge(OnDay(today)));
            }
            for tokens in [name, kana, birth, phone].into_iter().flatten() {
                let tokens: Vec<Vec<u8>> = tokens;
                let ids = search_token::table.filter(search_token::token.eq_any(tokens)).select(search_token::sheet_id);
                query = query.filter(sheet::id.eq_any(ids));
            }
        }
        let rows = query.load(self.conn)?;
        self.filled(rows, limit, today, |tx, next, left| tx.search_sheets(agency, search, Some(next), left, today))
    }
}
