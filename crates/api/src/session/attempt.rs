//! What trying to log in costs, by whatever way, and where a failure is noted. ADR 10 says why.

use super::device;
use crate::app::App;
use crate::limit::{Key, Paid};
use crate::problem::Problem;
use actix_web::HttpRequest;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::time::{Day, Instant};
use storage::StaffRecord;
use uuid::Uuid;

/// An attempt that is paid for.
pub(super) struct Attempt {
    /// The account that it is for, keyed.
    pub(super) account: [u8; 16],
    /// Whether the browser has never logged in to it.
    pub(super) is_stranger: bool,
    pub(super) paid: Paid,
    /// The network that it comes from, keyed.
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

/// Notes a failure where the person's agency sees it; what nobody can be found for goes to the service. The login itself is not
/// noted: people type passwords there. The failure that uses up a budget says so, because what follows it is refused unread and not noted.
/// What strangers cause beyond their budget is only counted.
pub(super) async fn note_failure(
    app: &App,
    staff: Option<&StaffRecord>,
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
        // Events of the service belong to no municipality: each one's auditor needs the whole chain to check it.
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
