//! The outermost middleware: a trace id for every request, one log line, numbers for metrics, a deadline, and the documents for problems.

use crate::app::App;
use crate::problem::{Problem, carried};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use std::time::{Duration, Instant};

/// How long a request may take from its first byte to its answer's first, the body included. Longer than PostgreSQL's statement timeout.
pub const DEADLINE: Duration = Duration::from_secs(15);

#[derive(Clone)]
struct TraceId(String);

/// The trace id of a request, 32 hex digits (W3C Trace Context §3.2.2.3).
pub fn trace_id(request: &HttpRequest) -> String {
    request
        .extensions()
        .get::<TraceId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

/// The middleware.
pub async fn trace(
    app: web::Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let mut random = [0u8; 16];
    app.chance.fill(&mut random);
    let trace_id = hex::encode(random);
    request.extensions_mut().insert(TraceId(trace_id.clone()));
    let method = request.method().clone();
    let outcome = actix_web::rt::time::timeout(DEADLINE, next.call(request)).await;
    let response = match outcome {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        // Extractors' errors are answered by the services themselves; what comes here is of the middlewares inside.
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(Problem::Overloaded.into()),
    };
    let (request, response) = response.into_parts();
    // The route's pattern, never the path: a label must not grow with the ids that are asked for.
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let response = document(&request, response);
    let status = response.status();
    let elapsed = started.elapsed();
    app.metrics.count(method.as_str(), &route, status.as_u16(), elapsed);
    tracing::info!(trace_id, method = %method, route, status = status.as_u16(), micros = elapsed.as_micros() as u64, "request");
    Ok(ServiceResponse::new(request, response))
}

/// Puts the problem document into an answer that is an error, whoever made it.
fn document(request: &HttpRequest, response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = carried(&response).unwrap_or_else(|| by_status(status));
    if let Problem::Internal(cause) = &problem {
        tracing::error!(trace_id = trace_id(request), cause, "internal error");
    }
    let mut answer = problem.error_response();
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH && !answer.headers().contains_key(name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    let body = serde_json::to_vec(&problem.document(request)).unwrap_or_default();
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/problem+json"),
    );
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
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
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => Problem::Overloaded,
        StatusCode::BAD_REQUEST => Problem::Malformed(domain::door::FieldError::new(
            "",
            "malformed",
            "要求の形を確認してください。",
        )),
        other => Problem::Internal(format!("status {other} without a problem")),
    }
}
