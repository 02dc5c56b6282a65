use super::secret::Secret;
use super::shape::{RotationRequest, SecretResponse};
use super::{event, find, not_now, tell_of_waiting};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey};
use crate::execute::{Answer, claim, on_agency, shown_once};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::audit::EventKind;
use domain::ids::ClientId;
use storage::NextSecret;

/// Another secret for a department system, shown here once; it counts when another person has confirmed it.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムに新しい秘密を発行する",
    description = "client_secret はこの応答だけに示し、同じ Idempotency-Key で送り直しても示しません。別の人が確認すると使えるようになり、いままでの秘密は、そのときから overlap_hours のあいだだけ使えます。確認を待つ秘密があれば、それに代わります。",
    request_body = RotationRequest,
    responses((status = 200, description = "発行しました", body = SecretResponse))
)]
#[post("/api/v1/clients/{id}/rotate")]
pub(super) async fn rotate_client(
    guard: Guard<op::RotateClient>,
    id: Id<ClientId>,
    key: IdempotencyKey,
    body: Body<RotationRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let claim = claim(&app, actor, key, &request, &body.bytes);
    let id = id.0;
    let secret = Secret::new(app.chance.as_ref());
    let overlap_seconds = body.value.overlap_hours * 3600;
    let next = NextSecret { hash: secret.hash, overlap_seconds, asked_by: actor.staff_id() };
    let answered = on_agency(&app, actor, Some(claim), move |tx, actor| {
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
