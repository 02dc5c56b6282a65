use super::attempt::{begin, note_failure};
use super::shape::{CodeRequest, agencies_of};
use crate::app::App;
use crate::code;
use crate::directory::tell_of_waiting;
use crate::door::{Body, STRANGERS_LIMIT};
use crate::execute::Answer;
use crate::login::folded;
use crate::origin::is_foreign;
use crate::password::normalised;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::AgencyId;
use domain::mail::{Mail, MailKind};
use domain::time::{Day, Instant};
use std::sync::Arc;
use storage::StaffRecord;

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
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_staff_by_login(&login)?);
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
    let agency = agencies.first().copied();
    let (stream, municipality) = match agency {
        Some(agency) => (Stream::Agency(agency), Some(staff.municipality_id)),
        None => (Stream::Service, None),
    };
    app.store
        .write::<_, Problem, _>(agency.map_or_else(uuid::Uuid::nil, |agency| agency.0), move |tx| {
            let mut lock = tx.lock_stream(stream, municipality)?;
            if !tx.use_code(staff.id, &hash, &password, now)? {
                // Used by another request in between.
                return Err(Problem::CodeRefused);
            }
            let ended = tx.end_sessions_of_staff(staff.id, now)?;
            // The person who handed out the code could have used it, too, so somebody else must confirm that its owner used it.
            let waiting = staff.code_from.map_or(Ok(0), |by| tx.hold_posts(staff.id, by))?;
            let event = EventDraft::new(EventKind::CodeUsed, stream)
                .with("staff_id", Fact::Id(staff.id.0))
                .with("invitation", Fact::Flag(staff.password_hash.is_none()))
                .with("sessions_ended", Fact::Count(ended as u64))
                .with("posts_waiting", Fact::Count(waiting as u64));
            tx.append(&mut lock, &[event], None, now)?;
            let told: Vec<_> = agencies.iter().map(|agency| Mail::of_account(MailKind::CodeUsed, *agency)).collect();
            tx.enqueue(&told, staff.municipality_id, now)?;
            if waiting > 0 {
                tell_of_waiting(tx, MailKind::PostWaiting, &agencies, staff.municipality_id, now)?;
            }
            Ok(())
        })
        .await?;
    Ok(Answer::no_content().respond(false))
}

fn is_good(staff: &StaffRecord, hash: &[u8; 32], now: Instant) -> bool {
    let is_right =
        |code: storage::CodeRecord| verify_slices_are_equal(&code.hash, hash).is_ok() && now < code.expires_at;
    staff.disabled_at.is_none() && staff.code.is_some_and(is_right)
}

/// The words that a person who knows the owner would try first: log-in name, name, and the names of their agencies.
pub(super) async fn context(app: &App, staff: &StaffRecord, agencies: &[AgencyId]) -> Result<Vec<String>, Problem> {
    let wanted = agencies.to_vec();
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_agencies(&wanted)?);
    let agencies = app.store.read::<_, Problem, _>(read).await?;
    let names = agencies.into_iter().flat_map(|agency| [agency.name, agency.code]);
    Ok([staff.login.clone(), staff.name.clone()].into_iter().chain(names).collect())
}
