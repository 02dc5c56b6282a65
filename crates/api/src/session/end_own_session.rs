use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, on_agency};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
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
    guard.on_collection()?;
    let (id, staff_id) = (id.0, guard.actor().staff_id().ok_or(Problem::Unauthenticated)?);
    on_agency(&app, guard.actor(), None, move |tx, actor| {
        if !tx.end_session_of(staff_id, id, actor.at)? {
            return Err(Problem::NotFound);
        }
        let event = EventDraft::new(EventKind::SessionEnded, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(staff_id.0))
            .with("sessions_ended", Fact::Count(1));
        Ok((Answer::no_content(), vec![event]))
    })
    .await
}
