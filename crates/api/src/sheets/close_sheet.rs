use super::ending::{answer, only_holder, reason};
use super::shape::{ClosureRequest, SheetResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey, IfMatch};
use crate::execute::{Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::ids::SheetId;

/// See `Case::close`.
#[utoipa::path(
    tag = "sheets",
    summary = "終結する",
    description = "主担当の機関が、すべてのつなぎが終わってから終結します。",
    request_body = ClosureRequest,
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[post("/api/v1/sheets/{id}/closure")]
pub(super) async fn close_sheet(
    guard: Guard<op::CloseSheet>,
    id: Id<SheetId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: Body<ClosureRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let claim = claim(&app, guard.actor(), key, &request, &body.bytes);
    let reason = reason(&app, id.0, body.value.text(), guard.actor());
    on_sheet(&app, &guard, Target::Sheet(id.0), Some(claim), Some(if_match), move |scene| {
        only_holder(&scene)?;
        let outcome = scene.locked.case.clone().close(reason.clone(), scene.actor)?;
        answer(scene, outcome)
    })
    .await
}
