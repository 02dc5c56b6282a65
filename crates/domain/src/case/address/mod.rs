//! Releases of a secret address (住所秘匿の解除): for one named receiver, asked for by one person and approved by another, the manager.

mod moves;

pub use moves::ReleaseRequest;

use crate::codes::code_list;
use crate::ids::{AddressReleaseId, AgencyId, SheetId, StaffId};
use crate::personal::Personal;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

code_list! {
    /// 住所を伝える承認の状態.
    pub enum ReleaseState ("address_release_state", "住所を伝える承認の状態") {
        Requested = "requested", "申請中"; Approved = "approved", "承認"; Rejected = "rejected", "却下"; Revoked = "revoked", "取消";
    }
}

code_list! {
    /// Why a release ended.
    pub enum ReleaseEnd ("address_release_end", "住所を伝える承認が終わったわけ") {
        TakenBack = "taken_back", "取消"; ProtectionEnded = "protection_ended", "住所秘匿の終了";
        ProtectionChanged = "protection_changed", "住所秘匿の根拠の変更"; AddressChanged = "address_changed", "住所の書き換え";
    }
}

/// What a person decided, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decided {
    /// The person.
    pub staff_id: Option<StaffId>,
    /// When.
    pub at: Instant,
    /// The reason, in words.
    pub reason: Option<Personal<String>>,
}

/// A release: while it stands, one agency may be told the address of one sheet. It lifts one protection of one address, and ends when
/// either changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddressRelease {
    /// Its id.
    pub id: AddressReleaseId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The agency that may be told.
    pub to_agency_id: AgencyId,
    /// The person there who may be told, as the two offices agreed.
    pub named_staff: Option<Personal<String>>,
    /// Why it is needed.
    pub reason: Personal<String>,
    /// How far it has come.
    pub state: ReleaseState,
    /// The person who asked.
    pub requested_by: Option<StaffId>,
    /// When.
    pub requested_at: Instant,
    /// The manager's decision.
    pub decided: Option<Decided>,
    /// When it ended after it was asked for, and who ended it.
    pub revoked: Option<Decided>,
    /// Why it ended.
    #[serde(default)]
    pub ended_by: Option<ReleaseEnd>,
}

impl AddressRelease {
    /// Whether it waits or stands.
    pub fn is_alive(&self) -> bool {
        matches!(self.state, ReleaseState::Requested | ReleaseState::Approved)
    }

    pub(crate) fn end(&mut self, cause: ReleaseEnd, by: Decided) {
        self.state = ReleaseState::Revoked;
        self.revoked = Some(by);
        self.ended_by = Some(cause);
    }
}
