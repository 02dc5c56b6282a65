use super::agency::check_agencies;
use super::posts::mails_of_waiting;
use super::shape::{PostRequest, PostResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
use domain::ids::{PostId, StaffId};
use domain::mail::MailKind;

/// Adds a post for another person. It counts once somebody else has confirmed it.
#[utoipa::path(
    tag = "directory",
    summary = "職を加える",
    description = "職員に職を加えます(自分には加えられません)。加えた人でも本人でもない人が確認するまでは使えません。延長・異動は、終わる職を replaces_post_id に入れます。",
    request_body = PostRequest,
    responses((status = 201, description = "加えました。Location はその機関の職員の一覧です", body = PostResponse))
)]
#[post("/api/v1/staff/{id}/posts")]
pub(super) async fn add_post(change: Change<op::AddPost, StaffId, Body<PostRequest>>) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor();
    let staff_id = order.id;
    let post = body.check(PostId::new(actor.at, order.app.chance.as_ref()), staff_id, actor.staff_id(), "");
    let post = post.map_err(|wrong| Problem::InvalidInput(vec![wrong]))?;
    change_thing::<Person, _, _, _>(order, staff_id.0, move |scene| {
        let (actor, person) = (scene.actor, scene.locked.thing.clone());
        let mut outcome = person.add_post(post, Some(actor))?;
        check_agencies(scene.tx, actor.municipality_id, &[post.agency_id], |_| "/agency_id".to_owned())?;
        outcome.mails =
            mails_of_waiting(scene.tx, MailKind::PostWaiting, &[post.agency_id], actor.municipality_id, actor.at)?;
        scene.apply(outcome)?;
        let place = format!("/api/v1/staff?agency_id={}", post.agency_id);
        Ok(Answer::created(&PostResponse::from(&post), place)?)
    })
    .await
}
