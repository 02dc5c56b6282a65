//! The decision of the second person on a change of an agency.

use super::agency::{check_ending, check_successor};
use super::shape::AgencyResponse;
use crate::auth::Op;
use crate::execute::{Answer, Order, change_thing};
use crate::problem::Problem;
use actix_web::HttpResponse;
use domain::agency::{AgencyRecord, Decision};
use domain::ids::AgencyId;

/// Carries the decision out.
///
/// # Errors
/// [`Problem::InvalidTransition`] where nothing waits, [`Problem::SecondPerson`], and what every change can be refused for.
pub(super) async fn decide<O: Op>(order: Order<O, AgencyId>, decision: Decision) -> Result<HttpResponse, Problem> {
    let (id, if_match, directory) = (order.id, order.if_match, order.app.directory.clone());
    change_thing::<AgencyRecord, _, _, _>(order, id.0, move |scene| {
        let (actor, found) = (scene.actor, scene.locked.thing.clone());
        if_match.map_or(Ok(()), |named| named.check(found.revision))?;
        let outcome = found.clone().decide(decision, actor, &directory)?;
        if outcome.thing.ends_otherwise_than(&found) {
            check_ending(scene.tx, &found, &outcome.thing)?;
            check_successor(scene.tx, &outcome.thing)?;
        }
        let record = scene.apply(outcome)?.thing;
        let revision = record.revision;
        Ok(Answer::ok(&AgencyResponse::of(record, actor.at))?.with_etag(revision))
    })
    .await
}
