//! Sheets, their entries, and reading them.

use super::rule::{
    AUDITOR, COLLECTION, MANAGER, NEVER, ORIGIN, PARTY, SHEETS_READ, SHEETS_WRITE, clerks, knows, only, operations,
    sees,
};

operations! {
    CreateSheet = "create_sheet", Sheet, SHEETS_WRITE, [clerks(COLLECTION)];
    ListSheets = "list_sheets", Sheet, SHEETS_READ, [clerks(COLLECTION), sees(AUDITOR)];
    SearchSheets = "search_sheets", Sheet, SHEETS_READ, [clerks(COLLECTION), knows(AUDITOR)];
    ShowSheet = "show_sheet", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    ReviseSheet = "revise_sheet", Sheet, SHEETS_WRITE, [clerks(ORIGIN)], at_revision;
    DiscardSheet = "discard_sheet", Sheet, SHEETS_WRITE, [clerks(ORIGIN)];
    ShowRevision = "show_revision", Sheet, SHEETS_READ, [clerks(ORIGIN), knows(AUDITOR)];
    CloseSheet = "close_sheet", Sheet, SHEETS_WRITE, [clerks(PARTY)], at_revision;
    ReopenSheet = "reopen_sheet", Sheet, SHEETS_WRITE, [clerks(PARTY)], at_revision;
    VoidSheet = "void_sheet", Sheet, NEVER, [only(MANAGER, ORIGIN)], at_revision;
    AssignSheet = "assign_sheet", Sheet, SHEETS_WRITE, [clerks(PARTY)];
    LinkSheet = "link_sheet", Sheet, SHEETS_WRITE, [clerks(ORIGIN)];
    UnlinkSheet = "unlink_sheet", Sheet, SHEETS_WRITE, [clerks(ORIGIN)];
    ShowTimeline = "show_timeline", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    ShowSlip = "show_slip", Sheet, SHEETS_READ, [clerks(PARTY), sees(AUDITOR)];
    AddEntry = "add_entry", Sheet, SHEETS_WRITE, [clerks(PARTY)];
    ListEntries = "list_entries", Sheet, SHEETS_READ, [clerks(PARTY), knows(AUDITOR)];
}
