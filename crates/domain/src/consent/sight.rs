//! What a refusal may tell who asks: no more than its view of the consent.

use super::Clause;
use serde::Serialize;
use utoipa::ToSchema;

/// What of a consent's record a sender sees, as far as it bears on one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whom else the person allows to be told.
    pub recipients: bool,
    /// Whether the person excluded this recipient.
    pub exclusion: bool,
}

impl Sight {
    /// Of who sees everything.
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
