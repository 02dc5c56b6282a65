//! An agency as a request and as an answer.

use super::ends_early;
use crate::problem::Problem;
use domain::agency::{Agency, AgencyClass, AgencyRecord, Agreement};
use domain::codes::Tables;
use domain::door::FieldError;
use domain::floor::Floor;
use domain::ids::{AgencyId, MunicipalityId, StaffId};
use domain::time::{Day, Instant};
use domain::{kana, text};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use storage::StillOpen;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// 守秘義務契約・協定
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::directory) struct AgreementShape {
    /// 番号
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "令8福第12号")]
    number: String,
    /// 有効期間の初日
    valid_from: Day,
    /// 有効期間の最後の日
    valid_until: Day,
}

/// 機関の登録・変更(変更のときも全体を送る)
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::directory) struct AgencyRequest {
    /// 機関コード(英小文字・数字・ハイフン)
    #[validate(custom(function = "agency_code"))]
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$", max_length = 40, example = "kurashi-shigoto")]
    code: String,
    /// 名前
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "くらしとしごとの相談センター")]
    name: String,
    /// 名前のカナ(ひらがなはカタカナにします)
    #[validate(length(max = 100))]
    #[schema(max_length = 100, example = "クラシトシゴトノソウダンセンター")]
    kana: String,
    /// 新しい名前になる日。省略すると今日(名前を変えるときだけ)
    name_from: Option<Day>,
    /// 上位の機関
    parent_id: Option<AgencyId>,
    /// 後を引き継いだ機関
    successor_id: Option<AgencyId>,
    class: AgencyClass,
    /// 受けられる相談内容(コード topics)
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_items = 100, example = json!(["03", "07"]))]
    topics: Vec<String>,
    /// 通知を受け取るメールアドレス
    #[validate(custom(function = "text::mailbox"))]
    #[schema(max_length = 254, example = "kurashi@example.jp")]
    mailbox: Option<String>,
    /// 電話
    #[validate(custom(function = "text::phone"))]
    #[schema(max_length = 30, example = "03-0000-0000")]
    phone: Option<String>,
    /// 調整担当か
    #[serde(default)]
    hub: bool,
    /// 設置の日
    active_from: Day,
    /// 廃止の日(最後の日)
    active_until: Option<Day>,
    /// 守秘義務契約・協定
    #[validate(nested)]
    agreement: Option<AgreementShape>,
    // A client that sends back what it read also sends the fields that only the service writes; they are ignored.
    #[serde(default, rename = "names")]
    #[schema(ignore)]
    _names: IgnoredAny,
    #[serde(default, rename = "pending")]
    #[schema(ignore)]
    _pending: IgnoredAny,
    #[serde(default, rename = "confirmed")]
    #[schema(ignore)]
    _confirmed: IgnoredAny,
    #[serde(default, rename = "ended_at")]
    #[schema(ignore)]
    _ended_at: IgnoredAny,
    #[serde(default, rename = "mail_failed_at")]
    #[schema(ignore)]
    _mail_failed_at: IgnoredAny,
    #[serde(default, rename = "open")]
    #[schema(ignore)]
    _open: IgnoredAny,
    #[serde(default, rename = "class_fixed")]
    #[schema(ignore)]
    _class_fixed: IgnoredAny,
}

fn agency_code(value: &str) -> Result<(), ValidationError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let begins = value.bytes().next().is_some_and(plain);
    if begins && value.len() <= 40 && value.bytes().all(|b| plain(b) || b == b'-') {
        return Ok(());
    }
    let message = "英小文字・数字・ハイフンで40文字まで、最初は英小文字か数字にしてください。";
    Err(ValidationError::new("agency_code").with_message(message.into()))
}

impl AgencyRequest {
    /// The instant from which the name in the request is valid.
    pub(in crate::directory) fn name_from(&self, now: Instant) -> Instant {
        let today = Day(now.date());
        self.name_from.filter(|day| *day > today).map_or(now, |day| Instant::at_midnight(day.0))
    }

    /// The agency as a first revision, after the remaining checks that need no database.
    pub(in crate::directory) fn check(
        self,
        id: AgencyId,
        tables: &Tables,
        of: MunicipalityId,
        at: Instant,
    ) -> Result<AgencyRecord, Problem> {
        let mut wrong = Vec::new();
        if self.name_from.is_some_and(|day| day < Day(at.date())) {
            let detail =
                "名前が変わる日は、今日より後の日にしてください。これまでの同意や控えに載った名前は変えられません。";
            wrong.push(FieldError::new("/name_from", "in_past", detail));
        }
        let kana = kana::katakana(&self.kana).unwrap_or_else(|error| {
            wrong.push(FieldError::new("/kana", "not_kana", error.to_string()));
            String::new()
        });
        for (index, code) in self.topics.iter().enumerate() {
            let pointer = || format!("/topics/{index}");
            if !tables.is_topic(code) {
                wrong.push(FieldError::unknown_code(pointer(), tables.topics()));
            } else if self.topics.iter().take(index).any(|earlier| earlier == code) {
                wrong.push(FieldError::new(
                    pointer(),
                    "duplicate",
                    "同じ相談内容が二度選ばれています。一つにしてください。",
                ));
            }
        }
        wrong.extend(Floor::Office.wrong("/active_from", self.active_from));
        wrong.extend(ends_early("/active_until", self.active_from, self.active_until));
        let agreement = self.agreement.map(|a| Agreement {
            number: a.number,
            valid_from: a.valid_from,
            valid_until: a.valid_until,
        });
        if let Some(agreement) = &agreement {
            wrong.extend(Floor::Office.wrong("/agreement/valid_from", agreement.valid_from));
            wrong.extend(ends_early("/agreement/valid_until", agreement.valid_from, Some(agreement.valid_until)));
        }
        if !wrong.is_empty() {
            return Err(Problem::InvalidInput(wrong));
        }
        let agency = Agency {
            id,
            municipality_id: of,
            class: self.class,
            active_from: self.active_from,
            active_until: self.active_until,
            agreement,
            confirmed: true,
        };
        Ok(AgencyRecord {
            agency,
            code: self.code,
            name: self.name,
            kana,
            earlier_names: Vec::new(),
            parent_id: self.parent_id,
            successor_id: self.successor_id,
            topics: self.topics,
            mailbox: self.mailbox,
            phone: self.phone,
            hub: self.hub,
            is_named: false,
            pending: None,
            ended_at: None,
            mail_failed_at: None,
            revision: 1,
            updated_at: at,
        })
    }
}

/// 機関の名前
#[derive(Serialize, ToSchema)]
struct NameShape {
    name: String,
    kana: String,
    /// この時より前の名前。最後の名前では null
    until: Option<Instant>,
}

/// 二人目の確認を待っている変更
#[derive(Serialize, ToSchema)]
struct PendingShape {
    class: AgencyClass,
    /// 守秘義務契約・協定
    agreement: Option<AgreementShape>,
    /// 求めた職員。連携システムが求めたときは null
    asked_by: Option<StaffId>,
    asked_at: Instant,
    /// 終わり方の変更。求めていないときは null
    ending: Option<EndingShape>,
}

/// 機関の終わり方
#[derive(Serialize, ToSchema)]
struct EndingShape {
    /// 廃止の日(最後の日)
    active_until: Option<Day>,
    /// 後を引き継ぐ機関
    successor_id: AgencyId,
}

/// 機関の手元に残っているものの数
#[derive(Serialize, ToSchema)]
struct OpenShape {
    /// 自分のシート(終結したものも)
    sheets: u64,
    /// 主担当をしている、ほかの機関のシート
    held_sheets: u64,
    /// 届いて、まだ報告していないつなぎ
    relays_received: u64,
    /// 送って、まだ終わっていないつなぎ
    relays_sent: u64,
    /// まだ答えていない停止の通知
    stop_notices: u64,
    /// 申請して、まだ終わっていない例外
    exceptions: u64,
}

impl From<StillOpen> for OpenShape {
    fn from(open: StillOpen) -> Self {
        let StillOpen { sheets, held_sheets, relays_received, relays_sent, stop_notices, exceptions } = open;
        Self { sheets, held_sheets, relays_received, relays_sent, stop_notices, exceptions }
    }
}

/// 機関
#[derive(Serialize, ToSchema)]
pub(in crate::directory) struct AgencyResponse {
    id: AgencyId,
    /// 版(ETag と同じ)
    revision: u32,
    /// 機関コード
    #[schema(example = "kurashi-shigoto")]
    code: String,
    /// 名前
    #[schema(example = "くらしとしごとの相談センター")]
    name: String,
    /// 名前のカナ
    #[schema(example = "クラシトシゴトノソウダンセンター")]
    kana: String,
    /// これまでの名前と、これからの名前。古い順
    names: Vec<NameShape>,
    /// 上位の機関
    parent_id: Option<AgencyId>,
    /// 後を引き継いだ機関
    successor_id: Option<AgencyId>,
    class: AgencyClass,
    /// 同意かつなぎに名前があり、区分を変えられないか
    class_fixed: bool,
    /// 受けられる相談内容(コード topics)
    #[schema(example = json!(["03", "07"]))]
    topics: Vec<String>,
    /// 通知を受け取るメールアドレス
    mailbox: Option<String>,
    /// 電話
    phone: Option<String>,
    /// 調整担当か
    hub: bool,
    /// 設置の日
    active_from: Day,
    /// 廃止の日(最後の日)
    active_until: Option<Day>,
    /// 守秘義務契約・協定
    agreement: Option<AgreementShape>,
    /// 二人目が確認したか。false の機関には、まだ何も伝えられません
    confirmed: bool,
    /// 二人目の確認を待っている区分と協定
    pending: Option<PendingShape>,
    /// 終わったことを記録した時刻。終わった機関は元に戻せません
    ended_at: Option<Instant>,
    /// この機関へのメールをあきらめた時刻。次のメールが届くか、アドレスを変えると null に戻ります
    mail_failed_at: Option<Instant>,
    /// 手元に残っているものの数。変更できる人が一つの機関を見たときと、変更したときだけ
    open: Option<OpenShape>,
}

impl From<Agreement> for AgreementShape {
    fn from(agreement: Agreement) -> Self {
        Self { number: agreement.number, valid_from: agreement.valid_from, valid_until: agreement.valid_until }
    }
}

impl AgencyResponse {
    /// The agency as it stands at `now`.
    pub(in crate::directory) fn of(record: AgencyRecord, now: Instant) -> Self {
        let (name, kana) = record.called(now);
        let (name, kana) = (name.to_owned(), kana.to_owned());
        let earlier = record.earlier_names.into_iter();
        let earlier = earlier.map(|it| NameShape { name: it.name, kana: it.kana, until: Some(it.until) });
        let last = NameShape { name: record.name, kana: record.kana, until: None };
        let agency = record.agency;
        Self {
            id: agency.id,
            revision: record.revision,
            code: record.code,
            name,
            kana,
            names: earlier.chain([last]).collect(),
            parent_id: record.parent_id,
            successor_id: record.successor_id,
            class: agency.class,
            class_fixed: record.is_named,
            topics: record.topics,
            mailbox: record.mailbox,
            phone: record.phone,
            hub: record.hub,
            active_from: agency.active_from,
            active_until: agency.active_until,
            agreement: agency.agreement.map(AgreementShape::from),
            confirmed: agency.confirmed,
            pending: record.pending.map(|change| PendingShape {
                class: change.class,
                agreement: change.agreement.map(AgreementShape::from),
                asked_by: change.asked_by,
                asked_at: change.asked_at,
                ending: change
                    .ending
                    .map(|it| EndingShape { active_until: it.active_until, successor_id: it.successor_id }),
            }),
            ended_at: record.ended_at,
            mail_failed_at: record.mail_failed_at,
            open: None,
        }
    }

    /// Adds what the agency still holds.
    pub(in crate::directory) fn with_open(self, open: StillOpen) -> Self {
        Self { open: Some(open.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_code_is_short_and_plain() {
        for code in ["fukushi-marugoto", "a", "0-", &"a".repeat(40)] {
            assert!(agency_code(code).is_ok(), "{code}");
        }
        for code in ["", "-a", "A", "a_b", "部署", "a b", &"a".repeat(41)] {
            assert!(agency_code(code).is_err(), "{code}");
        }
    }
}
