use crate::app::App;
use crate::auth::{Guard, op};
use crate::page::Page;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::codes::CodeList;

/// Every code list. They are few and small, so there is one page.
#[utoipa::path(
    tag = "directory",
    summary = "コード表の一覧",
    description = "すべてのコードと日本語の名前です。一度に全部を返します(next はいつも null)。",
    responses((status = 200, description = "コード表の一覧", body = Page<CodeList>))
)]
#[get("/api/v1/codes")]
pub(super) async fn list_codes(
    guard: Guard<op::ListCodes>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let all = Page { items: app.tables.all(), next: None };
    all.respond(&request)
}
