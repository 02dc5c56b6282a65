use super::shape::{StopNoticeResponse, stop_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, Query};
use crate::execute::read_sheet;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::{SheetId, StopRequestId};

/// The stop requests of a sheet, newest first. The origin and readers of metadata, such as 個人情報保護管理者, see all of them; another
/// agency sees its own.
#[utoipa::path(
    tag = "stop-notices",
    summary = "停止の通知の一覧",
    description = "撤回などのあと、写しの扱いを確かめる通知です。受け付けた機関と個人情報保護管理者にはすべてを、ほかの機関には自分あてのものだけを示します。",
    params(PageQuery),
    responses((status = 200, description = "停止の通知の一覧", body = Page<StopNoticeResponse>))
)]
#[get("/api/v1/sheets/{id}/stop-notices")]
pub(super) async fn list_stop_notices(
    guard: Guard<op::ListStopNotices>,
    id: Id<SheetId>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "stop requests", guard.actor().agency_id, &id.0);
    let after: Option<StopRequestId> = list.after(query.0.after.as_deref())?;
    let stops = read_sheet(&app, &guard, id.0, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let case = &locked.thing;
        let page: Vec<_> = case
            .stops_for(actor.agency_id, permit)
            .rev()
            .filter(|stop| after.is_none_or(|after| stop.id < after))
            .take(usize::try_from(limit + 1).unwrap_or(0))
            .collect();
        let event = EventDraft::new(EventKind::StopRead, Stream::Sheet(case.sheet.id))
            .with("stop_notice_ids", Fact::ids(page.iter().map(|stop| stop.id.0)));
        let shown: Vec<_> = page.into_iter().map(|stop| (stop.id, stop_response(case, stop, permit, actor))).collect();
        tx.note(&mut locked, &[event], actor)?;
        Ok(shown)
    })
    .await?;
    list.page(stops, limit, |(id, _)| id.to_string())?.map(|(_, stop)| stop).respond(&request)
}
