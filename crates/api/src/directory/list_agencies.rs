use super::shape::AgencyResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};

/// The agencies of the caller's municipality, newest first.
#[utoipa::path(
    tag = "directory",
    summary = "機関の一覧",
    description = "同じ自治体の部署と関係機関です。新しく登録したものから並びます。",
    params(PageQuery),
    responses((status = 200, description = "機関の一覧", body = Page<AgencyResponse>))
)]
#[get("/api/v1/agencies")]
pub(super) async fn list_agencies(
    guard: Guard<op::ListAgencies>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let (municipality, now) = (guard.actor().municipality_id, guard.actor().at);
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "agencies", guard.actor().agency_id, &());
    let after = list.after(query.0.after.as_deref())?;
    let one_more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_agencies(municipality, after, one_more)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |record| record.agency.id.to_string())?
        .map(|record| AgencyResponse::of(record, now))
        .respond(&request)
}
