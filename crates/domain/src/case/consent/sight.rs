//! What a refusal may tell the agency that asks: no more than its view of the consent.

use super::Clause;
use serde::Serialize;
use utoipa::ToSchema;

/// How much of a consent's record a sender sees, as far as it concerns one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whether it sees the other recipients that the person allows.
    pub recipients: bool,
    /// Whether it sees that the person excluded this recipient, if so.
    pub exclusion: bool,
}

impl Sight {
    /// The sight of an agency that sees everything.
    pub const WHOLE: Self = Self { recipients: true, exclusion: true };

    pub(super) fn shows(self, clause: Clause) -> bool {
        match clause {
            Clause::RecipientNotCovered | Clause::OtherMunicipality => self.recipients,
            Clause::RecipientExcluded => self.exclusion,
            _ => true,
        }
    }
}

/// A failed clause as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedClause {
    /// The clause.
    pub clause: Clause,
    /// What to do, in Japanese.
    pub detail: String,
}

impl From<Clause> for RefusedClause {
    fn from(clause: Clause) -> Self {
        Self { clause, detail: clause.label().to_owned() }
    }
}
