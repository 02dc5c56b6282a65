use super::shape::{SessionResponse, agencies_held, posts_on, session_response};
use crate::app::App;
use crate::auth::{Guard, csrf_token, op};
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};

/// The person who is logged in, with their posts.
#[utoipa::path(
    tag = "session",
    summary = "ログインの状態を見る",
    description = "ログインしている人、今日有効な職、いま使っている職を返します。",
    responses((status = 200, description = "ログインの状態", body = SessionResponse))
)]
#[get("/api/v1/session")]
pub(super) async fn show_session(guard: Guard<op::ShowSession>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let (today, now) = (guard.actor().today(), guard.actor().at);
    let session = guard.caller.session.ok_or(Problem::Unauthenticated)?.session;
    let csrf = csrf_token(&app, session.id);
    let shown = app
        .store
        .read::<_, Problem, _>(move |tx| {
            let staff = tx.find_person(session.staff_id)?.ok_or(Problem::Unauthenticated)?;
            let agencies = tx.find_agencies(&agencies_held(&staff, today))?;
            let posts = posts_on(&staff, &agencies, today);
            Ok(session_response(&staff, &posts, &agencies, &session, &csrf, now))
        })
        .await?;
    Ok(Answer::ok(&shown)?.respond(false))
}
