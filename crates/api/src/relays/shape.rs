//! The relay as an answer.

use super::members::ToldMember;
use crate::sheets::WithoutConsent;
use domain::case::consent::Purpose;
use domain::case::relay::{
    Basis, DeclineReason, HandBackState, Handover, RefusedBy, RelayState, ReportKind, ReportOutcome, ReportResult, Told,
};
use domain::case::sheet::SheetLabel;
use domain::case::{HandBackView, RelayView, Withheld};
use domain::content::{Content, Section, Urgency, Warning};
use domain::ids::{AgencyId, ConsentId, ExceptionId, RelayId, SheetId, StaffId};
use domain::personal::Personal;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// 根拠(どちらか一つ)。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BasisRequest {
    /// 同意
    pub(super) consent_id: Option<ConsentId>,
    /// 法律上の例外
    pub(super) exception_id: Option<ExceptionId>,
}

/// 根拠(どちらか一つ)。
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct BasisResponse {
    /// 同意
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_id: Option<ConsentId>,
    /// 法律上の例外
    #[serde(skip_serializing_if = "Option::is_none")]
    exception_id: Option<ExceptionId>,
}

impl From<Basis> for BasisRequest {
    fn from(basis: Basis) -> Self {
        Self { consent_id: basis.consent_id(), exception_id: basis.exception_id() }
    }
}

impl From<Basis> for BasisResponse {
    fn from(basis: Basis) -> Self {
        Self { consent_id: basis.consent_id(), exception_id: basis.exception_id() }
    }
}

/// 対応結果報告.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportResponse {
    /// 途中の報告か、最後の報告か
    kind: ReportKind,
    /// 対応は続くか
    outcome: ReportOutcome,
    /// 結果(報告の同意がないときは、報告した機関だけに示す)
    result: Option<ReportResult>,
    /// 文章(受け付けた機関、送り元、報告した機関だけに示す)
    #[schema(value_type = Option<String>)]
    text: Option<Personal<String>>,
    /// 本人と連絡がついた日
    contact_made_on: Option<Day>,
    /// ここから続くつなぎ
    next_relay_ids: Vec<RelayId>,
    reported_at: Instant,
    /// つなぎ元が確認した日時
    confirmed_at: Option<Instant>,
}

/// 主担当を戻す申し出.
#[derive(Serialize, ToSchema)]
pub(super) struct HandBackResponse {
    state: HandBackState,
    offered_at: Instant,
    /// 理由
    #[schema(value_type = Option<String>)]
    reason: Option<Personal<String>>,
    answered_at: Option<Instant>,
    /// 断ったときの説明
    #[schema(value_type = Option<String>)]
    note: Option<Personal<String>>,
}

/// つなぎ.
#[derive(Serialize, ToSchema)]
pub(super) struct RelayResponse {
    id: RelayId,
    sheet_id: SheetId,
    /// シートの番号
    #[schema(example = "R8-000123")]
    number: String,
    /// 版(ETag と同じ)
    revision: u32,
    state: RelayState,
    /// つなぎ元
    from_agency_id: AgencyId,
    /// 送った機関。その機関が終わり、from_agency_id が引き継いだときだけ
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_by_agency_id: Option<AgencyId>,
    /// つなぎ先
    to_agency_id: AgencyId,
    /// どのつなぎの続きか
    parent_relay_id: Option<RelayId>,
    /// 何段目のつなぎか
    hop: u32,
    /// お願いしたいこと
    #[schema(value_type = Option<String>)]
    request: Option<Personal<String>>,
    /// 伝える共有項目
    sections: Vec<Section>,
    purpose: Purpose,
    urgency: Urgency,
    handover: Handover,
    basis: BasisResponse,
    /// 本人の同意によらないつなぎのとき、その根拠(つなぎ元・つなぎ先・受け付けた機関・監査だけに示す)
    without_consent: Option<WithoutConsent>,
    /// 同意によらないとき、つなぎ元が求めた制限(個人情報保護法70条)
    #[schema(value_type = Option<String>)]
    restriction: Option<Personal<String>>,
    /// 根拠の同意が、初めから無効だったと記録されたか
    basis_invalid: bool,
    disclosure_digest: String,
    sent_at: Instant,
    /// 回答期限
    reply_due: Day,
    /// いつから期限を過ぎているか
    overdue_since: Option<Day>,
    /// 最後に督促した日
    chased_on: Option<Day>,
    /// 最初に開いた日時
    received_at: Option<Instant>,
    accepted_at: Option<Instant>,
    /// 担当する職員
    assigned_staff_id: Option<StaffId>,
    /// 本人に連絡する日
    contact_by: Option<Day>,
    /// 辞退の理由
    decline_reason: Option<DeclineReason>,
    /// 辞退したのは誰か
    refused_by: Option<RefusedBy>,
    /// より適切な機関
    recommended_agency_id: Option<AgencyId>,
    /// 辞退・差戻し・取下げのことば
    #[schema(value_type = Option<String>)]
    note: Option<Personal<String>>,
    /// 足りないもの
    #[schema(value_type = Vec<String>)]
    missing: Vec<Personal<String>>,
    confirmed_at: Option<Instant>,
    /// 送ったあとに、伝えた項目がシートで直された日時(content は送ったときのまま。今の内容はシートにある)
    corrected_at: Option<Instant>,
    /// 主担当を戻す申し出(最後のもの)
    hand_back: Option<HandBackResponse>,
    updated_at: Instant,
    /// 相談者と主な相談内容(伝えた範囲だけ。受領するまでは null)
    label: Option<SheetLabel>,
    /// 内容(受領するまでは null。見てよい共有項目だけ)
    content: Option<Content>,
    /// 見られない共有項目とその理由
    withheld: Vec<Withheld>,
    /// 同意がなくても伝えると決めた世帯員とその理由(つなぎ元と受け付けた機関だけに示す)
    household_members: Vec<ToldMember>,
    /// 報告(最後のもの)
    report: Option<ReportResponse>,
    /// 報告(古いものから。30まで)
    #[schema(max_items = 30)]
    reports: Vec<ReportResponse>,
    /// 受け付けたが、確かめてほしいこと
    warnings: Vec<Warning>,
    /// いま、この人ができる変更(operationId)。入力や伝える内容によっては、断られることもある
    #[schema(example = json!(["receive_relay", "accept_relay", "return_relay", "decline_relay"]))]
    can: Vec<&'static str>,
}

impl RelayResponse {
    /// The ETag's number.
    pub(super) fn revision(&self) -> u32 {
        self.revision
    }
}

impl From<RelayView<'_>> for RelayResponse {
    fn from(view: RelayView<'_>) -> Self {
        let (relay, answer) = (view.relay, view.answer);
        let acceptance = relay.acceptance();
        let hand_back = |offer: HandBackView| HandBackResponse {
            state: offer.state,
            offered_at: offer.offered_at,
            reason: offer.reason,
            answered_at: offer.answered_at,
            note: offer.note,
        };
        let is_party = view.is_party;
        let report = |told: Told<'_>| ReportResponse {
            kind: told.kind,
            outcome: told.outcome,
            result: told.in_full.map(|report| report.result),
            text: told.in_full.and_then(|report| report.text.clone()).filter(|_| is_party),
            contact_made_on: told.in_full.and_then(|report| report.contact_made_on),
            next_relay_ids: told.in_full.map(|report| report.next_relay_ids.clone()).unwrap_or_default(),
            reported_at: told.at,
            confirmed_at: told.confirmed_at,
        };
        Self {
            id: relay.id,
            sheet_id: relay.sheet_id,
            number: view.number,
            revision: view.revision,
            state: relay.state(),
            from_agency_id: relay.from_agency_id,
            sent_by_agency_id: relay.sent_by,
            to_agency_id: relay.to_agency_id,
            parent_relay_id: relay.parent_relay_id,
            hop: relay.hop,
            request: view.request,
            sections: relay.sections.iter().copied().collect(),
            purpose: relay.purpose,
            urgency: relay.urgency,
            handover: relay.handover,
            basis: relay.basis.into(),
            basis_invalid: view.basis_invalid,
            without_consent: view.without_consent.map(|code| WithoutConsent { codes: vec![code] }),
            restriction: view.restriction,
            disclosure_digest: relay.disclosure_digest.clone(),
            sent_at: relay.sent_at,
            reply_due: relay.reply_due,
            overdue_since: relay.overdue_since,
            chased_on: relay.chased_on,
            received_at: relay.opened_at,
            accepted_at: acceptance.map(|a| a.at),
            assigned_staff_id: view.assignee,
            contact_by: acceptance.and_then(|a| a.contact_by),
            decline_reason: answer.decline_reason,
            refused_by: answer.decline_reason.map(DeclineReason::refused_by),
            recommended_agency_id: answer.recommended_agency_id,
            note: answer.note,
            missing: answer.missing,
            confirmed_at: answer.confirmed_at,
            corrected_at: view.corrected_at,
            hand_back: view.hand_back.map(hand_back),
            updated_at: view.updated_at,
            label: view.label,
            content: view.content,
            withheld: view.withheld,
            household_members: view.household_members.into_iter().map(ToldMember::from).collect(),
            report: view.reports.last().copied().map(report),
            reports: view.reports.into_iter().map(report).collect(),
            warnings: view.warnings,
            can: view.can,
        }
    }
}
