use super::shape::ExceptionResponse;
use super::steps::decide;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, Nothing, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::case::Verdict;
use domain::ids::ExceptionId;

/// See `Verdict::Approve`.
#[utoipa::path(
    tag = "exceptions",
    summary = "例外を承認する",
    description = "申請した人以外の所属長か個人情報保護管理者が決めます。期限を過ぎた緊急の例外も承認でき、つなぎ先は再び読めるようになります。",
    responses((status = 200, description = "同意の例外", body = ExceptionResponse))
)]
#[post("/api/v1/exceptions/{id}/approve")]
pub(super) async fn approve_exception(
    guard: Guard<op::ApproveException>,
    id: Id<ExceptionId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<Nothing>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    decide(&app, &guard, id.0, key, if_match, &request, &body.bytes, || Verdict::Approve).await
}
