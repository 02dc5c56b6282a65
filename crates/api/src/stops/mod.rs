//! 停止の通知: shown, answered.

mod answer_stop_notice;
mod list_stop_notices;
mod shape;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_stop_notices::list_stop_notices).service(answer_stop_notice::answer_stop_notice);
}
