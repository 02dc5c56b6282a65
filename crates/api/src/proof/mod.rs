//! Proof for the person and for the agency: signed receipts, their keys and status lists, and the slip that a resident takes home.

mod list_statuses;
mod show_keys;
mod show_receipt;
mod show_slip;
mod signer;
mod slip;
mod verify;

pub(crate) use list_statuses::Statuses;
pub(crate) use signer::Signer;
pub use verify::{Validity, verify};

use crate::service::Operations;

/// Adds the operations. This must come before the consents, whose path `{id}` would take `status` for an id.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(show_keys::show_keys)
        .service(list_statuses::list_statuses)
        .service(show_receipt::show_receipt)
        .service(show_slip::show_slip);
}
