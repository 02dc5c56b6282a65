//! Counts for those who look after the work of others: the relays of a municipality by receiver, and the sheets of an agency by person. They
//! name nobody whom a sheet is about.

use super::relays::states;
use crate::case::rows::standing_code;
use crate::schema::{access, relay, sheet, task};
use crate::service::receivers_read;
use crate::sql_types::{Coded, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::count_star;
use diesel::prelude::*;
use domain::case::relay::{RelayCounts, RelayState};
use domain::case::sheet::Standing;
use domain::ids::{AgencyId, MunicipalityId, RelayId, StaffId};
use domain::time::Day;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What one person of an agency works on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadRow {
    /// The open sheets.
    pub sheets: u64,
    /// What waits for the agency on them.
    pub tasks: u64,
    /// Those tasks of which the last day is over.
    pub overdue: u64,
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl ReadTx<'_> {
    /// The relays that were sent since `since`, by the agency to which they were sent.
    pub fn board(
        &mut self,
        of: MunicipalityId,
        since: RelayId,
        today: Day,
    ) -> Result<BTreeMap<AgencyId, RelayCounts>, StoreError> {
        let recent = || relay::municipality_id.eq(Uid(of)).and(relay::id.ge(Uid(since)));
        type Counted = (Uid<AgencyId>, Coded<RelayState>, Option<i32>, i64);
        let rows: Vec<Counted> = relay::table
            .filter(recent())
            .group_by((relay::to_agency_id, relay::state, relay::answer_days))
            .select((relay::to_agency_id, relay::state, relay::answer_days, count_star()))
            .load(self.conn)?;
        let late: Vec<(Uid<AgencyId>, i64)> = relay::table
            .filter(recent())
            .filter(relay::state.eq_any(states(RelayState::is_waiting)).and(relay::reply_due.lt(OnDay(today))))
            .group_by(relay::to_agency_id)
            .select((relay::to_agency_id, count_star()))
            .load(self.conn)?;
        let mut board: BTreeMap<AgencyId, RelayCounts> = BTreeMap::new();
        for (agency, state, days, n) in rows {
            let state = state.known("relay", "state", Uid(Uuid::nil()))?;
            board.entry(agency.0).or_default().add(state, days.map(crate::locked::count).transpose()?, count(n));
        }
        for (agency, n) in late {
            board.entry(agency.0).or_default().overdue = count(n);
        }
        Ok(board)
    }

    /// What the agency has in hand, by the person who works on it; none = nobody.
    pub fn load_of(&mut self, agency: AgencyId, today: Day) -> Result<BTreeMap<Option<StaffId>, LoadRow>, StoreError> {
        type Counted = Vec<(Option<Uid<StaffId>>, i64)>;
        let sheets: Counted = access::table
            .inner_join(sheet::table.on(sheet::id.eq(access::sheet_id)))
            .filter(access::agency_id.eq(Uid(agency)).and(access::is_origin.eq(true).or(receivers_read())))
            .filter(sheet::standing.eq(standing_code(Standing::Open)))
            .group_by(access::assigned_staff_id)
            .select((access::assigned_staff_id, count_star()))
            .load(self.conn)?;
        let its = || {
            let its = access::sheet_id.eq(task::sheet_id).and(access::agency_id.eq(Uid(agency)));
            let waits = task::waits_for.eq(Uid(agency.0)).and(task::shows.eq(true));
            // What was sent there and is not taken on yet is nobody's.
            task::table.left_join(access::table.on(its)).filter(waits)
        };
        let tasks: Counted = its()
            .group_by(access::assigned_staff_id)
            .select((access::assigned_staff_id.nullable(), count_star()))
            .load(self.conn)?;
        let overdue: Counted = its()
            .filter(task::due_day.lt(OnDay(today)))
            .group_by(access::assigned_staff_id)
            .select((access::assigned_staff_id.nullable(), count_star()))
            .load(self.conn)?;
        let mut load: BTreeMap<Option<StaffId>, LoadRow> = BTreeMap::new();
        let mut put = |counted: Counted, place: fn(&mut LoadRow) -> &mut u64| {
            for (person, n) in counted {
                *place(load.entry(person.map(|id| id.0)).or_default()) = count(n);
            }
        };
        put(sheets, |row| &mut row.sheets);
        put(tasks, |row| &mut row.tasks);
        put(overdue, |row| &mut row.overdue);
        Ok(load)
    }
}
