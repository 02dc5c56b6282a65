use super::export::{Export, Format};
use super::shape::EventResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Query, query_instant};
use crate::execute::note_reading;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::http::header::{self, Accept, Header};
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::agency::Actor;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::sheet::SheetNumber;
use domain::ids::{AgencyId, SheetId};
use domain::time::{Day, Instant};
use serde::Deserialize;
use storage::EventFilter;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// この日時以降
    #[serde(default, deserialize_with = "query_instant")]
    from: Option<Instant>,
    /// この日時より前
    #[serde(default, deserialize_with = "query_instant")]
    until: Option<Instant>,
    /// このシートのもの
    sheet_id: Option<SheetId>,
    /// この番号のシートのもの
    #[param(example = "R8-000123")]
    number: Option<String>,
    /// この機関が行ったもの
    agency_id: Option<AgencyId>,
    /// この種類のもの
    kind: Option<EventKind>,
    /// 続きの位置(JSON のとき)
    after: Option<String>,
    /// 件数(JSON のとき。1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
}

/// The audit trail: one page, newest first, or the whole range as a stream, oldest first. Reading it is an event, too.
#[utoipa::path(
    tag = "audit",
    summary = "監査証跡を読む",
    description = "JSON では新しい順に一ページずつ返します。Accept に application/x-ndjson または text/csv を指定すると、範囲の全部を古い順に続けて返します(limit と after は使いません)。絞り込まない NDJSON は tsunagu audit verify で検証できます。閲覧と出力そのものも監査証跡に残ります。",
    params(EventsQuery),
    responses((
        status = 200,
        description = "監査証跡。CSV は BOM 付き UTF-8、改行は CRLF です",
        content(
            (Page<EventResponse> = "application/json"),
            (EventResponse = "application/x-ndjson"),
            (String = "text/csv")
        )
    ))
)]
#[get("/api/v1/audit/events")]
pub(super) async fn list_audit_events(
    guard: Guard<op::ListAuditEvents>,
    query: Query<EventsQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let EventsQuery { from, until, sheet_id, number, agency_id, kind, after, limit } = query.0;
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        return Err(Problem::invalid("/until", "before_start", "終わりの日時は、始まりの日時以降にしてください。"));
    }
    let sheet_id = match number {
        Some(number) => Some(numbered(&app, guard.actor(), sheet_id, number).await?),
        None => sheet_id,
    };
    let filter = EventFilter { from, until, sheet_id, agency_id, kind, concerning: None };
    match wanted(&request) {
        Some(format) => export(app, guard.actor(), filter, format).await,
        None => page(&app, guard.actor(), filter, after, limit, &request).await,
    }
}

/// The sheet with this number. When the request names a sheet by id, too, both must be the same sheet.
async fn numbered(app: &App, actor: &Actor, named: Option<SheetId>, number: String) -> Result<SheetId, Problem> {
    let unknown =
        || Problem::invalid("/number", "unknown_sheet", "この番号のシートはありません。番号を確かめてください。");
    let number = number.parse::<SheetNumber>();
    let number = number.map_err(|error| Problem::invalid("/number", "sheet_number", &error.to_string()))?.to_string();
    let municipality = actor.municipality_id;
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_sheet_by_number(municipality, &number)?);
    let found = app.store.read::<_, Problem, _>(read).await?.ok_or_else(unknown)?;
    if named.is_some_and(|named| named != found) { Err(unknown()) } else { Ok(found) }
}

/// The stream format that `Accept` prefers; none means JSON, which answers everything else.
fn wanted(request: &HttpRequest) -> Option<Format> {
    let ranked = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
    let named = ranked.iter().find_map(|media| match media.essence_str() {
        "application/x-ndjson" => Some(Some(Format::Ndjson)),
        "text/csv" => Some(Some(Format::Csv)),
        "application/json" | "application/*" | "*/*" => Some(None),
        _ => None,
    });
    named.flatten()
}

async fn page(
    app: &App,
    actor: &Actor,
    filter: EventFilter,
    after: Option<String>,
    limit: Option<Limit>,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let municipality = actor.municipality_id;
    let limit = Limit::of(limit);
    let list = List::new(app, "audit-events", actor.agency_id, &filter);
    let before = list.after(after.as_deref())?;
    note_reading(app, actor, reading(EventKind::AuditRead, actor, &filter)).await?;
    let read =
        move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_events_before(municipality, &filter, before, limit + 1)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |event| event.position.to_string())?.map(EventResponse::from).respond(request)
}

async fn export(
    app: web::Data<App>,
    actor: &Actor,
    filter: EventFilter,
    format: Format,
) -> Result<HttpResponse, Problem> {
    let event = reading(EventKind::AuditExported, actor, &filter).with("format", Fact::Code(format.code()));
    note_reading(&app, actor, event).await?;
    let end = app.store.write::<_, Problem, _>(uuid::Uuid::nil(), |tx| Ok(tx.settled_event_position()?)).await?;
    let municipality = actor.municipality_id;
    let export = Export { app, municipality, filter, end, format };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.content_type()))
        .insert_header((header::CONTENT_DISPOSITION, format.disposition()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(export.stream()))
}

/// The event that records what was asked for.
fn reading(kind: EventKind, actor: &Actor, filter: &EventFilter) -> EventDraft {
    let day = |at: Instant| Fact::Day(Day(at.date()));
    let facts = [
        ("from", filter.from.map(day)),
        ("until", filter.until.map(day)),
        ("sheet_id", filter.sheet_id.map(|id| Fact::Id(id.0))),
        ("agency_id", filter.agency_id.map(|id| Fact::Id(id.0))),
        ("kind", filter.kind.map(|kind| Fact::Code(kind.as_str()))),
    ];
    let facts = facts.into_iter().filter_map(|(key, fact)| Some((key, fact?)));
    let event = EventDraft::new(kind, Stream::Agency(actor.agency_id));
    facts.fold(event, |event, (key, fact)| event.with(key, fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_media_type_that_is_wanted_most_decides() {
        let format =
            |accept: &str| wanted(&TestRequest::get().insert_header((header::ACCEPT, accept)).to_http_request());
        assert_eq!(wanted(&TestRequest::get().to_http_request()), None);
        assert_eq!(format("*/*"), None);
        assert_eq!(format("application/json"), None);
        assert_eq!(format("text/html"), None);
        assert_eq!(format("text/csv"), Some(Format::Csv));
        assert_eq!(format("application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(format("text/csv;q=0.5, application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(format("application/json, text/csv;q=0.9"), None);
    }
}
