//! Limits: what one caller may ask for, so that all others are still served. docs/limits.md lists them; ADR 10 gives the reasons.
//!
//! All state here is bounded and uses the service's clock, so tests can set the time.

mod address;
mod attempts;
mod connection;
mod elapsed;
mod rate;
mod strangers;
mod uploads;

pub use address::Network;
pub(crate) use attempts::{Attempts, Key, Paid};
pub use connection::Connection;
pub(crate) use uploads::Uploads;

use crate::app::App;
use crate::auth::principal;
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{ResponseError, web};
use connection::{Held, UnderWay};
use domain::agency::Principal;
use domain::time::Clock;
use elapsed::Elapsed;
use ipnet::IpNet;
use rate::Rate;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use strangers::Strangers;
use uuid::Uuid;

/// The longest path with its query, in bytes. RFC 9110 §4.1 asks for at least 8000.
const URI_LIMIT: usize = 8 << 10;
/// The most bytes that all headers of a request may hold. This includes cookies that others set for the same host, and is far more than our
/// own need.
const HEADER_LIMIT: usize = 32 << 10;

/// The configured limits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The most requests of one person in a minute.
    pub person_per_minute: NonZeroU32,
    /// The most requests of one department system in a minute.
    pub system_per_minute: NonZeroU32,
    /// The most requests in a minute from one address by callers who are not logged in.
    pub address_per_minute: NonZeroU32,
}

/// Parses networks and single addresses; none when one of the texts is neither.
pub fn trusted(list: &[String]) -> Option<Vec<IpNet>> {
    let net = |text: &String| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    list.iter().map(net).collect()
}

/// The state of the limits; one for all workers of the process.
pub(crate) struct Limits {
    pub(crate) attempts: Attempts,
    pub(crate) strangers: Strangers,
    trusted: Vec<IpNet>,
    people: Rate<Uuid>,
    systems: Rate<Uuid>,
    addresses: Rate<Network>,
}

impl Limits {
    pub(crate) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let elapsed = Elapsed::new(clock);
        Self {
            attempts: Attempts::new(elapsed.clone()),
            strangers: Strangers::new(elapsed.clone()),
            people: Rate::new(settings.person_per_minute, elapsed.clone(), Uuid::nil()),
            systems: Rate::new(settings.system_per_minute, elapsed.clone(), Uuid::nil()),
            addresses: Rate::new(settings.address_per_minute, elapsed, Network::NOWHERE),
            trusted: settings.trusted_proxies,
        }
    }

    /// Where a request comes from.
    pub(crate) fn network(&self, request: &HttpRequest) -> Network {
        Network::of(request, &self.trusted)
    }
}

/// Runs before authentication: checks the size of the head, and marks that this connection has a request under way.
pub(crate) async fn heads(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if let Some(problem) = too_large(&request) {
        return Ok(request.into_response(problem.error_response()));
    }
    let connection = request.request().conn_data::<Arc<Connection>>().cloned();
    let under_way = connection.map(UnderWay::begin);
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(response.map_body(|_, body| Held::new(body, under_way).boxed()))
}

fn too_large(request: &ServiceRequest) -> Option<Problem> {
    let uri = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    match () {
        () if uri > URI_LIMIT => Some(Problem::UriTooLong),
        () if headers > HEADER_LIMIT => Some(Problem::HeadersTooLarge),
        () => None,
    }
}

/// Runs after authentication: limits the requests of this person, of this system, or else of this address.
pub(crate) async fn requests(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    match admit(&app.limits, &request) {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(seconds) => {
            let refused = request.into_response(Problem::TooManyRequests(seconds).error_response());
            Ok(refused.map_into_right_body())
        }
    }
}

fn admit(limits: &Limits, request: &ServiceRequest) -> Result<(), u32> {
    // Monitoring must reach the service during a flood, too.
    if matches!(request.path(), "/health/live" | "/health/ready") {
        return Ok(());
    }
    match principal(request.request()) {
        Some(Principal::Staff { staff_id, .. }) => limits.people.take(staff_id.0),
        Some(Principal::Client { client_id, .. }) => limits.systems.take(client_id.0),
        None => limits.addresses.take(limits.network(request.request())),
    }
}
