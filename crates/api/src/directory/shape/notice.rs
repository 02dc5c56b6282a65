//! The text that is shown to the resident, as a request and as an answer.

use crate::problem::Problem;
use domain::door::FieldError;
use domain::explained::{Variant, VariantKind, is_language, is_ruby};
use domain::floor::Floor;
use domain::ids::{MunicipalityId, NoticeId};
use domain::text;
use domain::time::Day;
use serde::{Deserialize, Serialize};
use storage::{NewNotice, NoticeRecord};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// 説明文の次の版
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::directory) struct NoticeRequest {
    /// 題名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "情報の共有についての説明")]
    title: String,
    /// 本文
    #[validate(length(max = 20000), custom(function = "text::block"))]
    #[schema(max_length = 20000)]
    body: String,
    /// 使い始める日
    in_force_from: Day,
    /// 示す利用目的(個人情報保護法 第61条・第62条)
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(max_length = 1000)]
    purpose: Option<String>,
    /// やさしい日本語・ふりがな付き・外国語の文
    #[serde(default)]
    #[validate(nested, length(max = 20))]
    #[schema(max_items = 20)]
    variants: Vec<VariantRequest>,
}

/// 説明文の別の文
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct VariantRequest {
    /// 種類(standard は、title と body の文です)
    kind: VariantKind,
    /// 言語(BCP 47)
    #[validate(custom(function = "language"))]
    #[schema(pattern = "^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length = 35, example = "en")]
    language: String,
    /// 題名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    title: String,
    /// 本文。ふりがなは {漢字|かんじ} と書きます
    #[validate(length(max = 20000), custom(function = "text::block"))]
    #[schema(max_length = 20000)]
    body: String,
}

fn language(value: &str) -> Result<(), ValidationError> {
    let message = "言語は、ja や en のような記号(BCP 47)で入力してください。";
    if is_language(value) { Ok(()) } else { Err(ValidationError::new("language").with_message(message.into())) }
}

impl NoticeRequest {
    /// The checks that look at several fields.
    ///
    /// # Errors
    /// All that is wrong, at its place.
    pub(in crate::directory) fn check(&self) -> Result<(), Problem> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, index: usize, field: &str, code: &str, detail: &str| {
            if !holds {
                wrong.push(FieldError::new(format!("/variants/{index}/{field}"), code, detail));
            }
        };
        for (index, it) in self.variants.iter().enumerate() {
            let standard = "標準の文は、variants ではなく title と body に入力してください。";
            must(it.kind != VariantKind::Standard, index, "kind", "not_allowed", standard);
            let earlier = self.variants.iter().take(index);
            let is_new = !earlier.into_iter().any(|e| (e.kind, &e.language) == (it.kind, &it.language));
            must(is_new, index, "language", "duplicate", "同じ種類と言語の文は、一つだけにしてください。");
            let furigana = "ふりがなは {漢字|かんじ} の形で書いてください。";
            must(it.kind != VariantKind::Furigana || is_ruby(&it.body), index, "body", "bad_furigana", furigana);
            must(it.kind != VariantKind::Furigana || is_ruby(&it.title), index, "title", "bad_furigana", furigana);
        }
        wrong.extend(Floor::Office.wrong("/in_force_from", self.in_force_from));
        if wrong.is_empty() { Ok(()) } else { Err(Problem::InvalidInput(wrong)) }
    }

    /// The new version.
    pub(in crate::directory) fn notice(self, id: NoticeId, municipality_id: MunicipalityId) -> NewNotice {
        let variant =
            |it: VariantRequest| Variant { kind: it.kind, language: it.language, title: it.title, body: it.body };
        NewNotice {
            id,
            municipality_id,
            title: self.title,
            body: self.body,
            in_force_from: self.in_force_from,
            purpose: self.purpose,
            variants: self.variants.into_iter().map(variant).collect(),
        }
    }
}

/// 説明文の一つの文
#[derive(Serialize, ToSchema)]
struct VariantResponse {
    kind: VariantKind,
    /// 言語(BCP 47)
    #[schema(example = "ja")]
    language: String,
    /// 題名
    title: String,
    /// 本文。ふりがなは {漢字|かんじ} と書かれています
    body: String,
    /// この文のハッシュ(SHA-256、示すもの一式の正準 JSON から)
    text_hash: String,
}

/// 説明文
#[derive(Serialize, ToSchema)]
pub(in crate::directory) struct NoticeResponse {
    id: NoticeId,
    /// 版
    version: u32,
    /// 題名
    #[schema(example = "情報の共有についての説明")]
    title: String,
    /// 本文
    body: String,
    /// 使い始める日
    in_force_from: Day,
    /// 示す利用目的
    purpose: Option<String>,
    /// 示せる文のすべて(標準の文が最初)
    variants: Vec<VariantResponse>,
}

impl From<NoticeRecord> for NoticeResponse {
    fn from(record: NoticeRecord) -> Self {
        let variant = |it: Variant| VariantResponse {
            text_hash: it.text_hash(record.purpose.as_deref()),
            kind: it.kind,
            language: it.language,
            title: it.title,
            body: it.body,
        };
        Self {
            variants: record.texts().into_iter().map(variant).collect(),
            id: record.id,
            version: record.version,
            title: record.title,
            body: record.body,
            in_force_from: record.in_force_from,
            purpose: record.purpose,
        }
    }
}
