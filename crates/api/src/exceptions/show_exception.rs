use super::shape::ExceptionResponse;
use super::steps::answer;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::ExceptionId;

/// Reads an exception.
#[utoipa::path(
    tag = "exceptions",
    summary = "同意の例外を読む",
    description = "申請した機関と個人情報保護管理者には全部を、監査とシートを受け付けた機関には、ことばを除いて返します。",
    responses((status = 200, description = "同意の例外", body = ExceptionResponse))
)]
#[get("/api/v1/exceptions/{id}")]
pub(super) async fn show_exception(
    guard: Guard<op::ShowException>,
    id: Id<ExceptionId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    on_sheet(&app, &guard, Target::Exception(id), None, None, move |mut scene| {
        let event = EventDraft::new(EventKind::ExceptionRead, Stream::Sheet(scene.locked.thing.sheet.id))
            .with("exception_id", Fact::Id(id.0));
        scene.tx.note(&mut scene.locked, &[event], scene.actor)?;
        answer(&scene, id)
    })
    .await
}
