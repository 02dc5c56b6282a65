use super::posts::post_answer;
use super::shape::{EndPostRequest, PostResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Change, change_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
use domain::ids::{PostId, StaffId};

/// Ends a post, at once or on a given day, or rejects one that waits for confirmation.
#[utoipa::path(
    tag = "directory",
    summary = "職を終える",
    description = "on の日を最後に終えます。on がなければ、その場で終え、その人のログインはすべて終わります。確認待ちの職は、取りやめになります。",
    request_body = EndPostRequest,
    responses((status = 200, description = "終えました", body = PostResponse))
)]
#[post("/api/v1/staff/{id}/posts/{post_id}/end")]
pub(super) async fn end_post(
    change: Change<op::EndPost, (StaffId, PostId), Body<EndPostRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let (staff_id, post_id) = order.id;
    let on = body.on;
    change_thing::<Person, _, _, _>(order, staff_id.0, move |scene| {
        let actor = scene.actor;
        let outcome = scene.locked.thing.clone().end_post(post_id, on, Some(actor), actor.at)?;
        post_answer(scene, outcome, post_id)
    })
    .await
}
