//! What a row of the table is made of.

use super::{Permit, Relation};
use crate::account::Role;
use crate::agency::Scope;

/// What an operation concerns. That decides which agencies know of the thing anyway, and so get an open refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// No particular thing, or one of the directory.
    Service,
    /// A sheet or what hangs on it.
    Sheet,
    /// A relay.
    Relay,
    /// An exception.
    Exception,
    /// Copies that were made of a sheet, also by an agency that declined it or whose relay was halted.
    Copies,
}

impl Concern {
    /// Whether an agency in this relation knows anyway that the thing exists.
    pub(super) fn is_known_to(self, relation: Relation) -> bool {
        use Relation::{Addressee, Collection, Former, Origin, Participant, Receiver, Sender};
        match self {
            Self::Service | Self::Sheet => matches!(relation, Collection | Origin | Participant | Addressee),
            Self::Copies => matches!(relation, Collection | Origin | Participant | Addressee | Former),
            Self::Relay => matches!(relation, Collection | Sender | Receiver | Origin),
            Self::Exception => matches!(relation, Collection | Sender | Origin),
        }
    }
}

/// Whether a department system may do an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Only a person does this. A witness answers with their own log-in. A person who makes log-ins and posts answers for it, and so does
    /// one who goes around consent. The person who asks for a release of a secret address is not the one who approves it.
    Never,
    /// With any scopes, or none.
    Any,
    /// With this scope.
    With(Scope),
}

impl System {
    /// The scope that it needs, if it needs one.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::With(scope) => Some(scope),
            Self::Never | Self::Any => None,
        }
    }
}

/// Who may do an operation, in which relations to the thing, and what they are shown.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub(super) roles: &'static [Role],
    /// Whether it also applies to department systems, as far as the row allows them.
    pub(super) systems: bool,
    pub(super) relations: &'static [Relation],
    pub(super) permit: Permit,
}

pub(super) const NEVER: System = System::Never;
pub(super) const ANY: System = System::Any;
pub(super) const SHEETS_READ: System = System::With(Scope::SheetsRead);
pub(super) const SHEETS_WRITE: System = System::With(Scope::SheetsWrite);
pub(super) const RELAYS_READ: System = System::With(Scope::RelaysRead);
pub(super) const RELAYS_WRITE: System = System::With(Scope::RelaysWrite);
pub(super) const AUDIT_READ: System = System::With(Scope::AuditRead);
pub(super) const DIRECTORY_WRITE: System = System::With(Scope::DirectoryWrite);

pub(super) const EVERYBODY: &[Role] =
    &[Role::Counter, Role::Manager, Role::Hub, Role::PrivacyOfficer, Role::Auditor, Role::Admin];
pub(super) const MANAGER: &[Role] = &[Role::Manager];
pub(super) const PRIVACY_OFFICER: &[Role] = &[Role::PrivacyOfficer];
pub(super) const AUDITOR: &[Role] = &[Role::Auditor];
/// The roles that work on cases.
pub(super) const CLERKS: &[Role] = &[Role::Counter, Role::Manager, Role::Hub];
/// The roles that oversee what was done: 監査 and 個人情報保護管理者.
pub(super) const OVERSEERS: &[Role] = &[Role::Auditor, Role::PrivacyOfficer];

pub(super) const COLLECTION: &[Relation] = &[Relation::Collection];
pub(super) const ORIGIN: &[Relation] = &[Relation::Origin];
/// The agencies that have the sheet.
pub(super) const PARTY: &[Relation] = &[Relation::Origin, Relation::Participant];
pub(super) const SENDER: &[Relation] = &[Relation::Sender];
pub(super) const RECEIVER: &[Relation] = &[Relation::Receiver];
/// Every relation but a stranger's.
const MUNICIPALITY: &[Relation] = &[
    Relation::Collection,
    Relation::Origin,
    Relation::Participant,
    Relation::Addressee,
    Relation::Former,
    Relation::Sender,
    Relation::Receiver,
    Relation::Neighbour,
];

/// People in these roles, and department systems as far as the row allows them.
pub(super) const fn with_systems(roles: &'static [Role], relations: &'static [Relation]) -> Rule {
    Rule { roles, systems: true, relations, permit: Permit::Allowed }
}

/// The roles that work on cases, and department systems.
pub(super) const fn clerks(relations: &'static [Relation]) -> Rule {
    with_systems(CLERKS, relations)
}

/// People in these roles alone.
pub(super) const fn only(roles: &'static [Role], relations: &'static [Relation]) -> Rule {
    Rule { roles, systems: false, relations, permit: Permit::Allowed }
}

/// People in these roles, for everything in their municipality, without content.
pub(super) const fn sees(roles: &'static [Role]) -> Rule {
    Rule { permit: Permit::MetadataOnly, ..only(roles, MUNICIPALITY) }
}

/// People in these roles know of everything in their municipality, so a refusal need not hide it from them.
pub(super) const fn knows(roles: &'static [Role]) -> Rule {
    Rule { permit: Permit::Forbidden, ..only(roles, MUNICIPALITY) }
}

impl Rule {
    /// The same for these relations.
    pub(super) const fn within(self, relations: &'static [Relation]) -> Self {
        Self { relations, ..self }
    }

    /// The same without content.
    pub(super) const fn without_content(self) -> Self {
        Self { permit: Permit::MetadataOnly, ..self }
    }
}

/// The rows of an area: each operation with its operationId, what it concerns, whether department systems may do it, and its rules, of
/// which the first that applies decides. `at_revision`: the operation changes a thing at a revision, which the caller must name
/// (`If-Match`).
macro_rules! operations {
    (@) => {
        false
    };
    (@ at_revision) => {
        true
    };
    ($($(#[$doc:meta])* $name:ident = $id:literal, $concern:ident, $system:expr, [$($rule:expr),+ $(,)?] $(, $at_revision:ident)?;)+) => {
        $(
            $(#[$doc])*
            #[doc = concat!("`", $id, "` in openapi.yaml.")]
            pub struct $name;

            impl $crate::permit::Op for $name {
                const OPERATION: $crate::permit::Operation = $crate::permit::Operation {
                    id: $id,
                    concern: $crate::permit::Concern::$concern,
                    system: $system,
                    rules: &[$($rule),+],
                    is_at_revision: operations!(@ $($at_revision)?),
                };
            }
        )+

        pub(super) const ROWS: &[$crate::permit::Operation] = &[$(<$name as $crate::permit::Op>::OPERATION),+];
    };
}
pub(super) use operations;
