//! Code lists: every code that the API uses, with its Japanese label, in one place.
//!
//! A list on which rules depend is an enum made by [`code_list!`]; a list that only describes (topics, relations) is in [`Tables`], and a
//! municipality extends it by configuration. Both are served by `GET /api/v1/codes`.

use crate::exception::{BasisTerms, ConsentStatus, ExceptionCode, ExceptionState, UsedBy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes an enum of codes: wire spelling, Japanese label, parsing, serde, OpenAPI schema.
macro_rules! code_list {
    ($(#[$doc:meta])* $vis:vis enum $name:ident ($list:literal, $title:literal) {
        $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the label beside each code says what it is")]
        $vis enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every code of the list, in the order in which it is shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The Japanese label.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// The list as it is served.
            pub fn list() -> $crate::codes::CodeList {
                $crate::codes::CodeList {
                    list: $list.to_owned(),
                    title: $title.to_owned(),
                    codes: Self::ALL.iter().map(|c| $crate::codes::Code::new(c.as_str(), c.label())).collect(),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::codes::UnknownCode;
            fn from_str(code: &str) -> Result<Self, $crate::codes::UnknownCode> {
                const ALLOWED: &[(&str, &str)] = &[$(($code, $label)),+];
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::codes::UnknownCode { list: $list, allowed: ALLOWED }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                code.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let meaning: Vec<String> = Self::ALL.iter().map(|c| format!("`{}` {}", c.as_str(), c.label())).collect();
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(format!("{}: {}", $title, meaning.join(" / "))))
                    .enum_values(Some(Self::ALL.iter().map(|c| c.as_str())))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use code_list;

/// The code is in none of the lists that are allowed here. The code itself is not kept: it could be any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown code of the list {list}: {}", serde_json::json!(allowed))]
pub struct UnknownCode {
    /// The list in which it was looked up.
    pub list: &'static str,
    /// The codes of the list, with their labels. They are part of the message, because serde carries nothing else to the door.
    pub allowed: &'static [(&'static str, &'static str)],
}

/// One code with its label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Code {
    /// The code.
    #[schema(example = "13")]
    pub code: String,
    /// The Japanese label.
    #[schema(example = "ひきこもり・不登校")]
    pub label: String,
    /// What a basis other than consent demands (only in the list `exception_code`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<BasisTerms>,
}

impl Code {
    pub(crate) fn new(code: &str, label: &str) -> Self {
        Self { code: code.to_owned(), label: label.to_owned(), basis: None }
    }
}

/// A code list as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeList {
    /// The list's name.
    #[schema(example = "topics")]
    pub list: String,
    /// Its Japanese title.
    #[schema(example = "相談内容")]
    pub title: String,
    /// Its codes, in order.
    pub codes: Vec<Code>,
}

code_list! {
    /// 相談方法.
    pub enum Channel ("channel", "相談方法") {
        Visit = "visit", "来所"; Phone = "phone", "電話"; HomeVisit = "home_visit", "訪問"; Email = "email", "メール";
        Online = "online", "オンライン"; Sns = "sns", "SNS"; OutreachEvent = "outreach_event", "出張相談会";
        Document = "document", "文書"; Other = "other", "その他";
    }
}
code_list! {
    /// 相談経路.
    pub enum Route ("route", "相談経路") {
        SelfVisit = "self_visit", "本人(来所)"; SelfRemote = "self_remote", "本人(電話・メール)";
        FamilyVisit = "family_visit", "家族・知人(来所)"; FamilyRemote = "family_remote", "家族・知人(電話・メール)";
        Outreach = "outreach", "アウトリーチ"; Agency = "agency", "関係機関・関係者の紹介";
        WatchReport = "watch_report", "見守り協定・通報"; Other = "other", "その他";
    }
}
code_list! {
    /// 緊急度: how soon the next agency must answer.
    pub enum Urgency ("urgency", "緊急度") {
        Urgent = "urgent", "緊急(当日)"; Early = "early", "早期(3開庁日)"; Normal = "normal", "通常(10開庁日)";
    }
}

impl Urgency {
    /// Open days (開庁日) until an answer is due.
    pub fn open_days(self) -> u32 {
        match self {
            Self::Urgent => 0,
            Self::Early => 3,
            Self::Normal => 10,
        }
    }
}
code_list! {
    /// 住所秘匿.
    pub enum AddressSecret ("address_secret", "住所秘匿") {
        None = "none", "なし"; DvMeasure = "dv_measure", "DV等支援措置"; Requested = "requested", "本人希望"; ExOfficio = "ex_officio", "職権";
    }
}
code_list! {
    /// 性別 (never demanded).
    pub enum Sex ("sex", "性別") {
        Male = "1", "男性"; Female = "2", "女性"; Other = "3", "その他"; Unknown = "0", "不明"; NoAnswer = "9", "回答しない";
    }
}
code_list! {
    /// 本人確認の程度.
    pub enum IdentityLevel ("identity_level", "本人確認の程度") {
        Anonymous = "anonymous", "匿名"; NameOnly = "name_only", "氏名のみ"; Verified = "verified", "本人確認済";
    }
}
code_list! {
    /// How exactly the date of birth is known.
    pub enum BirthPrecision ("birth_precision", "生年月日の精度") {
        Day = "day", "年月日"; Month = "month", "年月まで"; Year = "year", "年まで"; Unknown = "unknown", "不明";
    }
}
code_list! {
    /// 電話番号の種別.
    pub enum PhoneKind ("phone_kind", "電話番号の種別") {
        Home = "home", "自宅"; Mobile = "mobile", "携帯"; Work = "work", "職場"; Other = "other", "その他";
    }
}
code_list! {
    /// 世帯員本人の同意.
    pub enum OwnConsent ("own_consent", "世帯員本人の同意") {
        Unknown = "unknown", "未確認"; Yes = "given", "あり"; No = "none", "なし"; NotNeeded = "not_needed", "不要";
    }
}
code_list! {
    /// 滞納の種別.
    pub enum Arrears ("arrears", "滞納の種別") {
        Tax = "tax", "税"; HealthInsurance = "health_insurance", "国民健康保険料"; Rent = "rent", "家賃";
        Utilities = "utilities", "公共料金"; Other = "other", "その他";
    }
}
code_list! {
    /// リスク.
    pub enum RiskFlag ("risk", "リスク") {
        Suicide = "suicide", "自殺のおそれ"; ChildAbuse = "child_abuse", "児童虐待の疑い"; ElderAbuse = "elder_abuse", "高齢者虐待の疑い";
        DisabilityAbuse = "disability_abuse", "障害者虐待の疑い"; Dv = "dv", "DV"; NoFood = "no_food", "食料なし";
        HousingLoss = "housing_loss", "住居喪失"; UtilitiesCut = "utilities_cut", "ライフライン停止";
        MedicalEmergency = "medical_emergency", "医療緊急"; SelfOrOtherHarm = "self_or_other_harm", "自傷他害";
    }
}
code_list! {
    /// 利用目的.
    pub enum Purpose ("purpose", "利用目的") {
        SupportReferral = "support_referral", "相談内容に応じた支援につなぐため";
    }
}
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
    /// 機関の区分; also the recipient classes of a consent.
    pub enum AgencyClass ("agency_class", "機関の区分") {
        Ward = "ward", "区の部署"; Contractor = "contractor", "区の委託先"; Council = "council", "社会福祉協議会"; PublicBody = "public_body", "他の官公署";
        Medical = "medical", "医療機関"; School = "school", "学校"; Npo = "npo", "NPO等"; Commissioner = "commissioner", "民生委員"; Other = "other", "その他";
        Prefecture = "prefecture", "都道府県"; OtherMunicipality = "other_municipality", "他の区市町村"; Business = "business", "協力事業者"; Legal = "legal", "弁護士・司法書士等";
    }
}

impl AgencyClass {
    /// Whether a confidentiality agreement (守秘義務契約・協定) must be in force before anything is relayed there.
    pub fn needs_agreement(self) -> bool {
        use AgencyClass::{Business, Contractor, Council, Legal, Medical, Npo, Other, School};
        matches!(self, Contractor | Council | Medical | School | Npo | Other | Business | Legal)
    }
}
code_list! {
    /// 職の役割.
    pub enum Role ("role", "職の役割") {
        Counter = "counter", "窓口職員"; Manager = "manager", "所属長"; Hub = "hub", "調整担当"; PrivacyOfficer = "privacy_officer", "個人情報保護管理者";
        Auditor = "auditor", "監査"; Admin = "admin", "システム管理者";
    }
}
code_list! {
    /// シートの状態.
    pub enum SheetState ("sheet_state", "シートの状態") {
        Draft = "draft", "下書き"; Registered = "registered", "受付済"; ConsentPending = "consent_pending", "同意待ち"; Consented = "consented", "同意済";
        Relaying = "relaying", "つなぎ中"; InSupport = "in_support", "支援中"; Closed = "closed", "終結"; Voided = "voided", "取消";
    }
}
code_list! {
    /// つなぎの状態.
    pub enum RelayState ("relay_state", "つなぎの状態") {
        Sent = "sent", "送付済"; Received = "received", "受領"; Accepted = "accepted", "受理"; Declined = "declined", "辞退"; Returned = "returned", "差戻し";
        Cancelled = "cancelled", "取下げ"; Halted = "halted", "停止"; Reported = "reported", "報告済"; Closed = "closed", "完了";
    }
}
code_list! {
    /// 同意の意思.
    pub enum Decision ("decision", "同意の意思") {
        Granted = "granted", "同意"; Partial = "partial", "一部同意"; Refused = "refused", "不同意"; Pending = "pending", "保留";
    }
}
code_list! {
    /// 同意の状態.
    pub enum ConsentState ("consent_state", "同意の状態") {
        Effective = "effective", "有効"; Refused = "refused", "不同意"; Pending = "pending", "保留"; Superseded = "superseded", "改訂済"; Withdrawn = "withdrawn", "撤回"; Invalid = "invalid", "無効"; Expired = "expired", "満了";
    }
}
code_list! {
    /// 同意した人.
    pub enum GivenByKind ("given_by", "同意した人") {
        Oneself = "self", "本人"; LegalRepresentative = "legal_representative", "法定代理人"; Agent = "agent", "任意代理人";
    }
}
code_list! {
    /// 本人の意向 (when a representative consents).
    pub enum SubjectIntent ("subject_intent", "本人の意向") {
        Agrees = "agrees", "本人も了解"; CannotTell = "cannot_tell", "本人の意思確認困難"; NotAsked = "not_asked", "未確認";
    }
}
code_list! {
    /// 同意時の本人確認.
    pub enum IdentityCheck ("identity_check", "同意時の本人確認") {
        Document = "document", "書類"; Known = "known", "面識"; Questions = "questions", "聞き取り"; None = "none", "未確認";
    }
}
code_list! {
    /// 同意の方法.
    pub enum ConsentMethod ("consent_method", "同意の方法") {
        SignaturePaper = "signature_paper", "自署(紙)"; SignaturePad = "signature_pad", "電子署名パッド"; Oral = "oral", "口頭"; Phone = "phone", "電話"; Email = "email", "メール";
    }
}
code_list! {
    /// つなぎ先からさらに伝えてよいか.
    pub enum AllowOnward ("allow_onward", "つなぎ先からさらに") {
        No = "no", "不可"; Named = "named", "名指しした先のみ"; Classes = "classes", "区分の範囲内";
    }
}
code_list! {
    /// 撤回した人.
    pub enum WithdrawnBy ("withdrawn_by", "撤回した人") {
        Oneself = "self", "本人"; LegalRepresentative = "legal_representative", "法定代理人"; Agent = "agent", "任意代理人";
    }
}
code_list! {
    /// 撤回の方法.
    pub enum WithdrawalMethod ("withdrawal_method", "撤回の方法") {
        Oral = "oral", "口頭"; Paper = "paper", "書面"; Phone = "phone", "電話"; Email = "email", "メール";
    }
}
code_list! {
    /// 支援経過の方法.
    pub enum EntryMethod ("entry_method", "支援経過の方法") {
        Phone = "phone", "電話"; Interview = "interview", "面談"; HomeVisit = "home_visit", "訪問"; Accompanied = "accompanied", "同行";
        Conference = "conference", "会議"; Email = "email", "メール"; Other = "other", "その他";
    }
}

/// The code lists that only describe: rules never depend on a single code of them, and a municipality may add codes or reword them.
#[derive(Debug, Clone)]
pub struct Tables {
    lists: Vec<CodeList>,
}

/// A code that a municipality adds, or an existing one that it rewords.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalCode {
    /// The list: `topics` or `relation`.
    pub list: String,
    /// The code, 1–20 characters of `a–z 0–9 _ -`.
    pub code: String,
    /// The Japanese label.
    pub label: String,
}

const TOPICS: &[(&str, &str)] = &[
    ("01", "病気や健康・障害のこと"),
    ("02", "住まい"),
    ("03", "収入・生活費"),
    ("04", "家賃やローンの支払い"),
    ("05", "税金や公共料金等の支払い"),
    ("06", "債務"),
    ("07", "仕事探し・就職"),
    ("08", "仕事上の不安やトラブル"),
    ("09", "地域との関係"),
    ("10", "家族との関係"),
    ("11", "子育て"),
    ("12", "介護"),
    ("13", "ひきこもり・不登校"),
    ("14", "DV・虐待"),
    ("15", "食べるものがない"),
    ("99", "その他"),
];

impl Default for Tables {
    fn default() -> Self {
        // Source: 相談受付・申込票 (national intake form), list CONSULT.
        let topics = CodeList {
            list: "topics".to_owned(),
            title: "相談内容".to_owned(),
            codes: TOPICS.iter().map(|(code, label)| Code::new(code, label)).collect(),
        };
        Self { lists: vec![topics] }
    }
}

impl Tables {
    /// Adds or rewords codes.
    ///
    /// # Errors
    /// The list is not one that may be extended, or the code is not well formed.
    pub fn extend(&mut self, local: &[LocalCode]) -> Result<(), UnknownCode> {
        for code in local {
            let formed = (1..=20).contains(&code.code.len())
                && code.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
            let list = self.lists.iter_mut().find(|l| l.list == code.list);
            let (Some(list), true) = (list, formed) else {
                return Err(UnknownCode { list: "local codes", allowed: &[] });
            };
            match list.codes.iter_mut().find(|c| c.code == code.code) {
                Some(known) => known.label.clone_from(&code.label),
                None => list.codes.push(Code::new(&code.code, &code.label)),
            }
        }
        Ok(())
    }

    /// Whether `code` is a topic (相談内容).
    pub fn is_topic(&self, code: &str) -> bool {
        self.topics().any(|topic| topic.code == code)
    }

    /// The topics, for the answer to an unknown one.
    pub fn topics(&self) -> impl Iterator<Item = &Code> {
        self.lists.iter().filter(|list| list.list == "topics").flat_map(|list| &list.codes)
    }

    /// The topic with this label.
    pub fn topic_called(&self, label: &str) -> Option<&str> {
        let topics = self.lists.iter().filter(|list| list.list == "topics").flat_map(|list| &list.codes);
        topics.into_iter().find(|topic| topic.label == label).map(|topic| topic.code.as_str())
    }

    /// Every list that the service knows, the extensible ones first.
    pub fn all(&self) -> Vec<CodeList> {
        let mut lists = self.lists.clone();
        lists.extend([
            Channel::list(),
            Route::list(),
            Urgency::list(),
            AddressSecret::list(),
            Sex::list(),
            IdentityLevel::list(),
            BirthPrecision::list(),
            PhoneKind::list(),
            OwnConsent::list(),
            Arrears::list(),
            RiskFlag::list(),
            crate::content::Section::list(),
            Purpose::list(),
            Handover::list(),
            DeclineReason::list(),
            RefusedBy::list(),
            ReportResult::list(),
            ReportOutcome::list(),
            AgencyClass::list(),
            Role::list(),
            crate::agency::Scope::list(),
            SheetState::list(),
            RelayState::list(),
            Decision::list(),
            ConsentState::list(),
            GivenByKind::list(),
            SubjectIntent::list(),
            IdentityCheck::list(),
            ConsentMethod::list(),
            AllowOnward::list(),
            WithdrawnBy::list(),
            WithdrawalMethod::list(),
            EntryMethod::list(),
            ExceptionCode::list_with_terms(),
            UsedBy::list(),
            ConsentStatus::list(),
            ExceptionState::list(),
            crate::consent::Clause::list(),
            crate::receipt::ReceiptStanding::list(),
            crate::explained::VariantKind::list(),
            crate::consent::EvidenceKind::list(),
            crate::attachment::AttachmentKind::list(),
            crate::attachment::MediaType::list(),
            crate::case::TaskKind::list(),
            crate::relay::HandBackState::list(),
            crate::address::ReleaseState::list(),
            crate::address::ReleaseEnd::list(),
            crate::stop::StopCause::list(),
            crate::stop::StopState::list(),
            crate::stop::Disposition::list(),
            crate::mail::MailKind::list(),
            crate::audit::EventKind::list(),
        ]);
        lists
    }
}
