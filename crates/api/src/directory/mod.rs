//! The directory: agencies, the people in them, the code lists, the text that is shown to the resident.

mod add_post;
mod agency;
mod change_agency;
mod create_agency;
mod create_notice;
mod create_staff;
mod import_agencies;
mod list_agencies;
mod list_codes;
mod list_notices;
mod list_staff;
mod shape;
mod show_agency;
mod show_code_list;
mod show_postal_code;
mod table;

pub use shape::login_name;
pub use table::{BadRow, agencies_of};

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(list_agencies::list_agencies)
        .service(create_agency::create_agency)
        .service(import_agencies::import_agencies)
        .no_other_method("/api/v1/agencies/import")
        .service(show_agency::show_agency)
        .service(change_agency::change_agency)
        .service(list_staff::list_staff)
        .service(create_staff::create_staff)
        .service(add_post::add_post)
        .service(list_codes::list_codes)
        .service(show_code_list::show_code_list)
        .service(show_postal_code::show_postal_code)
        .service(list_notices::list_notices)
        .service(create_notice::create_notice);
}
