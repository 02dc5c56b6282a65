use super::shape::{SessionsResponse, sessions_response};
use crate::app::App;
use crate::auth::{Guard, IDLE_SECONDS, op};
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::ids::{SessionId, StaffId};
use domain::time::Instant;

/// The most sessions that are shown; nobody needs more at once.
const SHOWN: u32 = 200;

/// The caller's own sessions.
#[utoipa::path(
    tag = "session",
    summary = "自分のログインの一覧",
    description = "いま使える自分のログインを、新しい順に返します。覚えのないものは、終わらせてください。",
    responses((status = 200, description = "ログインの一覧", body = SessionsResponse))
)]
#[get("/api/v1/sessions")]
pub(super) async fn list_sessions(
    guard: Guard<op::ListSessions>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let session = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session;
    shown(&app, session.staff_id, Some(session.id), guard.actor().at).await
}

/// The sessions of a person; `current` is the one that sent the request, if it is among them.
pub(super) async fn shown(
    app: &App,
    staff_id: StaffId,
    current: Option<SessionId>,
    now: Instant,
) -> Result<HttpResponse, Problem> {
    let idle_since = now.plus_seconds(-IDLE_SECONDS);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_sessions(staff_id, now, idle_since, SHOWN)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    Ok(Answer::ok(&sessions_response(found, current))?.respond(false))
}
