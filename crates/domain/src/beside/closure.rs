//! 終結時評価: how a case ended, in codes that are counted and in a few words. Each closing has its own; a reopened sheet gets a new one when
//! it is closed again, and all of them stay.

use crate::codes::code_list;
use crate::door::FieldError;
use crate::floor::Floor;
use crate::ids::{AgencyId, EntryId, SheetId, StaffId};
use crate::permit::Permit;
use crate::personal::Personal;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

code_list! {
    /// 終結の理由.
    pub enum ClosureReason ("closure_reason", "終結の理由") {
        GoalsMet = "goals_met", "目標を達成"; SupportMoved = "support_moved", "ほかの支援へ移行"; InfoOnly = "info_only", "情報提供のみ";
        PersonWish = "person_wish", "本人の希望"; Moved = "moved", "転居"; Died = "died", "死亡"; Unreachable = "unreachable", "連絡不能";
        Transferred = "transferred", "ほかの自治体・機関へ移管"; Other = "other", "その他";
    }
}

impl ClosureReason {
    /// Whether the person must have been asked, or the closing says why not.
    pub fn asks_the_person(self) -> bool {
        match self {
            Self::GoalsMet | Self::SupportMoved | Self::PersonWish | Self::Other => true,
            Self::InfoOnly | Self::Moved | Self::Died | Self::Unreachable | Self::Transferred => false,
        }
    }
}

code_list! {
    /// 支援による変化.
    pub enum ClosureChange ("closure_change", "支援による変化") {
        PublicAssistance = "public_assistance", "生活保護適用"; Employed = "employed", "就労開始"; IncomeUp = "income_up", "収入増"; Housing = "housing", "住まい確保";
        MedicalCare = "medical_care", "医療受診"; HealthBetter = "health_better", "健康改善"; DebtSettled = "debt_settled", "債務整理"; BudgetBetter = "budget_better", "家計改善";
        Participation = "participation", "社会参加増"; Motivation = "motivation", "意欲向上"; LessAlone = "less_alone", "孤立解消"; Calmer = "calmer", "精神の安定";
        FamilyBetter = "family_better", "家族関係改善"; DailyLife = "daily_life", "生活習慣改善"; Training = "training", "訓練・就学"; Other = "other", "その他"; None = "none", "変化なし";
    }
}

code_list! {
    /// 課題は解決したか.
    pub enum SolvedAnswer ("solved_answer", "課題は解決したか") {
        Solved = "solved", "解決した"; Partly = "partly", "一部解決した"; Not = "not", "解決していない"; None = "none", "回答なし";
    }
}

code_list! {
    /// 回答の方法.
    pub enum AnsweredHow ("answered_how", "回答の方法") {
        Oral = "oral", "口頭"; Paper = "paper", "書面"; Phone = "phone", "電話"; Proxy = "proxy", "代理";
    }
}

code_list! {
    /// 本人に聞けなかった理由.
    pub enum NotAsked ("not_asked", "本人に聞けなかった理由") {
        Unreachable = "unreachable", "連絡がとれない"; Condition = "condition", "体調や病状のため"; Declined = "declined", "答えることを望まない";
        Safety = "safety", "聞くと安全をそこなう"; Other = "other", "その他";
    }
}

code_list! {
    /// 答えた家族の続柄.
    pub enum FamilyRelation ("family_relation", "答えた家族の続柄") {
        Spouse = "spouse", "配偶者"; Parent = "parent", "父母"; Child = "child", "子"; Sibling = "sibling", "きょうだい"; Other = "other", "その他の親族";
    }
}

/// An answer to 「課題は解決したか」.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solved {
    /// What was answered.
    pub answer: SolvedAnswer,
    /// How.
    pub how: AnsweredHow,
    /// On which day.
    pub on: Day,
}

/// What the person said, or why nobody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonAnswer {
    /// The person was asked.
    Asked(Solved),
    /// The person was not asked.
    NotAsked(NotAsked),
}

/// What somebody of the family said. It stands beside the person's answer, and neither takes the other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyAnswer {
    /// Who answered.
    pub relation: FamilyRelation,
    /// The answer.
    pub solved: Solved,
}

/// How a case ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Closure {
    /// The entry of the progress record that says why the sheet was closed: each closing has one.
    pub entry_id: EntryId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The agency that closed it.
    pub agency_id: AgencyId,
    /// The person who recorded it; none for a department system.
    pub staff_id: Option<StaffId>,
    /// When it was recorded: when the sheet was closed.
    pub recorded_at: Instant,
    /// Why.
    pub reason: ClosureReason,
    /// The day on which the support ended.
    pub on: Day,
    /// What the support changed.
    pub changes: BTreeSet<ClosureChange>,
    /// What the person said.
    pub person: Option<PersonAnswer>,
    /// What somebody of the family said.
    pub family: Option<FamilyAnswer>,
    /// The worker's view, in words.
    pub worker_view: Option<Personal<String>>,
    /// What remains to be done, in words.
    pub remaining: Option<Personal<String>>,
}

impl Closure {
    /// What does not hold in it, with pointers into the request. `received` is the day on which the sheet was received.
    pub(crate) fn wrong(&self, received: Option<Day>, today: Day) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut day = |pointer: &str, on: Day| {
            let pointer = format!("/outcome/{pointer}");
            if on > today {
                wrong.push(FieldError::new(&pointer, "in_future", "日付は、今日までにしてください。"));
            } else if received.is_some_and(|received| on < received) {
                let detail = "日付が、受付日より前です。どちらかを確かめてください。";
                wrong.push(FieldError::new(&pointer, "before_reception", detail));
            } else {
                wrong.extend(Floor::Deed.wrong(&pointer, on));
            }
        };
        day("on", self.on);
        if let Some(PersonAnswer::Asked(solved)) = self.person {
            day("person_answer/on", solved.on);
        }
        if let Some(family) = self.family {
            day("family_answer/on", family.solved.on);
        }
        if self.person.is_none() && self.reason.asks_the_person() {
            let detail = "本人の答えがありません。本人に「課題は解決したか」を聞いて記録するか、聞けなかった理由を選んでください。";
            wrong.push(FieldError::new("/outcome/person_answer", "required", detail));
        }
        if self.changes.contains(&ClosureChange::None) && self.changes.len() > 1 {
            let detail = "「変化なし」は、ほかの変化といっしょには選べません。";
            wrong.push(FieldError::new("/outcome/changes", "contradiction", detail));
        }
        wrong
    }

    /// The same as `reader` may see it: its words belong to the agency that wrote them, and no reader of metadata sees them.
    #[must_use]
    pub(crate) fn shown_to(self, reader: AgencyId, permit: Permit) -> Self {
        let is_own = permit == Permit::Allowed && self.agency_id == reader;
        Self { worker_view: self.worker_view.filter(|_| is_own), remaining: self.remaining.filter(|_| is_own), ..self }
    }
}
