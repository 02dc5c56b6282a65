use super::cookie::opened;
use super::device;
use super::shape::{SessionRequest, SessionResponse, agencies_of, posts_on, session_response};
use crate::app::App;
use crate::auth::{SESSION_SECONDS, csrf_token};
use crate::door::{Body, STRANGERS_LIMIT};
use crate::execute::{Answer, on_agency};
use crate::limit::Key;
use crate::origin::is_foreign;
use crate::problem::Problem;
use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::agency::{Actor, Principal};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::SessionId;
use domain::time::{Day, Instant};
use storage::{PostRecord, SessionRecord, StaffRecord};
use uuid::Uuid;

/// Logs a person in. An unknown login, a wrong password and a person without a post are answered alike, in the same time.
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
    let account = device::account(&app, &login);
    let known = device::known(&app, &request, &account);
    let network = app.limits.network(&request);
    let keys = match known {
        Some(device) => vec![Key::Device(device)],
        None => vec![Key::Pair(account, network), Key::Address(network), Key::Account(account)],
    };
    let paid = app.limits.attempts.take(&keys).map_err(Problem::TooManyRequests)?;
    let now = app.now();
    let judged = judge(&app, login, password, known.is_none(), now).await;
    match judged {
        Ok((Some(staff), posts, true)) if !posts.is_empty() => {
            app.limits.attempts.give_back(&paid);
            let cookie = device::introduced(&app, &request, &account);
            open(&app, staff, posts, cookie, now).await
        }
        Ok((staff, posts, _)) => {
            note_failure(&app, staff, posts.first().copied(), paid.is_last, now).await?;
            Err(Problem::LoginRefused)
        }
        Err(problem) => {
            app.limits.attempts.give_back(&paid);
            Err(problem)
        }
    }
}

/// Who has this login, the posts of today, and whether the password is right. Whoever has the login, the same work is done.
async fn judge(
    app: &App,
    login: String,
    password: String,
    is_stranger: bool,
    now: Instant,
) -> Result<(Option<StaffRecord>, Vec<PostRecord>, bool), Problem> {
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_staff_by_login(&login)?);
    let staff = app.store.read::<_, Problem, _>(find).await?;
    let stored = staff.as_ref().map(|staff| staff.password_hash.0.clone());
    let is_right = app.passwords.verify(password, stored, is_stranger).await?;
    let posts = staff.as_ref().map(|staff| posts_on(staff, Day(now.date()))).unwrap_or_default();
    Ok((staff, posts, is_right))
}

async fn open(
    app: &web::Data<App>,
    staff: StaffRecord,
    posts: Vec<PostRecord>,
    device: Option<Cookie<'static>>,
    now: Instant,
) -> Result<HttpResponse, Problem> {
    let post = posts.first().copied().ok_or(Problem::LoginRefused)?;
    let id = SessionId::new(now, app.chance.as_ref());
    let session = SessionRecord {
        id,
        staff_id: staff.id,
        acting_post_id: post.id,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(SESSION_SECONDS),
        ended_at: None,
    };
    let token = app.tokens.session(id, now, session.expires_at);
    let token = token.map_err(|e| Problem::Internal(e.to_string()))?;
    let principal = Principal::Staff { staff_id: staff.id, session_id: id, post_id: post.id, role: post.role };
    let (agency_id, municipality_id) = (post.agency_id, staff.municipality_id);
    let actor = Actor { principal, agency_id, municipality_id, at: now };
    let csrf = csrf_token(app, id);
    let mut response = on_agency(app, &actor, None, move |tx, actor| {
        tx.insert_session(&session)?;
        let agencies = tx.find_agencies(&agencies_of(&posts))?;
        let shown = session_response(&staff, &posts, &agencies, &session, &csrf);
        let event = EventDraft::new(EventKind::SessionOpened, Stream::Agency(actor.agency_id));
        Ok((Answer::ok(&shown)?, vec![event]))
    })
    .await?;
    for cookie in [Some(opened(app, token)), device].iter().flatten() {
        response.add_cookie(cookie).map_err(|e| Problem::Internal(e.to_string()))?;
    }
    Ok(response)
}

/// Notes a failed log-in where its agency sees it; what nobody can be found for goes to the service. The login itself is not
/// noted: people type passwords there. The failure that uses up a budget says so, because what follows it is refused unread and not noted.
async fn note_failure(
    app: &App,
    staff: Option<StaffRecord>,
    post: Option<PostRecord>,
    is_last: bool,
    now: Instant,
) -> Result<(), Problem> {
    let place = staff.as_ref().zip(post).map(|(staff, post)| (post.agency_id, staff.municipality_id));
    let (stream, municipality, key) = match place {
        Some((agency, municipality)) => (Stream::Agency(agency), Some(municipality), agency.0),
        // Events of the service belong to no municipality: each one's auditor needs the whole chain to check it.
        None => (Stream::Service, None, Uuid::nil()),
    };
    let event = EventDraft::new(EventKind::SessionFailed, stream);
    let event = match staff {
        Some(staff) => event.with("staff_id", Fact::Id(staff.id.0)),
        None => event,
    };
    let event = if is_last { event.with("limited", Fact::Flag(true)) } else { event };
    app.store
        .write::<_, Problem, _>(key, move |tx| {
            let mut lock = tx.lock_stream(stream, municipality)?;
            Ok(tx.append(&mut lock, std::slice::from_ref(&event), None, now)?)
        })
        .await
}
