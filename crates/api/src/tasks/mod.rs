//! やること: what waits for whom.

mod list_tasks;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_tasks::list_tasks);
}
