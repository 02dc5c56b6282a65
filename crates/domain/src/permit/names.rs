//! Whose names may be listed: the people of one's own agency and of partner agencies; everybody for the roles that work for the whole
//! municipality.

use crate::account::Role;
use crate::agency::{Actor, Principal};
use crate::ids::AgencyId;

/// The people who are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Everybody of the municipality.
    All,
    /// The people of an agency.
    Of(AgencyId),
    /// The people of an agency, if it and the actor's agency have ever had a relay between them.
    OfPartner(AgencyId),
    /// Nobody's.
    Nobody,
}

/// The people whose names `actor` may list when it asks for those of an agency, or of none in particular.
pub fn names(actor: &Actor, asked: Option<AgencyId>) -> Names {
    let own = actor.agency_id;
    let everybody = [Role::Admin, Role::PrivacyOfficer, Role::Auditor, Role::Hub];
    match (&actor.principal, asked) {
        (Principal::Staff { role, .. }, None) if everybody.contains(role) => Names::All,
        (Principal::Staff { role, .. }, Some(asked)) if everybody.contains(role) => Names::Of(asked),
        (_, None) => Names::Of(own),
        (_, Some(asked)) if asked == own => Names::Of(own),
        (Principal::Client { .. }, Some(_)) => Names::Nobody,
        (Principal::Staff { .. }, Some(asked)) => Names::OfPartner(asked),
    }
}
