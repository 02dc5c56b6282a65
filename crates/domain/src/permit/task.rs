//! Tasks.

use super::rule::{AUDITOR, COLLECTION, SHEETS_READ, operations, sees, with_systems};
use crate::account::Role;

const WORKERS: &[Role] = &[Role::Counter, Role::Manager, Role::Hub, Role::PrivacyOfficer];

operations! {
    /// Tasks by kind and day, without content.
    ///
    ListTasks = "list_tasks", Service, SHEETS_READ, [with_systems(WORKERS, COLLECTION), sees(AUDITOR)];
}
