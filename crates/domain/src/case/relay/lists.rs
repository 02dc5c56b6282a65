//! The lists of a relay: its states, how it is handed over, why it is declined, what came of it.

use crate::codes::code_list;

code_list! {
    /// 引継ぎ方法.
    pub enum Handover ("handover", "引継ぎ方法") {
        Accompanied = "accompanied", "同行して窓口で"; Phoned = "phoned", "電話で事前連絡"; Carried = "carried", "本人が持参";
        System = "system", "システムのみ"; Paper = "paper", "紙を手渡し・郵送";
    }
}

code_list! {
    /// 辞退の理由.
    pub enum DeclineReason ("decline_reason", "辞退の理由") {
        NotOurRemit = "not_our_remit", "所管外"; NotEligible = "not_eligible", "対象要件外"; AlreadySupported = "already_supported", "既に支援中の機関あり";
        NoCapacity = "no_capacity", "定員・体制"; OutsideArea = "outside_area", "地域外"; ConflictOrSafety = "conflict_or_safety", "利益相反・安全上";
        PersonRefused = "person_refused", "本人が希望せず"; Other = "other", "その他";
    }
}

code_list! {
    /// 辞退したのは誰か.
    pub enum RefusedBy ("refused_by", "辞退したのは誰か") {
        Person = "person", "本人"; Agency = "agency", "機関"; Rule = "rule", "制度・所管";
    }
}

impl DeclineReason {
    /// Who refused: the person, the agency after weighing the case, or a rule that leaves it no choice.
    pub fn refused_by(self) -> RefusedBy {
        match self {
            Self::PersonRefused => RefusedBy::Person,
            Self::NotOurRemit | Self::NotEligible | Self::OutsideArea => RefusedBy::Rule,
            Self::AlreadySupported | Self::NoCapacity | Self::ConflictOrSafety | Self::Other => RefusedBy::Agency,
        }
    }
}

code_list! {
    /// 対応結果.
    pub enum ReportResult ("result", "対応結果") {
        SupportStarted = "support_started", "支援開始"; ApplicationReceived = "application_received", "申請・手続受付";
        AdviceGiven = "advice_given", "情報提供・助言で終了"; PassedOn = "passed_on", "次の機関へつなぐ"; PersonDeclined = "person_declined", "本人が希望せず";
        Unreachable = "unreachable", "連絡取れず"; MovedOrDied = "moved_or_died", "転居・死亡等"; OutOfScope = "out_of_scope", "対象外と判明"; Other = "other", "その他";
    }
}

code_list! {
    /// 報告の種類.
    pub enum ReportKind ("report_kind", "報告の種類") {
        Interim = "interim", "途中の報告"; Final = "final", "最後の報告";
    }
}

code_list! {
    /// 対応は続くか: all that goes back to the sender without a permission to report.
    pub enum ReportOutcome ("outcome", "対応は続くか") {
        Continuing = "continuing", "対応を継続"; Done = "done", "対応を終了";
    }
}

impl ReportResult {
    /// Whether the receiver, or an agency to which it passed the sheet on, goes on with the support.
    pub fn outcome(self) -> ReportOutcome {
        match self {
            Self::SupportStarted | Self::ApplicationReceived | Self::PassedOn => ReportOutcome::Continuing,
            Self::AdviceGiven
            | Self::PersonDeclined
            | Self::Unreachable
            | Self::MovedOrDied
            | Self::OutOfScope
            | Self::Other => ReportOutcome::Done,
        }
    }

    /// Whether it ended and nobody helps: the sender's 所属長 must know.
    pub fn ends_without_support(self) -> bool {
        matches!(self, Self::PersonDeclined | Self::Unreachable | Self::OutOfScope | Self::MovedOrDied)
    }
}

code_list! {
    /// つなぎの状態.
    pub enum RelayState ("relay_state", "つなぎの状態") {
        Sent = "sent", "送付済"; Received = "received", "受領"; Accepted = "accepted", "受理"; Declined = "declined", "辞退"; Returned = "returned", "差戻し";
        Cancelled = "cancelled", "取下げ"; Halted = "halted", "停止"; Reported = "reported", "報告済"; Closed = "closed", "完了";
    }
}

impl RelayState {
    /// Whether the relay still waits for an answer: the receiver's, or the sender's when it was returned.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::Returned)
    }

    /// Whether it waits for the receiver's answer.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Sent | Self::Received)
    }

    /// Whether nothing more will happen to the relay.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Declined | Self::Cancelled | Self::Halted | Self::Closed)
    }
}

code_list! {
    /// 主担当を戻す申し出の状態.
    pub enum HandBackState ("hand_back_state", "主担当を戻す申し出の状態") {
        Offered = "offered", "申し出中"; Accepted = "accepted", "引き受けられた"; Declined = "declined", "断られた";
    }
}
