use super::ending::answer;
use super::shape::SheetResponse;
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::SheetId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 同じ世帯のシート(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkRequest {
    /// 同じ世帯の人のシート(自分の部署で受け付けたもの)
    sheet_id: SheetId,
}

/// See `Case::link`.
#[utoipa::path(
    tag = "sheets",
    summary = "同じ世帯のシートと結ぶ",
    description = "このシートを、もう一つのシートと同じ世帯にします。どちらも自分の部署で受け付けたシートに限ります。世帯のシートがもうあるときは、先に外します。ほかの機関には何も伝わりません。世帯のシートは list_sheets の household_of で読めます。",
    request_body = LinkRequest,
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[post("/api/v1/sheets/{id}/household")]
pub(super) async fn link_sheet(
    change: Change<op::LinkSheet, SheetId, Body<LinkRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: LinkRequest { sheet_id } } = change;
    change_sheet(order, move |scene| {
        // Two links that cross wait for each other's sheet; the database ends one of them, and the lane runs it again.
        let other = scene.tx.lock_case(sheet_id)?;
        let other = other.as_ref().map(|locked| &locked.thing);
        let shares = scene.tx.shares_household(&scene.locked.thing.sheet)?;
        let outcome = scene.locked.thing.clone().link(other, shares, scene.actor)?;
        answer(scene, outcome)
    })
    .await
}
