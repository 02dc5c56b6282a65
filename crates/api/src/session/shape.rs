//! Log-ins and tokens as requests and as answers. Types that hold a secret have no `Debug`.

use crate::password::{LONGEST, SHORTEST};
use domain::account::{Person, Post, Role};
use domain::agency::AgencyRecord;
use domain::ids::{AgencyId, PostId, SessionId, StaffId};
use domain::text;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use storage::SessionRecord;
use utoipa::ToSchema;
use validator::Validate;

/// ログイン
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionRequest {
    /// ログイン名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "madoguchi")]
    pub(super) login: String,
    /// パスワード
    #[validate(length(max = 128))]
    #[schema(max_length = 128, format = Password, example = "tsunagu-demo")]
    pub(super) password: String,
    /// 確認コード(まだ使われていません。送らないでください)
    pub(super) otp: Option<String>,
}

// Has no `Debug`: it holds a code and a password.
/// 一度だけのコードによるパスワードの設定
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeRequest {
    /// ログイン名
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "mihon.taro")]
    pub(super) login: String,
    /// 受け取ったコード(大文字と小文字、空白、ハイフンの違いは問わない)
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "7H2K-9QXB-M4TD-0W6Z")]
    pub(super) code: String,
    /// 新しいパスワード(12〜128文字。よく使われるものや、氏名・ログイン名・機関名に近いものは使えない)
    #[validate(length(min = SHORTEST, max = LONGEST))]
    #[schema(min_length = 12, max_length = 128, format = Password)]
    pub(super) new_password: String,
}

// Has no `Debug`: it holds passwords.
/// パスワードの変更
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordRequest {
    /// いまのパスワード
    #[validate(length(max = LONGEST))]
    #[schema(max_length = 128, format = Password)]
    pub(super) old_password: String,
    /// 新しいパスワード(12〜128文字。よく使われるものや、氏名・ログイン名・機関名に近いものは使えない)
    #[validate(length(min = SHORTEST, max = LONGEST))]
    #[schema(min_length = 12, max_length = 128, format = Password)]
    pub(super) new_password: String,
}

/// 使う職の選択
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActingPostRequest {
    /// これから使う職
    pub(super) post_id: PostId,
}

/// ログインしている人
#[derive(Serialize, ToSchema)]
pub(super) struct SessionStaffResponse {
    id: StaffId,
    /// 氏名
    #[schema(example = "見本 太郎")]
    name: String,
}

/// 選べる職
#[derive(Serialize, ToSchema)]
pub(super) struct SessionPostResponse {
    id: PostId,
    agency_id: AgencyId,
    /// 機関の名前
    #[schema(example = "福祉まるごと相談課")]
    agency_name: String,
    role: Role,
}

/// ログインの状態
#[derive(Serialize, ToSchema)]
pub(super) struct SessionResponse {
    staff: SessionStaffResponse,
    /// 今日有効な職
    posts: Vec<SessionPostResponse>,
    /// いま使っている職
    acting_post_id: PostId,
    /// クッキーだけで変更するときに X-CSRF-Token ヘッダーに入れる値
    csrf_token: String,
    /// 遅くともこの時刻に終わります(30分使わないと、その前に終わります)
    expires_at: Instant,
}

/// The agencies of the posts that a person holds on `today`, if all of these agencies still exist.
pub(super) fn agencies_held(staff: &Person, today: Day) -> Vec<AgencyId> {
    staff.posts.iter().filter(|post| post.is_valid(today)).map(|post| post.agency_id).collect()
}

/// The posts that a person holds on `today`, oldest first. A post ends with its agency.
pub(super) fn posts_on(staff: &Person, agencies: &[AgencyRecord], today: Day) -> Vec<Post> {
    let ends = |post: &Post| agencies.iter().find(|it| it.agency.id == post.agency_id)?.agency.active_until;
    staff.posts.iter().map(|post| post.until(ends(post))).filter(|post| post.is_valid(today)).collect()
}

/// The agencies of the posts, so that one query can find them all.
pub(super) fn agencies_of(posts: &[Post]) -> Vec<AgencyId> {
    posts.iter().map(|post| post.agency_id).collect()
}

/// The session as its owner sees it at `now`. `posts` are those held today; `agencies` are the agencies of these posts.
pub(super) fn session_response(
    staff: &Person,
    posts: &[Post],
    agencies: &[AgencyRecord],
    session: &SessionRecord,
    csrf_token: &str,
    now: Instant,
) -> SessionResponse {
    let shown = posts.iter().filter_map(|post| {
        let agency = agencies.iter().find(|agency| agency.agency.id == post.agency_id)?;
        let (agency_name, role) = (agency.called(now).0.to_owned(), post.role);
        Some(SessionPostResponse { id: post.id, agency_id: post.agency_id, agency_name, role })
    });
    SessionResponse {
        staff: SessionStaffResponse { id: staff.id, name: staff.name.clone() },
        posts: shown.collect(),
        acting_post_id: session.acting_post_id,
        csrf_token: csrf_token.to_owned(),
        expires_at: session.expires_at,
    }
}

/// いま使えるログイン
#[derive(Serialize, ToSchema)]
pub(super) struct SessionSummaryResponse {
    id: SessionId,
    /// ログインした時刻
    created_at: Instant,
    /// 最後に使った時刻(1分ほど遅れることがある)
    last_used_at: Instant,
    /// 遅くともこの時刻に終わる
    expires_at: Instant,
    /// 使っている職
    acting_post_id: PostId,
    /// いま見ているログイン
    current: bool,
}

/// ログインの一覧
#[derive(Serialize, ToSchema)]
pub(super) struct SessionsResponse {
    items: Vec<SessionSummaryResponse>,
}

/// The sessions as an answer; `current` is the one that sent the request, if it is among them.
pub(super) fn sessions_response(sessions: Vec<SessionRecord>, current: Option<SessionId>) -> SessionsResponse {
    let item = |session: SessionRecord| SessionSummaryResponse {
        id: session.id,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        acting_post_id: session.acting_post_id,
        current: Some(session.id) == current,
    };
    SessionsResponse { items: sessions.into_iter().map(item).collect() }
}

/// トークンの発行の求め(RFC 6749 4.4.2)。ここにない項目は無視します(同 3.2)
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenRequest {
    /// `client_credentials`
    #[schema(required = true, nullable = false, pattern = "^client_credentials$", example = "client_credentials")]
    pub(super) grant_type: Option<String>,
    /// 空白で区切ったスコープ。省略すると、登録されているすべて
    #[schema(nullable = false, example = "sheets:read relays:read")]
    pub(super) scope: Option<String>,
    /// HTTP Basic で送らないときの client_id
    #[schema(nullable = false)]
    pub(super) client_id: Option<String>,
    /// HTTP Basic で送らないときの client_secret
    #[schema(nullable = false, format = Password)]
    pub(super) client_secret: Option<String>,
}

/// トークン(RFC 6749 5.1)
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse {
    /// Authorization: Bearer に入れる値
    pub(super) access_token: String,
    /// 種類
    #[schema(example = "Bearer")]
    pub(super) token_type: &'static str,
    /// 有効な秒数
    #[schema(example = 600)]
    pub(super) expires_in: i64,
    /// 空白で区切ったスコープ
    #[schema(example = "sheets:read relays:read")]
    pub(super) scope: String,
}
