use super::shape::ClientResponse;
use super::{event, find, not_now};
use crate::auth::op;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::EventKind;
use domain::ids::ClientId;
use domain::second_person;

/// Confirms a department system that another person added, or a secret that another person asked for.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムを確認する",
    description = "確認を待っている登録か、新しい秘密を、使えるようにします。求めた人には確認できません。consents:record を持つものは、個人情報保護管理者だけが確認できます。",
    responses((status = 200, description = "確認しました", body = ClientResponse))
)]
#[post("/api/v1/clients/{id}/confirm")]
pub(super) async fn confirm_client(change: Change<op::ConfirmClient, ClientId>) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id;
    change_directory(order, move |tx, actor| {
        let client = find(tx, actor, id)?;
        let (kind, asked_by) = match client.next_secret {
            _ if client.confirmed_at.is_none() => (EventKind::ClientConfirmed, client.made_by),
            Some(next) => (EventKind::ClientRotated, next.asked_by),
            None => return Err(not_now(&client)),
        };
        second_person::of_client(actor, asked_by, &client.scopes)?;
        let done = match client.next_secret {
            Some(next) if client.confirmed_at.is_some() => tx.confirm_next_secret(id, next, actor.at)?,
            _ => tx.confirm_client(id, actor.at)?,
        };
        if !done {
            return Err(not_now(&client));
        }
        let confirmed = find(tx, actor, id)?;
        let event = event(kind, &confirmed, actor);
        Ok((Answer::ok(&ClientResponse::of(confirmed, actor.at))?, vec![event]))
    })
    .await
}
