//! Lists and searches: plain columns and blind-index tokens only, one keyset page at a time. Here: to which sheet a thing belongs,
//! and what a day's passing has made due.

mod relays;
mod releases;
mod sheets;

pub use relays::{RelayBox, RelayFilter, RelayOrder, RelaySummary};
pub use releases::{ReleaseSummary, Releases};
pub use sheets::{Search, SheetFilter, SheetSummary};

use crate::schema::{address_release, consent, relay, stop_notice};
use crate::sql_types::{OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::ids::{AddressReleaseId, ConsentId, RelayId, SheetId, StopNoticeId};
use domain::time::Day;

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

    /// The sheet to which a stop notice belongs.
    pub fn find_sheet_of_stop(&mut self, id: StopNoticeId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            stop_notice::table.find(Uid(id)).select(stop_notice::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
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
