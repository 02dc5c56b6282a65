//! People and their posts as they go in and out.

use super::ends_early;
use crate::problem::Problem;
use domain::agency::{Actor, Principal};
use domain::codes::Role;
use domain::door::FieldError;
use domain::ids::{AgencyId, PostId, StaffId};
use domain::text;
use domain::time::Day;
use serde::{Deserialize, Serialize};
use storage::{PostRecord, StaffRecord};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// 職の追加
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::directory) struct PostRequest {
    /// 機関
    pub(in crate::directory) agency_id: AgencyId,
    pub(in crate::directory) role: Role,
    /// 最初の日
    pub(in crate::directory) valid_from: Day,
    /// 最後の日(決まっていれば)
    pub(in crate::directory) valid_until: Option<Day>,
}

impl PostRequest {
    /// The post, with the rest of its checks done that need no database; `below` is where it stands in the body.
    pub(in crate::directory) fn check(
        &self,
        id: PostId,
        staff_id: StaffId,
        below: &str,
    ) -> Result<PostRecord, FieldError> {
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
pub(in crate::directory) struct StaffRequest {
    /// ログイン名(英数字と . _ @ -)
    #[validate(custom(function = "login_name"))]
    #[schema(pattern = "^[A-Za-z0-9._@-]{1,64}$", max_length = 64, example = "mihon.taro")]
    pub(in crate::directory) login: String,
    /// 氏名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "見本 太郎")]
    pub(in crate::directory) name: String,
    /// パスワード(12文字以上)
    #[validate(length(min = 12, max = 128))]
    #[schema(min_length = 12, max_length = 128, format = Password)]
    pub(in crate::directory) password: String,
    /// 職
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 20)]
    pub(in crate::directory) posts: Vec<PostRequest>,
}

impl StaffRequest {
    /// The posts with which a person begins.
    pub(in crate::directory) fn posts(
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
pub(in crate::directory) struct PostResponse {
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
pub(in crate::directory) struct StaffResponse {
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
pub(in crate::directory) fn staff_response(record: StaffRecord, actor: &Actor) -> StaffResponse {
    let is_admin = matches!(&actor.principal, Principal::Staff { role: Role::Admin, .. });
    StaffResponse {
        id: record.id,
        login: is_admin.then_some(record.login),
        name: record.name,
        posts: record.posts.iter().map(PostResponse::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_plain() {
        assert!(login_name("Mihon.Taro_1@city-office").is_ok());
        for login in ["", "見本", "a b", "a\u{0}", &"a".repeat(65)] {
            assert!(login_name(login).is_err(), "{login:?}");
        }
    }
}
