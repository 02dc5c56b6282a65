//! Files that are attached to a sheet.

use super::rule::{AUDITOR, PARTY, SHEETS_READ, SHEETS_WRITE, clerks, knows, operations, sees};

operations! {
    AddAttachment = "add_attachment", Sheet, SHEETS_WRITE, [clerks(PARTY)];
    ListAttachments = "list_attachments", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    ShowAttachment = "show_attachment", Sheet, SHEETS_READ, [clerks(PARTY), knows(AUDITOR)];
    WithdrawAttachment = "withdraw_attachment", Sheet, SHEETS_WRITE, [clerks(PARTY)];
}
