use super::shape::{AddressReleaseResponse, DecisionRequest, written};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::AddressReleaseId;

/// See `Case::revoke_release`.
#[utoipa::path(
    tag = "address-releases",
    summary = "秘匿の住所を伝える承認を取り消す",
    description = "申請または承認を取り消します。すぐに効き、その機関には住所が見えなくなります。",
    request_body = DecisionRequest,
    responses((status = 200, description = "住所秘匿の解除", body = AddressReleaseResponse))
)]
#[post("/api/v1/address-releases/{id}/revoke")]
pub(super) async fn revoke_address_release(
    change: Change<op::RevokeAddressRelease, AddressReleaseId, Body<DecisionRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let (id, asked) = (order.id, body);
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().revoke_release(id, asked.reason(), scene.actor)?;
        written(scene, id, outcome)
    })
    .await
}
