//! An agency as it goes in and out.

use super::ends_early;
use crate::problem::Problem;
use domain::agency::{Agency, Agreement};
use domain::codes::{AgencyClass, Tables};
use domain::door::FieldError;
use domain::ids::{AgencyId, MunicipalityId};
use domain::time::{Day, Instant};
use domain::{kana, text};
use serde::{Deserialize, Serialize};
use storage::AgencyRecord;
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
    /// 上位の機関
    parent_id: Option<AgencyId>,
    class: AgencyClass,
    /// 受けられる相談内容(コード topics)
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_items = 100, example = json!(["03", "07"]))]
    topics: Vec<String>,
    /// 通知を受け取るメールアドレス
    #[validate(length(max = 254), email)]
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
    /// The agency as a first revision, with the rest of its checks done that need no database.
    pub(in crate::directory) fn check(
        self,
        id: AgencyId,
        tables: &Tables,
        of: MunicipalityId,
        at: Instant,
    ) -> Result<AgencyRecord, Problem> {
        let mut wrong = Vec::new();
        let kana = kana::katakana(&self.kana).unwrap_or_else(|error| {
            wrong.push(FieldError::new("/kana", "not_kana", error.to_string()));
            String::new()
        });
        for (index, code) in self.topics.iter().enumerate() {
            let pointer = || format!("/topics/{index}");
            if !tables.is_topic(code) {
                wrong.push(FieldError::new(pointer(), "unknown_code", "相談内容の一覧から選んでください。"));
            } else if self.topics.iter().take(index).any(|earlier| earlier == code) {
                wrong.push(FieldError::new(
                    pointer(),
                    "duplicate",
                    "同じ相談内容が二度選ばれています。一つにしてください。",
                ));
            }
        }
        wrong.extend(ends_early("/active_until", self.active_from, self.active_until));
        let agreement = self.agreement.map(|a| Agreement {
            number: a.number,
            valid_from: a.valid_from,
            valid_until: a.valid_until,
        });
        if let Some(agreement) = &agreement {
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
        };
        Ok(AgencyRecord {
            agency,
            code: self.code,
            name: self.name,
            kana,
            parent_id: self.parent_id,
            topics: self.topics,
            mailbox: self.mailbox,
            phone: self.phone,
            hub: self.hub,
            revision: 1,
            updated_at: at,
        })
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
    /// 上位の機関
    parent_id: Option<AgencyId>,
    class: AgencyClass,
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
}

impl From<AgencyRecord> for AgencyResponse {
    fn from(record: AgencyRecord) -> Self {
        let agency = record.agency;
        Self {
            id: agency.id,
            revision: record.revision,
            code: record.code,
            name: record.name,
            kana: record.kana,
            parent_id: record.parent_id,
            class: agency.class,
            topics: record.topics,
            mailbox: record.mailbox,
            phone: record.phone,
            hub: record.hub,
            active_from: agency.active_from,
            active_until: agency.active_until,
            agreement: agency.agreement.map(|a| AgreementShape {
                number: a.number,
                valid_from: a.valid_from,
                valid_until: a.valid_until,
            }),
        }
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
