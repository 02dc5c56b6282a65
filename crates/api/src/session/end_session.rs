use super::cookie::cleared;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::execute::{Answer, on_agency};
use crate::problem::Problem;
use actix_web::{HttpResponse, delete, web};
use domain::audit::{EventDraft, EventKind, Stream};

/// Ends the session at once. The session in the database is ended, so a copy of the token is worthless, too.
#[utoipa::path(
    tag = "session",
    summary = "ログアウトする",
    description = "その場で終わります。同じクッキーや Bearer の値は、もう使えません。",
    responses((status = 204, description = "ログアウトしました"))
)]
#[delete("/api/v1/session")]
pub(super) async fn end_session(guard: Guard<op::EndSession>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let id = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session.id;
    let mut response = on_agency(&app, guard.actor(), None, move |tx, actor| {
        let event = EventDraft::new(EventKind::SessionEnded, Stream::Agency(actor.agency_id));
        // Another request has ended it in between, and has noted it.
        let events = if tx.end_session(id, actor.at)? { vec![event] } else { Vec::new() };
        Ok((Answer::no_content(), events))
    })
    .await?;
    let set = response.add_cookie(&cleared(&app));
    set.map_err(|e| Problem::Internal(e.to_string()))?;
    Ok(response)
}
