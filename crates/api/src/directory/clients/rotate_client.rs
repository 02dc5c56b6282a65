use super::secret::Secret;
use super::shape::{RotationRequest, SecretResponse};
use super::{mails_of_waiting, must_have_agency};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_thing, shown_once};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::{Client, NextSecret};
use domain::ids::ClientId;

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
    let answered = change_thing::<Client, _, _, _>(order, id.0, move |scene| {
        let actor = scene.actor;
        must_have_agency(scene.tx, &scene.locked.thing, actor)?;
        let mut outcome = scene.locked.thing.clone().ask_rotation(next)?;
        outcome.mails = mails_of_waiting(scene.tx, actor)?;
        scene.apply(outcome)?;
        Ok(Answer::ok(&SecretResponse { client_id: id, client_secret: None })?)
    })
    .await?;
    shown_once(answered, &SecretResponse { client_id: id, client_secret: Some(secret.shown) })
}
