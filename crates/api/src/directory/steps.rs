//! What the second person says of a change of an agency.

use super::agency::{check_class, check_ending, check_successor};
use super::pending::{event, with_asked, with_changes, with_standing};
use super::shape::AgencyResponse;
use crate::app::App;
use crate::door::{IdempotencyKey, IfMatch};
use crate::execute::{Answer, claim, on_agency};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::agency::Actor;
use domain::audit::EventKind;
use domain::ids::AgencyId;
use storage::AgencyRecord;

/// What is done with a change that waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is made. Never by the person who asked for it.
    Confirm,
    /// It goes, and an agency that was new stays out.
    Reject,
}

/// Carries the decision out.
///
/// # Errors
/// [`Problem::InvalidTransition`] where nothing waits, [`Problem::SecondPerson`], and what every change can be refused for.
#[allow(clippy::too_many_arguments, reason = "what a request brings")]
pub(super) async fn decide(
    app: &web::Data<App>,
    actor: &Actor,
    id: AgencyId,
    key: IdempotencyKey,
    if_match: IfMatch,
    request: &HttpRequest,
    body: &[u8],
    decision: Decision,
) -> Result<HttpResponse, Problem> {
    let claim = claim(app, actor, key, request, body);
    let directory = app.directory.clone();
    on_agency(app, actor, Some(claim), move |tx, actor| {
        let found = tx.lock_agency(id)?.ok_or(Problem::NotFound)?;
        if found.agency.municipality_id != actor.municipality_id {
            return Err(Problem::NotFound);
        }
        if_match.check(found.revision)?;
        let change = found.pending.clone().ok_or(Problem::InvalidTransition("nothing_pending"))?;
        let mut record = AgencyRecord {
            pending: None,
            revision: found.revision.saturating_add(1),
            updated_at: actor.at,
            ..found.clone()
        };
        let kind = match decision {
            Decision::Confirm => {
                if change.asked_by.is_some() && change.asked_by == actor.staff_id() {
                    return Err(Problem::SecondPerson);
                }
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
