//! Department systems as requests and as answers.

use crate::problem::Problem;
use domain::account::Client;
use domain::agency::Scope;
use domain::ids::{AgencyId, ClientId, StaffId};
use domain::text;
use domain::time::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// 連携システムの登録
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientRequest {
    /// 名称
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100, example = "住民記録システム")]
    pub(super) name: String,
    /// 属する機関
    pub(super) agency_id: AgencyId,
    /// 権限
    #[schema(min_items = 1, max_items = 7)]
    pub(super) scopes: Vec<Scope>,
}

impl ClientRequest {
    /// The scopes that it may ask for.
    pub(super) fn scopes(&self) -> Result<BTreeSet<Scope>, Problem> {
        // The length is checked here: the derived rule would copy what was sent into its error.
        if !(1..=Scope::ALL.len()).contains(&self.scopes.len()) {
            return Err(Problem::invalid("/scopes", "length", "権限は、1つから7つまでにしてください。"));
        }
        Ok(self.scopes.iter().copied().collect())
    }
}

/// 新しい秘密の発行
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationRequest {
    /// 確認されたあと、いままでの秘密も使える時間(0 なら、すぐに使えなくなる)
    #[validate(range(min = 0, max = 744))]
    #[schema(minimum = 0, maximum = 744, example = 24)]
    pub(super) overlap_hours: i64,
}

/// 連携システム
#[derive(Serialize, ToSchema)]
pub(super) struct ClientResponse {
    /// client_id
    id: ClientId,
    /// 名称
    #[schema(example = "住民記録システム")]
    name: String,
    /// 属する機関
    agency_id: AgencyId,
    /// 権限
    scopes: Vec<Scope>,
    created_at: Instant,
    /// 登録が、別の人の確認を待っている(まだ使えない)
    pending: bool,
    /// 新しい秘密が、別の人の確認を待っている(まだ使えない)
    secret_pending: bool,
    /// 確認を待っているものを求めた人。その人には確認できない(コマンドで求めたときは null)
    asked_by_staff_id: Option<StaffId>,
    /// いままでの秘密も、この時刻まで使える
    earlier_secret_until: Option<Instant>,
    /// 止めた日時
    revoked_at: Option<Instant>,
    /// 秘密。登録したとき、発行したときに一度だけ示す
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) client_secret: Option<String>,
}

impl ClientResponse {
    /// As it stands now.
    pub(super) fn of(client: Client, now: Instant) -> Self {
        let is_new = client.confirmed_at.is_none();
        let waits = client.revoked_at.is_none() && (is_new || client.next_secret.is_some());
        let asked_by = if is_new { client.made_by } else { client.next_secret.and_then(|next| next.asked_by) };
        Self {
            id: client.id,
            name: client.name,
            agency_id: client.agency_id,
            scopes: client.scopes.into_iter().collect(),
            created_at: client.created_at,
            pending: waits && is_new,
            secret_pending: waits && !is_new,
            asked_by_staff_id: asked_by.filter(|_| waits),
            earlier_secret_until: client.earlier_secret.map(|(_, until)| until).filter(|until| now < *until),
            revoked_at: client.revoked_at,
            client_secret: None,
        }
    }
}

/// 発行した秘密
#[derive(Serialize, ToSchema)]
pub(super) struct SecretResponse {
    pub(super) client_id: ClientId,
    /// 秘密。ここで一度だけ示すので、システムの担当者に直接渡す
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) client_secret: Option<String>,
}
