//! The decision of the second person on a change of an agency.

use super::agency::{check_class, check_ending, check_successor};
use super::pending::{event, with_asked, with_changes, with_standing};
use super::shape::AgencyResponse;
use crate::auth::Op;
use crate::execute::{Answer, Order, change_directory};
use crate::problem::Problem;
use actix_web::HttpResponse;
use domain::audit::EventKind;
use domain::ids::AgencyId;
use domain::second_person;
use storage::AgencyRecord;

/// What happens to a change that waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is made. The person who asked for it can never decide this.
    Confirm,
    /// It is dropped; an agency that was new stays unconfirmed.
    Reject,
}

/// Carries the decision out.
///
/// # Errors
/// [`Problem::InvalidTransition`] where nothing waits, [`Problem::SecondPerson`], and what every change can be refused for.
pub(super) async fn decide<O: Op>(order: Order<O, AgencyId>, decision: Decision) -> Result<HttpResponse, Problem> {
    let (id, if_match, directory) = (order.id, order.if_match, order.app.directory.clone());
    change_directory(order, move |tx, actor| {
        let found = tx.lock_agency(id)?.ok_or(Problem::NotFound)?;
        if found.agency.municipality_id != actor.municipality_id {
            return Err(Problem::NotFound);
        }
        if_match.map_or(Ok(()), |named| named.check(found.revision))?;
        let change = found.pending.clone().ok_or(Problem::InvalidTransition("nothing_pending"))?;
        let mut record = AgencyRecord {
            pending: None,
            revision: found.revision.saturating_add(1),
            updated_at: actor.at,
            ..found.clone()
        };
        let kind = match decision {
            Decision::Confirm => {
                second_person::other_than(actor, &[change.asked_by])?;
                record.agency.class = change.class;
                record.agency.agreement.clone_from(&change.agreement);
                record.agency.confirmed = true;
                if let Some(ending) = change.ending {
                    record.agency.active_until = ending.active_until;
                    record.successor_id = Some(ending.successor_id);
                    check_ending(tx, &found, &record)?;
                    check_successor(tx, &record)?;
                }
                check_class(&found, &record)?;
                EventKind::AgencyChangeConfirmed
            }
            Decision::Reject => EventKind::AgencyChangeRejected,
        };
        tx.update_agency(&record)?;
        let event = with_asked(event(kind, &record, actor), Some(&change), &directory);
        let event = match decision {
            Decision::Confirm => with_standing(with_changes(event, &found, &record, &directory, actor.at), &record),
            Decision::Reject => event,
        };
        let revision = record.revision;
        Ok((Answer::ok(&AgencyResponse::of(record, actor.at))?.with_etag(revision), vec![event]))
    })
    .await
}
