use super::shape::RelayResponse;
use super::steps::step;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, Nothing, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::case::Move;
use domain::ids::RelayId;

/// See `Move::Receive`.
#[utoipa::path(
    tag = "relays",
    summary = "受領する",
    description = "届いたつなぎを開きます。内容が見られるようになります。",
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/receive")]
#[allow(clippy::too_many_arguments, reason = "each part of the request is an extractor of its own")]
pub(super) async fn receive_relay(
    guard: Guard<op::ReceiveRelay>,
    id: Id<RelayId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<Nothing>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    step(&app, &guard, id.0, key, if_match, &request, &body.bytes, |_| Ok(Move::Receive)).await
}
