use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::directory::colleague;
use crate::door::OptionalBody;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Move;
use domain::ids::{RelayId, StaffId};
use domain::time::Day;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 受理(送る内容)。
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptRequest {
    /// 担当する職員
    assigned_staff_id: Option<StaffId>,
    /// いつまでに本人に連絡するか
    contact_by: Option<Day>,
}

/// See `Move::Accept`.
#[utoipa::path(
    tag = "relays",
    summary = "受理する",
    description = "引き受けます。送り元が主担当なら、主担当がここに移ります。",
    request_body = AcceptRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/accept")]
pub(super) async fn accept_relay(
    change: Change<op::AcceptRelay, RelayId, OptionalBody<AcceptRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let AcceptRequest { assigned_staff_id, contact_by } = body;
    step(order, move |scene| {
        colleague(scene.tx, scene.actor, assigned_staff_id, "/assigned_staff_id")?;
        Ok(Move::Accept { assigned_staff_id, contact_by })
    })
    .await
}
