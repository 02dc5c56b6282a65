use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Move;
use domain::case::relay::DeclineReason;
use domain::ids::{AgencyId, RelayId};
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 辞退(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclineRequest {
    /// 理由
    reason: DeclineReason,
    /// より適切な機関(「所管外」では必須)
    recommended_agency_id: Option<AgencyId>,
    /// 説明
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// See `Move::Decline`.
#[utoipa::path(
    tag = "relays",
    summary = "辞退する",
    description = "理由を添えて辞退します。「所管外」のときは、より適切な機関を挙げてください。",
    request_body = DeclineRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/decline")]
pub(super) async fn decline_relay(
    change: Change<op::DeclineRelay, RelayId, Body<DeclineRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    step(order, move |scene| {
        let better = asked.recommended_agency_id;
        if let Some(better) = better
            && scene.tx.find_agency(better)?.is_none()
        {
            let detail = "この機関は見つかりません。一覧から選び直してください。";
            return Err(Problem::invalid("/recommended_agency_id", "unknown_agency", detail).into());
        }
        let note = asked.note.clone().map(Personal::new);
        Ok(Move::Decline { reason: asked.reason, recommended_agency_id: better, note })
    })
    .await
}
