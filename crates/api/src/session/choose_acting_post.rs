use super::shape::{ActingPostRequest, SessionResponse, agencies_of, posts_on, session_response};
use crate::app::App;
use crate::auth::{Guard, csrf_token, op};
use crate::door::Body;
use crate::execute::{Answer, on_agency};
use crate::problem::Problem;
use actix_web::{HttpResponse, put, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use storage::SessionRecord;

/// Chooses the post in which a person acts from now on. The event names both posts: the old one as the acting post, the new one as a fact.
#[utoipa::path(
    tag = "session",
    summary = "使う職を選ぶ",
    description = "複数の職をもつ人が、どの職として操作するかを選びます。監査証跡には、いつも使っている職が残ります。",
    request_body = ActingPostRequest,
    responses((status = 200, description = "選びました", body = SessionResponse))
)]
#[put("/api/v1/session/acting-post")]
pub(super) async fn choose_acting_post(
    guard: Guard<op::ChooseActingPost>,
    body: Body<ActingPostRequest>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let session = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session;
    let csrf = csrf_token(&app, session.id);
    let post_id = body.value.post_id;
    on_agency(&app, guard.actor(), None, move |tx, actor| {
        let staff = tx.find_staff(session.staff_id)?.ok_or(Problem::Unauthenticated)?;
        let posts = posts_on(&staff, actor.today());
        let Some(post) = posts.iter().find(|post| post.id == post_id) else {
            let detail = "今日有効な、ご自身の職の中から選んでください。";
            return Err(Problem::invalid("/post_id", "not_your_post", detail));
        };
        if !tx.choose_post(session.id, post_id)? {
            // Ended by another request in between.
            return Err(Problem::Unauthenticated);
        }
        let session = SessionRecord { acting_post_id: post_id, ..session };
        let agencies = tx.find_agencies(&agencies_of(&posts))?;
        let event = EventDraft::new(EventKind::SessionPostChosen, Stream::Agency(actor.agency_id))
            .with("post_id", Fact::Id(post_id.0))
            .with("agency_id", Fact::Id(post.agency_id.0));
        let shown = session_response(&staff, &posts, &agencies, &session, &csrf, actor.at);
        Ok((Answer::ok(&shown)?, vec![event]))
    })
    .await
}
