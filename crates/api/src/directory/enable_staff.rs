use super::posts::{mails_of_waiting, person_answer};
use super::shape::StaffResponse;
use crate::auth::op;
use crate::execute::{Change, change_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
use domain::ids::StaffId;
use domain::mail::MailKind;

/// Lets a person in again. Their posts must be confirmed by another person, like new ones.
#[utoipa::path(
    tag = "directory",
    summary = "職員の利用を再開する",
    description = "またログインできるようにします。その人の職は、再開した人でも本人でもない人が、改めて確認するまで使えません。",
    responses((status = 200, description = "再開しました", body = StaffResponse))
)]
#[post("/api/v1/staff/{id}/enable")]
pub(super) async fn enable_staff(change: Change<op::EnableStaff, StaffId>) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id.0;
    change_thing::<Person, _, _, _>(order, id, |scene| {
        let actor = scene.actor;
        let mut outcome = scene.locked.thing.clone().enable(Some(actor))?;
        let shown = scene.tx.as_shown(outcome.thing.clone())?;
        let held = shown.posts.iter().filter(|post| !post.is_over(actor.today()));
        let held_at: Vec<_> = held.map(|post| post.agency_id).collect();
        if !held_at.is_empty() {
            outcome.mails =
                mails_of_waiting(scene.tx, MailKind::PostWaiting, &held_at, actor.municipality_id, actor.at)?;
        }
        person_answer(scene, outcome)
    })
    .await
}
