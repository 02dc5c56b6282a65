use super::ending::{answer, reason};
use super::shape::{ReasonRequest, SheetResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::SheetId;

/// See `Case::void`.
#[utoipa::path(
    tag = "sheets",
    summary = "取り消す",
    description = "誤って登録したシートを、所属長が取り消します。内容は見えなくなり、記録は残ります。",
    request_body = ReasonRequest,
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[post("/api/v1/sheets/{id}/void")]
pub(super) async fn void_sheet(
    change: Change<op::VoidSheet, SheetId, Body<ReasonRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let reason = reason(&order.app, order.id, body.text(), order.actor());
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().void(reason.clone(), scene.actor)?;
        answer(scene, outcome)
    })
    .await
}
