//! Puts all operations together, with the middlewares around them and the answers for unknown addresses.

use crate::app::App;
use crate::problem::Problem;
use crate::{
    addresses, attachments, audit, auth, consents, denied, directory, disclosures, doc, exceptions, limit, proof,
    relays, session, sheets, stops, tasks, trace,
};
use actix_web::body::BoxBody;
use actix_web::dev::{ResourceDef, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, Route, get, web};
use std::sync::LazyLock;
use utoipa::openapi::OpenApi;

mod health;
mod operations;
mod page;
mod pages;
mod security;

pub(crate) use operations::Operations;

fn configure(operations: &mut Operations<'_>) {
    session::configure(operations);
    directory::configure(operations);
    sheets::configure(operations);
    proof::configure(operations);
    consents::configure(operations);
    exceptions::configure(operations);
    attachments::configure(operations);
    stops::configure(operations);
    addresses::configure(operations);
    relays::configure(operations);
    tasks::configure(operations);
    disclosures::configure(operations);
    audit::configure(operations);
    health::configure(operations);
    pages::configure(operations);
    operations.service(openapi_document);
}

/// The paths that exist, and the methods of each for the answer to a wrong method.
struct Known(Vec<(ResourceDef, String)>);

/// The OpenAPI document of the service, as YAML.
///
/// # Errors
/// It does not serialise.
pub fn openapi() -> Result<String, String> {
    collect().to_yaml().map_err(|e| e.to_string())
}

pub(crate) fn collect() -> OpenApi {
    let mut document = OpenApi::default();
    actix_web::App::new().configure(|routes| {
        let mut operations = Operations::described(routes);
        configure(&mut operations);
        document = operations.finish();
    });
    doc::complete(document)
}

/// The service, for one worker.
pub fn service(
    app: web::Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let mut document = OpenApi::default();
    let routes = actix_web::App::new().configure(|routes| {
        let mut operations = Operations::served(routes);
        configure(&mut operations);
        document = operations.finish();
    });
    let known = document.paths.paths.iter().map(|(path, item)| {
        let methods = [
            ("GET, HEAD", item.get.is_some()),
            ("POST", item.post.is_some()),
            ("PUT", item.put.is_some()),
            ("DELETE", item.delete.is_some()),
        ];
        let methods: Vec<&str> = methods.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        (ResourceDef::new(path.as_str()), methods.join(", "))
    });
    let known = web::Data::new(Known(known.collect()));
    routes
        .app_data(app)
        .app_data(known)
        .default_service(nowhere())
        .wrap(from_fn(limit::requests))
        .wrap(from_fn(denied::note))
        .wrap(from_fn(auth::authenticate))
        .wrap(from_fn(limit::heads))
        .wrap(from_fn(trace::trace))
}

/// Only the metrics, for a listener that nobody but the monitoring reaches.
pub fn metrics(
    app: web::Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    actix_web::App::new().app_data(app).service(health::metrics)
}

/// The route for every path and method without an operation; the screens and files of the page are among them.
fn nowhere() -> Route {
    web::to(elsewhere)
}

/// Answers where there is no operation: 405 if the path has other methods, else the page, else 404.
async fn elsewhere(
    request: HttpRequest,
    app: web::Data<App>,
    known: web::Data<Known>,
) -> Result<HttpResponse, Problem> {
    match known.0.iter().find(|(path, _)| path.is_match(request.path())) {
        Some((_, methods)) => Err(Problem::MethodNotAllowed(methods.clone())),
        None => page::answer(&app, &request),
    }
}

/// This document.
#[utoipa::path(tag = "service", summary = "API の定義", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/yaml", body = serde_json::Value)))]
#[get("/api/v1/openapi.yaml")]
async fn openapi_document() -> Result<HttpResponse, Problem> {
    // Made at the first request, because it takes more memory than everything else in a worker.
    static DOCUMENT: LazyLock<Result<web::Bytes, String>> = LazyLock::new(|| openapi().map(web::Bytes::from));
    let document = DOCUMENT.clone().map_err(Problem::Internal)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/yaml")).body(document))
}
