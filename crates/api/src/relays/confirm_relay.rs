use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Move;
use domain::ids::RelayId;

/// See `Move::Confirm`.
#[utoipa::path(
    tag = "relays",
    summary = "報告を確認する",
    description = "送り元(または調整担当)が報告を確認します。最後の報告なら、つなぎを完了します。途中の報告なら、つなぎは受理のまま続きます。",
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/confirm")]
pub(super) async fn confirm_relay(
    change: Change<op::ConfirmRelay, RelayId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    step(order, |_| Ok(Move::Confirm)).await
}
