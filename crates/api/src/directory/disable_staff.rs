use super::posts::{find_other, find_person};
use super::shape::{StaffResponse, staff_response};
use crate::auth::op;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::StaffId;

/// Shuts a person out, at once.
#[utoipa::path(
    tag = "directory",
    summary = "職員の利用を止める",
    description = "その場でログインをすべて終え、ログインできなくします。発行したコードも使えなくなります。自分には行えません。",
    responses((status = 200, description = "止めました", body = StaffResponse))
)]
#[post("/api/v1/staff/{id}/disable")]
pub(super) async fn disable_staff(change: Change<op::DisableStaff, StaffId>) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id;
    change_directory(order, move |tx, actor| {
        find_other(tx, actor, id)?;
        if !tx.disable_staff(id, actor.at)? {
            return Err(Problem::InvalidTransition("disabled"));
        }
        let ended = tx.end_sessions_of_staff(id, actor.at)?;
        let event = EventDraft::new(EventKind::StaffDisabled, Stream::Agency(actor.agency_id))
            .with("staff_id", Fact::Id(id.0))
            .with("sessions_ended", Fact::Count(ended as u64));
        Ok((Answer::ok(&staff_response(find_person(tx, actor, id)?, actor))?, vec![event]))
    })
    .await
}
