use super::posts::{find_person, find_post};
use super::shape::{EndPostRequest, PostResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::agency::Principal;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::Role;
use domain::ids::{PostId, StaffId};
use storage::PostRecord;

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
    change_directory(order, move |tx, actor| {
        let staff = find_person(tx, actor, staff_id)?;
        let post = find_post(&staff, post_id)?;
        let is_manager = matches!(actor.principal, Principal::Staff { role: Role::Manager, .. });
        if is_manager && post.agency_id != actor.agency_id {
            return Err(Problem::Forbidden);
        }
        if post.is_over(actor.today()) {
            return Err(Problem::InvalidTransition("ended"));
        }
        let event = EventDraft::new(EventKind::PostEnded, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(staff_id.0))
            .with("post_id", Fact::Id(post_id.0))
            .with("agency_id", Fact::Id(post.agency_id.0))
            .with("role", Fact::Code(post.role.as_str()));
        let (ended, event) = match on {
            Some(on) => {
                let first = post.valid_from.max(actor.today());
                if on < first || !tx.shorten_post(post_id, on)? {
                    let detail = "今日(まだ始まっていない職は、始まりの日)から、いまの最後の日の前までの日にしてください。延ばすときは、職を加えてください。";
                    return Err(Problem::invalid("/on", "not_shorter", detail));
                }
                (PostRecord { valid_until: Some(on), ..post }, event.with("on", Fact::Day(on)))
            }
            None => {
                if !tx.end_post(post_id, actor.at)? {
                    return Err(Problem::InvalidTransition("ended"));
                }
                let sessions = tx.end_sessions_of_staff(staff_id, actor.at)?;
                let event = event.with("sessions_ended", Fact::Count(sessions as u64));
                (PostRecord { ended_at: Some(actor.at), ..post }, event)
            }
        };
        Ok((Answer::ok(&PostResponse::from(&ended))?, vec![event]))
    })
    .await
}
