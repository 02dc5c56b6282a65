use super::shape::ClientResponse;
use super::{event, find, not_now};
use crate::auth::op;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::EventKind;
use domain::ids::ClientId;
use storage::ClientRecord;

/// Shuts a department system out, at once and for good, even one that still waits for confirmation.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムを止める",
    description = "その場で、もとに戻せない形で止めます。発行されたトークンも使えなくなります。確認待ちの登録は、取りやめになります。",
    responses((status = 200, description = "止めました", body = ClientResponse))
)]
#[post("/api/v1/clients/{id}/revoke")]
pub(super) async fn revoke_client(change: Change<op::RevokeClient, ClientId>) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id;
    change_directory(order, move |tx, actor| {
        let client = find(tx, actor, id)?;
        if !tx.revoke_client(id, actor.at)? {
            return Err(not_now(&client));
        }
        let event = event(EventKind::ClientRevoked, &client, actor);
        let revoked = ClientRecord { revoked_at: Some(actor.at), ..client };
        Ok((Answer::ok(&ClientResponse::of(revoked, actor.at))?, vec![event]))
    })
    .await
}
