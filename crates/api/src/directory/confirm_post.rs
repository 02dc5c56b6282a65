use super::posts::{find_person, find_post};
use super::shape::PostResponse;
use crate::auth::op;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::{PostId, StaffId};
use domain::second_person;
use domain::time::Day;
use storage::PostRecord;

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
    change_directory(order, move |tx, actor| {
        let staff = find_person(tx, actor, staff_id)?;
        let post = find_post(&staff, post_id)?;
        let others = [Some(staff_id), post.made_by, staff.code_from];
        second_person::of_post(actor, post.agency_id, others)?;
        if staff.disabled_at.is_some() {
            return Err(Problem::InvalidTransition("disabled"));
        }
        if !tx.confirm_post(post_id, actor.at)? {
            let state = if post.ended_at.is_some() { "ended" } else { "confirmed" };
            return Err(Problem::InvalidTransition(state));
        }
        if let Some(replaced) = post.replaces_post_id {
            let eve = post.valid_from.0.yesterday().map_err(|error| Problem::Internal(error.to_string()))?;
            tx.shorten_post(replaced, Day(eve))?;
        }
        let ended = tx.end_sessions_of_staff(staff_id, actor.at)?;
        let event = EventDraft::new(EventKind::PostConfirmed, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(staff_id.0))
            .with("post_id", Fact::Id(post_id.0))
            .with("agency_id", Fact::Id(post.agency_id.0))
            .with("role", Fact::Code(post.role.as_str()))
            .with("sessions_ended", Fact::Count(ended as u64));
        let confirmed = PostRecord { confirmed_at: Some(actor.at), ..post };
        Ok((Answer::ok(&PostResponse::from(&confirmed))?, vec![event]))
    })
    .await
}
