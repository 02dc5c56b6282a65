//! Consents, their evidence and receipts.

use super::rule::{
    AUDITOR, MANAGER, NEVER, ORIGIN, PARTY, PRIVACY_OFFICER, SHEETS_READ, SHEETS_WRITE, clerks, knows, only,
    operations, sees,
};

operations! {
    GiveConsent = "give_consent", Sheet, SHEETS_WRITE, [clerks(PARTY)];
    ListConsents = "list_consents", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    ShowConsent = "show_consent", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    ShowReceipt = "show_receipt", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    WitnessConsent = "witness_consent", Sheet, NEVER, [clerks(PARTY)];
    WithdrawConsent = "withdraw_consent", Sheet, SHEETS_WRITE, [clerks(PARTY)];
    KeepSharing = "keep_sharing", Sheet, SHEETS_WRITE, [clerks(ORIGIN)];
    /// 個人情報保護管理者 looks after every consent of the municipality, and reads no content.
    ///
    InvalidateConsent = "invalidate_consent", Sheet, NEVER, [sees(PRIVACY_OFFICER), only(MANAGER, PARTY)];
    AddEvidence = "add_evidence", Sheet, SHEETS_WRITE, [clerks(PARTY)];
    ListEvidence = "list_evidence", Sheet, SHEETS_READ, [clerks(PARTY), knows(AUDITOR)];
}
