use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, on_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::account::Person;
use domain::ids::StaffId;

/// Ends every session of a person.
#[utoipa::path(
    tag = "session",
    summary = "職員のログインをすべて終える",
    description = "その職員のログインを、その場ですべて終えます。本人は、またログインできます。",
    responses((status = 204, description = "終えました"))
)]
#[delete("/api/v1/staff/{id}/sessions")]
pub(super) async fn end_staff_sessions(
    guard: Guard<op::EndStaffSessions>,
    id: Id<StaffId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let permit = guard.on_collection()?;
    on_thing::<Person, _>(&app, guard.actor(), permit, id.0.0, None, |scene| {
        let (outcome, _) = scene.locked.thing.clone().end_sessions(scene.actor.at);
        scene.apply(outcome)?;
        Ok(Answer::no_content())
    })
    .await
}
