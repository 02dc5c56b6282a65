use super::attempt::{begin, note_failure};
use super::shape::{CodeRequest, agencies_of};
use crate::app::App;
use crate::code;
use crate::directory::mails_of_waiting;
use crate::door::{Body, STRANGERS_LIMIT};
use crate::execute::Answer;
use crate::login::folded;
use crate::origin::is_foreign;
use crate::password::normalised;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use domain::account::{KeptCode, Person};
use domain::ids::AgencyId;
use domain::mail::{Mail, MailKind};
use domain::time::{Day, Instant};
use std::sync::Arc;

/// Sets a password with a one-time code. Every error in the log-in name or the code gets the same answer. This logs nobody in.
#[utoipa::path(
    tag = "session",
    summary = "一度だけのコードでパスワードを決める",
    description = "招待された人、またはパスワードを忘れた人が、管理者から受け取ったコードで新しいパスワードを決めます。その人のログインはすべて終わり、監査証跡に残り、その人の機関のメールボックスに知らせます。職は、コードを渡した人でも本人でもない人が改めて確認するまで使えません。続けて失敗すると、しばらく試せなくなります(429、Retry-After)。",
    request_body = CodeRequest,
    responses((status = 204, description = "決めました。新しいパスワードでログインしてください"))
)]
#[post("/api/v1/session/password")]
pub(super) async fn use_code(
    request: HttpRequest,
    body: Body<CodeRequest, STRANGERS_LIMIT>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    if is_foreign(request.headers(), &app.public_url) {
        return Err(Problem::Csrf);
    }
    let CodeRequest { login, code, new_password } = body.value;
    let (login, hash, now) = (folded(&login), code::hash(&code), app.now());
    let attempt = begin(&app, &request, &login)?;
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_person_by_login(&login)?);
    let found = app.store.read::<_, Problem, _>(find).await?;
    let Some(staff) = found.as_ref().filter(|staff| is_good(staff, &hash, now)).cloned() else {
        note_failure(&app, found.as_ref(), &attempt, now).await?;
        return Err(Problem::CodeRefused);
    };
    app.limits.attempts.give_back(&attempt.paid);
    let today = Day(now.date());
    let posts: Vec<_> = staff.posts.iter().filter(|post| !post.is_over(today)).copied().collect();
    let agencies = agencies_of(&posts);
    let context = context(&app, &staff, &agencies).await?;
    let password = app.passwords.choose(normalised(&new_password), context, Arc::clone(&app.chance)).await?;
    app.store
        .write::<_, Problem, _>(staff.id.0, move |tx| {
            let locked = tx.lock_person(staff.id)?.ok_or(Problem::CodeRefused)?;
            // Another request may have used it in between.
            let used = locked.thing.clone().use_code(&hash, password.clone(), now).map_err(|_| Problem::CodeRefused)?;
            let (outcome, waiting) = used;
            tx.apply(locked, outcome, None, now)?;
            let mut told: Vec<_> =
                agencies.iter().map(|agency| Mail::of_account(MailKind::CodeUsed, *agency)).collect();
            if waiting > 0 {
                let kind = MailKind::PostWaiting;
                told.extend(mails_of_waiting(tx, kind, &agencies, staff.municipality_id, now)?);
            }
            Ok(tx.enqueue(&told, staff.municipality_id, now)?)
        })
        .await?;
    Ok(Answer::no_content().respond(false))
}

fn is_good(staff: &Person, hash: &[u8; 32], now: Instant) -> bool {
    let is_right = |code: KeptCode| verify_slices_are_equal(&code.hash, hash).is_ok() && now < code.expires_at;
    staff.disabled_at.is_none() && staff.code.is_some_and(is_right)
}

/// The words that a person who knows the owner would try first: log-in name, name, and the names of their agencies.
pub(super) async fn context(app: &App, staff: &Person, agencies: &[AgencyId]) -> Result<Vec<String>, Problem> {
    let wanted = agencies.to_vec();
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_agencies(&wanted)?);
    let agencies = app.store.read::<_, Problem, _>(read).await?;
    let names = agencies.into_iter().flat_map(|agency| [agency.name, agency.code]);
    Ok([staff.login.clone(), staff.name.clone()].into_iter().chain(names).collect())
}
