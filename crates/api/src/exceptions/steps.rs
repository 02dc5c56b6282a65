//! What the handlers share that decide on an exception.

use super::shape::exception_response;
use crate::auth::Op;
use crate::execute::{Answer, Order, Scene, Stop, change_sheet};
use crate::problem::Problem;
use actix_web::HttpResponse;
use domain::case::Verdict;
use domain::ids::ExceptionId;

/// The exception as the actor may see it, as an answer.
pub(super) fn answer(scene: &Scene<'_, '_>, id: ExceptionId) -> Result<Answer, Stop> {
    let exception = scene.locked.case.exception(id).ok_or(Problem::NotFound)?;
    let shown = exception_response(&scene.locked.case, exception, scene.permit);
    Ok(Answer::ok(&shown)?.with_etag(exception.revision))
}

/// One decision: the order of checks is that of every write, the decision itself is the domain's.
pub(super) async fn decide<O: Op>(
    order: Order<O, ExceptionId>,
    verdict: impl Fn() -> Verdict + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let id = order.id;
    change_sheet(order, move |scene| {
        let outcome = scene.locked.case.clone().decide_exception(id, verdict(), scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        answer(&Scene { tx, locked, actor, permit }, id)
    })
    .await
}
