use super::cookie::cleared;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::execute::{Answer, on_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::account::Person;

/// Ends the session at once. The session in the database is ended, so a copy of the token is worthless, too.
#[utoipa::path(
    tag = "session",
    summary = "ログアウトする",
    description = "その場で終わります。同じクッキーや Bearer の値は、もう使えません。",
    responses((status = 204, description = "ログアウトしました"))
)]
#[delete("/api/v1/session")]
pub(super) async fn end_session(guard: Guard<op::EndSession>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let session = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session;
    let person = session.staff_id.0;
    let mut response = on_thing::<Person, _>(&app, guard.actor(), permit, person, None, move |scene| {
        // Another request may have ended it in between, and has noted it.
        if let Ok(outcome) = scene.locked.thing.clone().end_session(session.id) {
            scene.apply(outcome)?;
        }
        Ok(Answer::no_content())
    })
    .await?;
    let set = response.add_cookie(&cleared(&app));
    set.map_err(|e| Problem::Internal(e.to_string()))?;
    Ok(response)
}
