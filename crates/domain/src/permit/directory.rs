//! Agencies, people, department systems, code lists and the text about consent.

use super::rule::{ANY, COLLECTION, DIRECTORY_WRITE, EVERYBODY, NEVER, SHEETS_WRITE, only, operations, with_systems};
use crate::account::Role;

const ADMIN: &[Role] = &[Role::Admin];
/// The roles of the second person when two persons change what an agency is, or what a department system may do.
const DECIDERS: &[Role] = &[Role::Admin, Role::PrivacyOfficer];
/// The roles of the second person when two persons give a post.
const CONFIRMERS: &[Role] = &[Role::Admin, Role::PrivacyOfficer, Role::Manager];

operations! {
    ListAgencies = "list_agencies", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    ShowAgency = "show_agency", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    ShowImportTemplate = "show_import_template", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    ListCodes = "list_codes", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    ShowCodeList = "show_code_list", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    ShowPostalCode = "show_postal_code", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    ListNotices = "list_notices", Service, ANY, [with_systems(EVERYBODY, COLLECTION)];
    CreateAgency = "create_agency", Service, DIRECTORY_WRITE, [with_systems(ADMIN, COLLECTION)];
    ChangeAgency = "change_agency", Service, DIRECTORY_WRITE, [with_systems(ADMIN, COLLECTION)], at_revision;
    ImportAgencies = "import_agencies", Service, DIRECTORY_WRITE, [with_systems(ADMIN, COLLECTION)];
    CreateNotice = "create_notice", Service, DIRECTORY_WRITE, [with_systems(ADMIN, COLLECTION)];
    ConfirmAgencyChange = "confirm_agency_change", Service, NEVER, [only(DECIDERS, COLLECTION)], at_revision;
    RejectAgencyChange = "reject_agency_change", Service, NEVER, [only(DECIDERS, COLLECTION)], at_revision;
    /// The names of people; [`names`](super::names) says of which agencies.
    ///
    ListStaff = "list_staff", Service, SHEETS_WRITE, [with_systems(EVERYBODY, COLLECTION)];
    CreateStaff = "create_staff", Service, NEVER, [only(ADMIN, COLLECTION)];
    AddPost = "add_post", Service, NEVER, [only(ADMIN, COLLECTION)];
    ConfirmPost = "confirm_post", Service, NEVER, [only(CONFIRMERS, COLLECTION)];
    EndPost = "end_post", Service, NEVER, [only(CONFIRMERS, COLLECTION)];
    IssueCode = "issue_code", Service, NEVER, [only(ADMIN, COLLECTION)];
    DisableStaff = "disable_staff", Service, NEVER, [only(ADMIN, COLLECTION)];
    EnableStaff = "enable_staff", Service, NEVER, [only(ADMIN, COLLECTION)];
    ListStaffSessions = "list_staff_sessions", Service, NEVER, [only(ADMIN, COLLECTION)];
    EndStaffSessions = "end_staff_sessions", Service, NEVER, [only(ADMIN, COLLECTION)];
    ListClients = "list_clients", Service, NEVER, [only(DECIDERS, COLLECTION)];
    CreateClient = "create_client", Service, NEVER, [only(ADMIN, COLLECTION)];
    ConfirmClient = "confirm_client", Service, NEVER, [only(DECIDERS, COLLECTION)];
    RotateClient = "rotate_client", Service, NEVER, [only(ADMIN, COLLECTION)];
    RevokeClient = "revoke_client", Service, NEVER, [only(DECIDERS, COLLECTION)];
}
