//! What the handlers that decide on an exception share.

use super::shape::ExceptionResponse;
use crate::auth::Op;
use crate::execute::{Answer, Order, Scene, Stop, change_sheet};
use crate::problem::Problem;
use actix_web::HttpResponse;
use domain::case::Verdict;
use domain::ids::ExceptionId;

/// The answer with the exception as the caller may see it.
pub(super) fn answer(scene: &Scene<'_, '_>, id: ExceptionId) -> Result<Answer, Stop> {
    let exception = scene.locked.thing.exception(id).ok_or(Problem::NotFound)?;
    let shown = ExceptionResponse::from(scene.locked.thing.exception_view(exception, scene.permit, scene.actor));
    Ok(Answer::ok(&shown)?.with_etag(exception.revision))
}

/// One decision. The order of checks is the same as for every write; the domain makes the decision.
pub(super) async fn decide<O: Op>(
    order: Order<O, ExceptionId>,
    verdict: impl Fn() -> Verdict + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let id = order.id;
    change_sheet(order, move |scene| {
        let outcome = scene.locked.thing.clone().decide_exception(id, verdict(), scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        answer(&Scene { tx, locked, actor, permit }, id)
    })
    .await
}
