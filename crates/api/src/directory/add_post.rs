use super::agency::check_agencies;
use super::shape::{PostRequest, PostResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IdempotencyKey};
use crate::execute::{Answer, claim, on_agency};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::{PostId, StaffId};

/// Gives a person one more post. What they may do changes, so they log in anew.
#[utoipa::path(
    tag = "directory",
    summary = "職を加える",
    description = "職員に職を加えます。権限が変わるため、その人のログインはすべて終わります。",
    request_body = PostRequest,
    responses((status = 201, description = "加えました。Location はその機関の職員の一覧です", body = PostResponse))
)]
#[post("/api/v1/staff/{id}/posts")]
pub(super) async fn add_post(
    guard: Guard<op::AddPost>,
    id: Id<StaffId>,
    key: IdempotencyKey,
    body: Body<PostRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let claim = claim(&app, actor, key, &request, &body.bytes);
    let staff_id = id.0;
    let record = body.value.check(PostId::new(actor.at, app.chance.as_ref()), staff_id, "");
    let record = record.map_err(|wrong| Problem::InvalidInput(vec![wrong]))?;
    on_agency(&app, actor, Some(claim), move |tx, actor| {
        let staff = tx.find_staff(staff_id)?;
        staff.filter(|staff| staff.municipality_id == actor.municipality_id).ok_or(Problem::NotFound)?;
        check_agencies(tx, actor.municipality_id, &[record.agency_id], |_| "/agency_id".to_owned())?;
        tx.insert_post(&record)?;
        let ended = tx.end_sessions_of_staff(staff_id, actor.at)?;
        let event = EventDraft::new(EventKind::PostAdded, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(staff_id.0))
            .with("post_id", Fact::Id(record.id.0))
            .with("agency_id", Fact::Id(record.agency_id.0))
            .with("role", Fact::Code(record.role.as_str()))
            .with("sessions_ended", Fact::Count(ended as u64));
        let place = format!("/api/v1/staff?agency_id={}", record.agency_id);
        Ok((Answer::created(&PostResponse::from(&record), place)?, vec![event]))
    })
    .await
}
