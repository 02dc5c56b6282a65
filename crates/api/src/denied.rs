//! Denied attempts of somebody who is logged in leave a trace: who tries doors is seen, though nothing opened.
//!
//! An event for each of the first [`NOTED`] in an hour of a person or system, in the stream of the asker's agency; what comes beyond is counted,
//! and the count noted when the hour is over. The answer says nothing of it, and takes as long for an id that nobody has as for one that is
//! hidden: both are noted.

use crate::app::App;
use crate::problem::{Problem, carried};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use domain::agency::{Actor, Principal};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::permit::Operation;
use domain::time::Instant;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Events of one person or system in an hour.
const NOTED: u32 = 60;
/// An hour, in seconds.
const HOUR: i64 = 3600;

/// Who asks, as far as the token says, whatever else is wrong with the request.
pub(crate) struct Asker(pub(crate) Actor);

/// What was asked for, and whether the role alone allowed it to go on to the thing itself.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// The operation.
    pub(crate) operation: Operation,
    /// Whether it came past the guard.
    pub(crate) passed: bool,
}

/// The attempts of each in the hour that began with their first. Nobody is in it who has no account: it cannot grow beyond those.
#[derive(Default)]
pub(crate) struct Denials(Mutex<HashMap<Uuid, Attempts>>);

struct Attempts {
    actor: Actor,
    since: Instant,
    noted: u32,
    beyond: u64,
}

impl Denials {
    /// Whether this attempt is noted by itself.
    fn take(&self, actor: &Actor) -> bool {
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = hours.entry(id_of(actor)).or_insert_with(|| Attempts {
            actor: actor.clone(),
            since: actor.at,
            noted: 0,
            beyond: 0,
        });
        if own.noted < NOTED {
            own.noted += 1;
            return true;
        }
        own.beyond += 1;
        false
    }

    /// Forgets the hours that are over; gives back how many attempts each had beyond what was noted.
    fn over(&self, now: Instant) -> Vec<(Actor, u64)> {
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = hours.extract_if(|_, own| own.since.plus_seconds(HOUR) <= now);
        done.filter(|(_, own)| own.beyond > 0).map(|(_, own)| (own.actor, own.beyond)).collect()
    }
}

fn id_of(actor: &Actor) -> Uuid {
    match &actor.principal {
        Principal::Staff { staff_id, .. } => staff_id.0,
        Principal::Client { client_id, .. } => client_id.0,
    }
}

/// The middleware: inside authentication, around everything that may refuse.
pub(crate) async fn note(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let response = next.call(request).await?;
    let now = app.now();
    for (actor, beyond) in app.denials.over(now) {
        let event = EventDraft::new(EventKind::AccessDenied, Stream::Agency(actor.agency_id));
        write(&app, Actor { at: now, ..actor }, event.with("more", Fact::Count(beyond))).await;
    }
    if let Some((actor, event)) = denied(response.request(), carried(response.response()))
        && app.denials.take(&actor)
    {
        write(&app, actor, event).await;
    }
    Ok(response)
}

/// What is to be noted of an answer; nothing of what only asks for better input, and nothing where the trail has the refusal already.
fn denied(request: &HttpRequest, problem: Option<Problem>) -> Option<(Actor, EventDraft)> {
    let problem = problem?;
    let status = match problem {
        Problem::Forbidden | Problem::ScopeMissing(_) | Problem::SecondPerson { noted: false } | Problem::Csrf => 403,
        Problem::NotFound | Problem::Hidden => 404,
        Problem::TooManyRequests(_) => 429,
        _ => return None,
    };
    let extensions = request.extensions();
    let actor = extensions.get::<Asker>()?.0.clone();
    let asked = extensions.get::<Asked>().copied();
    // An address that is no operation of ours.
    if status == 404 && asked.is_none() {
        return None;
    }
    let event = EventDraft::new(EventKind::AccessDenied, Stream::Agency(actor.agency_id))
        .with("problem", Fact::Code(problem.name()))
        .with("status", Fact::Count(status));
    let event = match asked {
        Some(asked) => event.with("operation", Fact::Code(asked.operation.id())),
        None => event,
    };
    // Only what was found is named: an id that somebody made up might say anything.
    let found = matches!(problem, Problem::Hidden | Problem::SecondPerson { .. })
        || matches!(problem, Problem::Forbidden) && asked.is_some_and(|asked| asked.passed);
    let target = request.match_info().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let event = match target.filter(|_| found) {
        Some(target) => event.with("target_id", Fact::Id(target)),
        None => event,
    };
    Some((actor, event))
}

/// Writes the event before the answer leaves. Where the store refuses, the answer goes all the same: it opens nothing.
async fn write(app: &App, actor: Actor, event: EventDraft) {
    let written = app
        .store
        .write::<_, Problem, _>(actor.agency_id.0, move |tx| {
            let mut lock = tx.lock_stream(Stream::Agency(actor.agency_id), Some(actor.municipality_id))?;
            Ok(tx.append(&mut lock, std::slice::from_ref(&event), Some(&actor), actor.at)?)
        })
        .await;
    if let Err(problem) = written {
        tracing::warn!(cause = %problem, "a denied attempt was not noted");
    }
}
