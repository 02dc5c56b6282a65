//! The legal bases without consent (同意によらない根拠): the articles that there are, and a request to use one, from asking to follow-up.
//!
//! The service decides no law: it demands the article, the facts and a second person, and keeps them. The articles are those of
//! 個人情報の保護に関する法律 (APPI), of the three laws against abuse, and, for conferences, of 社会福祉法 and similar laws.

mod moves;

pub use moves::Verdict;

use crate::agency::{Agency, AgencyClass};
use crate::calendar;
use crate::case::relay::InvalidTransition;
use crate::codes::{Code, CodeList, code_list};
use crate::content::Sections;
use crate::door::FieldError;
use crate::floor::Floor;
use crate::ids::{AgencyId, ExceptionId, MunicipalityId, PostId, RelayId, SheetId, StaffId};
use crate::personal::Personal;
use crate::text;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

code_list! {
    /// 同意によらない根拠.
    pub enum ExceptionCode ("exception_code", "同意によらない根拠") {
        P61 = "p61", "登録した利用目的の範囲内";
        Outsrc = "outsrc", "区の事務の委託先への提供";
        C13_4 = "c13_4", "児童虐待に関する資料・情報の提供の求め";
        C6 = "c6", "児童虐待の通告";
        E7 = "e7", "高齢者虐待の通報";
        D7 = "d7", "障害者虐待の通報";
        L = "l", "その他の法令に基づく求め(令状・照会など)";
        A69_2_2 = "a69_2_2", "内部での利用(相当の理由・臨時)";
        A69_2_3 = "a69_2_3", "他の行政機関等への提供(相当の理由)";
        A69_2_4 = "a69_2_4", "明らかに本人の利益・特別の理由(生命・身体の緊急を含む)";
        A27_1_2 = "a27_1_2", "生命・身体・財産の保護(民間)";
        A27_1_3 = "a27_1_3", "公衆衛生の向上・児童の健全な育成(民間)";
        A27_1_4 = "a27_1_4", "国・自治体の事務への協力(民間)";
        S106_6 = "s106_6", "支援会議での共有";
        K9 = "k9", "生活困窮者の支援会議での共有";
        H27_3 = "h27_3", "生活保護の調整会議での共有";
        Y25 = "y25", "要保護児童対策地域協議会での共有";
    }
}
code_list! {
    /// The agencies that may rest a disclosure on an article.
    pub enum UsedBy ("exception_used_by", "根拠を使える機関") {
        Public = "public", "区などの行政機関"; Private = "private", "民間の事業者"; Anybody = "anybody", "どの機関も";
    }
}
code_list! {
    /// 同意の状況, when an exception is asked for.
    pub enum ConsentStatus ("consent_status", "同意の状況") {
        NotObtained = "not_obtained", "未取得"; Refused = "refused", "拒否"; HardToObtain = "hard_to_obtain", "取得困難";
    }
}
code_list! {
    /// 例外の状態.
    pub enum ExceptionState ("exception_state", "例外の状態") {
        Requested = "requested", "申請中"; Approved = "approved", "承認済"; Rejected = "rejected", "不承認"; Used = "used", "使用済";
        Overdue = "overdue", "承認の期限超過"; FollowedUp = "followed_up", "事後対応済";
    }
}

/// The requirements of an article, and the agencies that may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArticleRules {
    /// 条文.
    pub article: &'static str,
    /// The agencies that may use it.
    pub used_by: UsedBy,
    /// Whether it may be used at once and approved by the end of the next open day.
    pub emergency: bool,
    /// Whether somebody's written request must be recorded.
    pub on_request: bool,
    /// Whether it may be used again for the same recipient. If not, a repeated use is no exception any more: the purpose should be
    /// registered instead.
    pub repeatable: bool,
    /// Whether the person's consent must still be sought afterwards.
    pub seeks_consent: bool,
    /// Whether it can be used now: the articles about conferences wait until the service has conferences.
    pub offered: bool,
}

/// An article that any agency may use once, after approval.
const PLAIN: ArticleRules = ArticleRules {
    article: "",
    used_by: UsedBy::Anybody,
    emergency: false,
    on_request: false,
    repeatable: false,
    seeks_consent: true,
    offered: true,
};
/// Reporting abuse: a duty, and so repeatable.
const ABUSE: ArticleRules = ArticleRules { emergency: true, repeatable: true, ..PLAIN };
/// Another legal basis rather than an exception: no consent has to be sought.
const OTHER_BASIS: ArticleRules =
    ArticleRules { used_by: UsedBy::Public, repeatable: true, seeks_consent: false, ..PLAIN };
const CONFERENCE: ArticleRules = ArticleRules { used_by: UsedBy::Public, offered: false, ..PLAIN };
const PUBLIC: ArticleRules = ArticleRules { used_by: UsedBy::Public, ..PLAIN };
const PRIVATE: ArticleRules = ArticleRules { used_by: UsedBy::Private, ..PLAIN };

impl ExceptionCode {
    /// The requirements of the article.
    pub fn rules(self) -> ArticleRules {
        match self {
            Self::P61 => ArticleRules { article: "個人情報保護法61条", ..OTHER_BASIS },
            Self::Outsrc => ArticleRules { article: "個人情報保護法27条5項1号・66条2項", ..OTHER_BASIS },
            Self::C13_4 => ArticleRules {
                article: "児童虐待の防止等に関する法律13条の4",
                on_request: true,
                repeatable: true,
                ..PLAIN
            },
            Self::C6 => ArticleRules { article: "児童虐待の防止等に関する法律6条", ..ABUSE },
            Self::E7 => ArticleRules { article: "高齢者虐待防止法7条", ..ABUSE },
            Self::D7 => ArticleRules { article: "障害者虐待防止法7条", ..ABUSE },
            Self::L => ArticleRules {
                article: "個人情報保護法69条1項・27条1項1号(その法令の条文は事実に記録)",
                on_request: true,
                repeatable: true,
                ..PLAIN
            },
            Self::A69_2_2 => ArticleRules { article: "個人情報保護法69条2項2号", ..PUBLIC },
            Self::A69_2_3 => ArticleRules { article: "個人情報保護法69条2項3号", ..PUBLIC },
            Self::A69_2_4 => ArticleRules { article: "個人情報保護法69条2項4号", emergency: true, ..PUBLIC },
            Self::A27_1_2 => ArticleRules { article: "個人情報保護法27条1項2号", emergency: true, ..PRIVATE },
            Self::A27_1_3 => ArticleRules { article: "個人情報保護法27条1項3号", emergency: true, ..PRIVATE },
            Self::A27_1_4 => ArticleRules { article: "個人情報保護法27条1項4号", ..PRIVATE },
            Self::S106_6 => ArticleRules { article: "社会福祉法106条の6", ..CONFERENCE },
            Self::K9 => ArticleRules { article: "生活困窮者自立支援法9条", ..CONFERENCE },
            Self::H27_3 => ArticleRules { article: "生活保護法27条の3", ..CONFERENCE },
            Self::Y25 => ArticleRules { article: "児童福祉法25条の2", ..CONFERENCE },
        }
    }

    /// The list as it is served, each code with its requirements.
    pub fn list_with_terms() -> CodeList {
        let list = Self::list();
        let codes = list.codes.into_iter().zip(Self::ALL);
        let codes = codes.map(|(code, it)| Code { basis: Some((*it).into()), ..code }).collect();
        CodeList { codes, ..list }
    }
}

/// 根拠の条件, as a form for it needs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BasisTerms {
    /// 条文
    pub article: String,
    /// 使える機関
    pub used_by: UsedBy,
    /// 使える機関の区分
    pub classes: Vec<AgencyClass>,
    /// 緊急のとき、承認の前に使えるか(次の開庁日までに承認が要ります)
    pub emergency: bool,
    /// 必ず記録すること(項目名)
    pub demands: Vec<String>,
    /// 一回の申請で一回だけ使えるか
    pub single_use: bool,
    /// 同じ相手に繰り返し使ってよいか
    pub repeatable: bool,
    /// いま使えるか
    pub offered: bool,
}

impl From<ExceptionCode> for BasisTerms {
    fn from(code: ExceptionCode) -> Self {
        let rules = code.rules();
        let always = ["facts", "consent_status", "why_no_consent", "harm_assessment", "later_consent_plan"];
        let on_request = rules.on_request.then_some("request_record");
        Self {
            article: rules.article.to_owned(),
            used_by: rules.used_by,
            classes: AgencyClass::ALL.iter().copied().filter(|class| rules.used_by.means(*class)).collect(),
            emergency: rules.emergency,
            demands: always.into_iter().chain(on_request).map(str::to_owned).collect(),
            single_use: true,
            repeatable: rules.repeatable,
            offered: rules.offered,
        }
    }
}

impl UsedBy {
    /// Whether an agency of this class may use it. Public are 区の部署, 都道府県, 他の区市町村, 他の官公署 and 民生委員
    /// (特別職の地方公務員); hospitals, schools and contractors act under the rules for private operators (APPI 58条). A school that is an
    /// organ of the ward is registered as 区の部署.
    pub fn means(self, class: AgencyClass) -> bool {
        use AgencyClass::{Commissioner, OtherMunicipality, Prefecture, PublicBody, Ward};
        let is_public = matches!(class, Ward | PublicBody | Commissioner | Prefecture | OtherMunicipality);
        match self {
            Self::Public => is_public,
            Self::Private => !is_public,
            Self::Anybody => true,
        }
    }
}

/// The written request (児童虐待防止法13条の4, 令状, 照会).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestRecord {
    /// 求めた人・機関.
    pub requester: Personal<String>,
    /// 求めの日付.
    pub dated: Day,
    /// 文書番号.
    pub document_number: Personal<String>,
}

/// The content of a request and its reasons: immutable once recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reasons {
    /// The article.
    pub code: ExceptionCode,
    /// The one recipient.
    pub to_agency_id: AgencyId,
    /// The sections to tell: exactly these.
    pub sections: Sections,
    /// 事実: at least [`FACTS`] visible characters, [`FACTS_AFTER_REFUSAL`] after a refusal.
    pub facts: Personal<String>,
    /// 同意の状況.
    pub consent_status: ConsentStatus,
    /// なぜ同意を得ないか.
    pub why_no_consent: Personal<String>,
    /// 本人・第三者への不利益の検討 (the proviso of APPI 69条2項).
    pub harm_assessment: Personal<String>,
    /// 提供先に求める制限 (APPI 70条).
    pub restriction: Option<Personal<String>>,
    /// 事後の同意または本人への通知の計画.
    pub later_consent_plan: Personal<String>,
    /// Whether it will be used before anybody has approved.
    pub emergency: bool,
    /// The written request, if there is one.
    pub request_record: Option<RequestRecord>,
}

/// The least number of visible characters in the facts.
pub const FACTS: usize = 20;
/// The same when the person has refused.
pub const FACTS_AFTER_REFUSAL: usize = 50;
/// An emergency must be approved within this many open days after its use.
const APPROVAL_OPEN_DAYS: u32 = 1;

impl Reasons {
    /// What does not hold when the agency `sender` asks for this on `today`; empty when it may be recorded.
    pub fn wrong(&self, sender: &Agency, refusal_on_file: bool, today: Day) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, pointer: &str, code: &str, detail: &str| {
            if !holds {
                wrong.push(FieldError::new(pointer, code, detail));
            }
        };
        let rules = self.code.rules();
        let later =
            "会議に基づく根拠は、会議の機能ができるまで使えません。ほかの根拠を選ぶか、同意をもらってください。";
        must(rules.offered, "/code", "not_offered", later);
        let theirs = match rules.used_by {
            UsedBy::Public => {
                "この根拠は、区などの行政機関だけが使えます。民間の事業者は、個人情報保護法27条の根拠を選んでください。"
            }
            UsedBy::Private => {
                "この根拠は、民間の事業者だけが使えます。区などの行政機関は、個人情報保護法69条の根拠を選んでください。"
            }
            UsedBy::Anybody => "",
        };
        must(rules.used_by.means(sender.class), "/code", "not_for_this_agency", theirs);
        must(self.to_agency_id != sender.id, "/to_agency_id", "own_agency", "自分の部署以外を選んでください。");
        must(!self.sections.is_empty(), "/sections", "required", "伝える項目を一つ以上選んでください。");
        let (least, short) = if refusal_on_file {
            (
                FACTS_AFTER_REFUSAL,
                "本人の不同意が記録されています。それでも伝える事実と理由を、50文字以上で記入してください。",
            )
        } else {
            (FACTS, "根拠となる事実を、20文字以上で具体的に記入してください。")
        };
        must(text::visible(self.facts.expose()) >= least, "/facts", "too_short", short);
        let slow = "この根拠には、緊急の扱いがありません。承認を受けてから使ってください。";
        must(!self.emergency || rules.emergency, "/emergency", "not_for_emergencies", slow);
        let asked = "この根拠では、誰がいつどの文書で求めたかを記入してください。";
        must(!rules.on_request || self.request_record.is_some(), "/request_record", "required", asked);
        let dated = self.request_record.as_ref().is_none_or(|record| record.dated <= today);
        must(dated, "/request_record/dated", "in_future", "求めの日付は、今日までの日付にしてください。");
        let asked = self.request_record.as_ref();
        wrong.extend(asked.and_then(|record| Floor::Deed.wrong("/request_record/dated", record.dated)));
        wrong
    }
}

/// The decision of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Who.
    pub by: StaffId,
    /// In which post.
    pub post_id: PostId,
    /// When.
    pub at: Instant,
}

/// The use of an exception for a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Which relay.
    pub relay_id: RelayId,
    /// When.
    pub at: Instant,
}

/// How far an exception has come, each state with its data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Progress {
    /// 申請中.
    Requested,
    /// 承認済, not used yet.
    Approved {
        /// By whom.
        approval: Decided,
    },
    /// 不承認; an emergency may have been used before that.
    Rejected {
        /// By whom.
        rejection: Decided,
        /// Why.
        reason: Personal<String>,
        /// The relay for which it had been used.
        used: Option<Used>,
    },
    /// 使用済, an emergency that waits for its approval.
    UsedFirst {
        /// The relay for which it was used.
        used: Used,
        /// The last day on which it can be approved in time.
        approve_by: Day,
    },
    /// 使用済, and approved.
    Used {
        /// The relay for which it was used.
        used: Used,
        /// The person who approved it.
        approval: Decided,
    },
    /// An emergency that was not approved in time.
    Overdue {
        /// The relay for which it was used.
        used: Used,
        /// The last day on which it could have been approved in time.
        approve_by: Day,
        /// When the service recorded that.
        at: Instant,
    },
    /// 事後対応済.
    FollowedUp {
        /// The relay for which it was used.
        used: Used,
        /// The person who approved it.
        approval: Decided,
        /// The person who followed it up.
        follow_up: Decided,
        /// What was done.
        text: Personal<String>,
    },
}

/// One request to tell one agency something without consent, on the strength of an article.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exception {
    /// Its id.
    pub id: ExceptionId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The municipality of the sheet.
    pub municipality_id: MunicipalityId,
    /// Counts every change, from 1; the ETag.
    pub revision: u32,
    /// The content of the request and its reasons.
    pub reasons: Reasons,
    /// The agency that asks.
    pub requested_agency_id: AgencyId,
    /// The person who asks.
    pub requested_by: StaffId,
    /// In which post.
    pub requested_post_id: PostId,
    /// When.
    pub requested_at: Instant,
    /// Whether the person had refused when it was asked for.
    pub refusal_on_file: bool,
    /// Whether the same article was used for the same recipient of this sheet before.
    pub repeated: bool,
    /// The agencies whose people can approve it, and that are told when it waits.
    pub approvers: BTreeSet<AgencyId>,
    /// How far it has come.
    pub progress: Progress,
    /// When it last changed.
    pub updated_at: Instant,
}

impl Exception {
    /// The state's code.
    pub fn state(&self) -> ExceptionState {
        match self.progress {
            Progress::Requested => ExceptionState::Requested,
            Progress::Approved { .. } => ExceptionState::Approved,
            Progress::Rejected { .. } => ExceptionState::Rejected,
            Progress::UsedFirst { .. } | Progress::Used { .. } => ExceptionState::Used,
            Progress::Overdue { .. } => ExceptionState::Overdue,
            Progress::FollowedUp { .. } => ExceptionState::FollowedUp,
        }
    }

    /// The relay for which it was used, and when.
    pub fn used(&self) -> Option<Used> {
        match &self.progress {
            Progress::Requested | Progress::Approved { .. } => None,
            Progress::Rejected { used, .. } => *used,
            Progress::UsedFirst { used, .. }
            | Progress::Used { used, .. }
            | Progress::Overdue { used, .. }
            | Progress::FollowedUp { used, .. } => Some(*used),
        }
    }

    /// The approval, if there is one.
    pub fn approval(&self) -> Option<Decided> {
        match &self.progress {
            Progress::Approved { approval }
            | Progress::Used { approval, .. }
            | Progress::FollowedUp { approval, .. } => Some(*approval),
            _ => None,
        }
    }

    /// The last day on which it can be approved in time, for an emergency that was used before approval.
    pub fn approve_by(&self) -> Option<Day> {
        match self.progress {
            Progress::UsedFirst { approve_by, .. } | Progress::Overdue { approve_by, .. } => Some(approve_by),
            _ => None,
        }
    }

    /// Whether a relay may be sent on the strength of it now.
    pub fn may_be_used(&self) -> bool {
        match self.progress {
            Progress::Approved { .. } => true,
            Progress::Requested => self.reasons.emergency,
            _ => false,
        }
    }

    /// The last day on which the recipient may see what it was told, if nothing else happens; none when it may not see it now.
    pub fn stands_until(&self) -> Option<Day> {
        match self.progress {
            Progress::Used { .. } | Progress::FollowedUp { .. } => Some(Day::LAST),
            Progress::UsedFirst { approve_by, .. } => Some(approve_by),
            _ => None,
        }
    }

    /// Whether the recipient may see on `today` what it was told. Access closes without a write: the day decides.
    pub fn stands(&self, today: Day) -> bool {
        self.stands_until().is_some_and(|until| today <= until)
    }

    /// Whether it keeps the sheet from being closed: an emergency that was used and not followed up.
    pub fn holds_up_closing(&self) -> bool {
        let open =
            matches!(self.progress, Progress::UsedFirst { .. } | Progress::Used { .. } | Progress::Overdue { .. });
        self.reasons.emergency && open
    }

    fn becomes(mut self, progress: Progress, at: Instant) -> Self {
        self.progress = progress;
        self.revision += 1;
        self.updated_at = at;
        self
    }

    fn refuse<T>(&self) -> Result<T, InvalidTransition> {
        Err(InvalidTransition { state: self.state().as_str() })
    }

    /// 承認. An emergency that was used before approval, even an overdue one, is in order from now on.
    ///
    /// # Errors
    /// Unless it waits for an approval.
    pub fn approve(self, approval: Decided) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Requested => Ok(self.becomes(Progress::Approved { approval }, approval.at)),
            Progress::UsedFirst { used, .. } | Progress::Overdue { used, .. } => {
                Ok(self.becomes(Progress::Used { used, approval }, approval.at))
            }
            _ => self.refuse(),
        }
    }

    /// 不承認.
    ///
    /// # Errors
    /// Unless it waits for an approval.
    pub fn reject(self, rejection: Decided, reason: Personal<String>) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Requested | Progress::UsedFirst { .. } | Progress::Overdue { .. } => {
                let used = self.used();
                Ok(self.becomes(Progress::Rejected { rejection, reason, used }, rejection.at))
            }
            _ => self.refuse(),
        }
    }

    /// A relay uses it: once.
    ///
    /// # Errors
    /// Unless it is approved, or an emergency that was not used.
    pub fn use_up(self, used: Used) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Approved { approval } => Ok(self.becomes(Progress::Used { used, approval }, used.at)),
            Progress::Requested if self.reasons.emergency => {
                let approve_by = Day(calendar::add_open_days(used.at.date(), APPROVAL_OPEN_DAYS));
                Ok(self.becomes(Progress::UsedFirst { used, approve_by }, used.at))
            }
            _ => self.refuse(),
        }
    }

    /// The last day for its approval has passed.
    ///
    /// # Errors
    /// Unless it is an emergency of which that is true.
    pub fn expire(self, at: Instant) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::UsedFirst { used, approve_by } if approve_by < Day(at.date()) => {
                Ok(self.becomes(Progress::Overdue { used, approve_by, at }, at))
            }
            _ => self.refuse(),
        }
    }

    /// 事後対応: what was planned for afterwards is done.
    ///
    /// # Errors
    /// Unless it was used and approved.
    pub fn follow_up(self, follow_up: Decided, text: Personal<String>) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Used { used, approval } => {
                Ok(self.becomes(Progress::FollowedUp { used, approval, follow_up, text }, follow_up.at))
            }
            _ => self.refuse(),
        }
    }
}
