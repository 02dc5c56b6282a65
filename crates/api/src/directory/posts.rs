//! What the operations on accounts and posts have in common.

use super::shape::PostResponse;
use crate::execute::{Answer, Stop};
use crate::problem::Problem;
use domain::account::Person;
use domain::codes::Role;
use domain::ids::{AgencyId, MunicipalityId, PostId};
use domain::mail::{Mail, MailKind};
use domain::time::{Day, Instant};
use std::collections::BTreeSet;
use storage::WriteTx;

/// The post of a person as an answer.
///
/// # Errors
/// There is no such post.
pub(super) fn post_answer(person: &Person, id: PostId) -> Result<Answer, Stop> {
    let post = person.post(id).ok_or(Problem::NotFound)?;
    Ok(Answer::ok(&PostResponse::from(post))?)
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
