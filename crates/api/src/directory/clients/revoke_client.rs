use super::change_client;
use super::shape::ClientResponse;
use crate::auth::op;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::ClientId;

/// Shuts a department system out, at once and for good, even one that still waits for confirmation.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムを止める",
    description = "その場で、もとに戻せない形で止めます。発行されたトークンも使えなくなります。確認待ちの登録は、取りやめになります。",
    responses((status = 200, description = "止めました", body = ClientResponse))
)]
#[post("/api/v1/clients/{id}/revoke")]
pub(super) async fn revoke_client(change: Change<op::RevokeClient, ClientId>) -> Result<HttpResponse, Problem> {
    change_client(change.order, |client, actor| client.revoke(actor.at)).await
}
