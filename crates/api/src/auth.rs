//! Finds out who is calling: reads the cookie or the bearer token, looks up the session or the client, and attaches a [`Caller`] to the request.
//!
//! All I/O of authentication happens in this middleware. The guard extractor, which comes first in every handler, is synchronous, so a
//! caller is refused before the body is checked.

use crate::app::App;
use crate::denied::{Asked, Asker};
use crate::origin::is_foreign;
use crate::problem::Problem;
use crate::token::{Token, credentials};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::account::Client;
use domain::agency::{Actor, Principal};
use domain::ids::SessionId;
pub use domain::permit::{Op, op};
use domain::permit::{Operation, Permit, Relation, is_permitted_somewhere, permit};
use domain::time::{Day, Instant};
use std::future::{Ready, ready};
use std::marker::PhantomData;
use storage::SessionWithPost;

/// A session ends after this many seconds without a request.
pub const IDLE_SECONDS: i64 = 30 * 60;
/// A session ends after this many seconds in any case.
pub const SESSION_SECONDS: i64 = 12 * 3600;
/// The time of the last use is written at most once in this many seconds.
const TOUCH_SECONDS: i64 = 60;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who acts, for which agency, when.
    pub actor: Actor,
    /// The session, when it is a person.
    pub session: Option<SessionWithPost>,
}

/// What authentication found, left in the request's extensions.
type Found = Result<Caller, Problem>;

/// The authenticated caller, for the limits on requests and for the log.
pub(crate) fn principal(request: &HttpRequest) -> Option<Principal> {
    request.extensions().get::<Found>()?.as_ref().ok().map(|caller| caller.actor.principal.clone())
}

/// The name of the session cookie.
pub(crate) fn cookie_name(app: &App) -> &'static str {
    if app.over_tls() { "__Host-tsunagu_session" } else { "tsunagu_session" }
}

/// The CSRF token of a session: keyed, so that nothing needs to be stored.
pub(crate) fn csrf_token(app: &App, id: SessionId) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&app.csrf, id.0.as_bytes()))
}

/// The middleware.
pub async fn authenticate(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| credentials(value, "Bearer"))
        .map(str::to_owned);
    let cookie = request.cookie(cookie_name(&app)).map(|cookie| cookie.value().to_owned());
    let by_cookie = bearer.is_none();
    if let Some(token) = bearer.or(cookie) {
        let found = find(&app, &token).await;
        if let Ok(caller) = &found {
            request.extensions_mut().insert(Asker(caller.actor.clone()));
        }
        let found = match found {
            // A cookie comes from a browser, so the token of a department system is refused in one: a system sends its token itself, in the header.
            Ok(caller) if by_cookie && caller.session.is_none() => Err(Problem::Unauthenticated),
            Ok(caller) if by_cookie && changes(request.method()) => csrf(&app, &request, caller),
            Err(Problem::Unauthenticated) if !by_cookie => Err(Problem::TokenUnknown),
            found => found,
        };
        request.extensions_mut().insert::<Found>(found);
    }
    next.call(request).await
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn csrf(app: &App, request: &ServiceRequest, caller: Caller) -> Found {
    let sent = request.headers().get("X-CSRF-Token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tag = URL_SAFE_NO_PAD.decode(sent).unwrap_or_default();
    let session = caller.session.as_ref().map(|s| s.session.id);
    if is_foreign(request.headers(), &app.public_url) {
        return Err(Problem::Csrf);
    }
    match session {
        Some(id) if hmac::verify(&app.csrf, id.0.as_bytes(), &tag).is_ok() => Ok(caller),
        _ => Err(Problem::Csrf),
    }
}

async fn find(app: &App, token: &str) -> Found {
    let now = app.now();
    match app.tokens.read(token, now).ok_or(Problem::Unauthenticated)? {
        Token::Session(id) => {
            let found = app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_session_with_post(id)?)).await?;
            let found = found.filter(|s| is_alive(s, now)).ok_or(Problem::Unauthenticated)?;
            if found.session.last_used_at.plus_seconds(TOUCH_SECONDS) <= now {
                app.store.write::<_, Problem, _>(id.0, move |tx| Ok(tx.touch_session(id, now)?)).await?;
            }
            let principal = Principal::Staff {
                staff_id: found.session.staff_id,
                session_id: id,
                post_id: found.post.id,
                role: found.post.role,
            };
            let actor =
                Actor { principal, agency_id: found.post.agency_id, municipality_id: found.municipality_id, at: now };
            Ok(Caller { actor, session: Some(found) })
        }
        Token::Client(client_id, scopes) => {
            let today = Day(now.date());
            let client = app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_client(client_id, today)?)).await?;
            let client = client.filter(Client::counts).ok_or(Problem::Unauthenticated)?;
            let scopes = scopes.intersection(&client.scopes).copied().collect();
            let principal = Principal::Client { client_id, scopes };
            let actor =
                Actor { principal, agency_id: client.agency_id, municipality_id: client.municipality_id, at: now };
            Ok(Caller { actor, session: None })
        }
    }
}

fn is_alive(found: &SessionWithPost, now: Instant) -> bool {
    let session = &found.session;
    now < session.expires_at
        && now < session.last_used_at.plus_seconds(IDLE_SECONDS)
        && found.post.is_valid(Day(now.date()))
}

/// The guard, first in every handler's signature. It holds the caller, and proves that the caller may do the operation to at least
/// *something*. The relation to the particular thing is judged once that is loaded.
pub struct Guard<O: Op> {
    /// The caller.
    pub caller: Caller,
    _operation: PhantomData<O>,
}

impl<O: Op> FromRequest for Guard<O> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Found>().cloned().unwrap_or(Err(Problem::Unauthenticated));
        let found = found.and_then(|caller| {
            let principal = &caller.actor.principal;
            if is_permitted_somewhere(principal, O::OPERATION) {
                return Ok(Self { caller, _operation: PhantomData });
            }
            match (principal, O::OPERATION.system().scope()) {
                (Principal::Client { .. }, Some(scope)) => Err(Problem::ScopeMissing(scope)),
                _ => Err(Problem::Forbidden),
            }
        });
        request.extensions_mut().insert(Asked { operation: O::OPERATION, passed: found.is_ok() });
        ready(found)
    }
}

impl<O: Op> Guard<O> {
    /// The acting principal.
    pub fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    /// Whether a list or a search may show content; a caller who reads metadata only is shown none.
    pub fn on_collection(&self) -> Result<Permit, Problem> {
        allow(self.actor(), O::OPERATION, Relation::Collection)
    }
}

/// Applies the one rule of access; a refusal becomes a problem.
pub(crate) fn allow(actor: &Actor, operation: Operation, relation: Relation) -> Result<Permit, Problem> {
    match permit(&actor.principal, operation, relation) {
        Permit::Forbidden => Err(Problem::Forbidden),
        Permit::Hidden => Err(Problem::Hidden),
        allowed => Ok(allowed),
    }
}
