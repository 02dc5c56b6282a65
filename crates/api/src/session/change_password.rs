use super::attempt::{begin, note_failure};
use super::shape::{PasswordRequest, agencies_of};
use super::use_code::context;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Body;
use crate::execute::{Answer, on_agency};
use crate::password::normalised;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, put, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::time::Day;
use std::sync::Arc;

/// Changes one's own password. A person who finds an unlocked screen must still know the old password.
#[utoipa::path(
    tag = "session",
    summary = "パスワードを変える",
    description = "ログインしている人が、自分のパスワードを変えます。ほかのログイン(別の端末など)は終わります。いまのパスワードを続けて間違えると、しばらく試せなくなります(429、Retry-After)。",
    request_body = PasswordRequest,
    responses((status = 204, description = "変えました"))
)]
#[put("/api/v1/session/password")]
pub(super) async fn change_password(
    guard: Guard<op::ChangePassword>,
    body: Body<PasswordRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let session = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session;
    let PasswordRequest { old_password, new_password } = body.value;
    let (old, new) = (normalised(&old_password), normalised(&new_password));
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_staff(session.staff_id)?);
    let staff = app.store.read::<_, Problem, _>(find).await?.ok_or(Problem::Unauthenticated)?;
    let earlier = staff.password_hash.clone().ok_or(Problem::Unauthenticated)?;
    let attempt = begin(&app, &request, &staff.login)?;
    // The caller is logged in, so this is no stranger, whatever the browser.
    let is_right = app.passwords.verify(old.clone(), Some(earlier.0.clone()), false).await;
    if !matches!(is_right, Ok(false)) {
        app.limits.attempts.give_back(&attempt.paid);
    }
    if !is_right? {
        note_failure(&app, Some(&staff), &attempt, guard.actor().at).await?;
        let detail = "いまのパスワードが違います。確かめて、もう一度入力してください。";
        return Err(Problem::invalid("/old_password", "wrong", detail));
    }
    if old == new {
        let detail = "いまのパスワードと同じです。別のものにしてください。";
        return Err(Problem::invalid("/new_password", "unchanged", detail));
    }
    let today = Day(guard.actor().at.date());
    let posts: Vec<_> = staff.posts.iter().filter(|post| !post.is_over(today)).copied().collect();
    let context = context(&app, &staff, &agencies_of(&posts)).await?;
    let password = app.passwords.choose(new, context, Arc::clone(&app.chance)).await?;
    on_agency(&app, guard.actor(), None, move |tx, actor| {
        if !tx.change_password(staff.id, &earlier, &password)? {
            // Changed by another request in between.
            return Err(Problem::Unauthenticated);
        }
        let ended = tx.end_sessions_but(staff.id, Some(session.id), actor.at)?;
        let event = EventDraft::new(EventKind::PasswordChanged, Stream::Agency(actor.agency_id))
            .with("sessions_ended", Fact::Count(ended as u64));
        Ok((Answer::no_content(), vec![event]))
    })
    .await
}
