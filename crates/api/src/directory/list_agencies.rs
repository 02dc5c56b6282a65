use super::shape::AgencyResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AgenciesQuery {
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// The agencies of the caller's municipality, newest first.
#[utoipa::path(
    tag = "directory",
    summary = "機関の一覧",
    description = "同じ自治体の部署と関係機関です。新しく登録したものから並びます。",
    params(AgenciesQuery),
    responses((status = 200, description = "機関の一覧", body = Page<AgencyResponse>))
)]
#[get("/api/v1/agencies")]
pub(super) async fn list_agencies(
    guard: Guard<op::ListAgencies>,
    query: Query<AgenciesQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let municipality = guard.actor().municipality_id;
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "agencies", guard.actor().agency_id, &());
    let after = list.after(query.0.after.as_deref())?;
    let one_more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_agencies(municipality, after, one_more)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |record| record.agency.id.to_string())?.map(AgencyResponse::from).respond(&request)
}
