use super::members::{MemberChoiceRequest, choices};
use super::shape::BasisRequest;
use super::steps::{Amendment, PreviewResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id};
use crate::execute::{Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post, web};
use domain::content::{Section, Sections};
use domain::ids::RelayId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 伝える項目の変更(確かめる内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AmendmentPreviewRequest {
    /// これから伝える共有項目(すべて)
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Vec<Section>,
    /// 根拠(省略すると、減らすだけなら今の根拠、そうでなければ有効な同意。なければ最新の同意)
    #[validate(nested)]
    basis: Option<BasisRequest>,
    /// 同意がなくても、理由があってこれから伝える世帯員(すべて)
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    household_members: Vec<MemberChoiceRequest>,
}

/// Checks an amendment without making it.
#[utoipa::path(
    tag = "relays",
    summary = "伝える項目の変更を確かめる",
    description = "送ったつなぎで、これから伝える項目を変えたときに見える内容を示します。変えられないときは、理由をすべて示します。",
    request_body = AmendmentPreviewRequest,
    responses((status = 200, description = "確かめた結果", body = PreviewResponse))
)]
#[post("/api/v1/relays/{id}/amend/preview")]
pub(super) async fn preview_amendment(
    guard: Guard<op::PreviewAmendment>,
    id: Id<RelayId>,
    body: Body<AmendmentPreviewRequest>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let AmendmentPreviewRequest { sections, basis, household_members } = body.value;
    let members = choices(&household_members);
    let (id, sections): (_, Sections) = (id.0, sections.into_iter().collect());
    on_sheet(&app, &guard, Target::Relay(id), None, None, move |mut scene| {
        Amendment::of(&mut scene, id, &sections, basis, &members)?.preview(scene, id)
    })
    .await
}
