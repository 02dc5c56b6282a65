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

/// 主担当の引き受けを断る(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandBackDeclineRequest {
    /// 説明
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// See `Move::DeclineHandBack`.
#[utoipa::path(
    tag = "relays",
    summary = "戻された主担当を引き受けない",
    description = "申し出を断ります。主担当は変わりません。",
    request_body = HandBackDeclineRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/hand-back/decline")]
pub(super) async fn decline_hand_back(
    change: Change<op::DeclineHandBack, RelayId, Body<HandBackDeclineRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let note = body.note;
    step(order, move |_| Ok(Move::DeclineHandBack { note: note.clone().map(Personal::new) })).await
}
