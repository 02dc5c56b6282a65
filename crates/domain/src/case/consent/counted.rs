//! What stood when a version began to count, and the decision to let earlier sharing go on.

use super::Consent;
use crate::case::HistoryItem;
use crate::case::consent::Decision;
use crate::ids::StaffId;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// What stood when a version began to count: an agency that was told earlier, and that the version does not cover, sees no more than this.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Counted {
    /// When.
    pub at: Instant,
    /// The revision of the content.
    pub content_revision: u32,
    /// The section `history`, where a relay tells it.
    pub history: Vec<HistoryItem>,
}

/// The person lets earlier receivers keep what they could see.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Kept {
    /// When that was recorded.
    pub at: Instant,
    /// The person who recorded it.
    pub staff_id: Option<StaffId>,
}

impl Consent {
    /// Whether it replaces the versions before it as the person's word: a deferral does not, nor a version that no witness has confirmed.
    pub fn counts(&self) -> bool {
        self.counted.is_some() && self.invalid.is_none() && self.terms.decision != Decision::Pending
    }
}
