//! The outermost middleware: a trace id for every request, one log line, numbers for metrics, a deadline, and the documents for problems.

use crate::app::App;
use crate::auth::principal;
use crate::door::UPLOAD_LONGEST;
use crate::problem::{Problem, carried};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, ResponseError, web};
use domain::agency::Principal;
use domain::ids::Chance;
use std::time::{Duration, Instant};

/// How long a request may take from its first byte to the first byte of its answer, including its body. This is longer than PostgreSQL's
/// statement timeout.
const DEADLINE: Duration = Duration::from_secs(15);

/// The ids of an answer (W3C Trace Context Level 3, draft): `00-<trace id>-<id of this request>-00`.
const TRACERESPONSE: header::HeaderName = header::HeaderName::from_static("traceresponse");

/// A browser that has come over TLS uses nothing else for a year (RFC 6797). Subdomains are not included, because others may run them.
const OVER_TLS_ONLY: header::HeaderValue = header::HeaderValue::from_static("max-age=31536000");

/// What an answer needs to know about its request.
#[derive(Debug, Clone)]
struct About {
    path: String,
    /// 32 hex digits (W3C Trace Context §3.2.2.3).
    trace_id: String,
    /// The header `traceresponse`, by which a caller finds the log line of any answer.
    response: String,
    over_tls: bool,
}

impl About {
    /// Adds the headers that every answer carries.
    fn mark(&self, headers: &mut header::HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
        if self.over_tls {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, OVER_TLS_ONLY);
        }
        if let Ok(value) = header::HeaderValue::from_str(&self.response) {
            headers.insert(TRACERESPONSE, value);
        }
    }
}

/// The ids of a request.
struct Ids {
    trace: String,
    response: String,
}

impl Ids {
    /// Continues the caller's trace (W3C Trace Context §3.2), or begins one when there is none or it is invalid.
    fn of(traceparent: Option<&header::HeaderValue>, chance: &dyn Chance) -> Self {
        let mut random = [0u8; 24];
        chance.fill(&mut random);
        let fresh = hex::encode(random);
        let (trace, span) = fresh.split_at(32);
        let parent = traceparent.and_then(|value| value.to_str().ok()).and_then(taken_over);
        let trace = parent.unwrap_or(trace).to_owned();
        // Flags 00: nothing here is sampled; the log has a line for every request.
        let response = format!("00-{trace}-{span}-00");
        Self { trace, response }
    }
}

/// The trace id of a valid `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>` in lower case, neither id all zeros; a later version may have more
/// at the end. Nothing else in it is used.
fn taken_over(value: &str) -> Option<&str> {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = value.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let formed = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let zero = |part: &str| part.bytes().all(|b| b == b'0');
    let sound = formed && version != "ff" && !zero(trace) && !zero(parent);
    let whole = version != "00" || parts.next().is_none();
    (sound && whole).then_some(trace)
}

/// A problem whose request no longer exists when the answer is made.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
struct Late {
    problem: Problem,
    about: About,
}

impl ResponseError for Late {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        written(&self.problem, &self.about)
    }
}

/// The middleware.
pub async fn trace(
    app: web::Data<App>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let ids = Ids::of(request.headers().get("traceparent"), app.chance.as_ref());
    let (path, over_tls) = (request.path().to_owned(), app.over_tls());
    let about = About { path, trace_id: ids.trace, response: ids.response, over_tls };
    let method = known(request.method());
    // RFC 9110 §9.3.2: every path that has GET also has HEAD. The connection leaves the body out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    // A file may take long to arrive; after that it has the same time as other requests.
    let is_upload = request.method() == Method::POST && request.path().ends_with("/attachments");
    let deadline = if is_upload { UPLOAD_LONGEST + DEADLINE } else { DEADLINE };
    let response = match actix_web::rt::time::timeout(deadline, next.call(request)).await {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => {
            let problem = error
                .as_error::<Problem>()
                .cloned()
                .unwrap_or_else(|| by_status(error.as_response_error().status_code()));
            return Err(late(&app, method, problem, about, started));
        }
        Err(_) => {
            tracing::warn!(trace_id = about.trace_id, "the deadline of a request passed");
            return Err(late(&app, method, Problem::Overloaded, about, started));
        }
    };
    let (request, response) = response.into_parts();
    // The pattern of the route, never the path: the number of labels must not grow with the ids in the paths.
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    if matches!(carried(&response), Some(Problem::StateDiverged(_))) {
        app.metrics.count_diverged();
    }
    let mut response = document(&about, response);
    // Nobody may cache an answer that does not say otherwise: most answers are about people.
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    about.mark(response.headers_mut());
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    app.metrics.count(method, &route, status, elapsed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let (post_id, client_id) = match principal(&request) {
        Some(Principal::Staff { post_id, .. }) => (Some(post_id.to_string()), None),
        Some(Principal::Client { client_id, .. }) => (None, Some(client_id.to_string())),
        None => (None, None),
    };
    tracing::info!(trace_id = about.trace_id, method, route, status, micros, post_id, client_id, "request");
    Ok(ServiceResponse::new(request, response))
}

/// The method, or `OTHER`: the number of labels must not grow with what strangers send.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// An answer whose request no longer exists: counted and logged like the others, but without its route.
fn late(app: &App, method: &'static str, problem: Problem, about: About, started: Instant) -> actix_web::Error {
    let status = problem.status_code().as_u16();
    app.metrics.count(method, "unknown", status, started.elapsed());
    tracing::info!(trace_id = about.trace_id, method, status, "request ended early");
    Late { problem, about }.into()
}

/// Writes the problem document into every answer that is an error, whichever part made it.
fn document(about: &About, response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = carried(&response).unwrap_or_else(|| by_status(status));
    match &problem {
        Problem::Internal(cause) => tracing::error!(trace_id = about.trace_id, cause, "internal error"),
        Problem::StateDiverged(cause) => tracing::error!(trace_id = about.trace_id, cause, "state diverged"),
        Problem::Unavailable(cause) => tracing::warn!(trace_id = about.trace_id, cause, "the store is not available"),
        Problem::ScannerAway(cause) => tracing::warn!(trace_id = about.trace_id, cause, "the scanner does not answer"),
        Problem::NotReady(reasons) => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
            tracing::warn!(trace_id = about.trace_id, reasons = reasons.join(" "), "not ready");
        }
        _ => {}
    }
    let mut answer = written(&problem, about);
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH && !answer.headers().contains_key(name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

fn written(problem: &Problem, about: &About) -> HttpResponse<BoxBody> {
    let mut answer = problem.error_response();
    let (media, body) = problem.body(about.path.clone(), about.trace_id.clone());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    about.mark(headers);
    answer.set_body(BoxBody::new(body))
}

fn by_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::UNAUTHORIZED => Problem::Unauthenticated,
        StatusCode::FORBIDDEN => Problem::Forbidden,
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed(String::new()),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::UnsupportedMediaType,
        StatusCode::TOO_MANY_REQUESTS => Problem::TooManyRequests(1),
        StatusCode::REQUEST_TIMEOUT => Problem::RequestTimeout,
        StatusCode::SERVICE_UNAVAILABLE => Problem::Overloaded,
        StatusCode::BAD_REQUEST => {
            Problem::Malformed(domain::door::FieldError::new("", "malformed", "要求の形を確認してください。"))
        }
        other => Problem::Internal(format!("status {other} without a problem")),
    }
}
