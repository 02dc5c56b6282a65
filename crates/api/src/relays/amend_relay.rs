use super::members::{MemberChoiceRequest, choices};
use super::shape::{BasisRequest, RelayResponse};
use super::steps::{Amendment, step};
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::content::{Section, Sections};
use domain::ids::RelayId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 伝える項目の変更(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AmendmentRequest {
    /// これから伝える共有項目(すべて)
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Vec<Section>,
    /// 根拠
    #[validate(nested)]
    basis: BasisRequest,
    /// 確かめた内容の指紋(amend/preview の答え)
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    disclosure_digest: String,
    /// 同意がなくても、理由があってこれから伝える世帯員(すべて)
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    household_members: Vec<MemberChoiceRequest>,
}

/// See `Move::Amend` and `Move::Narrow`: first the gate, unless the relay only tells less; then whether the preview is still valid.
#[utoipa::path(
    tag = "relays",
    summary = "伝える項目を変える",
    description = "送ったつなぎで伝える項目を、増やすか減らします。増やすときは、同意の範囲かどうかをもう一度確かめます(例外を根拠に増やすことはできません)。今の根拠のままで減らすことは、いつでもできます。減らした項目は、すぐに見えなくなります。つなぎ先には、内容を含まないメールで知らせます。",
    request_body = AmendmentRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/amend")]
pub(super) async fn amend_relay(
    change: Change<op::AmendRelay, RelayId, Body<AmendmentRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let AmendmentRequest { sections, basis, disclosure_digest: digest, household_members } = body;
    let members = choices(&household_members);
    let (id, sections): (_, Sections) = (order.id, sections.into_iter().collect());
    step(order, move |scene| Amendment::of(scene, id, &sections, Some(basis), &members)?.step(scene, &digest)).await
}
