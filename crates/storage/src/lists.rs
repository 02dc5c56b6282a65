//! Lists and searches: plain columns and blind-index tokens only, one keyset page at a time.

use crate::case::{SheetRow, birth_token, kana_token};
use crate::connection::MultiBackend;
use crate::schema::{
    access, address_release, consent, municipality, relay, search_token, sheet, sheet_topic, stop_notice,
};
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use domain::address::ReleaseState;
use domain::codes::{Handover, Purpose, RelayState, SheetState, Urgency};
use domain::content::Section;
use domain::ids::{AddressReleaseId, AgencyId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StopNoticeId};
use domain::relay::Basis;
use domain::sheet::Sheet;
use domain::time::{Day, Instant};

/// A sheet in a list: no personal data.
#[derive(Debug, Clone)]
pub struct SheetSummary {
    /// The sheet.
    pub sheet: Sheet,
    /// Its state on the day of the list.
    pub state: SheetState,
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
}

/// By what a sheet is searched; all that is given must fit.
#[derive(Default)]
pub struct Search {
    /// The number.
    pub number: Option<String>,
    /// The beginning of the kana, family name first.
    pub kana_prefix: Option<String>,
    /// The date of birth.
    pub birth_date: Option<Day>,
}

/// A relay in a list: no personal data.
#[derive(Debug, Clone)]
pub struct RelaySummary {
    /// Its id.
    pub id: RelayId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The sheet's number.
    pub number: String,
    /// Its revision.
    pub revision: u32,
    /// Its state.
    pub state: RelayState,
    /// つなぎ元.
    pub from_agency_id: AgencyId,
    /// つなぎ先.
    pub to_agency_id: AgencyId,
    /// The relay that it continues.
    pub parent_relay_id: Option<RelayId>,
    /// What is disclosed.
    pub sections: Vec<Section>,
    /// 利用目的.
    pub purpose: Purpose,
    /// 緊急度.
    pub urgency: Urgency,
    /// 引継ぎ方法.
    pub handover: Handover,
    /// On what it rests.
    pub basis: Basis,
    /// When it was sent.
    pub sent_at: Instant,
    /// Until when an answer is due.
    pub reply_due: Day,
    /// Since when it is overdue.
    pub overdue_since: Option<Day>,
    /// When it last changed.
    pub updated_at: Instant,
}

/// Whose relays are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayBox {
    /// Sent to the agency.
    Inbox(AgencyId),
    /// Sent by the agency.
    Outbox(AgencyId),
    /// Every one of the municipality; `open_only` leaves out what is over.
    All {
        /// Whose.
        municipality: MunicipalityId,
        /// Only what still waits for somebody.
        open_only: bool,
    },
}

/// A release of a secret address in a list: no words.
#[derive(Debug, Clone)]
pub struct ReleaseSummary {
    /// Its id.
    pub id: AddressReleaseId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The sheet's number.
    pub number: Option<String>,
    /// Who is to be told.
    pub to_agency_id: AgencyId,
    /// How far it has come.
    pub state: ReleaseState,
    /// When it was asked for.
    pub requested_at: Instant,
}

/// Whose releases are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releases {
    /// Of every sheet of the municipality.
    OfMunicipality(MunicipalityId),
    /// Of the sheets that the agency recorded.
    OfOrigin(AgencyId),
}

/// Which relays a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct RelayFilter {
    /// In this state.
    pub state: Option<RelayState>,
    /// Changed at this instant or later.
    pub updated_since: Option<Instant>,
}

/// In which order, and after what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayOrder {
    /// Newest first.
    Newest {
        /// After this one.
        after: Option<RelayId>,
    },
    /// By due date.
    Due {
        /// After this one.
        after: Option<(Day, RelayId)>,
    },
}

type RelayColumns = (
    Uid<RelayId>,
    Uid<SheetId>,
    String,
    i32,
    Coded<RelayState>,
    Uid<AgencyId>,
    Uid<AgencyId>,
    Option<Uid<RelayId>>,
    DocOf<Vec<Section>>,
    Coded<Purpose>,
    Coded<Urgency>,
    Coded<Handover>,
    Option<Uid<ConsentId>>,
    Option<Uid<ExceptionId>>,
    At,
    OnDay,
    Option<OnDay>,
    At,
);

fn relay_summary(row: RelayColumns) -> Result<RelaySummary, StoreError> {
    let (
        id,
        sheet_id,
        number,
        revision,
        state,
        from,
        to,
        parent,
        sections,
        purpose,
        urgency,
        handover,
        consent,
        exception,
        sent,
        due,
        over,
        at,
    ) = row;
    let basis = match (consent, exception) {
        (Some(consent), _) => Basis::Consent(consent.0),
        (None, Some(exception)) => Basis::Exception(exception.0),
        (None, None) => return Err(StoreError::Missing),
    };
    Ok(RelaySummary {
        id: id.0,
        sheet_id: sheet_id.0,
        number,
        revision: u32::try_from(revision).map_err(|_| StoreError::Missing)?,
        state: state.known("relay", "state", id)?,
        from_agency_id: from.0,
        to_agency_id: to.0,
        parent_relay_id: parent.map(|p| p.0),
        sections: sections.0,
        purpose: purpose.known("relay", "purpose", id)?,
        urgency: urgency.known("relay", "urgency", id)?,
        handover: handover.known("relay", "handover", id)?,
        basis,
        sent_at: sent.0,
        reply_due: due.0,
        overdue_since: over.map(|day| day.0),
        updated_at: at.0,
    })
}

/// A query of sheets that are in a state today: what was consented until yesterday is so no more. A macro, for the type of each
/// query is another.
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

/// Narrows a query of sheets by what every list of them can be asked for. A macro, for the type of each query is another.
macro_rules! narrow {
    ($query:ident, $filter:expr, $today:expr) => {
        if let Some(state) = $filter.state {
            $query = in_state!($query, state, $today);
        }
        if let Some(from) = $filter.received_from {
            $query = $query.filter(sheet::received_at.ge(At(Instant::at_midnight(from.0))));
        }
        if let Some(until) = $filter.received_until {
            let end = Instant::at_midnight(until.0.tomorrow().unwrap_or(until.0));
            $query = $query.filter(sheet::received_at.lt(At(end)));
        }
        if let Some(since) = $filter.updated_since {
            $query = $query.filter(sheet::updated_at.ge(At(since)));
        }
    };
}

fn summary(row: SheetRow, today: Day) -> Result<SheetSummary, StoreError> {
    let state = row.state.clone().known("sheet", "state", row.id)?;
    // What was consented until yesterday is so no more, though nothing has been written since.
    let expired = state == SheetState::Consented && row.consented_until.is_some_and(|until| until.0 < today);
    let state = if expired { SheetState::Registered } else { state };
    Ok(SheetSummary { sheet: row.into_sheet()?, state })
}

impl ReadTx<'_> {
    /// The sheet to which a relay belongs.
    pub fn find_sheet_of_relay(&mut self, id: RelayId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            relay::table.find(Uid(id)).select(relay::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
    }

    /// The sheet to which a consent belongs.
    pub fn find_sheet_of_consent(&mut self, id: ConsentId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            consent::table.find(Uid(id)).select(consent::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
    }

    /// The sheet to which a release of an address belongs.
    pub fn find_sheet_of_release(&mut self, id: AddressReleaseId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            address_release::table.find(Uid(id)).select(address_release::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
    }

    /// Releases of secret addresses, newest first.
    pub fn list_releases(
        &mut self,
        whose: Releases,
        after: Option<AddressReleaseId>,
        limit: i64,
    ) -> Result<Vec<ReleaseSummary>, StoreError> {
        type Columns = (Uid<AddressReleaseId>, Uid<SheetId>, Option<String>, Uid<AgencyId>, Coded<ReleaseState>, At);
        let mut query = address_release::table
            .inner_join(sheet::table.on(sheet::id.eq(address_release::sheet_id)))
            .order(address_release::id.desc())
            .limit(limit)
            .select((
                address_release::id,
                address_release::sheet_id,
                sheet::number,
                address_release::to_agency_id,
                address_release::state,
                address_release::requested_at,
            ))
            .into_boxed::<MultiBackend>();
        query = match whose {
            Releases::OfMunicipality(of) => query.filter(address_release::municipality_id.eq(Uid(of))),
            Releases::OfOrigin(agency) => query.filter(address_release::origin_agency_id.eq(Uid(agency))),
        };
        if let Some(after) = after {
            query = query.filter(address_release::id.lt(Uid(after)));
        }
        let summary = |(id, sheet, number, to, state, at): Columns| {
            let state = state.known("address_release", "state", id)?;
            Ok(ReleaseSummary { id: id.0, sheet_id: sheet.0, number, to_agency_id: to.0, state, requested_at: at.0 })
        };
        query.load::<Columns>(self.conn)?.into_iter().map(summary).collect()
    }

    /// The sheet to which a stop notice belongs.
    pub fn find_sheet_of_stop(&mut self, id: StopNoticeId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            stop_notice::table.find(Uid(id)).select(stop_notice::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
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
        let mut query = sheet::table
            .inner_join(access::table.on(access::sheet_id.eq(sheet::id)))
            .filter(access::agency_id.eq(Uid(agency)))
            .order(access::sheet_id.desc())
            .limit(limit)
            .select(sheet::all_columns)
            .into_boxed::<MultiBackend>();
        if let Some(after) = after {
            query = query.filter(access::sheet_id.lt(Uid(after)));
        }
        if let Some(topic) = &filter.topic {
            let has = sheet_topic::table
                .filter(sheet_topic::sheet_id.eq(sheet::id).and(sheet_topic::topic.eq(topic.clone())));
            query = query.filter(exists(has)).filter(access::topics_until.ge(OnDay(today)));
        }
        narrow!(query, filter, today);
        query.load::<SheetRow>(self.conn)?.into_iter().map(|row| summary(row, today)).collect()
    }

    /// Every sheet of a municipality but drafts, newest first: for those who may read metadata only. Topics are content.
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
            .into_boxed::<MultiBackend>();
        if let Some(after) = after {
            query = query.filter(sheet::id.lt(Uid(after)));
        }
        narrow!(query, filter, today);
        query.load::<SheetRow>(self.conn)?.into_iter().map(|row| summary(row, today)).collect()
    }

    /// Sheets of the agency that fit `search`, newest first. By kana or birth it finds only where the agency may see the name: a hit
    /// is itself an answer.
    pub fn search_sheets(
        &mut self,
        agency: AgencyId,
        search: &Search,
        after: Option<SheetId>,
        limit: i64,
        today: Day,
    ) -> Result<Vec<SheetSummary>, StoreError> {
        let mut query = sheet::table
            .inner_join(access::table.on(access::sheet_id.eq(sheet::id)))
            .filter(access::agency_id.eq(Uid(agency)))
            .order(access::sheet_id.desc())
            .limit(limit)
            .select(sheet::all_columns)
            .into_boxed::<MultiBackend>();
        if let Some(after) = after {
            query = query.filter(access::sheet_id.lt(Uid(after)));
        }
        if let Some(number) = &search.number {
            query = query.filter(sheet::number.eq(number.clone()));
        }
        // The tokens of a sheet are those of its municipality, and a relay may have come from any.
        let municipalities: Vec<Uid<MunicipalityId>> = municipality::table.select(municipality::id).load(self.conn)?;
        let tokens = |token: &dyn Fn(MunicipalityId) -> Vec<u8>| -> Vec<Vec<u8>> {
            municipalities.iter().map(|of| token(of.0)).collect()
        };
        let kana = search.kana_prefix.as_ref().map(|prefix| tokens(&|of| kana_token(self.keys, of, prefix)));
        let birth = search.birth_date.map(|day| tokens(&|of| birth_token(self.keys, of, day)));
        for tokens in [kana, birth].into_iter().flatten() {
            let ids = search_token::table.filter(search_token::token.eq_any(tokens)).select(search_token::sheet_id);
            query = query.filter(sheet::id.eq_any(ids)).filter(access::identity_until.ge(OnDay(today)));
        }
        query.load::<SheetRow>(self.conn)?.into_iter().map(|row| summary(row, today)).collect()
    }

    /// Relays of a box.
    pub fn list_relays(
        &mut self,
        whose: RelayBox,
        filter: &RelayFilter,
        order: RelayOrder,
        limit: i64,
    ) -> Result<Vec<RelaySummary>, StoreError> {
        let columns = (
            relay::id,
            relay::sheet_id,
            relay::number,
            relay::revision,
            relay::state,
            relay::from_agency_id,
            relay::to_agency_id,
            relay::parent_relay_id,
            relay::sections,
            relay::purpose,
            relay::urgency,
            relay::handover,
            relay::consent_id,
            relay::exception_id,
            relay::sent_at,
            relay::reply_due,
            relay::overdue_since,
            relay::updated_at,
        );
        let mut query = relay::table.select(columns).limit(limit).into_boxed::<MultiBackend>();
        query = match whose {
            RelayBox::Inbox(agency) => query.filter(relay::to_agency_id.eq(Uid(agency))),
            RelayBox::Outbox(agency) => query.filter(relay::from_agency_id.eq(Uid(agency))),
            RelayBox::All { municipality, open_only } => {
                let query = query.filter(relay::municipality_id.eq(Uid(municipality)));
                let over = [RelayState::Declined, RelayState::Cancelled, RelayState::Halted, RelayState::Closed];
                if open_only { query.filter(relay::state.ne_all(over.map(RelayState::as_str))) } else { query }
            }
        };
        if let Some(state) = filter.state {
            query = query.filter(relay::state.eq(state.as_str()));
        }
        if let Some(since) = filter.updated_since {
            query = query.filter(relay::updated_at.ge(At(since)));
        }
        query = match order {
            RelayOrder::Newest { after } => {
                let query = query.order(relay::id.desc());
                match after {
                    Some(after) => query.filter(relay::id.lt(Uid(after))),
                    None => query,
                }
            }
            RelayOrder::Due { after } => {
                let query = query.order((relay::reply_due.asc(), relay::id.asc()));
                match after {
                    // In this form both databases start in the middle of the index.
                    Some((day, id)) => query.filter(
                        relay::reply_due.ge(OnDay(day)).and(relay::reply_due.gt(OnDay(day)).or(relay::id.gt(Uid(id)))),
                    ),
                    None => query,
                }
            }
        };
        query.load::<RelayColumns>(self.conn)?.into_iter().map(relay_summary).collect()
    }

    /// Relays whose due date has passed and of which nobody was reminded yet, the oldest first.
    pub fn list_overdue(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, RelayId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<RelayId>)> = relay::table
            .filter(relay::waits.eq(true).and(relay::reply_due.lt(OnDay(today))))
            .order(relay::reply_due.asc())
            .limit(limit)
            .select((relay::sheet_id, relay::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, relay)| (sheet.0, relay.0)).collect())
    }

    /// Consents that ran out and of which nobody has taken note, the earliest first.
    pub fn list_lapsed(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, ConsentId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<ConsentId>)> = consent::table
            .filter(consent::lapses_on.lt(OnDay(today)).assume_not_null())
            .order((consent::lapses_on.asc(), consent::id.asc()))
            .limit(limit)
            .select((consent::sheet_id, consent::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, consent)| (sheet.0, consent.0)).collect())
    }

    /// Stop notices that wait and have rested long enough, the oldest first.
    pub fn list_stops_to_chase(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, StopNoticeId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<StopNoticeId>)> = stop_notice::table
            .filter(stop_notice::rests_until.lt(OnDay(today)).assume_not_null())
            .order(stop_notice::rests_until.asc())
            .limit(limit)
            .select((stop_notice::sheet_id, stop_notice::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, stop)| (sheet.0, stop.0)).collect())
    }
}
