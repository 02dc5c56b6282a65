use super::shape::{StaffResponse, staff_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::ids::AgencyId;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StaffQuery {
    /// この機関に職がある人(過去と将来の職を含む)
    agency_id: Option<AgencyId>,
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// The people of the caller's municipality, newest first.
#[utoipa::path(
    tag = "directory",
    summary = "職員の一覧",
    description = "同じ自治体の職員と関係機関の担当者です。ログイン名はシステム管理者だけに示します。",
    params(StaffQuery),
    responses((status = 200, description = "職員の一覧", body = Page<StaffResponse>))
)]
#[get("/api/v1/staff")]
pub(super) async fn list_staff(
    guard: Guard<op::ListStaff>,
    query: Query<StaffQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let (municipality, in_agency) = (actor.municipality_id, query.0.agency_id);
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "staff", actor.agency_id, &in_agency);
    let after = list.after(query.0.after.as_deref())?;
    let one_more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_staff(municipality, in_agency, after, one_more)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |record| record.id.to_string())?
        .map(|record| staff_response(record, actor))
        .respond(&request)
}
