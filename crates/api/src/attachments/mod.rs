//! 添付: files of a sheet, streamed in and out, sealed at rest, and never shown by a browser as part of a page.

mod add_attachment;
mod cleaned;
mod list_attachments;
mod shape;
mod show_attachment;

pub use cleaned::{Cleaned, cleaned};
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(add_attachment::add_attachment)
        .service(list_attachments::list_attachments)
        .service(show_attachment::show_attachment);
}
