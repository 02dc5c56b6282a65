//! Department systems. The person who adds one has seen its secret, so another person must confirm it; a new secret must be confirmed in
//! the same way.

mod confirm_client;
mod create_client;
mod list_clients;
mod revoke_client;
mod rotate_client;
mod secret;
mod shape;

pub use secret::Secret;

use super::posts;
use crate::auth::Op;
use crate::execute::{Answer, Order, change_thing};
use crate::problem::Problem;
use crate::service::Operations;
use actix_web::HttpResponse;
use domain::account::{Client, Role};
use domain::agency::Actor;
use domain::aggregate::Outcome;
use domain::case::Refusal;
use domain::ids::ClientId;
use domain::mail::{Mail, MailKind};
use shape::ClientResponse;
use storage::WriteTx;

/// Adds the operations.
pub(super) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(list_clients::list_clients)
        .service(create_client::create_client)
        .service(confirm_client::confirm_client)
        .service(rotate_client::rotate_client)
        .service(revoke_client::revoke_client);
}

/// Carries out a transition of a system.
///
/// # Errors
/// The refusal of the transition; the system is not there.
async fn change_client<O: Op>(
    order: Order<O, ClientId>,
    step: impl Fn(Client, &Actor) -> Result<Outcome<Client>, Refusal> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let id = order.id.0;
    change_thing::<Client, _, _, _>(order, id, move |scene| {
        let actor = scene.actor;
        must_have_agency(scene.tx, &scene.locked.thing, actor)?;
        let outcome = step(scene.locked.thing.clone(), actor)?;
        let client = scene.apply(outcome)?.thing;
        Ok(Answer::ok(&ClientResponse::of(client, actor.at))?)
    })
    .await
}

/// A system whose agency is no more is not there.
///
/// # Errors
/// [`Problem::NotFound`].
fn must_have_agency(tx: &mut WriteTx<'_>, client: &Client, actor: &Actor) -> Result<(), Problem> {
    let agency = tx.find_agency(client.agency_id)?.ok_or(Problem::NotFound)?.agency;
    if agency.is_over(actor.today()) { Err(Problem::NotFound) } else { Ok(()) }
}

fn mails_of_waiting(tx: &mut WriteTx<'_>, actor: &Actor) -> Result<Vec<Mail>, Problem> {
    let admins = tx.list_agencies_with(Role::Admin, actor.municipality_id, actor.today())?;
    posts::mails_of_waiting(tx, MailKind::ClientWaiting, &admins, actor.municipality_id, actor.at)
}
