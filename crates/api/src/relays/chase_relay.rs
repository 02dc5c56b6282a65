use super::shape::RelayResponse;
use super::steps::answer;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::{Change, Scene, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::ids::RelayId;

/// See `Case::chase`. This is no move of the relay, so no revision is required.
#[utoipa::path(
    tag = "relays",
    summary = "督促する",
    description = "送り元(または調整担当)が、対応を待っている機関に、内容を含まないメールで知らせます。一つのつなぎに一日一回までです。版(ETag)は変わりません。",
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/chase")]
pub(super) async fn chase_relay(
    change: Change<op::ChaseRelay, RelayId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    let id = order.id;
    change_sheet(order, move |scene| {
        let reader = scene.tx.find_agency(scene.actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let outcome = scene.locked.thing.clone().chase(id, scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        Ok(answer(Scene { tx, locked, actor, permit }, id, &reader)?)
    })
    .await
}
