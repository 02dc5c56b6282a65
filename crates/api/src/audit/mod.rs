//! The audit trail, as auditors read it.

mod export;
mod list_audit_events;
mod shape;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations.service(list_audit_events::list_audit_events);
}

/// An event as an export shows it, for the operator's export on the command line.
pub fn event_json(event: storage::StoredEvent) -> impl serde::Serialize {
    shape::EventResponse::from(event)
}
