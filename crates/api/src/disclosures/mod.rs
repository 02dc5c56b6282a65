//! What was disclosed, and on what basis: for those who watch over it. No content.

mod list_disclosures;
mod show_privacy_overview;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_disclosures::list_disclosures).service(show_privacy_overview::show_privacy_overview);
}
