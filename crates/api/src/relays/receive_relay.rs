use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
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
pub(super) async fn receive_relay(
    change: Change<op::ReceiveRelay, RelayId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    step(order, |_| Ok(Move::Receive)).await
}
