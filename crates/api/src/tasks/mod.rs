//! やること: what waits, and for whom.

mod list_tasks;
mod show_load;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations.service(list_tasks::list_tasks).service(show_load::show_load);
}
