//! How a case ended, as a request and as an answer.

use domain::agency::Actor;
use domain::beside::closure::{
    AnsweredHow, Closure, ClosureChange, ClosureReason, FamilyAnswer, FamilyRelation, NotAsked, PersonAnswer, Solved,
    SolvedAnswer,
};
use domain::door::FieldError;
use domain::ids::{AgencyId, EntryId, SheetId, StaffId};
use domain::personal::Personal;
use domain::text;
use domain::time::Day;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// 本人の答え(送る内容)。聞けたときは answer・how・on を、聞けなかったときは not_asked を送ります。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonAnswerRequest {
    /// 聞いたか
    asked: bool,
    /// 聞けなかった理由
    not_asked: Option<NotAsked>,
    /// 課題は解決したか
    answer: Option<SolvedAnswer>,
    /// 回答の方法
    how: Option<AnsweredHow>,
    /// 回答の日
    on: Option<Day>,
}

/// 家族の答え。本人の答えとは別に記録します。
#[derive(Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyAnswer)]
pub(super) struct FamilyAnswerShape {
    /// 続柄
    relation: FamilyRelation,
    /// 課題は解決したか
    answer: SolvedAnswer,
    /// 回答の方法
    how: AnsweredHow,
    /// 回答の日
    on: Day,
}

/// 終結時評価(送る内容)。省略すると、終結の理由は「その他」、答えは「聞いていない」として数えます。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeRequest {
    /// 終結の理由(コード)
    reason_code: ClosureReason,
    /// 支援が終わった日(省略時は今日)
    on: Option<Day>,
    /// 支援による変化
    #[serde(default)]
    #[validate(length(max = 17))]
    #[schema(max_items = 17)]
    changes: Vec<ClosureChange>,
    /// 本人の答え。情報提供のみ・転居・死亡・連絡不能・移管のほかでは必要です
    #[validate(nested)]
    person_answer: Option<PersonAnswerRequest>,
    /// 家族の答え
    #[validate(nested)]
    family_answer: Option<FamilyAnswerShape>,
    /// 支援者の見立て
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    worker_view: Option<String>,
    /// 残っている課題
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    remaining: Option<String>,
}

impl PersonAnswerRequest {
    fn read(&self) -> Result<PersonAnswer, Vec<FieldError>> {
        let place = |name: &str| format!("/outcome/person_answer/{name}");
        let said = [("answer", self.answer.is_some()), ("how", self.how.is_some()), ("on", self.on.is_some())];
        let mut wrong = Vec::new();
        let mut refuse = |name: &str, code: &str, detail: &str| wrong.push(FieldError::new(place(name), code, detail));
        match (self.asked, self.answer.zip(self.how).zip(self.on), self.not_asked) {
            (true, Some(((answer, how), on)), None) => {
                return Ok(PersonAnswer::Asked(Solved { answer, how, on }));
            }
            (false, None, Some(why)) if said.iter().all(|(_, there)| !there) => return Ok(PersonAnswer::NotAsked(why)),
            (true, ..) => {
                for (name, _) in said.iter().filter(|(_, there)| !there) {
                    refuse(name, "required", "入力してください。");
                }
                if self.not_asked.is_some() {
                    refuse("not_asked", "contradiction", "本人に聞いたときは、聞けなかった理由を送らないでください。");
                }
            }
            (false, ..) => {
                if self.not_asked.is_none() {
                    refuse("not_asked", "required", "本人に聞けなかった理由を選んでください。");
                }
                for (name, _) in said.iter().filter(|(_, there)| *there) {
                    refuse(name, "contradiction", "本人に聞かなかったときは、答えを送らないでください。");
                }
            }
        }
        Err(wrong)
    }
}

impl OutcomeRequest {
    /// The closing as it is kept; `entry` is the entry that says why.
    pub(super) fn read(self, sheet_id: SheetId, entry_id: EntryId, actor: &Actor) -> Result<Closure, Vec<FieldError>> {
        let text = |value: Option<String>| value.map(Personal::new);
        Ok(Closure {
            entry_id,
            sheet_id,
            agency_id: actor.agency_id,
            staff_id: actor.staff_id(),
            recorded_at: actor.at,
            reason: self.reason_code,
            on: self.on.unwrap_or(actor.today()),
            changes: self.changes.into_iter().collect(),
            person: self.person_answer.map(|it| it.read()).transpose()?,
            family: self.family_answer.map(|it| FamilyAnswer {
                relation: it.relation,
                solved: Solved { answer: it.answer, how: it.how, on: it.on },
            }),
            worker_view: text(self.worker_view),
            remaining: text(self.remaining),
        })
    }
}

/// 本人の答え.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonAnswerResponse {
    /// 聞いたか
    asked: bool,
    /// 聞けなかった理由
    not_asked: Option<NotAsked>,
    /// 課題は解決したか
    answer: Option<SolvedAnswer>,
    /// 回答の方法
    how: Option<AnsweredHow>,
    /// 回答の日
    on: Option<Day>,
}

/// 終結時評価.
#[derive(Serialize, ToSchema)]
pub(super) struct OutcomeResponse {
    /// 終結した機関
    agency_id: AgencyId,
    /// 記録した職員
    staff_id: Option<StaffId>,
    /// 終結の理由(コード)
    reason_code: ClosureReason,
    /// 支援が終わった日
    on: Day,
    /// 支援による変化
    changes: Vec<ClosureChange>,
    /// 本人の答え
    person_answer: Option<PersonAnswerResponse>,
    /// 家族の答え
    family_answer: Option<FamilyAnswerShape>,
    /// 支援者の見立て(終結した機関にだけ示す)
    #[schema(value_type = Option<String>)]
    worker_view: Option<Personal<String>>,
    /// 残っている課題(終結した機関にだけ示す)
    #[schema(value_type = Option<String>)]
    remaining: Option<Personal<String>>,
}

pub(super) fn outcome_response(it: Closure) -> OutcomeResponse {
    let person = |answer: PersonAnswer| {
        let (solved, not_asked) = match answer {
            PersonAnswer::Asked(solved) => (Some(solved), None),
            PersonAnswer::NotAsked(why) => (None, Some(why)),
        };
        PersonAnswerResponse {
            asked: solved.is_some(),
            not_asked,
            answer: solved.map(|it| it.answer),
            how: solved.map(|it| it.how),
            on: solved.map(|it| it.on),
        }
    };
    OutcomeResponse {
        agency_id: it.agency_id,
        staff_id: it.staff_id,
        reason_code: it.reason,
        on: it.on,
        changes: it.changes.into_iter().collect(),
        person_answer: it.person.map(person),
        family_answer: it.family.map(|it| FamilyAnswerShape {
            relation: it.relation,
            answer: it.solved.answer,
            how: it.solved.how,
            on: it.solved.on,
        }),
        worker_view: it.worker_view,
        remaining: it.remaining,
    }
}
