//! A person or system that is logged in and is refused leaves a trace: somebody who tries doors is noticed, even when none opens.
//!
//! Each of the first [`NOTED`] refusals of a person or system within an hour is an event in the stream of their agency. Further ones are
//! counted, and the count is noted when the hour is over. The answer says nothing about this. It takes as long for an id that does not
//! exist as for one that is hidden, because both are noted.

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

/// How many refusals of one person or system are noted one by one in an hour.
const NOTED: u32 = 60;
/// An hour, in seconds.
const HOUR: i64 = 3600;

/// The caller that the token names, whatever else is wrong with the request.
pub(crate) struct Asker(pub(crate) Actor);

/// The operation that was asked for, and whether the role alone allowed it.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// The operation.
    pub(crate) operation: Operation,
    /// Whether the guard let it pass.
    pub(crate) passed: bool,
}

/// The refusals of each caller in the hour that began with the first of them. Only callers with an account are in it, so it cannot outgrow
/// their number.
#[derive(Default)]
pub(crate) struct Denials(Mutex<HashMap<Uuid, Attempts>>);

struct Attempts {
    actor: Actor,
    since: Instant,
    noted: u32,
    beyond: u64,
}

impl Denials {
    /// Whether this refusal is noted as an event of its own; if not, it is counted.
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

    /// Forgets the hours that are over; returns how many refusals of each caller were only counted.
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

/// The middleware: inside authentication, around everything that can refuse.
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

/// The event for a refusal. There is none for an answer that only asks for better input, and none when the trail already has the refusal.
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
    // The address belongs to no operation.
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
    // Only an id that was found is named: one that somebody made up might say anything.
    let found = matches!(problem, Problem::Hidden | Problem::SecondPerson { .. })
        || matches!(problem, Problem::Forbidden) && asked.is_some_and(|asked| asked.passed);
    let target = request.match_info().get("id").and_then(|id| id.parse::<Uuid>().ok());
    let event = match target.filter(|_| found) {
        Some(target) => event.with("target_id", Fact::Id(target)),
        None => event,
    };
    Some((actor, event))
}

/// Writes the event before the answer leaves. When the store cannot write it, the answer is sent all the same: it reveals nothing.
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
