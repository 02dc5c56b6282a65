use super::shape::{ActingPostRequest, SessionResponse, agencies_held, posts_on, session_response};
use crate::app::App;
use crate::auth::{Guard, csrf_token, op};
use crate::door::Body;
use crate::execute::{Answer, Stop, on_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, put, web};
use domain::account::Person;
use domain::case::Refusal;
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
    let permit = guard.on_collection()?;
    let session = guard.caller.session.as_ref().ok_or(Problem::Unauthenticated)?.session;
    let csrf = csrf_token(&app, session.id);
    let post_id = body.value.post_id;
    on_thing::<Person, _>(&app, guard.actor(), permit, session.staff_id.0, None, move |scene| {
        let (actor, person) = (scene.actor, scene.locked.thing.clone());
        let agencies = scene.tx.find_agencies(&agencies_held(&person, actor.today()))?;
        let posts = posts_on(&person, &agencies, actor.today());
        let outcome = person.choose_post(session.id, post_id, &posts).map_err(|refusal| match refusal {
            // Another request has ended it in between.
            Refusal::NotFound => Stop::Problem(Problem::Unauthenticated),
            refusal => refusal.into(),
        })?;
        let person = scene.apply(outcome)?.thing;
        let session = SessionRecord { acting_post_id: post_id, ..session };
        Ok(Answer::ok(&session_response(&person, &posts, &agencies, &session, &csrf, actor.at))?)
    })
    .await
}
