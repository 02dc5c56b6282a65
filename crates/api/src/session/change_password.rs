use super::attempt::{begin, note_failure};
use super::shape::{PasswordRequest, agencies_of};
use super::use_code::context;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Body;
use crate::execute::{Answer, on_thing};
use crate::password::normalised;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, put, web};
use domain::account::Person;
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
    let permit = guard.on_collection()?;
    let session = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session;
    let PasswordRequest { old_password, new_password } = body.value;
    let (old, new) = (normalised(&old_password), normalised(&new_password));
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_person(session.staff_id)?);
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
    on_thing::<Person, _>(&app, guard.actor(), permit, staff.id.0, None, move |scene| {
        let person = scene.locked.thing.clone();
        let changed = person.change_password(&earlier, password.clone(), session.id, scene.actor.at);
        // Another request has changed it in between.
        scene.apply(changed.map_err(|_| Problem::Unauthenticated)?)?;
        Ok(Answer::no_content())
    })
    .await
}
