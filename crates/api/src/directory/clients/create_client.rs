use super::mails_of_waiting;
use super::secret::Secret;
use super::shape::{ClientRequest, ClientResponse};
use crate::auth::op;
use crate::directory::agency::check_agencies;
use crate::door::Body;
use crate::execute::{Answer, Change, add_thing, shown_once};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Client;
use domain::ids::ClientId;

/// Adds a department system. Its secret is shown here, once. The system counts once another person has confirmed it.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムを登録する",
    description = "client_secret はこの応答だけに示し、同じ Idempotency-Key で送り直しても示しません。別の人(システム管理者か個人情報保護管理者。consents:record があれば個人情報保護管理者)が確認するまでは使えません。",
    request_body = ClientRequest,
    responses((status = 201, description = "登録しました。Location は連携システムの一覧です", body = ClientResponse))
)]
#[post("/api/v1/clients")]
pub(super) async fn create_client(
    change: Change<op::CreateClient, (), Body<ClientRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let scopes = body.scopes()?;
    let secret = Secret::new(order.app.chance.as_ref());
    let client = Client {
        id: ClientId::new(actor.at, order.app.chance.as_ref()),
        municipality_id: actor.municipality_id,
        agency_id: body.agency_id,
        name: body.name,
        secret_hash: secret.hash,
        earlier_secret: None,
        next_secret: None,
        scopes,
        created_at: actor.at,
        made_by: actor.staff_id(),
        confirmed_at: None,
        revoked_at: None,
    };
    let mut shown = ClientResponse::of(client.clone(), actor.at);
    shown.client_secret = Some(secret.shown);
    let answered = add_thing(order, move |tx, actor| {
        check_agencies(tx, actor.municipality_id, &[client.agency_id], |_| "/agency_id".to_owned())?;
        let mut outcome = client.clone().create();
        outcome.mails = mails_of_waiting(tx, actor)?;
        let client = tx.apply_new(outcome, Some(actor), actor.at)?.thing;
        Answer::created(&ClientResponse::of(client, actor.at), "/api/v1/clients".to_owned())
    })
    .await?;
    shown_once(answered, &shown)
}
