use super::shape::ExceptionItem;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::execute::note_reading;
use crate::page::{Limit, List, Page};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::account::Role;
use domain::agency::Principal;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::exception::ExceptionState;
use domain::permit::Permit;
use serde::Deserialize;
use storage::{ExceptionBox, ReadTx};
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExceptionsQuery {
    /// 状態
    state: Option<ExceptionState>,
    /// 件数(1〜200)
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// 続きの位置
    after: Option<String>,
}

/// The exceptions that the caller's agency asked for; for the privacy officer and the auditor, all of the municipality.
#[utoipa::path(
    tag = "exceptions",
    summary = "同意の例外の一覧",
    description = "自分の機関が申請したもの。個人情報保護管理者と監査には、区のすべて。新しい順です。",
    params(ExceptionsQuery),
    responses((status = 200, description = "同意の例外の一覧", body = Page<ExceptionItem>))
)]
#[get("/api/v1/exceptions")]
pub(super) async fn list_exceptions(
    guard: Guard<op::ListExceptions>,
    query: Query<ExceptionsQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let actor = guard.actor();
    let oversees = permit == Permit::MetadataOnly
        || matches!(actor.principal, Principal::Staff { role: Role::PrivacyOfficer, .. });
    let whose = if oversees { ExceptionBox::All(actor.municipality_id) } else { ExceptionBox::Of(actor.agency_id) };
    let ExceptionsQuery { state, limit, after } = query.0;
    let limit = Limit::of(limit);
    let list = List::new(&app, "exceptions", actor.agency_id, &(whose, state));
    let after = list.after(after.as_deref())?;
    let read = move |tx: &mut ReadTx<'_>| Ok(tx.list_exceptions(whose, state, after, limit + 1)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    let page = list.page(found, limit, |it| it.id.to_string())?;
    let event = EventDraft::new(EventKind::ExceptionListed, Stream::Agency(actor.agency_id))
        .with("shown", Fact::ids(page.items.iter().map(|it| it.id.0)));
    note_reading(&app, actor, event).await?;
    page.map(ExceptionItem::from).respond(&request)
}
