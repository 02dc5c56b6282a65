//! Agencies that are no more: which ones have ended, what is still in their hands, and who succeeds them.

use super::rows::standing_code;
use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::schema::{access, agency, exception, relay, sheet, task};
use crate::sql_types::{OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::agency::Agency;
use domain::case::exception::ExceptionState;
use domain::case::relay::RelayState;
use domain::case::sheet::Standing;
use domain::case::{Ended, TaskKind};
use domain::ids::{AgencyId, SheetId};
use domain::time::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The most successors that are followed, one after the other, when each has ended, too. The directory allows no longer chain.
const MOST_SUCCESSORS: usize = 10;

/// The states of a relay in which its receiver has not reported.
const UNREPORTED: [RelayState; 4] =
    [RelayState::Sent, RelayState::Received, RelayState::Returned, RelayState::Accepted];
/// The states of a relay in which somebody still has something to do.
const UNDONE: [RelayState; 5] =
    [RelayState::Sent, RelayState::Received, RelayState::Returned, RelayState::Accepted, RelayState::Reported];

/// What is in the hands of an agency, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StillOpen {
    /// The sheets of which it is the origin, closed ones included: somebody must answer questions about them.
    pub sheets: u64,
    /// Sheets of other agencies that it holds.
    pub held_sheets: u64,
    /// Relays to it that it has not reported on.
    pub relays_received: u64,
    /// Relays by it that are not over.
    pub relays_sent: u64,
    /// Stop requests that it has not answered.
    pub stop_notices: u64,
    /// Its requests for exceptions that are not settled.
    pub exceptions: u64,
}

impl StillOpen {
    /// Whether there is nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

fn codes<T: Copy>(states: &[T], code: fn(T) -> &'static str) -> Vec<&'static str> {
    states.iter().map(|state| code(*state)).collect()
}

fn counted(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

fn count_open(conn: &mut Conn, id: AgencyId) -> Result<StillOpen, StoreError> {
    let id = Uid(id);
    let own = access::table.filter(access::agency_id.eq(id).and(access::is_origin.eq(true)));
    let held = sheet::table
        .filter(sheet::holder_agency_id.eq(id).and(sheet::origin_agency_id.ne(id)))
        .filter(sheet::standing.eq(standing_code(Standing::Open)));
    let received = relay::table.filter(relay::to_agency_id.eq(id));
    let received = received.filter(relay::state.eq_any(codes(&UNREPORTED, RelayState::as_str)));
    let sent = relay::table.filter(relay::from_agency_id.eq(id));
    let sent = sent.filter(relay::state.eq_any(codes(&UNDONE, RelayState::as_str)));
    let asked = task::table.filter(task::waits_for.eq(id)).filter(task::kind.eq(TaskKind::StopAnswer.as_str()));
    let settled = [ExceptionState::Rejected, ExceptionState::FollowedUp];
    let exceptions = exception::table.filter(exception::requested_agency_id.eq(id));
    let exceptions = exceptions.filter(exception::state.ne_all(codes(&settled, ExceptionState::as_str)));
    Ok(StillOpen {
        sheets: counted(own.count().get_result(conn)?),
        held_sheets: counted(held.count().get_result(conn)?),
        relays_received: counted(received.count().get_result(conn)?),
        relays_sent: counted(sent.count().get_result(conn)?),
        stop_notices: counted(asked.count().get_result(conn)?),
        exceptions: counted(exceptions.count().get_result(conn)?),
    })
}

impl WriteTx<'_> {
    /// What is in the hands of an agency.
    pub fn count_open(&mut self, id: AgencyId) -> Result<StillOpen, StoreError> {
        count_open(self.conn, id)
    }
}

/// Sheets, each with the agency that has something of the sheet in its hands.
type Rows = Vec<(Uid<SheetId>, Uid<AgencyId>)>;

impl ReadTx<'_> {
    /// What is in the hands of an agency.
    pub fn count_open(&mut self, id: AgencyId) -> Result<StillOpen, StoreError> {
        count_open(self.conn, id)
    }

    /// Agencies whose last day has passed and whose end has not been noted yet.
    pub fn list_ending(&mut self, today: Day, limit: i64) -> Result<Vec<AgencyId>, StoreError> {
        let rows: Vec<Uid<AgencyId>> = agency::table
            .filter(agency::ended_at.is_null().and(agency::active_until.lt(OnDay(today)).assume_not_null()))
            .order(agency::active_until.asc())
            .limit(limit)
            .select(agency::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|id| id.0).collect())
    }

    /// Sheets of which something is in the hands of an agency that is no more, each with that agency, where it can be handed on. Nothing
    /// goes to a successor that may be told nothing, because it is not confirmed or has no agreement.
    pub fn list_to_hand_over(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, Ended)>, StoreError> {
        let ended = self.list_ended_agencies()?;
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let after: BTreeMap<AgencyId, Option<AgencyId>> =
            ended.into_iter().map(|record| (record.agency.id, record.successor_id)).collect();
        let next: Vec<AgencyId> = after.values().flatten().copied().collect();
        let alive = self.find_believed_agencies(&next)?.into_iter().map(|record| record.agency);
        let alive: BTreeSet<AgencyId> =
            alive.filter(|it: &Agency| it.is_active(today) && it.may_be_told(today)).map(|it| it.id).collect();
        let heirs: BTreeMap<AgencyId, Option<AgencyId>> =
            after.keys().map(|id| (*id, heir(&after, &alive, *id))).collect();
        let all: Vec<_> = heirs.keys().copied().map(Uid).collect();
        let (with, without): (Vec<_>, Vec<_>) =
            all.iter().copied().partition(|id| heirs.get(&id.0).is_some_and(Option::is_some));
        let consents =
            [TaskKind::ConsentFollowUp, TaskKind::ConsentWitness, TaskKind::ConsentRenewal, TaskKind::ConsentOfAge];
        let mut found: Rows = sheet::table
            .filter(sheet::origin_agency_id.eq_any(with.clone()))
            .limit(limit)
            .select((sheet::id, sheet::origin_agency_id))
            .load(self.conn)?;
        let held: Rows = sheet::table
            .filter(sheet::holder_agency_id.eq_any(all.clone()))
            .filter(sheet::origin_agency_id.ne_all(without.clone()))
            .limit(limit)
            .select((sheet::id, sheet::holder_agency_id))
            .load(self.conn)?;
        let received: Rows = relay::table
            .filter(relay::to_agency_id.eq_any(all.clone()))
            .filter(relay::state.eq_any(codes(&UNREPORTED, RelayState::as_str)))
            .limit(limit)
            .select((relay::sheet_id, relay::to_agency_id))
            .load(self.conn)?;
        let sent: Rows = relay::table
            .inner_join(sheet::table.on(sheet::id.eq(relay::sheet_id)))
            .filter(relay::from_agency_id.eq_any(all.clone()))
            .filter(sheet::origin_agency_id.ne_all(without.clone()))
            .limit(limit)
            .select((relay::sheet_id, relay::from_agency_id))
            .load(self.conn)?;
        let asked: Rows = task::table
            .filter(task::waits_for.eq_any(with.iter().map(|id| Uid(id.0.0)).collect::<Vec<_>>()))
            .filter(task::kind.eq(TaskKind::StopAnswer.as_str()))
            .limit(limit)
            .select((task::sheet_id, task::agency_id))
            .load(self.conn)?;
        let requested: Rows = exception::table
            .filter(exception::requested_agency_id.eq_any(with))
            .limit(limit)
            .select((exception::sheet_id, exception::requested_agency_id))
            .load(self.conn)?;
        let to_ask: Rows = task::table
            .inner_join(sheet::table.on(sheet::id.eq(task::sheet_id)))
            .filter(task::waits_for.eq_any(all.iter().map(|id| Uid(id.0.0)).collect::<Vec<_>>()))
            .filter(task::kind.eq_any(codes(&consents, TaskKind::as_str)))
            .filter(sheet::origin_agency_id.ne_all(without))
            .limit(limit)
            .select((task::sheet_id, task::agency_id))
            .load(self.conn)?;
        found.extend([held, received, sent, asked, requested, to_ask].into_iter().flatten());
        let pairs: BTreeSet<(SheetId, Ended)> = found
            .into_iter()
            .map(|(sheet, agency)| {
                let agency_id = agency.0;
                (sheet.0, Ended { agency_id, heir: heirs.get(&agency_id).copied().flatten() })
            })
            .collect();
        Ok(pairs.into_iter().take(usize::try_from(limit).unwrap_or(0)).collect())
    }
}

/// The first of the successors of an agency that exists and may be told something.
fn heir(after: &BTreeMap<AgencyId, Option<AgencyId>>, alive: &BTreeSet<AgencyId>, of: AgencyId) -> Option<AgencyId> {
    let mut next = after.get(&of).copied().flatten();
    for _ in 0..MOST_SUCCESSORS {
        match next {
            Some(id) if alive.contains(&id) => return Some(id),
            Some(id) => next = after.get(&id).copied().flatten(),
            None => return None,
        }
    }
    None
}
