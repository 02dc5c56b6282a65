//! Whether the service lives, whether it is ready, and its numbers.

use crate::app::App;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(health_live).service(health_ready).service(metrics);
}

#[derive(Serialize, ToSchema)]
struct HealthResponse {
    /// 状態
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process answers.
#[utoipa::path(tag = "service", summary = "動いているか", responses((status = 200, description = "動いています", body = HealthResponse)))]
#[get("/health/live")]
async fn health_live() -> HttpResponse {
    HttpResponse::Ok().json(HealthResponse { status: "ok" })
}

/// Whether the database answers.
#[utoipa::path(tag = "service", summary = "使えるか", responses((status = 200, description = "使えます", body = HealthResponse)))]
#[get("/health/ready")]
async fn health_ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let now = app.now();
    app.store.read::<_, Problem, _>(move |tx| Ok(tx.outbox_health(now)?)).await.map_err(|_| Problem::Overloaded)?;
    Ok(HttpResponse::Ok().json(HealthResponse { status: "ok" }))
}

/// Numbers in Prometheus text format.
#[utoipa::path(tag = "service", summary = "計測値", responses((status = 200, description = "Prometheus テキスト形式", content_type = "text/plain", body = String)))]
#[get("/metrics")]
async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let now = app.now();
    let outbox = app.store.read::<_, Problem, _>(move |tx| Ok(tx.outbox_health(now)?)).await?;
    app.metrics
        .outbox(i64::try_from(outbox.waiting).unwrap_or(i64::MAX), i64::try_from(outbox.dead).unwrap_or(i64::MAX));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(app.metrics.text()))
}
