//! The trail and what is gathered from it.

use super::rule::{AUDIT_READ, COLLECTION, OVERSEERS, operations, with_systems};

operations! {
    ListAuditEvents = "list_audit_events", Service, AUDIT_READ, [with_systems(OVERSEERS, COLLECTION)];
    ListDisclosures = "list_disclosures", Service, AUDIT_READ, [with_systems(OVERSEERS, COLLECTION)];
    ShowPrivacyOverview = "show_privacy_overview", Service, AUDIT_READ, [with_systems(OVERSEERS, COLLECTION)];
}
