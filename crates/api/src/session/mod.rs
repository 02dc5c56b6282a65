//! Log-ins: people log in and get a session, department systems get a token.

mod attempt;
mod change_password;
mod choose_acting_post;
mod cookie;
mod create_session;
mod device;
mod end_own_session;
mod end_session;
mod end_staff_sessions;
mod failures;
mod issue_token;
mod list_sessions;
mod list_staff_sessions;
mod shape;
mod show_session;
mod use_code;

use crate::service::Operations;
pub use failures::note_counted_failures;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(create_session::create_session)
        .service(show_session::show_session)
        .service(end_session::end_session)
        .service(choose_acting_post::choose_acting_post)
        .service(use_code::use_code)
        .service(change_password::change_password)
        .service(list_sessions::list_sessions)
        .service(end_own_session::end_own_session)
        .service(list_staff_sessions::list_staff_sessions)
        .service(end_staff_sessions::end_staff_sessions)
        .service(issue_token::issue_token);
}
