//! The sheet as a request and as an answer.

use super::closure::{OutcomeRequest, OutcomeResponse, outcome_response};
use crate::problem::Problem;
use domain::agency::{Actor, Agency};
use domain::case::consent::ConsentState;
use domain::case::exception::ExceptionCode;
use domain::case::sheet::{Document, Reception, SheetLabel, SheetState, Visitor};
use domain::case::{Path, SheetInput, SheetView, Step, Withheld};
use domain::codes::{Tables, UnknownCode};
use domain::content::{AddressSecret, Channel, Content, Route, UncheckedContent, Urgency, Warning};
use domain::ids::{AgencyId, RelayId, SheetId, StaffId};
use domain::personal::Personal;
use domain::time::{Day, Instant};
use domain::{kana, text};
use serde::{Deserialize, Serialize};
use storage::{Locked, StoreError, WriteTx};
use utoipa::ToSchema;
use validator::Validate;

/// Whether a sheet is recorded as a draft or registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub(super) enum Save {
    /// 下書き
    Draft,
    /// 受付済
    Registered,
}

impl TryFrom<String> for Save {
    type Error = UnknownCode;

    // Not derived: serde_json reports anything but a string in place of an enum as an error in the JSON itself.
    fn try_from(code: String) -> Result<Self, UnknownCode> {
        match code.as_str() {
            "draft" => Ok(Self::Draft),
            "registered" => Ok(Self::Registered),
            _ => Err(UnknownCode { list: "save", allowed: &[("draft", "下書き"), ("registered", "受付済")] }),
        }
    }
}

/// 来談者(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitorRequest {
    /// 氏名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "見本 春子")]
    name: Option<String>,
    /// カナ(ひらがなも可)
    #[validate(length(max = 100), custom(function = "kana::only"))]
    #[schema(max_length = 100, example = "ミホン ハルコ")]
    kana: Option<String>,
    /// 電話
    #[validate(custom(function = "text::phone"))]
    #[schema(max_length = 30, example = "090-0000-0000")]
    phone: Option<String>,
    /// 続柄・関係
    #[validate(length(max = 50), custom(function = "text::line"))]
    #[schema(max_length = 50, example = "母")]
    relation: Option<String>,
}

/// シート(送る内容)。下書きで必須なのは state だけです。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "state": "registered", "received_at": "2026-11-20T10:00:00+09:00", "channel": "visit", "route": "self_visit", "visitor": null,
    "urgency": "normal", "address_secret": "none",
    "content": {
        "identity": {
            "family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ",
            "birth_date": "1986-04-01", "identity_level": "verified"
        },
        "topics": {"codes": ["03", "05"], "main": "03"},
        "statement": {"subject_words": "収入が減って、家賃と税金が払えない。", "done_here": "収支を聞き取った。"},
        "risk": {"flags": []}
    }
}))]
pub(super) struct SheetRequest {
    /// 下書き(draft)か受付済(registered)か
    pub(super) state: Save,
    /// 受付日時(未来は不可)
    received_at: Option<Instant>,
    /// 相談方法
    channel: Option<Channel>,
    /// 相談経路
    route: Option<Route>,
    /// 来談者(本人なら null)
    #[validate(nested)]
    visitor: Option<VisitorRequest>,
    /// 緊急度
    urgency: Option<Urgency>,
    /// 住所秘匿(省略時は none)
    address_secret: Option<AddressSecret>,
    /// 内容(共有項目ごと)
    content: Option<UncheckedContent>,
}

/// A sheet from a request that has been checked; it can be reused at little cost when a transaction is run again.
#[derive(Clone)]
pub(super) struct Checked {
    pub(super) save: Save,
    reception: Reception,
    document: Document,
}

impl SheetRequest {
    pub(super) fn check(self, tables: &Tables, actor: &Actor) -> Result<Checked, Problem> {
        let content = self.content.unwrap_or_default().check(tables, actor.today())?;
        let text = |value: Option<String>| value.map(Personal::new);
        let visitor = self.visitor.map(|v| Visitor {
            name: text(v.name),
            kana: text(v.kana.map(|kana| kana::katakana(&kana).unwrap_or(kana))),
            phone: text(v.phone),
            relation: text(v.relation),
        });
        let reception = Reception {
            received_at: self.received_at,
            channel: self.channel,
            route: self.route,
            urgency: self.urgency,
            address_secret: self.address_secret.unwrap_or(AddressSecret::None),
        };
        Ok(Checked {
            save: self.state,
            reception,
            document: Document { visitor, content, reception: None, written: None },
        })
    }
}

impl Checked {
    pub(super) fn input(&self) -> SheetInput {
        SheetInput { reception: self.reception.clone(), document: self.document.clone() }
    }

    pub(super) fn document(&self) -> &Document {
        &self.document
    }
}

/// 来談者.
#[derive(Serialize, ToSchema)]
pub(super) struct VisitorResponse {
    /// 氏名
    #[schema(value_type = Option<String>)]
    name: Option<Personal<String>>,
    /// カナ
    #[schema(value_type = Option<String>)]
    kana: Option<Personal<String>>,
    /// 電話
    #[schema(value_type = Option<String>)]
    phone: Option<Personal<String>>,
    /// 続柄・関係
    #[schema(value_type = Option<String>)]
    relation: Option<Personal<String>>,
}

/// 本人の同意によらずに伝えたこと: the banner.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithoutConsent {
    /// 根拠
    pub(crate) codes: Vec<ExceptionCode>,
}

/// シート, as its reader may see it.
#[derive(Serialize, ToSchema)]
pub(super) struct SheetResponse {
    id: SheetId,
    /// 番号(受付済から)
    #[schema(example = "R8-000123")]
    number: Option<String>,
    /// 版(ETag と同じ)
    revision: u32,
    /// 内容が最後に変わった版
    content_revision: u32,
    state: SheetState,
    /// 受け付けた機関
    origin_agency_id: AgencyId,
    /// 主担当の機関
    holder_agency_id: AgencyId,
    received_at: Option<Instant>,
    channel: Option<Channel>,
    route: Option<Route>,
    urgency: Option<Urgency>,
    /// 住所秘匿(受け付けた機関だけに示す)
    #[serde(skip_serializing_if = "Option::is_none")]
    address_secret: Option<AddressSecret>,
    /// 来談者(連絡先を見られる機関だけに示す)
    visitor: Option<VisitorResponse>,
    created_at: Instant,
    updated_at: Instant,
    closed_at: Option<Instant>,
    /// 終結時評価(終結していて、記録があるとき)
    outcome: Option<OutcomeResponse>,
    /// 本人の同意によらずにつないだことがあり、有効な同意がまだないとき、その根拠(この機関に関わるものだけ)
    without_consent: Option<WithoutConsent>,
    /// 相談者と主な相談内容(見てよい範囲だけ)
    label: Option<SheetLabel>,
    /// 内容(見てよい共有項目だけ)
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
    /// いまの同意の状態(有効なもの、なければ最後のもの。まだなければ空。内容を見られる機関だけに示す)
    consent_state: Option<ConsentState>,
    /// この機関で担当する職員
    assigned_staff_id: Option<StaffId>,
    /// この機関がさらにつなぐとき、どのつなぎの続きか(受理したつなぎのうち最後のもの)
    onward_from: Option<RelayId>,
    /// この内容を書いた日時(受け付けた機関だけに示す)
    written_at: Option<Instant>,
    /// この内容を書いた職員(受け付けた機関だけに示す)
    written_by: Option<StaffId>,
    /// ひとつ前に残っている内容の版(以前の版を読むときだけ)
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_revision: Option<u32>,
    /// 見られない共有項目とその理由(記入の有無にかかわらない)
    withheld: Vec<Withheld>,
    /// 道のり(受け付けた機関と、経過を見られる機関に示す)
    path: Option<Path>,
    /// 道のりの一つ一つのつなぎ(道のりと同じ機関に示す)
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<Vec<Step>>,
    /// 受け付けたが、確かめてほしいこと
    warnings: Vec<Warning>,
    /// いま、この人ができる変更(operationId)。入力や伝える内容によっては、断られることもある
    #[schema(example = json!(["revise_sheet", "give_consent", "send_relay"]))]
    can: Vec<&'static str>,
}

/// The document as `reader` may see it; some sections may be shown as they were at an earlier revision.
pub(super) fn shown_document(
    tx: &mut WriteTx<'_>,
    locked: &Locked,
    reader: &Agency,
    today: Day,
) -> Result<Document, StoreError> {
    let mut document = tx.document(locked)?;
    let grant = locked.thing.grant(reader, today);
    for (revision, sections) in locked.thing.earlier_revisions(&grant) {
        let (_, earlier) = tx.find_document(locked, revision)?.ok_or(StoreError::Missing)?;
        document = document.with_earlier(&earlier, &sections, &grant);
    }
    Ok(document)
}

impl From<SheetView<'_>> for SheetResponse {
    fn from(view: SheetView<'_>) -> Self {
        let SheetView { sheet, reception, visitor, written, .. } = view;
        let codes = view.without_consent;
        Self {
            id: sheet.id,
            number: sheet.number.map(|n| n.to_string()),
            revision: view.revision,
            content_revision: view.content_revision,
            state: view.state,
            origin_agency_id: sheet.origin_agency_id,
            holder_agency_id: sheet.holder_agency_id,
            received_at: reception.received_at,
            channel: reception.channel,
            route: reception.route,
            urgency: reception.urgency,
            address_secret: view.address_secret,
            visitor: visitor.map(|v| VisitorResponse {
                name: v.name,
                kana: v.kana,
                phone: v.phone,
                relation: v.relation,
            }),
            created_at: sheet.created_at,
            updated_at: view.updated_at,
            closed_at: sheet.closed_at,
            outcome: view.closure.map(outcome_response),
            without_consent: Some(codes).filter(|codes| !codes.is_empty()).map(|codes| WithoutConsent { codes }),
            label: view.label,
            content: view.content,
            consent_state: view.consent_state,
            assigned_staff_id: view.assignee,
            onward_from: view.onward_from,
            written_at: written.as_ref().map(|it| it.at),
            written_by: written.and_then(|it| it.by),
            previous_revision: None,
            withheld: view.withheld,
            path: view.path,
            way: view.way,
            warnings: view.warnings,
            can: view.can,
        }
    }
}

impl SheetResponse {
    /// The ETag's number.
    pub(super) fn revision(&self) -> u32 {
        self.revision
    }

    /// The same, whose content was written after that of `previous_revision`.
    pub(super) fn after(self, previous_revision: Option<u32>) -> Self {
        Self { previous_revision, ..self }
    }
}

/// 再開 and 取消 say why.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonRequest {
    /// 理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500, example = "相談者から再び連絡があったため")]
    reason: String,
}

impl ReasonRequest {
    pub(super) fn text(self) -> String {
        self.reason
    }
}

/// 終結 says why, and how it went.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClosureRequest {
    /// 理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500, example = "支援の目標を達成したため")]
    reason: String,
    /// 終結時の評価
    #[validate(length(max = 2000), custom(function = "text::block"))]
    #[schema(max_length = 2000)]
    evaluation: Option<String>,
    /// 終結時評価(コードと答え)
    #[validate(nested)]
    pub(super) outcome: Option<OutcomeRequest>,
}

impl ClosureRequest {
    pub(super) fn text(&self) -> String {
        match &self.evaluation {
            Some(evaluation) => format!("{}\n\n終結時の評価:\n{evaluation}", self.reason),
            None => self.reason.clone(),
        }
    }
}
