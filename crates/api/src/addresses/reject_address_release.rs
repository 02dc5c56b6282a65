use super::shape::{AddressReleaseResponse, DecisionRequest, written};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::AddressReleaseId;

/// See `Case::decide_release`.
#[utoipa::path(
    tag = "address-releases",
    summary = "秘匿の住所を伝えることを却下する",
    description = "受け付けた機関の所属長で、申請した人とは別の人が却下します。",
    request_body = DecisionRequest,
    responses((status = 200, description = "住所秘匿の解除", body = AddressReleaseResponse))
)]
#[post("/api/v1/address-releases/{id}/reject")]
pub(super) async fn reject_address_release(
    change: Change<op::RejectAddressRelease, AddressReleaseId, Body<DecisionRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let (id, asked) = (order.id, body);
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().decide_release(id, false, asked.reason(), scene.actor)?;
        written(scene, id, outcome)
    })
    .await
}
