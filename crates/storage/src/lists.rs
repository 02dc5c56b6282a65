//! Lists and searches, from plain columns and blind-index tokens only, one keyset page at a time. This file: to which sheet a thing
//! belongs, and what has become due with a new day.

mod board;
mod relays;
mod releases;
mod sheets;

pub use board::LoadRow;
pub use relays::{RelayBox, RelayFilter, RelayOrder, RelaySummary};
pub use releases::{ReleaseSummary, Releases};
pub use sheets::{Search, SheetFilter, SheetSummary};

use crate::schema::{address_release, agency, consent, relay, stop_request};
use crate::sql_types::{OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use domain::agency::AgencyClass;
use domain::ids::{AddressReleaseId, AgencyId, ConsentId, RelayId, SheetId, StopRequestId};
use domain::time::Day;
use std::collections::BTreeSet;

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

    /// The sheet to which a stop request belongs.
    pub fn find_sheet_of_stop(&mut self, id: StopRequestId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            stop_request::table.find(Uid(id)).select(stop_request::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
    }

    /// Relays whose due date has passed and that nobody was reminded of yet, the earliest due date first.
    pub fn list_overdue(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, RelayId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<RelayId>)> = relay::table
            .filter(relay::waits.eq(true).and(relay::reply_due.lt(OnDay(today))))
            .order(relay::reply_due.asc())
            .limit(limit)
            .select((relay::sheet_id, relay::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, relay)| (sheet.0, relay.0)).collect())
    }

    /// Consents that have run out and whose end has not been noted yet, the earliest first.
    pub fn list_lapsed(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, ConsentId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<ConsentId>)> = consent::table
            .filter(consent::lapses_on.lt(OnDay(today)).assume_not_null())
            .order((consent::lapses_on.asc(), consent::id.asc()))
            .limit(limit)
            .select((consent::sheet_id, consent::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, consent)| (sheet.0, consent.0)).collect())
    }

    /// Sheets that need a new look because of a receiver: it still sees something although it may be told nothing any more (the agency or
    /// its agreement has ended), or it sees nothing for that reason and may be told again.
    pub fn list_to_recall(&mut self, today: Day, limit: i64) -> Result<Vec<SheetId>, StoreError> {
        let needing = AgencyClass::ALL.iter().filter(|class| class.needs_agreement()).map(|class| class.as_str());
        let needing: Vec<_> = needing.collect();
        let ended = agency::active_until.lt(OnDay(today)).assume_not_null().or(agency::active_from.gt(OnDay(today)));
        let lasts = agency::active_until.is_null().or(agency::active_until.ge(OnDay(today)).assume_not_null());
        let agreed = || agency::agreement_until.ge(OnDay(today)).and(agency::agreement_from.le(OnDay(today)));
        let untold = agency::class.eq_any(needing.clone()).and(
            agency::agreement_until.is_null().or(agency::agreement_from.is_null()).or(not(agreed().assume_not_null())),
        );
        let told = agency::class.ne_all(needing).or(agreed().assume_not_null());
        let to = || relay::to_agency_id.eq(agency::id);
        let order = || (agency::municipality_id.asc(), agency::id.asc());
        let ending: Vec<Uid<AgencyId>> = agency::table
            .filter(exists(relay::table.filter(relay::held.eq(true).and(to()))))
            .filter(ended.or(untold))
            .order(order())
            .limit(limit)
            .select(agency::id)
            .load(self.conn)?;
        let again: Vec<Uid<AgencyId>> = agency::table
            .filter(exists(relay::table.filter(relay::shut.eq(true).and(to()))))
            .filter(agency::active_from.le(OnDay(today)).and(lasts).and(told))
            .order(order())
            .limit(limit)
            .select(agency::id)
            .load(self.conn)?;
        // One sheet may have gone to an agency by several relays.
        let mut sheets: BTreeSet<Uid<SheetId>> = BTreeSet::new();
        if !ending.is_empty() {
            let held = relay::table.filter(relay::held.eq(true).and(relay::to_agency_id.eq_any(ending)));
            sheets.extend(held.limit(limit).select(relay::sheet_id).load::<Uid<SheetId>>(self.conn)?);
        }
        if !again.is_empty() {
            let shut = relay::table.filter(relay::shut.eq(true).and(relay::to_agency_id.eq_any(again)));
            sheets.extend(shut.limit(limit).select(relay::sheet_id).load::<Uid<SheetId>>(self.conn)?);
        }
        Ok(sheets.into_iter().map(|id| id.0).collect())
    }

    /// Stop requests that wait and have rested long enough; those whose rest ended first come first.
    pub fn list_stops_to_chase(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, StopRequestId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<StopRequestId>)> = stop_request::table
            .filter(stop_request::rests_until.lt(OnDay(today)).assume_not_null())
            .order(stop_request::rests_until.asc())
            .limit(limit)
            .select((stop_request::sheet_id, stop_request::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, stop)| (sheet.0, stop.0)).collect())
    }
}
