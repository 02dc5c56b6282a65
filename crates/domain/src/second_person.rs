//! The second of two persons: whoever gives somebody sight of content, or goes around consent, does not do so alone.

use crate::agency::{Actor, Principal, Scope};
use crate::codes::Role;
use crate::ids::{AgencyId, StaffId};
use std::collections::BTreeSet;

/// Why somebody is not the second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSecond {
    /// The post is of an agency whose posts are not theirs to confirm.
    Elsewhere,
    /// They are one of the others: who made it, who is to hold it, who gave the holder the code to come in.
    Own,
    /// What is granted takes a privacy officer.
    NotOfficer,
}

/// Whether `actor` is none of `others`, in whatever post: who asked for it, who made it, whom it is about.
///
/// # Errors
/// [`NotSecond::Own`]
pub fn other_than(actor: &Actor, others: &[Option<StaffId>]) -> Result<(), NotSecond> {
    // Whoever decides is a person: nobody else has an operation for it.
    if actor.staff_id().is_none() || others.contains(&actor.staff_id()) { Err(NotSecond::Own) } else { Ok(()) }
}

/// Whether `actor` may confirm a post that is held at an agency. `others` are those who count as one with its holder: who made it, and who gave out
/// the code by which the holder came in, and so could have come in instead. A manager knows the people of the own agency alone.
///
/// # Errors
/// Why not.
pub fn of_post(actor: &Actor, held_at: AgencyId, others: [Option<StaffId>; 3]) -> Result<(), NotSecond> {
    let is_manager = matches!(actor.principal, Principal::Staff { role: Role::Manager, .. });
    if is_manager && held_at != actor.agency_id {
        return Err(NotSecond::Elsewhere);
    }
    other_than(actor, &others)
}

/// Whether `actor` may let a department system with these scopes count, or the new secret of one. `asked_by` made it, and has seen the secret.
/// `consents:record` is given by an administrator, who makes systems, and a privacy officer together.
///
/// # Errors
/// Why not.
pub fn of_client(actor: &Actor, asked_by: Option<StaffId>, scopes: &BTreeSet<Scope>) -> Result<(), NotSecond> {
    other_than(actor, &[asked_by])?;
    let is_officer = matches!(actor.principal, Principal::Staff { role: Role::PrivacyOfficer, .. });
    if scopes.contains(&Scope::ConsentsRecord) && !is_officer {
        return Err(NotSecond::NotOfficer);
    }
    Ok(())
}
