use super::table::TEMPLATE;
use crate::auth::{Guard, op};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpResponse, get};

/// A template for the import.
#[utoipa::path(
    tag = "directory",
    summary = "機関の台帳の CSV のひな形",
    description = "見出しと、見本の一行です。見本の行を書き換えて使います。",
    responses((status = 200, description = "ひな形", body = String, content_type = "text/csv"))
)]
#[get("/api/v1/agencies/import/template")]
pub(super) async fn show_import_template(guard: Guard<op::ShowImportTemplate>) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"agencies.csv\""))
        .content_type("text/csv; charset=utf-8")
        .body(TEMPLATE))
}
