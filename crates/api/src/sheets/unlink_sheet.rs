use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::ids::SheetId;

/// See `Case::unlink`.
#[utoipa::path(
    tag = "sheets",
    summary = "世帯のシートから外す",
    description = "このシートを、同じ世帯のシートから外します。ほかのシートどうしは、同じ世帯のままです。",
    responses((status = 204, description = "外しました"))
)]
#[delete("/api/v1/sheets/{id}/household")]
pub(super) async fn unlink_sheet(
    guard: Guard<op::UnlinkSheet>,
    id: Id<SheetId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    on_sheet(&app, &guard, Target::Sheet(id.0), None, None, |scene| {
        let alone = scene.tx.new_household(scene.actor.at);
        let outcome = scene.locked.thing.clone().unlink(alone, scene.actor)?;
        scene.apply(outcome)?;
        Ok(Answer::no_content())
    })
    .await
}
