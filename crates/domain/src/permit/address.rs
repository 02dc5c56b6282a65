//! Releases of a secret address.

use super::rule::{
    COLLECTION, MANAGER, NEVER, ORIGIN, OVERSEERS, SHEETS_READ, SHEETS_WRITE, clerks, only, operations, sees,
};

operations! {
    RequestAddressRelease = "request_address_release", Sheet, NEVER, [clerks(ORIGIN)];
    ListAddressReleases = "list_address_releases", Sheet, SHEETS_READ, [clerks(COLLECTION), sees(OVERSEERS)];
    ShowAddressRelease = "show_address_release", Sheet, SHEETS_READ, [clerks(ORIGIN), sees(OVERSEERS)];
    ApproveAddressRelease = "approve_address_release", Sheet, NEVER, [only(MANAGER, ORIGIN)];
    RejectAddressRelease = "reject_address_release", Sheet, NEVER, [only(MANAGER, ORIGIN)];
    RevokeAddressRelease = "revoke_address_release", Sheet, SHEETS_WRITE, [clerks(ORIGIN)];
}
