use super::ending::answer;
use super::shape::SheetResponse;
use crate::auth::op;
use crate::directory::colleague;
use crate::door::Body;
use crate::execute::{Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::sheet::AssignmentReason;
use domain::ids::{SheetId, StaffId};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 担当者(送る内容)。
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignmentRequest {
    /// 担当する職員(自分の部署に職がある人)。省略すると、担当者なし
    staff_id: Option<StaffId>,
    /// 替える理由
    reason: AssignmentReason,
}

/// See `Case::assign`.
#[utoipa::path(
    tag = "sheets",
    summary = "担当者を替える",
    description = "自分の部署でこのシートを担当する職員を替えます。ほかの機関の担当者は変わりません。",
    request_body = AssignmentRequest,
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[post("/api/v1/sheets/{id}/assignee")]
pub(super) async fn assign_sheet(
    change: Change<op::AssignSheet, SheetId, Body<AssignmentRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: AssignmentRequest { staff_id, reason } } = change;
    change_sheet(order, move |scene| {
        colleague(scene.tx, scene.actor, staff_id, "/staff_id")?;
        let outcome = scene.locked.thing.clone().assign(staff_id, reason, scene.actor)?;
        answer(scene, outcome)
    })
    .await
}
