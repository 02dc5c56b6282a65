use super::agency::check_agencies;
use super::posts::{find_other, find_post, tell_of_waiting};
use super::shape::{PostRequest, PostResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
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
    let record = body.check(PostId::new(actor.at, order.app.chance.as_ref()), staff_id, actor.staff_id(), "");
    let record = record.map_err(|wrong| Problem::InvalidInput(vec![wrong]))?;
    change_directory(order, move |tx, actor| {
        let staff = find_other(tx, actor, staff_id)?;
        check_agencies(tx, actor.municipality_id, &[record.agency_id], |_| "/agency_id".to_owned())?;
        if let Some(replaced) = record.replaces_post_id {
            let detail = "この人の職の中から選んでください。";
            find_post(&staff, replaced).map_err(|_| Problem::invalid("/replaces_post_id", "unknown_post", detail))?;
        }
        tx.insert_post(&record)?;
        tell_of_waiting(tx, MailKind::PostWaiting, &[record.agency_id], actor.municipality_id, actor.at)?;
        let event = EventDraft::new(EventKind::PostAdded, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(staff_id.0))
            .with("post_id", Fact::Id(record.id.0))
            .with("agency_id", Fact::Id(record.agency_id.0))
            .with("role", Fact::Code(record.role.as_str()));
        let place = format!("/api/v1/staff?agency_id={}", record.agency_id);
        Ok((Answer::created(&PostResponse::from(&record), place)?, vec![event]))
    })
    .await
}
