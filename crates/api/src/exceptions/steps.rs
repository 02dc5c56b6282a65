//! What the handlers share that decide on an exception.

use super::shape::exception_response;
use crate::app::App;
use crate::auth::{Guard, Op};
use crate::door::{IdempotencyKey, IfMatch};
use crate::execute::{Answer, Scene, Stop, Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::case::Verdict;
use domain::ids::ExceptionId;

/// The exception as the actor may see it, as an answer.
pub(super) fn answer(scene: &Scene<'_, '_>, id: ExceptionId) -> Result<Answer, Stop> {
    let exception = scene.locked.case.exception(id).ok_or(Problem::NotFound)?;
    let shown = exception_response(&scene.locked.case, exception, scene.permit);
    Ok(Answer::ok(&shown)?.with_etag(exception.revision))
}

/// One decision: the order of checks is that of every write, the decision itself is the domain's.
#[allow(clippy::too_many_arguments, reason = "the parts of a request, each already parsed by its extractor")]
pub(super) async fn decide<O: Op>(
    app: &web::Data<App>,
    guard: &Guard<O>,
    id: ExceptionId,
    key: IdempotencyKey,
    if_match: IfMatch,
    request: &HttpRequest,
    body: &[u8],
    verdict: impl Fn() -> Verdict + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let claim = claim(app, guard.actor(), key, request, body);
    on_sheet(app, guard, Target::Exception(id), Some(claim), Some(if_match), move |scene| {
        let outcome = scene.locked.case.clone().decide_exception(id, verdict(), scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        answer(&Scene { tx, locked, actor, permit }, id)
    })
    .await
}
