use super::posts::person_answer;
use super::shape::StaffResponse;
use crate::auth::op;
use crate::execute::{Change, change_thing};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Person;
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
    let id = order.id.0;
    change_thing::<Person, _, _, _>(order, id, |scene| {
        let actor = scene.actor;
        let outcome = scene.locked.thing.clone().disable(Some(actor), actor.at)?;
        person_answer(scene, outcome)
    })
    .await
}
