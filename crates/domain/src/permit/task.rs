//! Tasks.

use super::rule::{AUDITOR, COLLECTION, MANAGER, NEVER, SHEETS_READ, only, operations, sees, with_systems};
use crate::account::Role;

const WORKERS: &[Role] = &[Role::Counter, Role::Manager, Role::Hub, Role::PrivacyOfficer];

operations! {
    /// Tasks by kind and day, without content.
    ///
    ListTasks = "list_tasks", Service, SHEETS_READ, [with_systems(WORKERS, COLLECTION), sees(AUDITOR)];
    /// How much each person of one's own agency works on.
    ///
    ShowLoad = "show_load", Service, NEVER, [only(MANAGER, COLLECTION)];
}
