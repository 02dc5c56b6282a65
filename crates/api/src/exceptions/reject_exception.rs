use super::shape::ExceptionResponse;
use super::steps::decide;
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Verdict;
use domain::ids::ExceptionId;
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 不承認(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RejectionRequest {
    /// 理由
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// See `Verdict::Reject`.
#[utoipa::path(
    tag = "exceptions",
    summary = "例外を承認しない",
    description = "申請した人以外の所属長か個人情報保護管理者が決めます。緊急に使われていたときは、つなぎ先の閲覧をすぐに止め、停止を知らせます。",
    request_body = RejectionRequest,
    responses((status = 200, description = "同意の例外", body = ExceptionResponse))
)]
#[post("/api/v1/exceptions/{id}/reject")]
pub(super) async fn reject_exception(
    change: Change<op::RejectException, ExceptionId, Body<RejectionRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let said = body.reason;
    let verdict = move || Verdict::Reject(Personal::new(said.clone()));
    decide(order, verdict).await
}
