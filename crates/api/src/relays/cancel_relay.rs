use super::shape::RelayResponse;
use super::steps::step;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey, IfMatch};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
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
#[allow(clippy::too_many_arguments, reason = "each part of the request is an extractor of its own")]
pub(super) async fn cancel_relay(
    guard: Guard<op::CancelRelay>,
    id: Id<RelayId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: Body<CancelRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let reason = body.value.reason;
    step(&app, &guard, id.0, key, if_match, &request, &body.bytes, move |_| {
        Ok(Move::Cancel { reason: Personal::new(reason.clone()) })
    })
    .await
}
