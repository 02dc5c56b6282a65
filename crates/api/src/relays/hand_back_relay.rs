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

/// 主担当を戻す申し出(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandBackRequest {
    /// 理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// See `Move::HandBack`.
#[utoipa::path(
    tag = "relays",
    summary = "主担当を戻したいと申し出る",
    description = "受理したあとに、主担当を送り元へ戻したいと申し出ます。送り元が引き受けるまで、主担当は変わりません。対応の結果は、そのあとも報告します。",
    request_body = HandBackRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/hand-back")]
pub(super) async fn hand_back_relay(
    change: Change<op::HandBackRelay, RelayId, Body<HandBackRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let reason = body.reason;
    step(order, move |_| Ok(Move::HandBack { reason: Personal::new(reason.clone()) })).await
}
