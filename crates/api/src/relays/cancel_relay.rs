use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Move;
use domain::ids::RelayId;
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 取下げ(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelRequest {
    /// 理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// See `Move::Cancel`.
#[utoipa::path(
    tag = "relays",
    summary = "取り下げる",
    description = "受理される前のつなぎを取り下げます。",
    request_body = CancelRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/cancel")]
pub(super) async fn cancel_relay(
    change: Change<op::CancelRelay, RelayId, Body<CancelRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let reason = body.reason;
    step(order, move |_| Ok(Move::Cancel { reason: Personal::new(reason.clone()) })).await
}
