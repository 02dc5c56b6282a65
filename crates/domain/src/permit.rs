//! Who may do what: one table, with a row for each operation of the API that needs a principal, and one pure function that reads it. What
//! no row allows is denied.

mod address;
mod attachment;
mod audit;
mod consent;
mod directory;
mod exception;
mod names;
mod relay;
mod rule;
mod session;
mod sheet;
mod stop;
mod task;

pub use names::{Names, names};
pub use rule::{Concern, Rule, System};

use crate::agency::Principal;
use std::hash::{Hash, Hasher};

/// A type for each operation, for the signatures of handlers.
pub mod op {
    pub use super::address::*;
    pub use super::attachment::*;
    pub use super::audit::*;
    pub use super::consent::*;
    pub use super::directory::*;
    pub use super::exception::*;
    pub use super::relay::*;
    pub use super::session::*;
    pub use super::sheet::*;
    pub use super::stop::*;
    pub use super::task::*;
}

/// The rows, area by area.
const AREAS: &[&[Operation]] = &[
    session::ROWS,
    directory::ROWS,
    sheet::ROWS,
    attachment::ROWS,
    consent::ROWS,
    address::ROWS,
    relay::ROWS,
    stop::ROWS,
    exception::ROWS,
    task::ROWS,
    audit::ROWS,
];

/// How an agency stands to a sheet or relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The operation concerns no particular sheet.
    Collection,
    /// The agency recorded the sheet, or has taken the place of the one that did.
    Origin,
    /// It has taken on a relay of the sheet (accepted, reported, closed).
    Participant,
    /// A relay of the sheet was sent to it and waits.
    Addressee,
    /// It had a relay of the sheet that was declined, returned, cancelled or halted, or it was sent a stop request.
    Former,
    /// It sent this relay.
    Sender,
    /// This relay was sent to it.
    Receiver,
    /// The sheet or relay belongs to its municipality, and nothing more.
    Neighbour,
    /// None of these.
    Stranger,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 9] = [
        Self::Collection,
        Self::Origin,
        Self::Participant,
        Self::Addressee,
        Self::Former,
        Self::Sender,
        Self::Receiver,
        Self::Neighbour,
        Self::Stranger,
    ];
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Do it; the grant says which content is shown.
    Allowed,
    /// Do it, but show no content, whatever the grant says.
    MetadataOnly,
    /// 403: the reader may know of the thing, but may not do this.
    Forbidden,
    /// 404: the reader may not even know that the thing exists.
    Hidden,
}

/// An operation of the API that needs a principal: a row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    id: &'static str,
    concern: Concern,
    system: System,
    rules: &'static [Rule],
    is_at_revision: bool,
}

impl Operation {
    /// Every operation.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        AREAS.iter().copied().flatten().copied()
    }

    /// The operationId in openapi.yaml.
    pub fn id(self) -> &'static str {
        self.id
    }

    /// Whether it changes a thing at a revision that the caller must name.
    pub fn is_at_revision(self) -> bool {
        self.is_at_revision
    }

    /// Whether department systems may do it.
    pub fn system(self) -> System {
        self.system
    }
}

/// A test checks that no two rows have the same id.
impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Operation {}

impl Hash for Operation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// The operation that a handler carries out, as a type, so that the handler's signature shows it.
pub trait Op: 'static {
    /// The operation.
    const OPERATION: Operation;
}

/// The one rule of access: the first rule in the operation's row that applies to this principal in this relation.
pub fn permit(principal: &Principal, operation: Operation, relation: Relation) -> Permit {
    let speaks = |rule: &&Rule| rule.relations.contains(&relation) && has_part(principal, operation, rule);
    let refused = if operation.concern.is_known_to(relation) { Permit::Forbidden } else { Permit::Hidden };
    operation.rules.iter().find(speaks).map_or(refused, |rule| rule.permit)
}

/// Whether the principal reads the content of sheets that its agency has; otherwise a list names nobody to it.
pub fn reads_content(principal: &Principal) -> bool {
    permit(principal, op::ShowSheet::OPERATION, Relation::Origin) == Permit::Allowed
}

/// Whether the principal may do the operation to anything at all.
pub fn is_permitted_somewhere(principal: &Principal, operation: Operation) -> bool {
    let may = |rule: &Rule| matches!(rule.permit, Permit::Allowed | Permit::MetadataOnly);
    operation.rules.iter().any(|rule| may(rule) && has_part(principal, operation, rule))
}

fn has_part(principal: &Principal, operation: Operation, rule: &Rule) -> bool {
    match principal {
        Principal::Staff { role, .. } => rule.roles.contains(role),
        Principal::Client { scopes, .. } => {
            rule.systems
                && match operation.system {
                    System::Never => false,
                    System::Any => true,
                    System::With(scope) => scopes.contains(&scope),
                }
        }
    }
}

#[cfg(test)]
mod tests;
