//! 添付: the files of a sheet. They are streamed in and out, encrypted at rest, and never shown by a browser as part of a page.

mod add_attachment;
mod cleaned;
mod list_attachments;
mod scanner;
mod shape;
mod show_attachment;
mod withdraw_attachment;

use crate::service::Operations;
pub use cleaned::{Cleaned, Unfit, cleaned};
pub use scanner::Scanner;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(add_attachment::add_attachment)
        .service(list_attachments::list_attachments)
        .service(show_attachment::show_attachment)
        .service(withdraw_attachment::withdraw_attachment);
}
