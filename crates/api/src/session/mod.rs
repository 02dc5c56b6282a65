//! Who is calling: people log in and get a session, department systems get a token.

mod choose_acting_post;
mod cookie;
mod create_session;
mod device;
mod end_session;
mod issue_token;
mod shape;
mod show_session;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the operations.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(create_session::create_session)
        .service(show_session::show_session)
        .service(end_session::end_session)
        .service(choose_acting_post::choose_acting_post)
        .service(issue_token::issue_token);
}
