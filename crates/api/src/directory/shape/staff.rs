//! People and their posts as requests and as answers.

use super::ends_early;
use crate::code::Code;
use crate::login::login_name;
use crate::problem::Problem;
use domain::account::{Person, Post, Role};
use domain::agency::{Actor, Principal};
use domain::door::FieldError;
use domain::floor::Floor;
use domain::ids::{AgencyId, PostId, StaffId};
use domain::text;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

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
    /// この職に代わって終わる、同じ人の職(延長・異動のとき)。この職が確認されたときに、始まりの日の前日までになります
    pub(in crate::directory) replaces_post_id: Option<PostId>,
}

impl PostRequest {
    /// The post, after the remaining checks that need no database; `below` is its place in the body.
    pub(in crate::directory) fn check(
        &self,
        id: PostId,
        staff_id: StaffId,
        made_by: Option<StaffId>,
        below: &str,
    ) -> Result<Post, FieldError> {
        let early = Floor::Office.wrong(&format!("{below}/valid_from"), self.valid_from);
        match early.or_else(|| ends_early(&format!("{below}/valid_until"), self.valid_from, self.valid_until)) {
            Some(wrong) => Err(wrong),
            None => Ok(Post {
                id,
                staff_id,
                agency_id: self.agency_id,
                role: self.role,
                valid_from: self.valid_from,
                valid_until: self.valid_until,
                made_by,
                // Another person must confirm it.
                confirmed_at: None,
                replaces_post_id: self.replaces_post_id,
                ended_at: None,
            }),
        }
    }
}

/// 職の終わり
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::directory) struct EndPostRequest {
    /// 最後の日。なければ、その場で終える
    pub(in crate::directory) on: Option<Day>,
}

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
        made_by: Option<StaffId>,
        mut next_id: impl FnMut() -> PostId,
    ) -> Result<Vec<Post>, Problem> {
        // The length is checked here: the derived rule would copy what was sent into its error.
        if !(1..=20).contains(&self.posts.len()) {
            return Err(Problem::invalid("/posts", "length", "職は、1つから20までにしてください。"));
        }
        let mut wrong = Vec::new();
        let mut posts = Vec::new();
        for (index, post) in self.posts.iter().enumerate() {
            match post.check(next_id(), staff_id, made_by, &format!("/posts/{index}")) {
                Ok(post) => posts.push(post),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(posts) } else { Err(Problem::InvalidInput(wrong)) }
    }
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
    /// 別の人の確認を待っている(まだ使えない)
    pending: bool,
    /// 加えた人(コマンドで加えたときは null)
    made_by_staff_id: Option<StaffId>,
    /// この職に代わって終わる職
    replaces_post_id: Option<PostId>,
    /// 終わらせた(確認の前なら、取りやめた)日時
    ended_at: Option<Instant>,
}

impl From<&Post> for PostResponse {
    fn from(record: &Post) -> Self {
        Self {
            id: record.id,
            agency_id: record.agency_id,
            role: record.role,
            valid_from: record.valid_from,
            valid_until: record.valid_until,
            pending: record.confirmed_at.is_none() && record.ended_at.is_none(),
            made_by_staff_id: record.made_by,
            replaces_post_id: record.replaces_post_id,
            ended_at: record.ended_at,
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
    /// まだパスワードを決めていない
    invited: bool,
    /// 利用を止められている
    disabled: bool,
    /// 招待のコード。登録したときに一度だけ示す
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(in crate::directory) invitation: Option<CodeResponse>,
}

/// 一度だけ使えるコード。ここで一度だけ示すので、本人に直接渡す
#[derive(Serialize, ToSchema)]
pub(in crate::directory) struct CodeResponse {
    /// ログインの画面の「コードをお持ちの方」で、ログイン名と新しいパスワードとともに入れる
    #[schema(example = "7H2K-9QXB-M4TD-0W6Z")]
    code: String,
    /// この時刻まで使える
    expires_at: Instant,
}

impl From<&Code> for CodeResponse {
    fn from(code: &Code) -> Self {
        Self { code: code.shown.clone(), expires_at: code.record.expires_at }
    }
}

/// A person as `actor` may see them.
pub(in crate::directory) fn staff_response(record: Person, actor: &Actor) -> StaffResponse {
    let is_admin = matches!(&actor.principal, Principal::Staff { role: Role::Admin, .. });
    StaffResponse {
        id: record.id,
        login: is_admin.then_some(record.login),
        name: record.name,
        posts: record.posts.iter().map(PostResponse::from).collect(),
        invited: record.password_hash.is_none(),
        disabled: record.disabled_at.is_some(),
        invitation: None,
    }
}
