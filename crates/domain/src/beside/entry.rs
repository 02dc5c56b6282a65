//! 支援経過: what was done, entry by entry. Nothing is ever changed or deleted; a correction is a new entry.

use crate::codes::code_list;
use crate::content::Section;
use crate::ids::{AgencyId, EntryId, SheetId, StaffId};
use crate::personal::Personal;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// An entry of the progress record (支援経過): append-only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The agency that wrote it.
    pub agency_id: AgencyId,
    /// The person who wrote it.
    pub staff_id: Option<StaffId>,
    /// When it happened.
    pub occurred_at: Instant,
    /// How.
    pub method: EntryMethod,
    /// The section to which it belongs: a reader that may see the section may see the entry.
    pub section: Section,
    /// In words.
    pub text: Personal<String>,
    /// When it was written.
    pub recorded_at: Instant,
}

code_list! {
    /// 支援経過の方法.
    pub enum EntryMethod ("entry_method", "支援経過の方法") {
        Phone = "phone", "電話"; Interview = "interview", "面談"; HomeVisit = "home_visit", "訪問"; Accompanied = "accompanied", "同行";
        Conference = "conference", "会議"; Email = "email", "メール"; Other = "other", "その他";
    }
}
