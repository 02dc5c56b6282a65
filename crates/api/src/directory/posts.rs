//! Posts of people, as far as it takes more than their own fields to tell.

use crate::problem::Problem;
use domain::agency::Actor;
use domain::codes::Role;
use domain::ids::{AgencyId, MunicipalityId, PostId, StaffId};
use domain::notice::{Notice, NoticeKind};
use domain::second_person;
use domain::time::{Day, Instant};
use std::collections::BTreeSet;
use storage::{PostRecord, StaffRecord, WriteTx};

/// A person of the actor's municipality.
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

/// Tells those who can confirm it that something waits, never what: for a post the agencies where it is held, whose managers can, for a
/// department system those of the administrators, and those of the privacy officers for both.
///
/// # Errors
/// The store refuses.
pub(crate) fn tell_of_waiting(
    tx: &mut WriteTx<'_>,
    kind: NoticeKind,
    besides: &[AgencyId],
    municipality: MunicipalityId,
    now: Instant,
) -> Result<(), Problem> {
    let officers = tx.list_agencies_with(Role::PrivacyOfficer, municipality, Day(now.date()))?;
    let told: BTreeSet<AgencyId> = besides.iter().copied().chain(officers).collect();
    let told: Vec<_> = told.into_iter().map(|agency| Notice::of_account(kind, agency)).collect();
    Ok(tx.enqueue(&told, municipality, now)?)
}

/// What begins every deed about the account of somebody else: the person of the municipality, who is not the one who acts.
///
/// # Errors
/// [`Problem::NotFound`], [`Problem::SecondPerson`].
pub(super) fn find_other(tx: &mut WriteTx<'_>, actor: &Actor, id: StaffId) -> Result<StaffRecord, Problem> {
    let found = find_person(tx, actor, id)?;
    not_oneself(actor, id)?;
    Ok(found)
}

/// Refuses what somebody would do for themselves: a post, a code, an end of it all.
///
/// # Errors
/// [`Problem::SecondPerson`].
fn not_oneself(actor: &Actor, id: StaffId) -> Result<(), Problem> {
    Ok(second_person::other_than(actor, &[Some(id)])?)
}
