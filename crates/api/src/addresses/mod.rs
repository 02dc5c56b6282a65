//! 住所秘匿の解除: requested, decided, revoked, listed.

mod approve_address_release;
mod list_address_releases;
mod reject_address_release;
mod request_address_release;
mod revoke_address_release;
mod shape;
mod show_address_release;

pub(crate) use list_address_releases::AddressReleaseItem;

use crate::service::Operations;

/// Adds the operations.
pub(crate) fn configure(operations: &mut Operations<'_>) {
    operations
        .service(request_address_release::request_address_release)
        .service(list_address_releases::list_address_releases)
        .service(show_address_release::show_address_release)
        .service(approve_address_release::approve_address_release)
        .service(reject_address_release::reject_address_release)
        .service(revoke_address_release::revoke_address_release);
}
