use super::EntryResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, Query};
use crate::execute::read_sheet;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Stream};
use domain::case::sheet::Standing;
use domain::ids::SheetId;
use domain::permit::Relation;
use storage::EntryFilter;

/// The progress record, newest first: what the reader's agency wrote itself, and those entries of the origin that belong to sections which
/// the reader may see.
#[utoipa::path(
    tag = "sheets",
    summary = "支援経過を読む",
    description = "受け付けた機関はすべてを、ほかの機関は自分が書いたものと、受け付けた機関が見てよい共有項目に書いたものを読みます。",
    params(PageQuery),
    responses((status = 200, description = "支援経過", body = Page<EntryResponse>))
)]
#[get("/api/v1/sheets/{id}/entries")]
pub(super) async fn list_entries(
    guard: Guard<op::ListEntries>,
    id: Id<SheetId>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "entries", guard.actor().agency_id, &id.0);
    let after = list.after(query.0.after.as_deref())?;
    let entries = read_sheet(&app, &guard, id.0, move |scene| {
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let case = &locked.thing;
        let grant = case.grant(&reader, actor.today());
        // An entry of a recipient is for that recipient and the origin; an entry of the origin is for every agency that may see its section.
        let only = EntryFilter {
            own: reader.id,
            shared_by: case.sheet.origin_agency_id,
            sections: grant.sections_now(),
            before: case.shown_until(&grant),
        };
        let only = (case.relation(reader.id) != Relation::Origin).then_some(&only);
        let entries = match case.sheet.standing {
            Standing::Voided => Vec::new(),
            _ => tx.list_entries(&locked, only, after, limit + 1)?,
        };
        let event = EventDraft::new(EventKind::EntryRead, Stream::Sheet(locked.thing.sheet.id));
        tx.note(&mut locked, &[event], actor)?;
        Ok(entries)
    })
    .await?;
    list.page(entries, limit, |entry| entry.id.to_string())?.map(EntryResponse::from).respond(&request)
}
