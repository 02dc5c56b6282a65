use super::shape::ConsentResponse;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::ConsentId;

/// The person was asked and leaves things as they are: earlier receivers keep what they could see. To stop that, the consent must be withdrawn.
#[utoipa::path(
    tag = "consents",
    summary = "前の同意で伝えた機関への共有を、そのままにする",
    description = "不同意や、範囲を狭めた同意のあとも、前の同意で伝えた機関は、そのときまでに書かれたことを見られます(still_told)。本人に確かめて、そのままにするときに記録します。見られなくするには、撤回してください。シートを受け付けた機関が行います。",
    responses((status = 200, description = "同意", body = ConsentResponse))
)]
#[post("/api/v1/consents/{id}/keep-sharing")]
pub(super) async fn keep_sharing(
    change: Change<op::KeepSharing, ConsentId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id;
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let outcome = scene.locked.thing.clone().keep_sharing(id, actor)?;
        let locked = scene.apply(outcome)?;
        let consent = locked.thing.consent(id).ok_or(Problem::NotFound)?;
        let insight = locked.thing.insight_of(consent, permit, actor).ok_or(Problem::NotFound)?;
        Ok(Answer::ok(&ConsentResponse::from(locked.thing.consent_view(consent, insight, permit, actor)))?)
    })
    .await
}
