use super::shape::RelayResponse;
use super::steps::step;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, Nothing, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::case::Move;
use domain::ids::RelayId;

/// See `Move::AcceptHandBack`.
#[utoipa::path(
    tag = "relays",
    summary = "戻された主担当を引き受ける",
    description = "送り元が引き受けると、主担当が送り元に戻ります。つなぎは受理のまま続き、つなぎ先は結果を報告します。",
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/hand-back/accept")]
#[allow(clippy::too_many_arguments, reason = "each part of the request is an extractor of its own")]
pub(super) async fn accept_hand_back(
    guard: Guard<op::AcceptHandBack>,
    id: Id<RelayId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<Nothing>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    step(&app, &guard, id.0, key, if_match, &request, &body.bytes, |_| Ok(Move::AcceptHandBack)).await
}
