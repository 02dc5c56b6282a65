use super::shape::ConsentResponse;
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::{ConsentId, StopRequestId};
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use validator::Validate;

/// 無効の記録(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvalidationRequest {
    /// なぜ初めから無効なのか
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500, example = "代理権のない人が意思を示していたため")]
    reason: String,
}

/// Records that a consent was never valid. This takes effect at once, like a withdrawal of this whole version.
#[utoipa::path(
    tag = "consents",
    summary = "同意を初めから無効と記録する",
    description = "撤回とは違い、この版は初めからなかったものとします。すぐに効き、この版にもとづくつなぎには印が付きます。所属長または個人情報保護管理者が行います。",
    request_body = InvalidationRequest,
    responses((status = 200, description = "同意", body = ConsentResponse))
)]
#[post("/api/v1/consents/{id}/invalidate")]
pub(super) async fn invalidate_consent(
    change: Change<op::InvalidateConsent, ConsentId, Body<InvalidationRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let chance = Arc::clone(&order.app.chance);
    let (id, asked) = (order.id, body);
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let target = scene.locked.thing.consent(id).ok_or(Problem::NotFound)?;
        let insight = scene.locked.thing.insight_of(target, permit, actor).ok_or(Problem::NotFound)?;
        let receivers = scene.tx.find_receivers(&scene.locked.thing)?;
        let mut new_stop = || StopRequestId::new(actor.at, chance.as_ref());
        let reason = Personal::new(asked.reason.clone());
        let outcome = scene.locked.thing.clone().invalidate(id, reason, &receivers, &mut new_stop, actor)?;
        let locked = scene.apply(outcome)?;
        let consent = locked.thing.consent(id).ok_or(Problem::NotFound)?;
        Ok(Answer::ok(&ConsentResponse::from(locked.thing.consent_view(consent, insight, permit, actor)))?)
    })
    .await
}
