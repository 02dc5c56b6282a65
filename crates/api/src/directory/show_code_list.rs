use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::segment;
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::codes::CodeList;

/// One code list.
#[utoipa::path(
    tag = "directory",
    summary = "コード表を見る",
    description = "コード表を一つ返します。名前はコード表の一覧にあります。",
    responses((status = 200, description = "コード表", body = CodeList))
)]
#[get("/api/v1/codes/{list}")]
pub(super) async fn show_code_list(
    guard: Guard<op::ShowCodeList>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let name: String = segment(&request, "list")?;
    let list = app.tables.all().into_iter().find(|list| list.list == name).ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&list)?.respond(false))
}
