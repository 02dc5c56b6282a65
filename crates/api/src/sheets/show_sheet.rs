use super::shape::{SheetResponse, shown_document};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::SheetId;
use domain::permit::Permit;

/// Reads a sheet as far as the reader's grant goes. The read event is committed before the answer leaves.
#[utoipa::path(
    tag = "sheets",
    summary = "シートを読む",
    description = "受け付けた機関はすべてを、受理した機関は同意の範囲だけを読みます。閲覧は監査証跡に残ります。",
    responses((status = 200, description = "シート", body = SheetResponse))
)]
#[get("/api/v1/sheets/{id}")]
pub(super) async fn show_sheet(
    guard: Guard<op::ShowSheet>,
    id: Id<SheetId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    on_sheet(&app, &guard, Target::Sheet(id.0), None, None, |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let document = match permit {
            Permit::Allowed => shown_document(tx, &locked, &reader, actor.today())?,
            _ => Default::default(),
        };
        let closure = tx.find_closure(&locked)?;
        let view = locked.thing.sheet_view(&document, closure, &reader, permit, actor);
        let event = EventDraft::new(EventKind::SheetRead, Stream::Sheet(locked.thing.sheet.id))
            .with("revision", Fact::Count(u64::from(locked.thing.sheet.revision)))
            .with("sections", Fact::sections(&view.sections));
        let shown = SheetResponse::from(view);
        tx.note(&mut locked, &[event], actor)?;
        Ok(Answer::ok(&shown)?.with_etag(shown.revision()))
    })
    .await
}
