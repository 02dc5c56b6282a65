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

/// 事後対応(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowUpRequest {
    /// 行ったこと
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
}

/// See `Verdict::FollowUp`.
#[utoipa::path(
    tag = "exceptions",
    summary = "例外の事後対応を記録する",
    description = "承認され、使われた例外について、本人への説明や同意の求めなど、行ったことを記録します。緊急に使った例外は、これが済むまでシートを終結できません。",
    request_body = FollowUpRequest,
    responses((status = 200, description = "同意の例外", body = ExceptionResponse))
)]
#[post("/api/v1/exceptions/{id}/follow-up")]
pub(super) async fn follow_up_exception(
    change: Change<op::FollowUpException, ExceptionId, Body<FollowUpRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let said = body.text;
    let verdict = move || Verdict::FollowUp(Personal::new(said.clone()));
    decide(order, verdict).await
}
