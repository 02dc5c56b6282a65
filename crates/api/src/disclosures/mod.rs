//! What was disclosed, and on what basis, for the people who watch over it. No content.

mod list_disclosures;
mod show_privacy_overview;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations.service(list_disclosures::list_disclosures).service(show_privacy_overview::show_privacy_overview);
}
