use super::posts::post_answer;
use super::shape::PostResponse;
use crate::auth::op;
use crate::execute::{Change, change_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
use domain::ids::{PostId, StaffId};

/// Confirms a post. Every post lets its holder see content, decide on it, or make posts; no one person alone can grant that.
#[utoipa::path(
    tag = "directory",
    summary = "職を確認する",
    description = "職は、加えた人でも本人でもない人(システム管理者、個人情報保護管理者、その機関の所属長)が確認して、はじめて使えるようになります。権限が変わるため、その人のログインはすべて終わります。",
    responses((status = 200, description = "確認しました", body = PostResponse))
)]
#[post("/api/v1/staff/{id}/posts/{post_id}/confirm")]
pub(super) async fn confirm_post(change: Change<op::ConfirmPost, (StaffId, PostId)>) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let (staff_id, post_id) = order.id;
    change_thing::<Person, _, _, _>(order, staff_id.0, move |scene| {
        let outcome = scene.locked.thing.clone().confirm_post(post_id, scene.actor)?;
        post_answer(scene, outcome, post_id)
    })
    .await
}
