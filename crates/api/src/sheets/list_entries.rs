use super::EntryResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, Query};
use crate::execute::read_sheet;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Stream};
use domain::ids::SheetId;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesQuery {
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// The progress record, newest first: what the reader wrote itself, and what belongs to sections that it may see.
#[utoipa::path(
    tag = "sheets",
    summary = "支援経過を読む",
    description = "自分の部署が書いたものと、見てよい共有項目に属するものだけを返します。",
    params(EntriesQuery),
    responses((status = 200, description = "支援経過", body = Page<EntryResponse>))
)]
#[get("/api/v1/sheets/{id}/entries")]
pub(super) async fn list_entries(
    guard: Guard<op::ListEntries>,
    id: Id<SheetId>,
    query: Query<EntriesQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "entries", guard.actor().agency_id, &id.0);
    let after = list.after(query.0.after.as_deref())?;
    let entries = read_sheet(&app, &guard, id.0, move |scene| {
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let grant = locked.case.grant(&reader, actor.today());
        let entries = tx.list_entries(&locked, after, limit + 1)?;
        let event = EventDraft::new(EventKind::EntryRead, Stream::Sheet(locked.case.sheet.id));
        tx.note(&mut locked, &[event], actor)?;
        // Kept in place until the page is cut, so that the cursor does not depend on what is shown.
        let shown = move |entry: domain::sheet::Entry| {
            let may = entry.agency_id == reader.id || grant.shows(entry.section);
            (entry.id, may.then(|| EntryResponse::from(entry)))
        };
        Ok(entries.into_iter().map(shown).collect::<Vec<_>>())
    })
    .await?;
    let page = list.page(entries, limit, |(id, _)| id.to_string());
    Page {
        items: page.items.into_iter().filter_map(|(_, entry)| entry).collect(),
        next: page.next,
    }
    .respond(&request)
}
