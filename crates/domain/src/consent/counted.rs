//! When a version begins to count, what stands then, and what is left at that.

use super::Consent;
use crate::case::HistoryItem;
use crate::codes::Decision;
use crate::ids::StaffId;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// What stood when a version began to count: who was told earlier, and is not meant by it, sees no more than this.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Counted {
    /// When.
    pub at: Instant,
    /// The revision of the content.
    pub content_revision: u32,
    /// The section `history`, where a relay tells it.
    pub history: Vec<HistoryItem>,
}

/// That earlier receivers keep what they could see.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Kept {
    /// When that was recorded.
    pub at: Instant,
    /// Who recorded it.
    pub staff_id: Option<StaffId>,
}

impl Consent {
    /// Whether it is a word of the person that takes the place of those before: a deferral is none, nor what the witness has not heard.
    pub fn counts(&self) -> bool {
        self.counted.is_some() && self.invalid.is_none() && self.terms.decision != Decision::Pending
    }
}
