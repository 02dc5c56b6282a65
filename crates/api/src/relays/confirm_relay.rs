use super::shape::RelayResponse;
use super::steps::step;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, Nothing, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::case::Move;
use domain::ids::RelayId;

/// See `Move::Confirm`.
#[utoipa::path(
    tag = "relays",
    summary = "報告を確認する",
    description = "送り元(または調整担当)が報告を確認し、つなぎを完了します。",
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/confirm")]
#[allow(clippy::too_many_arguments, reason = "each part of the request is an extractor of its own")]
pub(super) async fn confirm_relay(
    guard: Guard<op::ConfirmRelay>,
    id: Id<RelayId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<Nothing>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    step(&app, &guard, id.0, key, if_match, &request, &body.bytes, |_| Ok(Move::Confirm)).await
}
