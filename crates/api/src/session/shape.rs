//! Log-ins and tokens as they go in and out. What holds a secret has no `Debug`.

use domain::codes::Role;
use domain::ids::{AgencyId, PostId, StaffId};
use domain::text;
use domain::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use storage::{AgencyRecord, PostRecord, SessionRecord, StaffRecord};
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

/// The posts that a person holds on `today`, oldest first.
pub(super) fn posts_on(staff: &StaffRecord, today: Day) -> Vec<PostRecord> {
    staff.posts.iter().copied().filter(|post| post.is_valid(today)).collect()
}

/// The agencies of the posts, to be looked up in one query.
pub(super) fn agencies_of(posts: &[PostRecord]) -> Vec<AgencyId> {
    posts.iter().map(|post| post.agency_id).collect()
}

/// The session as its owner sees it. `posts` are those held today, `agencies` are theirs.
pub(super) fn session_response(
    staff: &StaffRecord,
    posts: &[PostRecord],
    agencies: &[AgencyRecord],
    session: &SessionRecord,
    csrf_token: &str,
) -> SessionResponse {
    let shown = posts.iter().filter_map(|post| {
        let agency = agencies.iter().find(|agency| agency.agency.id == post.agency_id)?;
        let (agency_name, role) = (agency.name.clone(), post.role);
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

/// トークンの発行の求め(RFC 6749 4.4.2)。ここにない項目は無視します(同 3.2)
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenRequest {
    /// `client_credentials`
    #[schema(required = true, nullable = false, pattern = "^client_credentials$", example = "client_credentials")]
    pub(super) grant_type: Option<String>,
    /// 空白で区切ったスコープ。省略すると、登録されているすべて
    #[schema(nullable = false, example = "sheets:read relays:read")]
    pub(super) scope: Option<String>,
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
