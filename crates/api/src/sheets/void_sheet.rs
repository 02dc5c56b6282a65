use super::ending::{answer, reason};
use super::shape::{ReasonRequest, SheetResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey, IfMatch};
use crate::execute::{Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
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
    guard: Guard<op::VoidSheet>,
    id: Id<SheetId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: Body<ReasonRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let claim = claim(&app, guard.actor(), key, &request, &body.bytes);
    let reason = reason(&app, id.0, body.value.text(), guard.actor());
    on_sheet(&app, &guard, Target::Sheet(id.0), Some(claim), Some(if_match), move |scene| {
        let outcome = scene.locked.case.clone().void(reason.clone(), scene.actor)?;
        answer(scene, outcome)
    })
    .await
}
