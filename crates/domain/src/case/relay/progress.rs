//! How far a relay has come: its states with their data.

use super::{DeclineReason, RelayState, ReportKind, ReportOutcome, ReportResult};
use crate::ids::{AgencyId, RelayId, StaffId, WithdrawalId};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};

/// 受理: the receiver's promise.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Acceptance {
    /// When.
    pub at: Instant,
    /// The person who works on it there.
    #[serde(default)]
    pub assigned_staff_id: Option<StaffId>,
    /// The last day on which that person contacts the resident.
    pub contact_by: Option<Day>,
}

/// 対応結果報告.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// When.
    pub at: Instant,
    /// Whether the receiver goes on after it.
    pub kind: ReportKind,
    /// The result.
    pub result: ReportResult,
    /// In words; itself a disclosure.
    pub text: Option<Personal<String>>,
    /// The day on which the resident was reached.
    pub contact_made_on: Option<Day>,
    /// Relays that go on from here.
    pub next_relay_ids: Vec<RelayId>,
    /// Whether a consent allowed to report it in full when it was made.
    pub permitted: bool,
    /// When the sender confirmed it.
    pub confirmed_at: Option<Instant>,
}

/// What a reader is told of a report.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// When it was made.
    pub at: Instant,
    /// Whether it is the last one.
    pub kind: ReportKind,
    /// Whether the receiver goes on.
    pub outcome: ReportOutcome,
    /// When the sender confirmed it.
    pub confirmed_at: Option<Instant>,
    /// The whole report, for a reader that may know it.
    pub in_full: Option<&'a Report>,
}

/// How far a relay has come, each state with its data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Progress {
    /// 送付済.
    Sent,
    /// 受領: opened.
    Received {
        /// When.
        at: Instant,
    },
    /// 受理.
    Accepted(Acceptance),
    /// 辞退.
    Declined {
        /// When.
        at: Instant,
        /// Why.
        reason: DeclineReason,
        /// A better agency.
        recommended_agency_id: Option<AgencyId>,
        /// In words.
        note: Option<Personal<String>>,
    },
    /// 差戻し.
    Returned {
        /// When.
        at: Instant,
        /// What is missing.
        missing: Vec<Personal<String>>,
        /// In words.
        note: Personal<String>,
    },
    /// 取下げ.
    Cancelled {
        /// When.
        at: Instant,
        /// Why.
        reason: Personal<String>,
    },
    /// 停止: the consent was taken back or ran out, the exception was not approved after all, or the receiver has ended.
    Halted {
        /// When.
        at: Instant,
        /// The withdrawal that caused it; none for every other cause.
        withdrawal_id: Option<WithdrawalId>,
        /// Whether its receiver has ended.
        #[serde(default)]
        agency_ended: bool,
    },
    /// 報告済: the last report is made.
    Reported(Acceptance),
    /// 完了.
    Closed {
        /// The acceptance.
        acceptance: Acceptance,
        /// When the sender confirmed.
        at: Instant,
    },
}

impl Progress {
    /// The state's code.
    pub fn state(&self) -> RelayState {
        match self {
            Self::Sent => RelayState::Sent,
            Self::Received { .. } => RelayState::Received,
            Self::Accepted(_) => RelayState::Accepted,
            Self::Declined { .. } => RelayState::Declined,
            Self::Returned { .. } => RelayState::Returned,
            Self::Cancelled { .. } => RelayState::Cancelled,
            Self::Halted { .. } => RelayState::Halted,
            Self::Reported(_) => RelayState::Reported,
            Self::Closed { .. } => RelayState::Closed,
        }
    }
}
