use super::shape::ClientResponse;
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
pub(super) struct ClientsQuery {
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// The department systems of the municipality, newest first.
#[utoipa::path(
    tag = "directory",
    summary = "連携システムの一覧",
    description = "自治体の連携システムを、新しい順に返します。止めたものも含みます。",
    params(ClientsQuery),
    responses((status = 200, description = "連携システムの一覧", body = Page<ClientResponse>))
)]
#[get("/api/v1/clients")]
pub(super) async fn list_clients(
    guard: Guard<op::ListClients>,
    query: Query<ClientsQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let municipality = actor.municipality_id;
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "clients", actor.agency_id, &());
    let after = list.after(query.0.after.as_deref())?;
    let one_more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_clients(municipality, after, one_more)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |(client, _)| client.id.to_string())?
        .map(|(client, _)| ClientResponse::of(client, actor.at))
        .respond(&request)
}
