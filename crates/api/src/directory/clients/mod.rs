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
use crate::problem::Problem;
use crate::service::Operations;
use domain::agency::Actor;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::Role;
use domain::ids::ClientId;
use domain::mail::MailKind;
use storage::{ClientRecord, WriteTx};

/// Adds the operations.
pub(super) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(list_clients::list_clients)
        .service(create_client::create_client)
        .service(confirm_client::confirm_client)
        .service(rotate_client::rotate_client)
        .service(revoke_client::revoke_client);
}

/// A system of the caller's municipality whose agency still exists.
///
/// # Errors
/// [`Problem::NotFound`].
fn find(tx: &mut WriteTx<'_>, actor: &Actor, id: ClientId) -> Result<ClientRecord, Problem> {
    let found = tx.find_client(id, actor.today())?.ok_or(Problem::NotFound)?;
    if found.municipality_id == actor.municipality_id { Ok(found) } else { Err(Problem::NotFound) }
}

/// The refusal for a system that does not count, or for which nothing waits; it names the state.
fn not_now(client: &ClientRecord) -> Problem {
    let state = match (client.revoked_at, client.confirmed_at) {
        (Some(_), _) => "revoked",
        (None, None) => "pending",
        (None, Some(_)) => "nothing_pending",
    };
    Problem::InvalidTransition(state)
}

fn tell_of_waiting(tx: &mut WriteTx<'_>, actor: &Actor) -> Result<(), Problem> {
    let admins = tx.list_agencies_with(Role::Admin, actor.municipality_id, actor.today())?;
    let mails = posts::mails_of_waiting(tx, MailKind::ClientWaiting, &admins, actor.municipality_id, actor.at)?;
    Ok(tx.enqueue(&mails, actor.municipality_id, actor.at)?)
}

fn event(kind: EventKind, client: &ClientRecord, actor: &Actor) -> EventDraft {
    EventDraft::new(kind, Stream::Agency(actor.agency_id))
        .with("client_id", Fact::Id(client.id.0))
        .with("agency_id", Fact::Id(client.agency_id.0))
        .with("scopes", Fact::List(client.scopes.iter().map(|scope| Fact::Code(scope.as_str())).collect()))
}
