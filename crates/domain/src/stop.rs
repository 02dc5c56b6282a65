//! Stop notices (停止の通知): an agency that had opened what is now taken back says what became of its copies. Told to agencies only; who
//! must not be told, a representative or a household member, hears nothing.

use crate::calendar;
use crate::codes::code_list;
use crate::content::Sections;
use crate::ids::{AgencyId, RelayId, SheetId, StaffId, StopNoticeId};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};

/// Open days (開庁日) that an agency has to answer, and again until the privacy officer is told.
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
    /// Who; none for a department system.
    pub staff_id: Option<StaffId>,
    /// What became of them.
    pub disposition: Disposition,
    /// The law under which they are kept.
    pub legal_ground: Option<Personal<String>>,
    /// In words.
    pub note: Option<Personal<String>>,
}

/// A stop notice for one agency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopNotice {
    /// Its id.
    pub id: StopNoticeId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// Who has to answer.
    pub agency_id: AgencyId,
    /// Why.
    pub cause: StopCause,
    /// What it may not use any more.
    pub sections: Sections,
    /// By which relays it had been told.
    pub relay_ids: Vec<RelayId>,
    /// When it was told.
    pub at: Instant,
    /// Until when an answer is due.
    pub due: Day,
    /// When it was reminded.
    pub reminded_on: Option<Day>,
    /// When the privacy officer was told.
    pub escalated_on: Option<Day>,
    /// The answer.
    pub answer: Option<StopAnswer>,
}

/// Until when an agency that is told on `today` has to answer.
pub fn answer_due(today: Day) -> Day {
    Day(calendar::add_open_days(today.0, ANSWER_OPEN_DAYS))
}

impl StopNotice {
    /// The state's code.
    pub fn state(&self) -> StopState {
        if self.answer.is_some() { StopState::Answered } else { StopState::Waiting }
    }

    /// The last day on which nothing needs to be done about it; none when nothing will be.
    pub fn rests_until(&self) -> Option<Day> {
        match (&self.answer, self.reminded_on, self.escalated_on) {
            (Some(_), _, _) | (None, _, Some(_)) => None,
            (None, None, None) => Some(self.due),
            (None, Some(_), None) => Some(answer_due(self.due)),
        }
    }
}
