//! つなぐシート: recorded, read, revised, closed.

mod add_entry;
mod assign_sheet;
mod close_sheet;
mod closure;
mod create_sheet;
mod discard_sheet;
mod ending;
mod link_sheet;
mod list_entries;
mod list_sheets;
mod reopen_sheet;
mod revise_sheet;
mod search_sheets;
mod shape;
mod show_revision;
mod show_sheet;
mod show_timeline;
mod unlink_sheet;
mod void_sheet;

pub(crate) use add_entry::EntryResponse;
pub(crate) use list_sheets::SheetItem;

pub(crate) use shape::WithoutConsent;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(create_sheet::create_sheet)
        .service(list_sheets::list_sheets)
        .service(search_sheets::search_sheets)
        .no_other_method("/api/v1/sheets/search")
        .service(show_sheet::show_sheet)
        .service(revise_sheet::revise_sheet)
        .service(discard_sheet::discard_sheet)
        .service(show_revision::show_revision)
        .service(close_sheet::close_sheet)
        .service(reopen_sheet::reopen_sheet)
        .service(void_sheet::void_sheet)
        .service(assign_sheet::assign_sheet)
        .service(link_sheet::link_sheet)
        .service(unlink_sheet::unlink_sheet)
        .service(show_timeline::show_timeline)
        .service(add_entry::add_entry)
        .service(list_entries::list_entries);
}
