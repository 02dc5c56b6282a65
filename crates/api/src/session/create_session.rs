use super::attempt::{begin, note_failure};
use super::cookie::opened;
use super::device;
use super::shape::{SessionRequest, SessionResponse, agencies_held, agencies_of, posts_on, session_response};
use crate::app::App;
use crate::auth::{SESSION_SECONDS, cookie_name, csrf_token};
use crate::door::{Body, STRANGERS_LIMIT};
use crate::execute::{Answer, on_thing};
use crate::login::folded;
use crate::origin::is_foreign;
use crate::password::normalised;
use crate::problem::Problem;
use crate::token::Token;
use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::account::{Person, Post, Session};
use domain::agency::{Actor, Principal};
use domain::ids::{SessionId, StaffId};
use domain::permit::Permit;
use domain::time::{DAY_SECONDS, Day, Instant};
use storage::{SessionRecord, WriteTx};

/// The most sessions that a person may open in 24 hours: one every three minutes of a working day. Each leaves an event for good.
const MOST_SESSIONS_A_DAY: i64 = 200;
/// After how many seconds a person who has opened too many may try again.
const AFTER_TOO_MANY: u32 = 3600;

/// Logs a person in. An unknown login, a wrong password and a person without a post get the same answer after the same time.
#[utoipa::path(
    tag = "session",
    summary = "ログインする",
    description = "ログイン名とパスワードを確かめ、クッキーを渡します。はじめは、今日有効な職のうち最も古いものを使います。失敗も監査証跡に残ります。続けて失敗すると、しばらく試せなくなります(429、Retry-After)。これまでにログインしたことのあるブラウザーは、ほかの人の失敗に妨げられません。",
    request_body = SessionRequest,
    responses((
        status = 200,
        description = "ログインしました",
        body = SessionResponse,
        headers(("Set-Cookie" = String, description = "tsunagu_session(TLS では __Host-tsunagu_session)"))
    ))
)]
#[post("/api/v1/session")]
pub(super) async fn create_session(
    request: HttpRequest,
    body: Body<SessionRequest, STRANGERS_LIMIT>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    if is_foreign(request.headers(), &app.public_url) {
        return Err(Problem::Csrf);
    }
    let SessionRequest { login, password, otp } = body.value;
    if otp.is_some() {
        let detail = "確認コードはまだ使われていません。この項目を外して送ってください。";
        return Err(Problem::invalid("/otp", "not_in_use", detail));
    }
    let (login, now) = (folded(&login), app.now());
    let attempt = begin(&app, &request, &login)?;
    let verified = verify(&app, login, normalised(&password), attempt.is_stranger, now).await;
    match verified {
        Ok((Some(staff), posts, true)) if !posts.is_empty() => {
            app.limits.attempts.give_back(&attempt.paid);
            let cookie = device::introduced(&app, &request, &attempt.account);
            let replaced = earlier(&app, &request, now);
            open(&app, staff, posts, cookie, replaced, now).await
        }
        Ok((staff, ..)) => {
            note_failure(&app, staff.as_ref(), &attempt, now).await?;
            Err(Problem::LoginRefused)
        }
        Err(problem) => {
            app.limits.attempts.give_back(&attempt.paid);
            Err(problem)
        }
    }
}

/// The person with this login, their posts of today, and whether the password is right. The work is the same for every login, known or not.
async fn verify(
    app: &App,
    login: String,
    password: String,
    is_stranger: bool,
    now: Instant,
) -> Result<(Option<Person>, Vec<Post>, bool), Problem> {
    let find = move |tx: &mut storage::ReadTx<'_>| {
        let staff = tx.find_person_by_login(&login)?;
        let today = Day(now.date());
        let agencies = staff.as_ref().map(|staff| tx.find_agencies(&agencies_held(staff, today))).transpose()?;
        Ok((staff, agencies.unwrap_or_default()))
    };
    let (staff, agencies) = app.store.read::<_, Problem, _>(find).await?;
    let stored = staff.as_ref().and_then(|staff| staff.password_hash.as_ref()).map(|hash| hash.0.clone());
    let is_right = app.passwords.verify(password, stored, is_stranger).await?;
    let may = staff.as_ref().is_some_and(|staff| staff.disabled_at.is_none());
    let posts = staff.as_ref().map(|staff| posts_on(staff, &agencies, Day(now.date()))).unwrap_or_default();
    Ok((staff, posts, is_right && may))
}

/// The session that this browser still holds: the next person at the desk must not leave the session of the one before open.
fn earlier(app: &App, request: &HttpRequest, now: Instant) -> Option<SessionId> {
    let cookie = request.cookie(cookie_name(app))?;
    match app.tokens.read(cookie.value(), now) {
        Some(Token::Session(id)) => Some(id),
        _ => None,
    }
}

async fn open(
    app: &web::Data<App>,
    staff: Person,
    posts: Vec<Post>,
    device: Option<Cookie<'static>>,
    replaced: Option<SessionId>,
    now: Instant,
) -> Result<HttpResponse, Problem> {
    let post = posts.first().copied().ok_or(Problem::LoginRefused)?;
    let password = staff.password_hash.clone().ok_or(Problem::LoginRefused)?;
    let id = SessionId::new(now, app.chance.as_ref());
    let expires_at = now.plus_seconds(SESSION_SECONDS);
    let session = Session { id, acting_post_id: post.id, created_at: now, expires_at };
    let token = app.tokens.session(id, now, expires_at).map_err(|e| Problem::Internal(e.to_string()))?;
    let principal = Principal::Staff { staff_id: staff.id, session_id: id, post_id: post.id, role: post.role };
    let (agency_id, municipality_id) = (post.agency_id, staff.municipality_id);
    let actor = Actor { principal, agency_id, municipality_id, at: now };
    let csrf = csrf_token(app, id);
    let replaced = match replaced {
        Some(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_person_of_session(id)?)).await?.zip(Some(id)),
        None => None,
    };
    let mut response = on_thing::<Person, _>(app, &actor, Permit::Allowed, staff.id.0, None, move |scene| {
        if scene.tx.count_sessions_since(staff.id, now.plus_seconds(-DAY_SECONDS))? >= MOST_SESSIONS_A_DAY {
            return Err(Problem::TooManyRequests(AFTER_TOO_MANY).into());
        }
        let agencies = scene.tx.find_agencies(&agencies_of(&posts))?;
        let replaced = replaced.map(|(_, id)| id);
        let opened = scene.locked.thing.clone().open_session(session, &password, replaced);
        // Another request has changed the password or the posts in between.
        let person = scene.apply(opened.map_err(|_| Problem::LoginRefused)?)?.thing;
        let session = SessionRecord::of(staff.id, session, now);
        Ok(Answer::ok(&session_response(&person, &posts, &agencies, &session, &csrf, now))?)
    })
    .await?;
    if let Some((other, id)) = replaced.filter(|(person, _)| Some(*person) != actor.staff_id()) {
        // One's own session is open, whatever becomes of the other.
        if let Err(problem) = end_of_other(app, other, id, actor).await {
            tracing::warn!(cause = %problem, "the session of the person before was not ended");
        }
    }
    for cookie in [Some(opened(app, token)), device].iter().flatten() {
        response.add_cookie(cookie).map_err(|e| Problem::Internal(e.to_string()))?;
    }
    Ok(response)
}

/// Ends the session of the person who used the browser before.
async fn end_of_other(app: &App, other: StaffId, id: SessionId, actor: Actor) -> Result<(), Problem> {
    let end = move |tx: &mut WriteTx<'_>| {
        let Some(locked) = tx.lock_person(other)? else { return Ok(()) };
        if let Ok(outcome) = locked.thing.clone().end_session(id) {
            tx.apply(locked, outcome, Some(&actor), actor.at)?;
        }
        Ok(())
    };
    app.store.write::<_, Problem, _>(other.0, end).await
}
