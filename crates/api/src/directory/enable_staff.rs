use super::posts::{find_other, find_person, tell_of_waiting};
use super::shape::{StaffResponse, staff_response};
use crate::auth::op;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
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
    let id = order.id;
    change_directory(order, move |tx, actor| {
        find_other(tx, actor, id)?;
        if !tx.enable_staff(id, actor.staff_id())? {
            return Err(Problem::InvalidTransition("enabled"));
        }
        let back = find_person(tx, actor, id)?;
        let held_at: Vec<_> =
            back.posts.iter().filter(|post| !post.is_over(actor.today())).map(|post| post.agency_id).collect();
        if !held_at.is_empty() {
            tell_of_waiting(tx, MailKind::PostWaiting, &held_at, actor.municipality_id, actor.at)?;
        }
        let event =
            EventDraft::new(EventKind::StaffEnabled, Stream::Agency(actor.agency_id)).with("staff_id", Fact::Id(id.0));
        Ok((Answer::ok(&staff_response(back, actor))?, vec![event]))
    })
    .await
}
