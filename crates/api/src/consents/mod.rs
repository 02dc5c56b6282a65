//! 同意: recorded, witnessed, withdrawn, invalidated.

mod add_evidence;
mod evidence;
mod exclusion;
mod give_consent;
mod invalidate_consent;
mod keep_sharing;
mod list_consents;
mod list_evidence;
mod shape;
mod show_consent;
mod withdraw_consent;
mod witness_consent;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(give_consent::give_consent)
        .service(list_consents::list_consents)
        .service(show_consent::show_consent)
        .service(witness_consent::witness_consent)
        .service(withdraw_consent::withdraw_consent)
        .service(keep_sharing::keep_sharing)
        .service(invalidate_consent::invalidate_consent)
        .service(add_evidence::add_evidence)
        .service(list_evidence::list_evidence);
}
