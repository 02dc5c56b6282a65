use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, on_agency};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
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
    guard.on_collection()?;
    let id = id.0;
    on_agency(&app, guard.actor(), None, move |tx, actor| {
        let found = tx.find_staff(id)?;
        if found.ok_or(Problem::NotFound)?.municipality_id != actor.municipality_id {
            return Err(Problem::NotFound);
        }
        let ended = tx.end_sessions_of_staff(id, actor.at)?;
        let event = EventDraft::new(EventKind::SessionEnded, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(id.0))
            .with("sessions_ended", Fact::Count(ended as u64));
        Ok((Answer::no_content(), vec![event]))
    })
    .await
}
