use super::shape::{AddressReleaseResponse, release_response};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::ReleaseRequest;
use domain::ids::{AddressReleaseId, AgencyId, SheetId};
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 住所秘匿の解除の申請(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressReleaseRequest {
    /// 住所を伝える機関
    to_agency_id: AgencyId,
    /// 住所を伝える職員
    #[validate(length(max = 100), custom(function = "text::line"))]
    #[schema(max_length = 100)]
    named_staff: Option<String>,
    /// 伝える必要がある理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Asks for leave to tell one agency a secret address.
#[utoipa::path(
    tag = "address-releases",
    summary = "秘匿の住所を伝えることを申請する",
    description = "住所秘匿のシートの住所を、指定した機関だけに伝えることを申請します。別の人である所属長の承認が要ります。",
    request_body = AddressReleaseRequest,
    responses((status = 201, description = "申請しました", body = AddressReleaseResponse))
)]
#[post("/api/v1/sheets/{id}/address-releases")]
pub(super) async fn request_address_release(
    change: Change<op::RequestAddressRelease, SheetId, Body<AddressReleaseRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    let release_id = AddressReleaseId::new(order.actor().at, order.app.chance.as_ref());
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        if scene.tx.find_agency(asked.to_agency_id)?.is_none() {
            let detail = "この機関は見つかりません。一覧から選び直してください。";
            return Err(Problem::invalid("/to_agency_id", "unknown_agency", detail).into());
        }
        let wanted = ReleaseRequest {
            to_agency_id: asked.to_agency_id,
            named_staff: asked.named_staff.clone().map(Personal::new),
            reason: Personal::new(asked.reason.clone()),
        };
        let outcome = scene.locked.thing.clone().request_release(release_id, wanted, actor)?;
        let locked = scene.apply(outcome)?;
        let release = locked.thing.release(release_id).ok_or(Problem::NotFound)?;
        let shown = release_response(&locked.thing, release, permit, actor);
        Ok(Answer::created(&shown, format!("/api/v1/address-releases/{release_id}"))?)
    })
    .await
}
