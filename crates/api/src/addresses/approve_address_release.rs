use super::shape::{AddressReleaseResponse, DecisionRequest, written};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey};
use crate::execute::{Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
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
    guard: Guard<op::ApproveAddressRelease>,
    id: Id<AddressReleaseId>,
    key: IdempotencyKey,
    body: Body<DecisionRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let claim = claim(&app, guard.actor(), key, &request, &body.bytes);
    let (id, asked) = (id.0, body.value);
    on_sheet(&app, &guard, Target::Release(id), Some(claim), None, move |scene| {
        let outcome = scene.locked.case.clone().decide_release(id, true, asked.reason(), scene.actor)?;
        written(scene, id, outcome)
    })
    .await
}
