//! The second of two persons: nobody who lets another see content, or who goes around consent, does so alone.

use crate::account::Role;
use crate::agency::{Actor, Principal, Scope};
use crate::ids::{AgencyId, StaffId};
use std::collections::BTreeSet;

/// Why somebody cannot be the second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSecond {
    /// The post is at an agency whose posts they may not confirm.
    Elsewhere,
    /// They count as the first person: they made it, will hold it, or gave the holder the code to come in.
    Own,
    /// What is granted needs a privacy officer.
    NotOfficer,
}

/// Whether `actor`, in any post, is none of `others`: the people who asked for it, who made it, or whom it is about.
///
/// # Errors
/// [`NotSecond::Own`]
pub fn other_than(actor: &Actor, others: &[Option<StaffId>]) -> Result<(), NotSecond> {
    // The actor must be a person: only people have operations for deciding.
    if actor.staff_id().is_none() || others.contains(&actor.staff_id()) { Err(NotSecond::Own) } else { Ok(()) }
}

/// Whether `actor` may confirm a post that is held at an agency. `others` are the people who count as one with its holder: the holder, the
/// person who made the post, and the person who gave out the code by which the holder came in, who could have come in instead. A manager
/// may confirm posts only at their own agency.
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

/// Whether `actor` may put a department system with these scopes, or a new secret of one, into use. `asked_by` made it and has seen the
/// secret. `consents:record` needs two people: an administrator, who makes systems, and a privacy officer.
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
