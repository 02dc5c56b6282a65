use super::change_client;
use super::shape::ClientResponse;
use crate::auth::op;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::ClientId;

/// Confirms a department system that another person added, or a secret that another person asked for.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムを確認する",
    description = "確認を待っている登録か、新しい秘密を、使えるようにします。求めた人には確認できません。consents:record を持つものは、個人情報保護管理者だけが確認できます。",
    responses((status = 200, description = "確認しました", body = ClientResponse))
)]
#[post("/api/v1/clients/{id}/confirm")]
pub(super) async fn confirm_client(change: Change<op::ConfirmClient, ClientId>) -> Result<HttpResponse, Problem> {
    change_client(change.order, |client, actor| client.confirm(actor)).await
}
