use super::list_sessions::shown;
use super::shape::SessionsResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::ids::StaffId;

/// The sessions of a person, for callers who may have to end them.
#[utoipa::path(
    tag = "session",
    summary = "職員のログインの一覧",
    description = "その職員の、いま使えるログインを新しい順に返します。",
    responses((status = 200, description = "ログインの一覧", body = SessionsResponse))
)]
#[get("/api/v1/staff/{id}/sessions")]
pub(super) async fn list_staff_sessions(
    guard: Guard<op::ListStaffSessions>,
    id: Id<StaffId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let (id, actor) = (id.0, guard.actor());
    let found = app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_person(id)?)).await?;
    if found.ok_or(Problem::NotFound)?.municipality_id != actor.municipality_id {
        return Err(Problem::NotFound);
    }
    shown(&app, id, None, actor.at).await
}
