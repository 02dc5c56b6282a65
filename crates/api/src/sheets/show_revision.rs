use super::shape::SheetResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, segment};
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::SheetId;

/// Reads reception and content as they were at an earlier revision; state and holder are the present ones.
#[utoipa::path(
    tag = "sheets",
    summary = "以前の版を読む",
    description = "その版のときの内容を、書いた日時・職員と、ひとつ前に残っている版とともに返します。下書きの間の版は残りません。",
    responses((status = 200, description = "その版の内容", body = SheetResponse))
)]
#[get("/api/v1/sheets/{id}/revisions/{n}")]
pub(super) async fn show_revision(
    guard: Guard<op::ShowRevision>,
    id: Id<SheetId>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let revision: u32 = segment(&request, "n")?;
    on_sheet(&app, &guard, Target::Sheet(id.0), None, None, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        if revision == 0 || revision > locked.thing.sheet.revision {
            return Err(Problem::NotFound.into());
        }
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let (kept, document) = tx.find_document(&locked, revision)?.ok_or(Problem::NotFound)?;
        let previous = tx.find_revision_before(&locked, kept)?;
        let view = locked.thing.sheet_view(&document, None, &reader, permit, actor);
        let event = EventDraft::new(EventKind::SheetRead, Stream::Sheet(locked.thing.sheet.id))
            .with("revision", Fact::Count(u64::from(kept)))
            .with("sections", Fact::sections(&view.sections));
        let view = view.at_revision(revision, kept, document.reception.as_ref());
        let shown = SheetResponse::from(view).after(previous);
        tx.note(&mut locked, &[event], actor)?;
        Ok(Answer::ok(&shown)?)
    })
    .await
}
