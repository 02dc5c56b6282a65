//! What the operations on accounts and posts have in common.

use super::shape::{PostResponse, staff_response};
use crate::execute::{Answer, Scene, Stop};
use crate::problem::Problem;
use domain::account::{Person, Role};
use domain::agency::Actor;
use domain::aggregate::Outcome;
use domain::ids::{AgencyId, MunicipalityId, PostId, StaffId};
use domain::mail::{Mail, MailKind};
use domain::time::{Day, Instant};
use std::collections::BTreeSet;
use storage::WriteTx;

/// Writes the outcome; the post as an answer.
///
/// # Errors
/// There is no such post.
pub(super) fn post_answer(scene: Scene<'_, '_, Person>, outcome: Outcome<Person>, id: PostId) -> Result<Answer, Stop> {
    let Scene { tx, locked, actor, .. } = scene;
    let person = tx.apply(locked, outcome, Some(actor), actor.at)?.thing;
    let person = tx.as_shown(person)?;
    Ok(Answer::ok(&PostResponse::from(person.post(id).ok_or(Problem::NotFound)?))?)
}

/// Writes the outcome; the person as an answer.
///
/// # Errors
/// The store refuses.
pub(super) fn person_answer(scene: Scene<'_, '_, Person>, outcome: Outcome<Person>) -> Result<Answer, Stop> {
    let Scene { tx, locked, actor, .. } = scene;
    let person = tx.apply(locked, outcome, Some(actor), actor.at)?.thing;
    Ok(Answer::ok(&staff_response(tx.as_shown(person)?, actor))?)
}

/// The mails to the people who can confirm something that waits; they do not say what it is. For a post, these are the agencies where it is
/// held, whose managers can confirm it; for a department system, the agencies of the administrators; for both, the agencies of the privacy
/// officers.
pub(crate) fn mails_of_waiting(
    tx: &mut WriteTx<'_>,
    kind: MailKind,
    besides: &[AgencyId],
    municipality: MunicipalityId,
    now: Instant,
) -> Result<Vec<Mail>, Problem> {
    let officers = tx.list_agencies_with(Role::PrivacyOfficer, municipality, Day(now.date()))?;
    let told: BTreeSet<AgencyId> = besides.iter().copied().chain(officers).collect();
    Ok(told.into_iter().map(|agency| Mail::of_account(kind, agency)).collect())
}

/// Makes sure that somebody whom a request names, if it names anybody, has a post at the caller's agency today.
///
/// # Errors
/// [`Problem::InvalidInput`] at `pointer`.
pub(crate) fn colleague(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    named: Option<StaffId>,
    pointer: &str,
) -> Result<(), Problem> {
    let Some(named) = named else { return Ok(()) };
    let (agency, today) = (actor.agency_id, actor.today());
    let here = |person: Person| person.posts.iter().any(|it| it.agency_id == agency && it.is_valid(today));
    if tx.find_person(named)?.is_some_and(here) {
        return Ok(());
    }
    Err(Problem::invalid(pointer, "unknown_staff", "担当者は、自分の部署の職員から選んでください。"))
}
