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
    summary = "秘匿の住所を伝えることを承認する",
    description = "受け付けた機関の所属長で、申請した人とは別の人が承認します。承認があるあいだ、その機関だけに住所を伝えられます。",
    request_body = DecisionRequest,
    responses((status = 200, description = "住所秘匿の解除", body = AddressReleaseResponse))
)]
#[post("/api/v1/address-releases/{id}/approve")]
pub(super) async fn approve_address_release(
    change: Change<op::ApproveAddressRelease, AddressReleaseId, Body<DecisionRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let (id, asked) = (order.id, body);
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().decide_release(id, true, asked.reason(), scene.actor)?;
        written(scene, id, outcome)
    })
    .await
}
