use super::secret::Secret;
use super::shape::{RotationRequest, SecretResponse};
use super::{event, find, not_now, tell_of_waiting};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_directory, shown_once};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::EventKind;
use domain::ids::ClientId;
use storage::NextSecret;

/// Issues a new secret for a department system. It is shown here, once, and counts once another person has confirmed it.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムに新しい秘密を発行する",
    description = "client_secret はこの応答だけに示し、同じ Idempotency-Key で送り直しても示しません。別の人が確認すると使えるようになり、いままでの秘密は、そのときから overlap_hours のあいだだけ使えます。確認を待つ秘密があれば、それに代わります。",
    request_body = RotationRequest,
    responses((status = 200, description = "発行しました", body = SecretResponse))
)]
#[post("/api/v1/clients/{id}/rotate")]
pub(super) async fn rotate_client(
    change: Change<op::RotateClient, ClientId, Body<RotationRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let id = order.id;
    let secret = Secret::new(order.app.chance.as_ref());
    let overlap_seconds = body.overlap_hours * 3600;
    let next = NextSecret { hash: secret.hash, overlap_seconds, asked_by: actor.staff_id() };
    let answered = change_directory(order, move |tx, actor| {
        let client = find(tx, actor, id)?;
        if !tx.keep_next_secret(id, next)? {
            return Err(not_now(&client));
        }
        tell_of_waiting(tx, actor)?;
        let event = event(EventKind::ClientRotationAsked, &client, actor);
        Ok((Answer::ok(&SecretResponse { client_id: id, client_secret: None })?, vec![event]))
    })
    .await?;
    shown_once(answered, &SecretResponse { client_id: id, client_secret: Some(secret.shown) })
}
