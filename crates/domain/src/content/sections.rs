//! The fields of each share section, with their bounds (docs/domain.md, "Sections, and what is demanded").

use super::lists;
use crate::time::Day;
use crate::{kana, my_number, text};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// 本人.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// 氏。外字・異体字もそのまま保存します。
    #[validate(length(max = 50), custom(function = "text::line"))]
    #[schema(max_length = 50, example = "見本")]
    pub family_name: Option<String>,
    /// 名.
    #[validate(length(max = 50), custom(function = "text::line"))]
    #[schema(max_length = 50, example = "花子")]
    pub given_name: Option<String>,
    /// 氏(カナ)。ひらがなは変換します。
    #[validate(length(max = 50), custom(function = "kana::only"))]
    #[schema(max_length = 50, example = "ミホン")]
    pub kana_family: Option<String>,
    /// 名(カナ)。
    #[validate(length(max = 50), custom(function = "kana::only"))]
    #[schema(max_length = 50, example = "ハナコ")]
    pub kana_given: Option<String>,
    /// 生年月日。1868年から今日まで。
    pub birth_date: Option<Day>,
    /// 生年月日の精度.
    pub birth_precision: Option<lists::BirthPrecision>,
    /// 性別.
    pub sex: Option<lists::Sex>,
    /// 本人確認の程度.
    pub identity_level: Option<lists::IdentityLevel>,
    /// 使用言語.
    #[validate(length(max = 30), custom(function = "text::line"))]
    #[schema(max_length = 30)]
    pub language: Option<String>,
    /// 通訳の要否.
    pub interpreter: Option<bool>,
    /// ほかのシステムの番号。マイナンバーは入力できません(番号法 第19条)。
    #[validate(nested)]
    #[schema(max_items = 10)]
    pub ref_ids: Option<Vec<RefId>>,
}

/// ほかのシステムの番号(宛名番号など)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefId {
    /// システムの名前。
    #[validate(length(max = 50), custom(function = "text::line"))]
    #[schema(max_length = 50, example = "宛名番号")]
    pub system: String,
    /// そのシステムでの番号。
    #[validate(length(max = 64), custom(function = "text::line"), custom(function = "no_my_number"))]
    #[schema(max_length = 64, example = "A-0001")]
    pub id: String,
}

/// 連絡先.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// 電話番号.
    #[validate(nested)]
    #[schema(max_items = 5)]
    pub phones: Option<Vec<Phone>>,
    /// メールアドレス。自動のメールには使いません。
    #[validate(length(max = 254), email)]
    #[schema(max_length = 254, example = "mihon@example.jp")]
    pub email: Option<String>,
}

/// 電話番号と、使ってよいかどうか。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// 番号.
    #[validate(custom(function = "text::phone"))]
    #[schema(max_length = 30, example = "090-0000-0000")]
    pub number: String,
    /// 種別.
    pub kind: lists::PhoneKind,
    /// 電話してよい。聞いていなければ省略します。
    pub safe_to_call: Option<bool>,
    /// 伝言を残してよい。聞いていなければ省略します。
    pub safe_to_leave_message: Option<bool>,
    /// 注意.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub note: Option<String>,
}

/// 住所.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// 郵便番号(数字7桁)。
    #[validate(custom(function = "text::postal_code"))]
    #[schema(pattern = "^[0-9]{7}$", example = "1208510")]
    pub postal_code: Option<String>,
    /// 住所.
    #[validate(length(max = 200), custom(function = "text::line"))]
    #[schema(max_length = 200)]
    pub full: Option<String>,
    /// 居所不定.
    pub no_fixed_abode: Option<bool>,
}

/// 世帯員.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// 氏名.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub name: Option<String>,
    /// 続柄.
    #[validate(length(max = 50), custom(function = "text::line"))]
    #[schema(max_length = 50, example = "母")]
    pub relation: String,
    /// 生年月日.
    pub birth_date: Option<Day>,
    /// 同居.
    pub lives_together: Option<bool>,
    /// 世帯員本人の同意(省略すると未確認)。未確認・なしの世帯員は、理由を記して伝えると決めない限り、つなぎ先に伝わりません。
    pub own_consent: Option<lists::OwnConsent>,
    /// 備考.
    #[validate(length(max = 300), custom(function = "text::block"))]
    #[schema(max_length = 300)]
    pub note: Option<String>,
}

/// 相談内容の区分.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    /// 相談内容(コード表 topics)。受付には一つ以上必要です。
    #[validate(length(max = 30))]
    #[schema(max_items = 30, example = json!(["13", "03"]))]
    pub codes: Vec<String>,
    /// 主なもの(◎)。選んだものの中から一つ。
    #[schema(example = "13")]
    pub main: Option<String>,
    /// その他.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub other: Option<String>,
}

/// 本人の言葉.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// 本人の言葉・相談内容.
    #[validate(length(max = 4000), custom(function = "text::block"))]
    #[schema(max_length = 4000)]
    pub subject_words: Option<String>,
    /// 希望.
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    pub wish: Option<String>,
    /// 当課の対応.
    #[validate(length(max = 2000), custom(function = "text::block"))]
    #[schema(max_length = 2000)]
    pub done_here: Option<String>,
}

/// 生活の状況.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// 仕事.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub employment: Option<String>,
    /// 住居.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub housing: Option<String>,
    /// 健康保険.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub health_insurance: Option<String>,
    /// 年金.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub pension: Option<String>,
    /// 生活保護.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub public_assistance: Option<String>,
    /// 備考.
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// 滞納.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrearsSection {
    /// 種別.
    #[validate(length(max = 5))]
    #[schema(max_items = 5)]
    pub kinds: Option<Vec<lists::Arrears>>,
    /// 備考.
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// 健康(要配慮個人情報).
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// 健康の状況.
    #[validate(length(max = 2000), custom(function = "text::block"))]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// リスク.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// リスク。空の配列は「なし」を表し、受付に必要です。
    #[validate(length(max = 10))]
    #[schema(max_items = 10)]
    pub flags: Option<Vec<lists::RiskFlag>>,
    /// 備考.
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// 所見.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opinion {
    /// 所見.
    #[validate(length(max = 2000), custom(function = "text::block"))]
    #[schema(max_length = 2000)]
    pub text: Option<String>,
}

/// 第三者からの情報.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThirdParty {
    /// 情報源.
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    pub source: String,
    /// 内容.
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    pub text: String,
}

fn no_my_number(value: &str) -> Result<(), ValidationError> {
    if my_number::is_my_number(value) {
        let message = "マイナンバー(個人番号)は、この欄に入力できません。別の番号を入力してください。";
        return Err(ValidationError::new("my_number").with_message(message.into()));
    }
    Ok(())
}
