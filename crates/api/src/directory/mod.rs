//! The directory: agencies, the people in them, the code lists, the text that is shown to the resident.

mod add_post;
mod agency;
mod change_agency;
mod clients;
mod confirm_agency_change;
mod confirm_post;
mod create_agency;
mod create_notice;
mod create_staff;
mod disable_staff;
mod enable_staff;
mod end_post;
mod import_agencies;
mod issue_code;
mod list_agencies;
mod list_codes;
mod list_notices;
mod list_staff;
mod posts;
mod reject_agency_change;
mod shape;
mod show_agency;
mod show_code_list;
mod show_import_template;
mod show_postal_code;
mod steps;
mod table;

pub use clients::Secret;
pub(crate) use posts::{colleague, mails_of_waiting};
pub use table::{BadRow, TEMPLATE, agencies_of};

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    clients::configure(operations);
    operations
        .service(list_agencies::list_agencies)
        .service(create_agency::create_agency)
        .service(import_agencies::import_agencies)
        .no_other_method("/api/v1/agencies/import")
        .service(show_import_template::show_import_template)
        .service(show_agency::show_agency)
        .service(change_agency::change_agency)
        .service(confirm_agency_change::confirm_agency_change)
        .service(reject_agency_change::reject_agency_change)
        .service(list_staff::list_staff)
        .service(create_staff::create_staff)
        .service(add_post::add_post)
        .service(confirm_post::confirm_post)
        .service(end_post::end_post)
        .service(issue_code::issue_code)
        .service(disable_staff::disable_staff)
        .service(enable_staff::enable_staff)
        .service(list_codes::list_codes)
        .service(show_code_list::show_code_list)
        .service(show_postal_code::show_postal_code)
        .service(list_notices::list_notices)
        .service(create_notice::create_notice);
}
