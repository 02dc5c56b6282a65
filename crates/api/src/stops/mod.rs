//! 停止の通知: shown, answered.

mod answer_stop_notice;
mod list_stop_notices;
mod shape;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations.service(list_stop_notices::list_stop_notices).service(answer_stop_notice::answer_stop_notice);
}
