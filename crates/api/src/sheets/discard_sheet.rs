use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::ids::SheetId;

/// Discards a draft of the caller's agency.
#[utoipa::path(
    tag = "sheets",
    summary = "下書きを破棄する",
    description = "自分の部署の下書きだけを破棄できます。受付済のシートは破棄できません(誤りは取消)。",
    responses((status = 204, description = "破棄しました"))
)]
#[delete("/api/v1/sheets/{id}")]
pub(super) async fn discard_sheet(
    guard: Guard<op::DiscardSheet>,
    id: Id<SheetId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    on_sheet(&app, &guard, Target::Sheet(id.0), None, None, |scene| {
        let outcome = scene.locked.thing.clone().discard(scene.actor)?;
        scene.apply(outcome)?;
        Ok(Answer::no_content())
    })
    .await
}
