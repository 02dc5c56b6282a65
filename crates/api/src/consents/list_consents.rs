use super::shape::ConsentResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, Query};
use crate::execute::read_sheet;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::SheetId;

/// The versions of the sheet's consent, newest first.
#[utoipa::path(
    tag = "consents",
    summary = "同意の一覧",
    description = "シートの同意の版を、新しい順に返します。",
    params(PageQuery),
    responses((status = 200, description = "同意の一覧", body = Page<ConsentResponse>))
)]
#[get("/api/v1/sheets/{id}/consents")]
pub(super) async fn list_consents(
    guard: Guard<op::ListConsents>,
    id: Id<SheetId>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "consents", guard.actor().agency_id, &id.0);
    let after: Option<u32> = list.after(query.0.after.as_deref())?;
    let consents = read_sheet(&app, &guard, id.0, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let case = &locked.thing;
        let wanted = case.consents.iter().rev().filter(|c| after.is_none_or(|after| c.version < after));
        let seen = wanted.filter_map(|c| Some((c, case.insight_of(c, permit, actor)?)));
        let page: Vec<_> = seen.take(usize::try_from(limit + 1).unwrap_or(0)).collect();
        let event = EventDraft::new(EventKind::ConsentRead, Stream::Sheet(case.sheet.id))
            .with("consent_ids", Fact::ids(page.iter().map(|(c, _)| c.id.0)));
        let shown: Vec<_> = page
            .into_iter()
            .map(|(c, insight)| (c.version, ConsentResponse::from(case.consent_view(c, insight, permit, actor))))
            .collect();
        tx.note(&mut locked, &[event], actor)?;
        Ok(shown)
    })
    .await?;
    list.page(consents, limit, |(version, _)| version.to_string())?.map(|(_, consent)| consent).respond(&request)
}
