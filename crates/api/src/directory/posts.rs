//! Rules for the posts of people that need more than their own fields.

use crate::problem::Problem;
use domain::agency::Actor;
use domain::codes::Role;
use domain::ids::{AgencyId, MunicipalityId, PostId, StaffId};
use domain::mail::{Mail, MailKind};
use domain::second_person;
use domain::time::{Day, Instant};
use std::collections::BTreeSet;
use storage::{PostRecord, StaffRecord, WriteTx};

/// A person of the caller's municipality.
///
/// # Errors
/// [`Problem::NotFound`].
pub(super) fn find_person(tx: &mut WriteTx<'_>, actor: &Actor, id: StaffId) -> Result<StaffRecord, Problem> {
    let found = tx.find_staff(id)?.ok_or(Problem::NotFound)?;
    if found.municipality_id == actor.municipality_id { Ok(found) } else { Err(Problem::NotFound) }
}

/// One of their posts.
///
/// # Errors
/// [`Problem::NotFound`].
pub(super) fn find_post(staff: &StaffRecord, id: PostId) -> Result<PostRecord, Problem> {
    staff.posts.iter().copied().find(|post| post.id == id).ok_or(Problem::NotFound)
}

/// Tells the people who can confirm something that it waits, but not what it is. For a post, these are the agencies where it is held, whose
/// managers can confirm it; for a department system, the agencies of the administrators; for both, the agencies of the privacy officers.
pub(crate) fn tell_of_waiting(
    tx: &mut WriteTx<'_>,
    kind: MailKind,
    besides: &[AgencyId],
    municipality: MunicipalityId,
    now: Instant,
) -> Result<(), Problem> {
    let officers = tx.list_agencies_with(Role::PrivacyOfficer, municipality, Day(now.date()))?;
    let told: BTreeSet<AgencyId> = besides.iter().copied().chain(officers).collect();
    let told: Vec<_> = told.into_iter().map(|agency| Mail::of_account(kind, agency)).collect();
    Ok(tx.enqueue(&told, municipality, now)?)
}

/// The first step of every operation on another person's account: finds the person in the municipality, and refuses the caller's own account.
///
/// # Errors
/// [`Problem::NotFound`], [`Problem::SecondPerson`].
pub(super) fn find_other(tx: &mut WriteTx<'_>, actor: &Actor, id: StaffId) -> Result<StaffRecord, Problem> {
    let found = find_person(tx, actor, id)?;
    not_oneself(actor, id)?;
    Ok(found)
}

/// Refuses callers who would act on their own account: give themselves a post or a code, or end their own.
///
/// # Errors
/// [`Problem::SecondPerson`].
fn not_oneself(actor: &Actor, id: StaffId) -> Result<(), Problem> {
    Ok(second_person::other_than(actor, &[Some(id)])?)
}
