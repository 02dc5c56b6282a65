use super::ending::{answer, reason};
use super::shape::{ReasonRequest, SheetResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::SheetId;

/// See `Case::reopen`.
#[utoipa::path(
    tag = "sheets",
    summary = "再開する",
    description = "主担当の機関が、終結したシートを再開します。",
    request_body = ReasonRequest,
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[post("/api/v1/sheets/{id}/reopen")]
pub(super) async fn reopen_sheet(
    change: Change<op::ReopenSheet, SheetId, Body<ReasonRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let reason = reason(&order.app, order.id, body.text(), order.actor());
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().reopen(reason.clone(), scene.actor)?;
        answer(scene, outcome)
    })
    .await
}
