//! What an attempt to log in costs, in whatever way it is made, and where a failure is noted. ADR 10 gives the reasons.

use super::device;
use crate::app::App;
use crate::limit::{Key, Paid};
use crate::problem::Problem;
use actix_web::HttpRequest;
use domain::account::Person;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::time::{Day, Instant};
use uuid::Uuid;

/// An attempt that has been paid for.
pub(super) struct Attempt {
    /// The account, as a keyed hash.
    pub(super) account: [u8; 16],
    /// Whether this browser has never logged in to the account.
    pub(super) is_stranger: bool,
    pub(super) paid: Paid,
    /// The network from which it comes, as a keyed hash.
    pub(super) network: String,
}

/// Pays for an attempt on an account, by its folded log-in name.
///
/// # Errors
/// [`Problem::TooManyRequests`]
pub(super) fn begin(app: &App, request: &HttpRequest, login: &str) -> Result<Attempt, Problem> {
    let account = device::account(app, login);
    let known = device::known(app, request, &account);
    let network = app.limits.network(request);
    let keys = match known {
        Some(device) => vec![Key::Device(device)],
        None => vec![Key::Pair(account, network), Key::Address(network), Key::Account(account)],
    };
    let paid = app.limits.attempts.take(&keys).map_err(Problem::TooManyRequests)?;
    Ok(Attempt { account, is_stranger: known.is_none(), paid, network: network.keyed(&app.network) })
}

/// Notes a failure where the person's agency sees it, or in the stream of the service when there is no such person or post. The login
/// itself is not noted, because people type passwords there. The failure that uses up a budget says so: the attempts after it are refused
/// unread and not noted. Failures of strangers beyond their budget are only counted.
pub(super) async fn note_failure(
    app: &App,
    staff: Option<&Person>,
    attempt: &Attempt,
    now: Instant,
) -> Result<(), Problem> {
    if attempt.is_stranger && !app.limits.strangers.may_be_noted() {
        return Ok(());
    }
    let today = Day(now.date());
    let post = staff.and_then(|staff| staff.posts.iter().find(|post| post.is_valid(today)));
    let place = staff.zip(post).map(|(staff, post)| (post.agency_id, staff.municipality_id));
    let (stream, municipality, key) = match place {
        Some((agency, municipality)) => (Stream::Agency(agency), Some(municipality), agency.0),
        // Events of the service belong to no municipality, because the auditor of each needs the whole chain to check it.
        None => (Stream::Service, None, Uuid::nil()),
    };
    let event =
        EventDraft::new(EventKind::SessionFailed, stream).with("network", Fact::Commitment(attempt.network.clone()));
    let event = match staff {
        Some(staff) => event.with("staff_id", Fact::Id(staff.id.0)),
        None => event,
    };
    let event = if attempt.paid.is_last { event.with("limited", Fact::Flag(true)) } else { event };
    app.store
        .write::<_, Problem, _>(key, move |tx| {
            let mut lock = tx.lock_stream(stream, municipality)?;
            Ok(tx.append(&mut lock, std::slice::from_ref(&event), None, now)?)
        })
        .await
}
