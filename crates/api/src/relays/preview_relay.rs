use super::members::{MemberChoiceRequest, choices};
use super::shape::BasisRequest;
use super::steps::{Asked, PreviewResponse, preview};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id};
use crate::execute::{Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post, web};
use domain::case::consent::Purpose;
use domain::content::{Section, warnings};
use domain::ids::{AgencyId, RelayId, SheetId};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What would be relayed.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRequest {
    /// つなぎ先
    to_agency_id: AgencyId,
    /// 伝える共有項目
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Vec<Section>,
    /// 利用目的
    purpose: Purpose,
    /// どのつなぎの続きか(受け付けた機関以外は必須)
    parent_relay_id: Option<RelayId>,
    /// 根拠(省略すると、有効な同意。なければ最新の同意)
    #[validate(nested)]
    basis: Option<BasisRequest>,
    /// お願いしたいこと(送る前に、書いてはいけない番号がないか確かめます。残りません)
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    request: Option<String>,
    /// 同意がなくても、理由があって伝える世帯員
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    household_members: Vec<MemberChoiceRequest>,
}

/// Checks a relay without sending it.
#[utoipa::path(
    tag = "relays",
    summary = "つなぐ内容を確かめる",
    description = "つなぎ先に見える内容をそのまま示します。つなげないときは、理由をすべて示します。同意がないため伝わらない世帯員も示します。",
    request_body = PreviewRequest,
    responses((status = 200, description = "確かめた結果", body = PreviewResponse))
)]
#[post("/api/v1/sheets/{id}/relays/preview")]
pub(super) async fn preview_relay(
    guard: Guard<op::PreviewRelay>,
    id: Id<SheetId>,
    body: Body<PreviewRequest>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let PreviewRequest { to_agency_id, sections, purpose, parent_relay_id, basis, request, household_members } =
        body.value;
    let members = choices(&household_members);
    let sections = sections.into_iter().collect();
    let asked = Asked { to_agency_id, sections, purpose, parent_relay_id, basis, members, may_be_resent: true };
    // The sender's request belongs to no section, so it is checked like any other text before it is sent.
    let remarks = request.as_deref().map_or_else(Vec::new, |text| warnings("/request", text));
    on_sheet(&app, &guard, Target::Sheet(id.0), None, None, move |scene| preview(scene, &asked, remarks.clone())).await
}
