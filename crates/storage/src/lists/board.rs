//! Counts for those who look after the work of others: the relays of a municipality by receiver, and the sheets of an agency by person. They
//! name nobody whom a sheet is about.

use crate::case::rows::standing_code;
use crate::schema::{access, relay, sheet, task};
use crate::service::receivers_read;
use crate::sql_types::{Coded, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::count_star;
use diesel::prelude::*;
use domain::case::relay::RelayState;
use domain::case::sheet::Standing;
use domain::ids::{AgencyId, MunicipalityId, RelayId, StaffId};
use domain::time::Day;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The relays that were sent to one agency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoardRow {
    /// Those that wait for an answer, or came back.
    pub open: u64,
    /// Those of them that the receiver has not answered.
    pub unanswered: u64,
    /// Those that the receiver has not answered although the last day is over.
    pub overdue: u64,
    /// Those that the receiver declined.
    pub declined: u64,
    /// How many were answered after how many open days.
    pub answers: BTreeMap<i32, u64>,
}

impl BoardRow {
    /// The fewest open days within which half of the answers came.
    pub fn median_days(&self) -> Option<i32> {
        let all: u64 = self.answers.values().sum();
        let mut so_far = 0;
        let counted = self.answers.iter().map(|(days, n)| {
            so_far += n;
            (*days, so_far)
        });
        counted.filter(|_| all > 0).find(|(_, so_far)| so_far * 2 >= all).map(|(days, _)| days)
    }
}

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
    ) -> Result<BTreeMap<AgencyId, BoardRow>, StoreError> {
        let recent = || relay::municipality_id.eq(Uid(of)).and(relay::id.ge(Uid(since)));
        type Counted = (Uid<AgencyId>, Coded<RelayState>, Option<i32>, i64);
        let rows: Vec<Counted> = relay::table
            .filter(recent())
            .group_by((relay::to_agency_id, relay::state, relay::answer_days))
            .select((relay::to_agency_id, relay::state, relay::answer_days, count_star()))
            .load(self.conn)?;
        let waiting = RelayState::ALL.iter().filter(|state| state.waits_for_receiver());
        let waiting: Vec<_> = waiting.map(|state| state.as_str()).collect();
        let late: Vec<(Uid<AgencyId>, i64)> = relay::table
            .filter(recent())
            .filter(relay::state.eq_any(waiting).and(relay::reply_due.lt(OnDay(today))))
            .group_by(relay::to_agency_id)
            .select((relay::to_agency_id, count_star()))
            .load(self.conn)?;
        let mut board: BTreeMap<AgencyId, BoardRow> = BTreeMap::new();
        for (agency, state, days, n) in rows {
            let (row, n) = (board.entry(agency.0).or_default(), count(n));
            let state = state.known("relay", "state", Uid(Uuid::nil()))?;
            row.open += if state.is_open() { n } else { 0 };
            row.unanswered += if state.waits_for_receiver() { n } else { 0 };
            row.declined += if state == RelayState::Declined { n } else { 0 };
            if let Some(days) = days {
                *row.answers.entry(days).or_default() += n;
            }
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
