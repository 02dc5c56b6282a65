use super::shape::{StaffResponse, staff_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::agency::Actor;
use domain::ids::AgencyId;
use domain::permit::{Names, names};
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

/// The agency whose people are listed; none means all agencies.
async fn within(app: &App, actor: &Actor, asked: Option<AgencyId>) -> Result<Option<AgencyId>, Problem> {
    let own = actor.agency_id;
    match names(actor, asked) {
        Names::All => Ok(None),
        Names::Of(agency) => Ok(Some(agency)),
        Names::Nobody => Err(Problem::Forbidden),
        Names::OfPartner(asked) => {
            let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.has_relay_between(own, asked)?);
            let together = app.store.read::<_, Problem, _>(read).await?;
            if together { Ok(Some(asked)) } else { Err(Problem::Forbidden) }
        }
    }
}

/// The people whom the caller may see, newest first.
#[utoipa::path(
    tag = "directory",
    summary = "職員の一覧",
    description = "自分の機関と、自分の機関とのあいだにつなぎがある機関の職員です。調整担当、システム管理者、個人情報保護管理者、監査担当には、自治体の職員すべてを示します。連携システムには、sheets:write があれば自分の機関の職員を示します。agency_id がなければ、見られる範囲が広い役割を除き、自分の機関の職員です。ログイン名はシステム管理者だけに示します。",
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
    let (municipality, in_agency) = (actor.municipality_id, within(&app, actor, query.0.agency_id).await?);
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "staff", actor.agency_id, &in_agency);
    let after = list.after(query.0.after.as_deref())?;
    let one_more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_people(municipality, in_agency, after, one_more)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |record| record.id.to_string())?
        .map(|record| staff_response(record, actor))
        .respond(&request)
}
