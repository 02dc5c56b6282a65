//! The exception as a request and as an answer.

use domain::case::ExceptionView;
use domain::case::exception::{
    ConsentStatus, Decided, ExceptionCode, ExceptionState, Progress, Reasons, RequestRecord,
};
use domain::content::{Section, Warning};
use domain::ids::{AgencyId, ExceptionId, RelayId, SheetId, StaffId};
use domain::personal::Personal;
use domain::text;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use storage::ExceptionSummary;
use utoipa::ToSchema;
use validator::Validate;

/// 文書による求め(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestRecordRequest {
    /// 求めた人・機関
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(min_length = 1, max_length = 100)]
    requester: String,
    /// 求めの日付(未来は不可)
    dated: Day,
    /// 文書番号
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(min_length = 1, max_length = 100)]
    document_number: String,
}

/// 例外の申請(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "e7", "to_agency_id": "01a1ffec-ca20-759d-823a-055422f6df8f", "sections": ["identity", "risk"],
    "facts": "訪問のたびに新しいあざがあり、本人は理由を話さない。", "consent_status": "hard_to_obtain",
    "why_no_consent": "同居の家族が離れず、本人だけと話せない。", "harm_assessment": "家族に知られると危険が増すため、伝える先を限る。",
    "restriction": "家族には伝えないこと。", "later_consent_plan": "安全が確かめられたら、本人に説明して同意を求める。", "emergency": false
}))]
pub(super) struct ExceptionRequest {
    /// 根拠のコード(コード表 exception_code)
    code: ExceptionCode,
    /// 伝える相手
    pub(super) to_agency_id: AgencyId,
    /// 伝える共有項目
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Vec<Section>,
    /// 根拠となる事実(20文字以上。不同意が記録されているときは50文字以上)
    #[validate(length(max = 2000), custom(function = "text::block"))]
    #[schema(min_length = 20, max_length = 2000)]
    facts: String,
    /// 同意の状況
    consent_status: ConsentStatus,
    /// なぜ同意を得ないか
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 1000)]
    why_no_consent: String,
    /// 本人・第三者への不利益の検討
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 1000)]
    harm_assessment: String,
    /// 提供先に求める制限
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    restriction: Option<String>,
    /// 事後の同意または本人への通知の計画(しないときは、その理由)
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 1000)]
    later_consent_plan: String,
    /// 緊急のため、承認の前に使うか(使った日の次の開庁日までに承認が要ります)
    #[serde(default)]
    emergency: bool,
    /// 文書による求め(根拠によっては必須)
    #[validate(nested)]
    request_record: Option<RequestRecordRequest>,
}

impl ExceptionRequest {
    pub(super) fn reasons(&self) -> Reasons {
        let asked = self.clone();
        Reasons {
            code: asked.code,
            to_agency_id: asked.to_agency_id,
            sections: asked.sections.into_iter().collect(),
            facts: Personal::new(asked.facts),
            consent_status: asked.consent_status,
            why_no_consent: Personal::new(asked.why_no_consent),
            harm_assessment: Personal::new(asked.harm_assessment),
            restriction: asked.restriction.map(Personal::new),
            later_consent_plan: Personal::new(asked.later_consent_plan),
            emergency: asked.emergency,
            request_record: asked.request_record.map(|record| RequestRecord {
                requester: Personal::new(record.requester),
                dated: record.dated,
                document_number: Personal::new(record.document_number),
            }),
        }
    }
}

/// 文書による求め.
#[derive(Serialize, ToSchema)]
struct RequestRecordResponse {
    #[schema(value_type = String)]
    requester: Personal<String>,
    dated: Day,
    #[schema(value_type = String)]
    document_number: Personal<String>,
}

/// 誰がいつ決めたか.
#[derive(Serialize, ToSchema)]
struct DecidedResponse {
    staff_id: StaffId,
    at: Instant,
}

impl From<Decided> for DecidedResponse {
    fn from(decided: Decided) -> Self {
        Self { staff_id: decided.by, at: decided.at }
    }
}

/// 同意の例外. Words only to the agency that asked and to the privacy officer.
#[derive(Serialize, ToSchema)]
pub(super) struct ExceptionResponse {
    id: ExceptionId,
    sheet_id: SheetId,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: String,
    /// 版(ETag と同じ)
    revision: u32,
    state: ExceptionState,
    code: ExceptionCode,
    /// 条文
    article: String,
    to_agency_id: AgencyId,
    sections: Vec<Section>,
    emergency: bool,
    consent_status: ConsentStatus,
    #[schema(value_type = Option<String>)]
    facts: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    why_no_consent: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    harm_assessment: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    restriction: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    later_consent_plan: Option<Personal<String>>,
    request_record: Option<RequestRecordResponse>,
    /// 申請のとき、本人の不同意が記録されていたか
    refusal_on_file: bool,
    /// このシートで、同じ根拠を同じ相手に使ったことがあるか
    repeated: bool,
    requested_agency_id: AgencyId,
    /// 申請した職員(この人は承認できません)
    requested_by: StaffId,
    requested_at: Instant,
    /// 承認
    approval: Option<DecidedResponse>,
    /// 不承認
    rejection: Option<DecidedResponse>,
    /// 不承認の理由
    #[schema(value_type = Option<String>)]
    rejection_reason: Option<Personal<String>>,
    /// 使ったつなぎ
    relay_id: Option<RelayId>,
    used_at: Option<Instant>,
    /// いつまでに承認が要るか(緊急に使ったとき)
    approve_by: Option<Day>,
    /// 承認の期限を過ぎて、つなぎ先の閲覧を止めた日時
    overdue_since: Option<Instant>,
    /// 事後対応
    follow_up: Option<DecidedResponse>,
    /// 事後対応の内容
    #[schema(value_type = Option<String>)]
    follow_up_text: Option<Personal<String>>,
    updated_at: Instant,
    /// 受け付けたが、確かめてほしいこと
    warnings: Vec<Warning>,
    /// いま、この人ができる変更(operationId)。入力によっては、断られることもある
    can: Vec<&'static str>,
}

impl From<ExceptionView<'_>> for ExceptionResponse {
    fn from(view: ExceptionView<'_>) -> Self {
        let (exception, reasons, words) = (view.exception, &view.exception.reasons, view.words);
        let (mut rejection, mut overdue_since, mut follow_up) = (None, None, None);
        match &exception.progress {
            Progress::Rejected { rejection: by, .. } => rejection = Some((*by).into()),
            Progress::Overdue { at, .. } => overdue_since = Some(*at),
            Progress::FollowedUp { follow_up: by, .. } => follow_up = Some((*by).into()),
            _ => {}
        }
        let used = exception.used();
        Self {
            id: exception.id,
            sheet_id: exception.sheet_id,
            number: view.number,
            revision: exception.revision,
            state: exception.state(),
            code: reasons.code,
            article: reasons.code.rules().article.to_owned(),
            to_agency_id: reasons.to_agency_id,
            sections: reasons.sections.iter().copied().collect(),
            emergency: reasons.emergency,
            consent_status: reasons.consent_status,
            facts: words.map(|it| it.facts.clone()),
            why_no_consent: words.map(|it| it.why_no_consent.clone()),
            harm_assessment: words.map(|it| it.harm_assessment.clone()),
            restriction: words.and_then(|it| it.restriction.clone()),
            later_consent_plan: words.map(|it| it.later_consent_plan.clone()),
            request_record: words.and_then(|it| it.request_record.as_ref()).map(|record| RequestRecordResponse {
                requester: record.requester.clone(),
                dated: record.dated,
                document_number: record.document_number.clone(),
            }),
            refusal_on_file: exception.refusal_on_file,
            repeated: exception.repeated,
            requested_agency_id: exception.requested_agency_id,
            requested_by: exception.requested_by,
            requested_at: exception.requested_at,
            approval: exception.approval().map(Into::into),
            rejection,
            rejection_reason: view.rejection_reason,
            relay_id: used.map(|used| used.relay_id),
            used_at: used.map(|used| used.at),
            approve_by: exception.approve_by(),
            overdue_since,
            follow_up,
            follow_up_text: view.follow_up_text,
            updated_at: exception.updated_at,
            warnings: view.warnings,
            can: view.can,
        }
    }
}

/// An exception in a list: no words, no sections.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExceptionItem {
    id: ExceptionId,
    sheet_id: SheetId,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: String,
    revision: u32,
    state: ExceptionState,
    code: ExceptionCode,
    emergency: bool,
    /// 申請のとき、本人の不同意が記録されていたか
    refusal_on_file: bool,
    requested_agency_id: AgencyId,
    requested_by: StaffId,
    requested_at: Instant,
    to_agency_id: AgencyId,
    /// 使ったつなぎ
    relay_id: Option<RelayId>,
    used_at: Option<Instant>,
    /// いつまでに承認が要るか(緊急に使ったとき)
    approve_by: Option<Day>,
    updated_at: Instant,
}

impl From<ExceptionSummary> for ExceptionItem {
    fn from(it: ExceptionSummary) -> Self {
        Self {
            id: it.id,
            sheet_id: it.sheet_id,
            number: it.number,
            revision: it.revision,
            state: it.state,
            code: it.code,
            emergency: it.emergency,
            refusal_on_file: it.refusal_on_file,
            requested_agency_id: it.requested_agency_id,
            requested_by: it.requested_by,
            requested_at: it.requested_at,
            to_agency_id: it.to_agency_id,
            relay_id: it.relay_id,
            used_at: it.used_at,
            approve_by: it.approve_by,
            updated_at: it.updated_at,
        }
    }
}
