//! Stop requests (停止の通知): an agency that had opened what is now taken back says what became of its copies. Only agencies are told. A
//! person who must not know, a representative or a member of the household, hears nothing.

mod moves;

pub use moves::StopReply;
pub(in crate::case) use moves::{Lost, lose};

use crate::calendar;
use crate::codes::code_list;
use crate::content::Sections;
use crate::ids::{AgencyId, RelayId, SheetId, StaffId, StopRequestId};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};

/// The open days (開庁日) that an agency has to answer; after as many again, the privacy officer is told.
const ANSWER_OPEN_DAYS: u32 = 5;

code_list! {
    /// 停止の理由.
    pub enum StopCause ("stop_cause", "停止の理由") {
        Withdrawn = "withdrawn", "同意の撤回"; Invalid = "invalid", "同意が初めから無効"; Expired = "expired", "同意の期限切れ";
        Unapproved = "unapproved", "例外の承認なし"; Narrowed = "narrowed", "伝える範囲の変更"; Cancelled = "cancelled", "つなぎの取下げ";
        AgencyEnded = "agency_ended", "協定または機関の終了"; Voided = "voided", "シートの取消"; FileWithdrawn = "file_withdrawn", "ファイルの取り下げ";
        MemberRefused = "member_refused", "世帯員の不同意";
    }
}
code_list! {
    /// 停止の通知の状態.
    pub enum StopState ("stop_state", "停止の通知の状態") {
        Waiting = "waiting", "回答待ち"; Answered = "answered", "回答済";
    }
}
code_list! {
    /// 写しの扱い.
    pub enum Disposition ("disposition", "写しの扱い") {
        Deleted = "deleted", "廃棄・消去した"; Kept = "kept", "法令により保有する";
    }
}

/// What the agency says of its copies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopAnswer {
    /// When.
    pub at: Instant,
    /// The person; none for a department system.
    pub staff_id: Option<StaffId>,
    /// What became of them.
    pub disposition: Disposition,
    /// The law under which they are kept.
    pub legal_ground: Option<Personal<String>>,
    /// In words.
    pub note: Option<Personal<String>>,
}

/// A stop request for one agency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopRequest {
    /// Its id.
    pub id: StopRequestId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The agency that must answer.
    pub agency_id: AgencyId,
    /// Why.
    pub cause: StopCause,
    /// The sections that it may not use any more.
    pub sections: Sections,
    /// The relays by which it had been told.
    pub relay_ids: Vec<RelayId>,
    /// When it was told.
    pub at: Instant,
    /// The last day on which an answer is in time.
    pub due: Day,
    /// When it was reminded.
    pub reminded_on: Option<Day>,
    /// When the privacy officer was told.
    pub escalated_on: Option<Day>,
    /// The answer.
    pub answer: Option<StopAnswer>,
}

/// The last day on which an agency that is told on `today` can answer in time.
pub fn answer_due(today: Day) -> Day {
    Day(calendar::add_open_days(today.0, ANSWER_OPEN_DAYS))
}

impl StopRequest {
    /// The state's code.
    pub fn state(&self) -> StopState {
        if self.answer.is_some() { StopState::Answered } else { StopState::Waiting }
    }

    /// The last day on which the service need do nothing about it; none when it need do nothing any more.
    pub fn rests_until(&self) -> Option<Day> {
        match (&self.answer, self.reminded_on, self.escalated_on) {
            (Some(_), _, _) | (None, _, Some(_)) => None,
            (None, None, None) => Some(self.due),
            (None, Some(_), None) => Some(answer_due(self.due)),
        }
    }
}
