use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, Query};
use crate::execute::read_sheet;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Stream};
use domain::ids::{AgencyId, RelayId, SheetId};
use domain::permit::{Permit, Relation};
use domain::time::Instant;
use serde::Serialize;
use storage::{Concern, EventFilter, StoredEvent};
use utoipa::ToSchema;

/// One step of a sheet's way. No words from the sheet: what, when, by whom.
#[derive(Serialize, ToSchema)]
pub(super) struct TimelineItem {
    at: Instant,
    /// 種類
    #[schema(example = "relay.accepted")]
    kind: String,
    /// 種類(日本語)
    #[schema(example = "受理")]
    label: String,
    /// 行った機関
    agency_id: Option<AgencyId>,
    /// どのつなぎのことか
    relay_id: Option<RelayId>,
}

fn item(event: &StoredEvent) -> TimelineItem {
    let label = event.kind.parse::<EventKind>().map(|kind| kind.label().to_owned());
    TimelineItem {
        at: event.at,
        kind: event.kind.clone(),
        label: label.unwrap_or_default(),
        agency_id: event.agency_id,
        relay_id: event.relay_id,
    }
}

/// The steps of a sheet, newest first. A recipient sees its own steps and those of its relays; the origin sees all.
#[utoipa::path(
    tag = "sheets",
    summary = "経過を読む",
    description = "いつ、どの機関が、何をしたか。受理した機関には、自分の操作と自分のつなぎのことだけを示します。",
    params(PageQuery),
    responses((status = 200, description = "経過", body = Page<TimelineItem>))
)]
#[get("/api/v1/sheets/{id}/timeline")]
pub(super) async fn show_timeline(
    guard: Guard<op::ShowTimeline>,
    id: Id<SheetId>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = Limit::of(query.0.limit);
    let agency = guard.actor().agency_id;
    let list = List::new(&app, "timeline", agency, &id.0);
    let after: Option<i64> = list.after(query.0.after.as_deref())?;
    let sheet_id = id.0;
    let (municipality, concerning) = read_sheet(&app, &guard, sheet_id, move |scene| {
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let event = EventDraft::new(EventKind::TimelineRead, Stream::Sheet(sheet_id));
        tx.note(&mut locked, &[event], actor)?;
        let case = &locked.thing;
        let all = case.relation(agency) == Relation::Origin || scene.permit == Permit::MetadataOnly;
        let own = case.relays.iter().filter(|r| r.to_agency_id == agency || r.from_agency_id == agency);
        let concern = Concern { agency, relays: own.map(|r| r.id).collect() };
        Ok((case.sheet.municipality_id, (!all).then_some(concern)))
    })
    .await?;
    let filter = EventFilter { sheet_id: Some(sheet_id), concerning, ..EventFilter::default() };
    let read =
        move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_events_before(municipality, &filter, after, limit + 1)?);
    let events = app.store.read::<_, Problem, _>(read).await?;
    list.page(events, limit, |event| event.position.to_string())?.map(|event| item(&event)).respond(&request)
}
