use super::cookie::opened;
use super::shape::{SessionRequest, SessionResponse, agencies_of, posts_on, session_response};
use crate::app::App;
use crate::auth::{SESSION_SECONDS, csrf_token};
use crate::door::Body;
use crate::execute::{Answer, on_agency};
use crate::origin::is_foreign;
use crate::problem::Problem;
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
    description = "ログイン名とパスワードを確かめ、クッキーを渡します。はじめは、今日有効な職のうち最も古いものを使います。失敗も監査証跡に残ります。",
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
    body: Body<SessionRequest>,
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
    let now = app.now();
    let find = move |tx: &mut storage::ReadTx<'_>| Ok(tx.find_staff_by_login(&login)?);
    let staff = app.store.read::<_, Problem, _>(find).await?;
    let stored = staff.as_ref().map(|staff| staff.password_hash.0.clone());
    let is_right = app.passwords.verify(password, stored).await?;
    let posts = staff.as_ref().map(|staff| posts_on(staff, Day(now.date()))).unwrap_or_default();
    match (staff, posts.first().copied()) {
        (Some(staff), Some(post)) if is_right => open(&app, staff, posts, post, now).await,
        (staff, post) => {
            note_failure(&app, staff, post, now).await?;
            Err(Problem::LoginRefused)
        }
    }
}

async fn open(
    app: &web::Data<App>,
    staff: StaffRecord,
    posts: Vec<PostRecord>,
    post: PostRecord,
    now: Instant,
) -> Result<HttpResponse, Problem> {
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
    let set = response.add_cookie(&opened(app, token));
    set.map_err(|e| Problem::Internal(e.to_string()))?;
    Ok(response)
}

/// Notes a failed log-in where its agency sees it; what nobody can be found for goes to the service. The login itself is not
/// noted: people type passwords there.
async fn note_failure(
    app: &App,
    staff: Option<StaffRecord>,
    post: Option<PostRecord>,
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
    app.store
        .write::<_, Problem, _>(key, move |tx| {
            let mut lock = tx.lock_stream(stream, municipality)?;
            Ok(tx.append(&mut lock, std::slice::from_ref(&event), None, now)?)
        })
        .await
}
