//! The directory as it goes in and out.

use crate::problem::Problem;
use domain::agency::{Actor, Agency, Agreement};
use domain::codes::{AgencyClass, Role, Tables};
use domain::door::FieldError;
use domain::explained::{Variant, VariantKind, is_language, is_ruby};
use domain::ids::{AgencyId, MunicipalityId, NoticeId, PostId, StaffId};
use domain::time::{Day, Instant};
use domain::{kana, text};
use serde::{Deserialize, Serialize};
use storage::{AgencyRecord, NewNotice, NoticeRecord, PostRecord, StaffRecord};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// 守秘義務契約・協定
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgreementShape {
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
pub(super) struct AgencyRequest {
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
    pub(super) fn check(
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

/// What is wrong with a last day before the first.
fn ends_early(pointer: &str, from: Day, until: Option<Day>) -> Option<FieldError> {
    let detail = "終わりの日は、始まりの日以降にしてください。";
    until.filter(|until| *until < from).map(|_| FieldError::new(pointer, "before_start", detail))
}

/// 機関
#[derive(Serialize, ToSchema)]
pub(super) struct AgencyResponse {
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

/// 職の追加
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PostRequest {
    /// 機関
    pub(super) agency_id: AgencyId,
    pub(super) role: Role,
    /// 最初の日
    pub(super) valid_from: Day,
    /// 最後の日(決まっていれば)
    pub(super) valid_until: Option<Day>,
}

impl PostRequest {
    /// The post, with the rest of its checks done that need no database; `below` is where it stands in the body.
    pub(super) fn check(&self, id: PostId, staff_id: StaffId, below: &str) -> Result<PostRecord, FieldError> {
        match ends_early(&format!("{below}/valid_until"), self.valid_from, self.valid_until) {
            Some(wrong) => Err(wrong),
            None => Ok(PostRecord {
                id,
                staff_id,
                agency_id: self.agency_id,
                role: self.role,
                valid_from: self.valid_from,
                valid_until: self.valid_until,
            }),
        }
    }
}

// Has no `Debug`: it holds a password.
/// 職員の登録
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StaffRequest {
    /// ログイン名(英数字と . _ @ -)
    #[validate(custom(function = "login_name"))]
    #[schema(pattern = "^[A-Za-z0-9._@-]{1,64}$", max_length = 64, example = "mihon.taro")]
    pub(super) login: String,
    /// 氏名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "見本 太郎")]
    pub(super) name: String,
    /// パスワード(12文字以上)
    #[validate(length(min = 12, max = 128))]
    #[schema(min_length = 12, max_length = 128, format = Password)]
    pub(super) password: String,
    /// 職
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 20)]
    pub(super) posts: Vec<PostRequest>,
}

impl StaffRequest {
    /// The posts with which a person begins.
    pub(super) fn posts(
        &self,
        staff_id: StaffId,
        mut next_id: impl FnMut() -> PostId,
    ) -> Result<Vec<PostRecord>, Problem> {
        // Counted here: the derived rule wants to put a copy of what was sent into its error.
        if !(1..=20).contains(&self.posts.len()) {
            return Err(Problem::invalid("/posts", "length", "職は、1つから20までにしてください。"));
        }
        let mut wrong = Vec::new();
        let mut posts = Vec::new();
        for (index, post) in self.posts.iter().enumerate() {
            match post.check(next_id(), staff_id, &format!("/posts/{index}")) {
                Ok(post) => posts.push(post),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(posts) } else { Err(Problem::InvalidInput(wrong)) }
    }
}

/// Plain characters only, so that no two logins look alike.
///
/// # Errors
/// It holds another character, none, or more than 64.
pub fn login_name(value: &str) -> Result<(), ValidationError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-');
    if (1..=64).contains(&value.len()) && value.bytes().all(plain) {
        return Ok(());
    }
    let message = "半角の英数字と . _ @ - を使って、64文字までで入力してください。";
    Err(ValidationError::new("login").with_message(message.into()))
}

/// 職
#[derive(Serialize, ToSchema)]
pub(super) struct PostResponse {
    id: PostId,
    agency_id: AgencyId,
    role: Role,
    /// 最初の日
    valid_from: Day,
    /// 最後の日
    valid_until: Option<Day>,
}

impl From<&PostRecord> for PostResponse {
    fn from(record: &PostRecord) -> Self {
        Self {
            id: record.id,
            agency_id: record.agency_id,
            role: record.role,
            valid_from: record.valid_from,
            valid_until: record.valid_until,
        }
    }
}

/// 職員
#[derive(Serialize, ToSchema)]
pub(super) struct StaffResponse {
    id: StaffId,
    /// ログイン名(システム管理者だけに示す)
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    /// 氏名
    #[schema(example = "見本 太郎")]
    name: String,
    /// 職(過去と将来のものを含む)
    posts: Vec<PostResponse>,
}

/// A person as `actor` may see them.
pub(super) fn staff_response(record: StaffRecord, actor: &Actor) -> StaffResponse {
    use domain::agency::Principal;
    let is_admin = matches!(&actor.principal, Principal::Staff { role: Role::Admin, .. });
    StaffResponse {
        id: record.id,
        login: is_admin.then_some(record.login),
        name: record.name,
        posts: record.posts.iter().map(PostResponse::from).collect(),
    }
}

/// 説明文の次の版
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeRequest {
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
    pub(super) fn check(&self) -> Result<(), Problem> {
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
        if wrong.is_empty() { Ok(()) } else { Err(Problem::InvalidInput(wrong)) }
    }

    /// The version to be.
    pub(super) fn notice(self, id: NoticeId, municipality_id: MunicipalityId) -> NewNotice {
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
pub(super) struct NoticeResponse {
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

    #[test]
    fn a_login_is_plain() {
        assert!(login_name("Mihon.Taro_1@city-office").is_ok());
        for login in ["", "見本", "a b", "a\u{0}", &"a".repeat(65)] {
            assert!(login_name(login).is_err(), "{login:?}");
        }
    }
}
