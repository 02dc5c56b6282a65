//! Who is calling: people log in and get a session, department systems get a token.

mod choose_acting_post;
mod cookie;
mod create_session;
mod device;
mod end_session;
mod issue_token;
mod shape;
mod show_session;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(create_session::create_session)
        .service(show_session::show_session)
        .service(end_session::end_session)
        .service(choose_acting_post::choose_acting_post)
        .service(issue_token::issue_token);
}
