//! Whether the service is alive, whether it is ready (and if not, why), and its metrics, which are for the monitoring only.

use super::operations::Operations;
use crate::app::App;
use crate::problem::{Problem, ProblemDocument};
use actix_web::http::header;
use actix_web::rt::time::timeout;
use actix_web::{HttpResponse, get, web};
use domain::door::FieldError;
use serde::Serialize;
use std::time::Duration;
use storage::{StoreError, migrate};
use utoipa::ToSchema;

pub(super) fn configure(operations: &mut Operations<'_>) {
    operations.service(health_live).service(health_ready);
}

/// How long the checks may take. The container's health check gives up after 3 s.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize, ToSchema)]
struct HealthResponse {
    /// 状態
    #[schema(example = "ok")]
    status: &'static str,
    /// 知っておくこと
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// The note after a restore. The service still counts as ready: the agency that recorded a sheet must be able to work on it, because only
/// then can it record again the withdrawals that the restore has undone.
const SHUT: &str = "復元したため、ほかの機関が記録したシートとつなぎは閉じています。控えを取ったあとの撤回を記録し直してから、tsunagu reopen を実行してください。";

/// Whether the process answers.
#[utoipa::path(tag = "service", summary = "動いているか", responses((status = 200, description = "動いています", body = HealthResponse)))]
#[get("/health/live")]
async fn health_live() -> HttpResponse {
    HttpResponse::Ok().json(HealthResponse { status: "ok", note: None })
}

/// Whether requests would be served. If not, `errors` names every part that is in the way: `database`, `busy`, `schema_older`,
/// `schema_newer`, `key`, `writer`.
#[utoipa::path(tag = "service", summary = "使えるか", responses(
    (status = 200, description = "使えます", body = HealthResponse),
    (status = 503, description = "使えません。errors に理由があります", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[get("/health/ready")]
async fn health_ready(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let (read, written) = tokio::join!(timeout(PATIENCE, look(&app)), timeout(PATIENCE, app.store.probe_lanes()));
    let (mut parts, is_open) = match read {
        Ok(Ok(seen)) => seen,
        Err(_) | Ok(Err(StoreError::Busy)) => (vec![Part::Busy], true),
        Ok(Err(error)) => {
            tracing::warn!(cause = %error, "the database does not answer");
            (vec![Part::Database], true)
        }
    };
    if !matches!(written, Ok(Ok(()))) {
        parts.push(Part::Writer);
    }
    if parts.is_empty() {
        return Ok(HttpResponse::Ok().json(HealthResponse { status: "ok", note: (!is_open).then_some(SHUT) }));
    }
    Err(Problem::NotReady(parts.into_iter().map(reason).collect()))
}

/// What can keep the service from being ready.
#[derive(Clone, Copy)]
enum Part {
    Database,
    Busy,
    SchemaOlder,
    SchemaNewer,
    Key,
    Writer,
}

fn reason(part: Part) -> FieldError {
    let (code, detail) = match part {
        Part::Database => ("database", "データベースが答えません。データベースが動いているか確かめてください。"),
        Part::Busy => ("busy", "データベースの読み出しが混み合っています。少し待ってから、もう一度試してください。"),
        Part::SchemaOlder => ("schema_older", "データベースの形が古いままです。サービスを起動し直すと新しくなります。"),
        Part::SchemaNewer => {
            ("schema_newer", "データベースの形がこのプログラムより新しいです。新しいプログラムを入れてください。")
        }
        Part::Key => (
            "key",
            "鍵ファイルの鍵では開けない記録があります。鍵の行が欠けていないか確かめ、正しい鍵ファイルを置いて、起動し直してください。",
        ),
        Part::Writer => ("writer", "書き込みができません。データベースの接続と空き容量を確かめてください。"),
    };
    FieldError::new("", code, detail)
}

/// The problems that reading the database finds, and whether receivers may read.
async fn look(app: &App) -> Result<(Vec<Part>, bool), StoreError> {
    app.store
        .read(|tx| {
            let standing = migrate::compare(tx.list_schema_stamps()?);
            let standing = standing.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let mut parts = Vec::new();
            if !standing.pending.is_empty() {
                parts.push(Part::SchemaOlder);
            }
            if !standing.unknown.is_empty() {
                parts.push(Part::SchemaNewer);
            }
            if parts.is_empty() && !tx.keys_fit()? {
                parts.push(Part::Key);
            }
            let is_open = !parts.is_empty() || tx.is_open_to_receivers()?;
            Ok((parts, is_open))
        })
        .await
}

/// The metrics in Prometheus text format, on a listener of their own. Those from the database are left out while it does not answer.
#[get("/metrics")]
pub(super) async fn metrics(app: web::Data<App>) -> HttpResponse {
    let now = app.now();
    let asked = app.store.read::<_, StoreError, _>(move |tx| tx.outbox_health(now));
    let told = match timeout(PATIENCE, asked).await {
        Ok(Ok(told)) => Some(told),
        Ok(Err(error)) => {
            tracing::warn!(cause = %error, "the numbers of the database are missing");
            None
        }
        Err(_) => None,
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(app.metrics.text(&app.store.numbers(), told))
}
