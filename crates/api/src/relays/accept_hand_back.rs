use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
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
pub(super) async fn accept_hand_back(
    change: Change<op::AcceptHandBack, RelayId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    step(order, |_| Ok(Move::AcceptHandBack)).await
}
