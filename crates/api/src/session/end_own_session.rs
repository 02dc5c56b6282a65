use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, on_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::account::Person;
use domain::ids::SessionId;

/// Ends one of the caller's own sessions, for example at another desk.
#[utoipa::path(
    tag = "session",
    summary = "自分のログインを一つ終える",
    description = "自分のほかのログイン(別の端末など)を、その場で終えます。",
    responses((status = 204, description = "終えました"))
)]
#[delete("/api/v1/sessions/{id}")]
pub(super) async fn end_own_session(
    guard: Guard<op::EndOwnSession>,
    id: Id<SessionId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    let (id, staff_id) = (id.0, guard.actor().staff_id().ok_or(Problem::Unauthenticated)?);
    on_thing::<Person, _>(&app, guard.actor(), permit, staff_id.0, None, move |scene| {
        let outcome = scene.locked.thing.clone().end_session(id)?;
        scene.apply(outcome)?;
        Ok(Answer::no_content())
    })
    .await
}
