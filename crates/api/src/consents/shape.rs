//! The consent as a request and as an answer.

use super::evidence::{EvidenceResponse, evidence_response};
use super::exclusion::{LiftedRequest, LiftedResponse};
use crate::problem::Problem;
use domain::agency::{Actor, AgencyClass, AgencyRecord};
use domain::case::consent::{
    AllowOnward, Circumstances, ConsentMethod, ConsentState, CoveredMember, Decision, GivenBy, GivenByKind,
    IdentityCheck, Lifted, Purpose, Recipients, SubjectIntent, Terms, WithdrawalMethod, WithdrawnBy, Witness,
};
use domain::case::{ConsentView, WithdrawalView};
use domain::content::{OwnConsent, Section};
use domain::door::FieldError;
use domain::explained::{Explained, JAPANESE, VariantKind};
use domain::ids::{AgencyId, ConsentId, NoticeId, SheetId, StaffId, WithdrawalId};
use domain::personal::Personal;
use domain::time::{Day, Instant};
use domain::{calendar, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use storage::{NoticeRecord, WriteTx};
use utoipa::ToSchema;
use validator::Validate;

/// The number of open days after which a refusal or a deferral is followed up when the request names no day.
const FOLLOW_UP_OPEN_DAYS: u32 = 10;

/// 同意した人(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct GivenByRequest {
    /// 本人・法定代理人・任意代理人
    kind: GivenByKind,
    /// 代理人の氏名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    name: Option<String>,
    /// 本人との関係
    #[validate(length(max = 50), custom(function = "text::line"))]
    #[schema(max_length = 50)]
    relation: Option<String>,
    /// 確認した資格の書類
    #[validate(length(max = 200), custom(function = "text::line"))]
    #[schema(max_length = 200)]
    authority_document: Option<String>,
    /// 本人の判断能力について
    #[validate(length(max = 300), custom(function = "text::block"))]
    #[schema(max_length = 300)]
    capacity_note: Option<String>,
    /// 本人の意向
    subject_intent: Option<SubjectIntent>,
}

/// 同意が及ぶ世帯員。本人の同意は、ほかの人の情報には及びません。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberRequest {
    /// 氏名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    name: String,
    /// その人の同意
    own_consent: OwnConsent,
}

/// 示した説明文の種類。
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShownRequest {
    /// 標準・やさしい日本語・ふりがな付き・外国語
    pub(super) kind: VariantKind,
    /// 言語(BCP 47。省略すると ja)
    #[serde(default = "japanese")]
    #[schema(max_length = 35)]
    pub(super) language: String,
}

fn japanese() -> String {
    JAPANESE.to_owned()
}

/// 伝えてよい相手.
#[derive(Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecipientsRequest {
    /// 名指しの機関
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    agency_ids: Vec<AgencyId>,
    /// 機関の区分
    #[serde(default)]
    #[validate(length(max = 9))]
    #[schema(max_items = 9)]
    classes: Vec<AgencyClass>,
}

/// 同意の意思(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document", "method": "signature_paper",
    "purpose": "support_referral", "sections": ["identity", "statement"],
    "recipients": {"agency_ids": [], "classes": ["ward"]}, "exclusions": [], "allow_onward": "named", "allow_report_back": true,
    "obtained_at": "2026-11-20T10:30:00+09:00", "effective_until": "2027-11-19"
}))]
pub(super) struct ConsentRequest {
    /// 同意・一部同意・不同意・保留
    decision: Decision,
    /// 誰が意思を示したか
    #[validate(nested)]
    given_by: GivenByRequest,
    /// 本人確認の方法
    identity_check: IdentityCheck,
    /// 意思を示した方法
    method: ConsentMethod,
    /// 代筆した人(代筆のときは立会人が要ります)
    #[validate(length(max = 200), custom(function = "text::line"))]
    #[schema(max_length = 200)]
    proxy_writer: Option<String>,
    /// 立会人となる職員(省略すると、記録した人以外の職員)
    witness_staff_id: Option<StaffId>,
    /// 本人から直接聞いた職員(同意の記録を認められた連携システムでは必須。ほかでは使いません)
    heard_by_staff_id: Option<StaffId>,
    /// 示した説明文(省略すると、現在の説明文)
    pub(super) notice_id: Option<NoticeId>,
    /// 利用目的
    #[serde(default = "support_referral")]
    purpose: Purpose,
    /// 伝えてよい共有項目
    #[serde(default)]
    #[validate(length(max = 14))]
    #[schema(max_items = 14)]
    sections: Vec<Section>,
    /// 伝えてよい相手
    #[serde(default)]
    #[validate(nested)]
    recipients: RecipientsRequest,
    /// 伝えてほしくない相手。前の版の相手は、書かなくても引き継がれます
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    exclusions: Vec<AgencyId>,
    /// 前の版の「伝えてほしくない相手」のうち、本人がよいと言ったもの(見えているものだけ)
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 100)]
    lifted_exclusions: Vec<LiftedRequest>,
    /// つなぎ先からさらに伝えてよいか
    #[serde(default = "named_only")]
    allow_onward: AllowOnward,
    /// 送り元への報告に文章を付けてよいか
    #[serde(default = "yes")]
    allow_report_back: bool,
    /// 意思を示した日時(未来は不可)
    obtained_at: Instant,
    /// 開始日(省略すると、意思を示した日)
    effective_from: Option<Day>,
    /// 終了日(省略すると、1年後)
    effective_until: Option<Day>,
    /// 次に確かめる日(不同意・保留で省略すると、10開庁日後)
    follow_up_on: Option<Day>,
    /// 示した説明文の種類(省略すると、標準の文)
    pub(super) notice_variant: Option<ShownRequest>,
    /// 利用目的(具体的に)
    #[validate(length(max = 300), custom(function = "text::block"))]
    #[schema(max_length = 300)]
    purpose_text: Option<String>,
    /// 意思を示した場所
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    obtained_place: Option<String>,
    /// 控えを渡した日
    copy_given_on: Option<Day>,
    /// 同意が及ぶ世帯員
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    household_members: Vec<MemberRequest>,
    /// 伝えてほしくない相手・事項
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(max_length = 500)]
    exclusion_note: Option<String>,
    /// 代理人が、虐待やDVの疑いのある人でないことを確かめた(疑いが記録されているとき、代理人の同意に必要)
    #[serde(default)]
    representative_not_suspected: bool,
}

fn support_referral() -> Purpose {
    Purpose::SupportReferral
}

fn named_only() -> AllowOnward {
    AllowOnward::Named
}

fn yes() -> bool {
    true
}

impl ConsentRequest {
    /// Every agency that the request names, with its place in the request.
    pub(super) fn agencies(&self) -> Vec<(String, AgencyId)> {
        let recipients = self.recipients.agency_ids.iter().enumerate();
        let exclusions = self.exclusions.iter().enumerate();
        recipients
            .map(|(i, id)| (format!("/recipients/agency_ids/{i}"), *id))
            .chain(exclusions.map(|(i, id)| (format!("/exclusions/{i}"), *id)))
            .collect()
    }

    /// The exclusions that no longer hold.
    pub(super) fn lifted(&self) -> Vec<Lifted> {
        self.lifted_exclusions.iter().map(LiftedRequest::lifted).collect()
    }

    /// The day on which it was given.
    pub(super) fn obtained_on(&self) -> Day {
        Day(self.obtained_at.date())
    }

    /// The terms; `named` are the agencies that they name.
    pub(super) fn terms(
        &self,
        notice_id: Option<NoticeId>,
        explained: Option<Explained>,
        named: &[AgencyRecord],
        actor: &Actor,
    ) -> Terms {
        let asked = self.clone();
        let text = |value: Option<String>| value.map(Personal::new);
        let called = |it: &AgencyRecord| (it.agency.id, it.called(self.obtained_at).0.to_owned());
        let effective_from = asked.effective_from.unwrap_or(self.obtained_on());
        let a_year = jiff::Span::new().years(1);
        let in_a_year = Day(effective_from.0.checked_add(a_year).unwrap_or(effective_from.0));
        let member = |it: MemberRequest| CoveredMember { name: Personal::new(it.name), own_consent: it.own_consent };
        let open = matches!(asked.decision, Decision::Refused | Decision::Pending);
        let comes_back = || Day(calendar::add_open_days(actor.today().0, FOLLOW_UP_OPEN_DAYS));
        Terms {
            decision: asked.decision,
            given_by: GivenBy {
                kind: asked.given_by.kind,
                name: text(asked.given_by.name),
                relation: text(asked.given_by.relation),
                authority_document: text(asked.given_by.authority_document),
                capacity_note: text(asked.given_by.capacity_note),
                subject_intent: asked.given_by.subject_intent,
            },
            identity_check: asked.identity_check,
            method: asked.method,
            proxy_writer: text(asked.proxy_writer),
            witness_staff_id: asked.witness_staff_id,
            notice_id,
            purpose: asked.purpose,
            sections: asked.sections.into_iter().collect(),
            recipients: Recipients {
                agency_ids: asked.recipients.agency_ids.into_iter().collect(),
                classes: asked.recipients.classes.into_iter().collect(),
            },
            exclusions: asked.exclusions.into_iter().collect(),
            allow_onward: asked.allow_onward,
            allow_report_back: asked.allow_report_back,
            obtained_at: asked.obtained_at,
            effective_from,
            effective_until: asked.effective_until.unwrap_or(in_a_year),
            follow_up_on: asked.follow_up_on.or_else(|| open.then(comes_back)),
            circumstances: Circumstances {
                purpose_text: text(asked.purpose_text),
                obtained_place: text(asked.obtained_place),
                copy_given_on: asked.copy_given_on,
                household_members: asked.household_members.into_iter().map(member).collect(),
                exclusion_note: text(asked.exclusion_note),
                representative_not_suspected: asked.representative_not_suspected,
                explained,
                agency_names: named.iter().map(called).collect(),
            },
        }
    }

    /// The text of the notice that was shown, with its hash.
    ///
    /// # Errors
    /// The notice has no such text.
    pub(super) fn explained(&self, notice: Option<&NoticeRecord>) -> Result<Option<Explained>, Problem> {
        let (kind, language) = match &self.notice_variant {
            Some(shown) => (shown.kind, shown.language.as_str()),
            None => (VariantKind::Standard, JAPANESE),
        };
        let purpose = notice.and_then(|notice| notice.purpose.as_deref());
        let mut texts = notice.map(NoticeRecord::texts).unwrap_or_default().into_iter();
        match texts.find(|text| text.kind == kind && text.language == language) {
            Some(text) => {
                let text_hash = text.text_hash(purpose);
                Ok(Some(Explained { kind, language: text.language, text_hash }))
            }
            None if self.notice_variant.is_none() => Ok(None),
            None => {
                let detail = "この説明文には、その種類と言語の文がありません。一覧から選び直してください。";
                Err(Problem::invalid("/notice_variant", "unknown_variant", detail))
            }
        }
    }

    pub(super) fn witness_staff_id(&self) -> Option<StaffId> {
        self.witness_staff_id
    }

    pub(super) fn heard_by_staff_id(&self) -> Option<StaffId> {
        self.heard_by_staff_id
    }
}

/// 同意した人.
#[derive(Serialize, ToSchema)]
struct GivenByResponse {
    kind: GivenByKind,
    #[schema(value_type = Option<String>)]
    name: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    relation: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    authority_document: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    capacity_note: Option<Personal<String>>,
    subject_intent: Option<SubjectIntent>,
}

/// 同意が及ぶ世帯員.
#[derive(Serialize, ToSchema)]
struct MemberResponse {
    #[schema(value_type = String)]
    name: Personal<String>,
    own_consent: OwnConsent,
}

/// 示した説明文の種類.
#[derive(Serialize, ToSchema)]
struct ShownResponse {
    kind: VariantKind,
    language: String,
}

/// 伝えてよい相手.
#[derive(Serialize, ToSchema)]
struct RecipientsResponse {
    agency_ids: Vec<AgencyId>,
    classes: Vec<AgencyClass>,
}

/// 機関の、そのときの名前.
#[derive(Serialize, ToSchema)]
struct NamedResponse {
    agency_id: AgencyId,
    name: String,
}

/// Whether the witness has spoken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WitnessState {
    /// 要らない
    NotNeeded,
    /// 確認待ち
    Awaited,
    /// 確認した
    Confirmed,
    /// 確認できなかった
    Denied,
}

/// 立会人.
#[derive(Serialize, ToSchema)]
struct WitnessResponse {
    state: WitnessState,
    staff_id: Option<StaffId>,
    at: Option<Instant>,
}

/// 撤回.
#[derive(Serialize, ToSchema)]
struct WithdrawalResponse {
    id: WithdrawalId,
    by: WithdrawnBy,
    method: WithdrawalMethod,
    #[schema(value_type = Option<String>)]
    reason: Option<Personal<String>>,
    /// 空なら、すべての相手
    agency_ids: Vec<AgencyId>,
    /// 空なら、すべての項目
    sections: Vec<Section>,
    at: Instant,
}

/// 初めから無効とした記録.
#[derive(Serialize, ToSchema)]
struct InvalidityResponse {
    at: Instant,
    /// 記録した職員
    staff_id: Option<StaffId>,
    #[schema(value_type = Option<String>)]
    reason: Option<Personal<String>>,
}

/// 同意.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentResponse {
    id: ConsentId,
    sheet_id: SheetId,
    /// 版(1から)
    version: u32,
    state: ConsentState,
    decision: Decision,
    given_by: GivenByResponse,
    identity_check: IdentityCheck,
    method: ConsentMethod,
    #[schema(value_type = Option<String>)]
    proxy_writer: Option<Personal<String>>,
    witness_staff_id: Option<StaffId>,
    witness: WitnessResponse,
    /// 本人から直接聞いた職員(連携システムが記録したとき)
    heard_by_staff_id: Option<StaffId>,
    /// その職員が確かめた日時
    heard_confirmed_at: Option<Instant>,
    notice_id: Option<NoticeId>,
    purpose: Purpose,
    sections: Vec<Section>,
    recipients: RecipientsResponse,
    /// 伝えてほしくない相手(前の版から引き継いだものも。見られる人にだけ)
    exclusions: Vec<AgencyId>,
    /// 名指しの機関の、意思を示した日時の名前
    agency_names: Vec<NamedResponse>,
    /// この版でやめた「伝えてほしくない相手」(見られる人にだけ)
    lifted_exclusions: Vec<LiftedResponse>,
    allow_onward: AllowOnward,
    allow_report_back: bool,
    obtained_at: Instant,
    effective_from: Day,
    effective_until: Day,
    follow_up_on: Option<Day>,
    /// 示した説明文の種類
    notice_variant: Option<ShownResponse>,
    /// 示した文のハッシュ(SHA-256)
    explained_text_hash: Option<String>,
    #[schema(value_type = Option<String>)]
    purpose_text: Option<Personal<String>>,
    #[schema(value_type = Option<String>)]
    obtained_place: Option<Personal<String>>,
    copy_given_on: Option<Day>,
    /// 同意が及ぶ世帯員
    household_members: Vec<MemberResponse>,
    #[schema(value_type = Option<String>)]
    exclusion_note: Option<Personal<String>>,
    /// 代理人が虐待やDVの疑いのある人でないことを確かめたか(見られる人にだけ)
    representative_not_suspected: Option<bool>,
    recorded_agency_id: AgencyId,
    recorded_by: Option<StaffId>,
    recorded_at: Instant,
    /// 証拠(筆跡など)。中身は別に読みます
    evidence: Vec<EvidenceResponse>,
    withdrawals: Vec<WithdrawalResponse>,
    /// 初めから無効とした記録
    invalid: Option<InvalidityResponse>,
    /// この版が認めないことを、前の版でまだ見られる機関(この版が最後の意思のとき)。見えるのは、この版までに書かれたことだけです
    still_told: Vec<AgencyId>,
    /// そのままにすると記録した日時
    sharing_kept_at: Option<Instant>,
    /// いま、この人ができる変更(operationId)。入力によっては、断られることもある
    can: Vec<&'static str>,
}

impl From<WithdrawalView<'_>> for WithdrawalResponse {
    fn from(view: WithdrawalView<'_>) -> Self {
        let it = view.withdrawal;
        Self {
            id: it.id,
            by: it.by,
            method: it.method,
            reason: view.reason,
            agency_ids: view.agency_ids,
            sections: it.sections.iter().copied().collect(),
            at: it.at,
        }
    }
}

impl From<Witness> for WitnessResponse {
    fn from(witness: Witness) -> Self {
        let (state, staff_id, at) = match witness {
            Witness::NotNeeded => (WitnessState::NotNeeded, None, None),
            Witness::Awaited => (WitnessState::Awaited, None, None),
            Witness::Confirmed { staff_id, at } => (WitnessState::Confirmed, Some(staff_id), Some(at)),
            Witness::Denied { staff_id, at } => (WitnessState::Denied, Some(staff_id), Some(at)),
        };
        Self { state, staff_id, at }
    }
}

impl From<ConsentView<'_>> for ConsentResponse {
    fn from(view: ConsentView<'_>) -> Self {
        let (consent, terms) = (view.consent, &view.consent.terms);
        let words = view.words;
        let given_by = words.map(|it| &it.given_by);
        let about = words.map(|it| &it.circumstances);
        let explained = terms.circumstances.explained.as_ref();
        let named = |(agency_id, name): (AgencyId, &str)| NamedResponse { agency_id, name: name.to_owned() };
        let member = |it: &CoveredMember| MemberResponse { name: it.name.clone(), own_consent: it.own_consent };
        Self {
            id: consent.id,
            sheet_id: consent.sheet_id,
            version: consent.version,
            state: view.state,
            decision: terms.decision,
            given_by: GivenByResponse {
                kind: terms.given_by.kind,
                name: given_by.and_then(|it| it.name.clone()),
                relation: given_by.and_then(|it| it.relation.clone()),
                authority_document: given_by.and_then(|it| it.authority_document.clone()),
                capacity_note: given_by.and_then(|it| it.capacity_note.clone()),
                subject_intent: terms.given_by.subject_intent,
            },
            identity_check: terms.identity_check,
            method: terms.method,
            proxy_writer: words.and_then(|it| it.proxy_writer.clone()),
            witness_staff_id: terms.witness_staff_id,
            witness: consent.witness.into(),
            heard_by_staff_id: consent.heard.map(|heard| heard.staff_id),
            heard_confirmed_at: consent.heard.and_then(|heard| heard.confirmed_at),
            notice_id: terms.notice_id,
            purpose: terms.purpose,
            sections: terms.sections.iter().copied().collect(),
            recipients: RecipientsResponse {
                agency_ids: view.recipients,
                classes: terms.recipients.classes.iter().copied().collect(),
            },
            agency_names: view.agency_names.into_iter().map(named).collect(),
            exclusions: view.exclusions.into_iter().collect(),
            lifted_exclusions: view.lifted.into_iter().map(LiftedResponse::from).collect(),
            allow_onward: terms.allow_onward,
            allow_report_back: terms.allow_report_back,
            obtained_at: terms.obtained_at,
            effective_from: terms.effective_from,
            effective_until: terms.effective_until,
            follow_up_on: terms.follow_up_on,
            notice_variant: explained.map(|it| ShownResponse { kind: it.kind, language: it.language.clone() }),
            explained_text_hash: explained.map(|it| it.text_hash.clone()),
            purpose_text: about.and_then(|it| it.purpose_text.clone()),
            obtained_place: about.and_then(|it| it.obtained_place.clone()),
            copy_given_on: terms.circumstances.copy_given_on,
            household_members: about.into_iter().flat_map(|it| &it.household_members).map(member).collect(),
            exclusion_note: about.and_then(|it| it.exclusion_note.clone()),
            representative_not_suspected: about.map(|it| it.representative_not_suspected),
            recorded_agency_id: consent.recorded_agency_id,
            recorded_by: consent.recorded_by,
            recorded_at: consent.recorded_at,
            evidence: consent.evidence.iter().map(evidence_response).collect(),
            withdrawals: view.withdrawals.into_iter().map(WithdrawalResponse::from).collect(),
            invalid: consent.invalid.as_ref().map(|it| InvalidityResponse {
                at: it.at,
                staff_id: it.staff_id,
                reason: view.invalid_reason,
            }),
            still_told: view.still_told.into_iter().collect(),
            sharing_kept_at: consent.kept.map(|kept| kept.at),
            can: view.can,
        }
    }
}

/// The named agencies; each `named` has its place in the request.
///
/// # Errors
/// [`Problem::InvalidInput`] with the place of each that does not exist.
pub(super) fn all_known(tx: &mut WriteTx<'_>, named: &[(String, AgencyId)]) -> Result<Vec<AgencyRecord>, Problem> {
    let ids: Vec<_> = named.iter().map(|(_, id)| *id).collect();
    let found = tx.find_agencies(&ids)?;
    let known: BTreeSet<_> = found.iter().map(|record| record.agency.id).collect();
    let unknown = named.iter().filter(|(_, id)| !known.contains(id));
    let detail = "この機関は見つかりません。一覧から選び直してください。";
    let wrong: Vec<_> = unknown.map(|(at, _)| FieldError::new(at.clone(), "unknown_agency", detail)).collect();
    if wrong.is_empty() { Ok(found) } else { Err(Problem::InvalidInput(wrong)) }
}
