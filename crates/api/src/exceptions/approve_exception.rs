use super::shape::ExceptionResponse;
use super::steps::decide;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
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
    change: Change<op::ApproveException, ExceptionId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    decide(order, || Verdict::Approve).await
}
