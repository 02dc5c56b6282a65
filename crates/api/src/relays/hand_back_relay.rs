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
#[allow(clippy::too_many_arguments, reason = "each part of the request is an extractor of its own")]
pub(super) async fn hand_back_relay(
    guard: Guard<op::HandBackRelay>,
    id: Id<RelayId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: Body<HandBackRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let reason = body.value.reason;
    step(&app, &guard, id.0, key, if_match, &request, &body.bytes, move |_| {
        Ok(Move::HandBack { reason: Personal::new(reason.clone()) })
    })
    .await
}
