//! Who may do what: one pure function of the principal, the operation and the relation to the thing. Whatever is not allowed here is denied.

mod names;

pub use names::{Names, names};

use crate::agency::{Principal, Scope};
use crate::codes::Role;
use crate::ids::ClientId;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How an agency stands to a sheet or relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The operation concerns no particular sheet.
    Collection,
    /// The sheet was recorded here.
    Origin,
    /// It has taken on a relay of the sheet (accepted, reported, closed).
    Participant,
    /// A relay of the sheet was addressed to it and waits.
    Addressee,
    /// It declined a relay of the sheet, or the relay was returned, cancelled or halted.
    Former,
    /// It sent this relay.
    Sender,
    /// This relay was sent to it.
    Receiver,
    /// The sheet or relay is of the same municipality, nothing else.
    Neighbour,
    /// None of these.
    Stranger,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 9] = [
        Self::Collection,
        Self::Origin,
        Self::Participant,
        Self::Addressee,
        Self::Former,
        Self::Sender,
        Self::Receiver,
        Self::Neighbour,
        Self::Stranger,
    ];
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Do it; content as the grant says.
    Allowed,
    /// Do it, but show no content whatever the grant says.
    MetadataOnly,
    /// 403: the thing may be known, the deed is not allowed.
    Forbidden,
    /// 404: not even that it exists may be known.
    Hidden,
}

macro_rules! operations {
    ($($variant:ident = $id:literal),+ $(,)?) => {
        /// Every operation of the API that needs a principal, named like its operationId.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "openapi.yaml describes each under the same name")]
        pub enum Operation { $($variant,)+ }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The operationId in openapi.yaml.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }
        }
    };
}

operations! {
    ShowSession = "show_session", EndSession = "end_session", ChooseActingPost = "choose_acting_post",
    ChangePassword = "change_password", ListSessions = "list_sessions", EndOwnSession = "end_own_session",
    ListStaffSessions = "list_staff_sessions", EndStaffSessions = "end_staff_sessions",
    ListAgencies = "list_agencies", CreateAgency = "create_agency", ImportAgencies = "import_agencies", ShowImportTemplate = "show_import_template", ShowAgency = "show_agency", ChangeAgency = "change_agency",
    ConfirmAgencyChange = "confirm_agency_change", RejectAgencyChange = "reject_agency_change",
    ListStaff = "list_staff", CreateStaff = "create_staff", AddPost = "add_post", ConfirmPost = "confirm_post",
    EndPost = "end_post", IssueCode = "issue_code", DisableStaff = "disable_staff", EnableStaff = "enable_staff",
    ListClients = "list_clients", CreateClient = "create_client", ConfirmClient = "confirm_client", RotateClient = "rotate_client",
    RevokeClient = "revoke_client",
    ListCodes = "list_codes", ShowCodeList = "show_code_list", ShowPostalCode = "show_postal_code", ListNotices = "list_notices", CreateNotice = "create_notice",
    CreateSheet = "create_sheet", ListSheets = "list_sheets", SearchSheets = "search_sheets", ShowSheet = "show_sheet",
    ReviseSheet = "revise_sheet", DiscardSheet = "discard_sheet", ShowRevision = "show_revision", CloseSheet = "close_sheet",
    ReopenSheet = "reopen_sheet", VoidSheet = "void_sheet", ShowTimeline = "show_timeline", AddEntry = "add_entry", ListEntries = "list_entries",
    GiveConsent = "give_consent", ListConsents = "list_consents", ShowConsent = "show_consent", WitnessConsent = "witness_consent",
    WithdrawConsent = "withdraw_consent", KeepSharing = "keep_sharing", InvalidateConsent = "invalidate_consent",
    ShowReceipt = "show_receipt", ShowSlip = "show_slip", AddEvidence = "add_evidence", ListEvidence = "list_evidence",
    AddAttachment = "add_attachment", ListAttachments = "list_attachments", ShowAttachment = "show_attachment",
    WithdrawAttachment = "withdraw_attachment",
    ListStopNotices = "list_stop_notices", AnswerStopNotice = "answer_stop_notice",
    RequestAddressRelease = "request_address_release", ListAddressReleases = "list_address_releases",
    ShowAddressRelease = "show_address_release", ApproveAddressRelease = "approve_address_release",
    RejectAddressRelease = "reject_address_release", RevokeAddressRelease = "revoke_address_release",
    PreviewRelay = "preview_relay", SendRelay = "send_relay", ListRelays = "list_relays", ShowRelay = "show_relay",
    ReceiveRelay = "receive_relay", AcceptRelay = "accept_relay", DeclineRelay = "decline_relay", ReturnRelay = "return_relay",
    ResendRelay = "resend_relay", CancelRelay = "cancel_relay", ReportRelay = "report_relay", ConfirmRelay = "confirm_relay",
    PreviewAmendment = "preview_amendment", AmendRelay = "amend_relay",
    HandBackRelay = "hand_back_relay", AcceptHandBack = "accept_hand_back", DeclineHandBack = "decline_hand_back", ChaseRelay = "chase_relay",
    ListTasks = "list_tasks",
    RequestException = "request_exception", ListExceptions = "list_exceptions", ShowException = "show_exception",
    ApproveException = "approve_exception", RejectException = "reject_exception", FollowUpException = "follow_up_exception",
    ListAuditEvents = "list_audit_events", ListDisclosures = "list_disclosures", ShowPrivacyOverview = "show_privacy_overview",
}

/// What kind of deed an operation is; roles and scopes speak about these.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    OwnSession,
    ReadDirectory,
    WriteDirectory,
    /// Names of people: of which agencies, the operation itself says.
    ListStaff,
    /// Who may log in, people and systems.
    Accounts,
    /// The second look at who may do what.
    ConfirmPost,
    /// The second of two persons who change what an agency is, or what a department system may do.
    DecideDirectory,
    ReadSheet,
    WriteSheet,
    Void,
    Invalidate,
    /// What 個人情報保護管理者 watches over.
    ReadWatched,
    ReadRelay,
    WriteRelay,
    SeeToRelay,
    ReadTasks,
    ReadException,
    DecideException,
    ReadAudit,
}

fn deed(operation: Operation) -> Deed {
    use Operation as O;
    match operation {
        O::ShowSession
        | O::EndSession
        | O::ChooseActingPost
        | O::ChangePassword
        | O::ListSessions
        | O::EndOwnSession => Deed::OwnSession,
        O::ListAgencies
        | O::ShowImportTemplate
        | O::ShowAgency
        | O::ListCodes
        | O::ShowCodeList
        | O::ShowPostalCode
        | O::ListNotices => Deed::ReadDirectory,
        O::ImportAgencies | O::CreateAgency | O::ChangeAgency | O::CreateStaff | O::AddPost | O::CreateNotice => {
            Deed::WriteDirectory
        }
        O::IssueCode
        | O::DisableStaff
        | O::EnableStaff
        | O::ListStaffSessions
        | O::EndStaffSessions
        | O::CreateClient
        | O::RotateClient => Deed::Accounts,
        O::ListStaff => Deed::ListStaff,
        O::ConfirmPost | O::EndPost => Deed::ConfirmPost,
        O::ConfirmAgencyChange | O::RejectAgencyChange => Deed::DecideDirectory,
        O::ListClients | O::ConfirmClient | O::RevokeClient => Deed::DecideDirectory,
        O::ListSheets
        | O::SearchSheets
        | O::ShowSheet
        | O::ShowRevision
        | O::ShowTimeline
        | O::ListEntries
        | O::ListConsents
        | O::ShowConsent
        | O::ShowReceipt
        | O::ShowSlip
        | O::ListEvidence
        | O::ListAttachments
        | O::ShowAttachment => Deed::ReadSheet,
        O::CreateSheet
        | O::ReviseSheet
        | O::DiscardSheet
        | O::CloseSheet
        | O::ReopenSheet
        | O::AddEntry
        | O::GiveConsent
        | O::AddEvidence
        | O::AddAttachment
        | O::WithdrawAttachment
        | O::WitnessConsent
        | O::WithdrawConsent
        | O::KeepSharing
        | O::RequestAddressRelease
        | O::RevokeAddressRelease => Deed::WriteSheet,
        O::VoidSheet | O::ApproveAddressRelease | O::RejectAddressRelease => Deed::Void,
        O::InvalidateConsent => Deed::Invalidate,
        O::ListStopNotices | O::ListAddressReleases | O::ShowAddressRelease => Deed::ReadWatched,
        O::ListRelays | O::ShowRelay => Deed::ReadRelay,
        O::PreviewRelay
        | O::SendRelay
        | O::ReceiveRelay
        | O::AcceptRelay
        | O::DeclineRelay
        | O::ReturnRelay
        | O::ResendRelay
        | O::CancelRelay
        | O::ReportRelay
        | O::PreviewAmendment
        | O::AmendRelay
        | O::HandBackRelay
        | O::AcceptHandBack
        | O::DeclineHandBack
        | O::AnswerStopNotice => Deed::WriteRelay,
        O::ConfirmRelay | O::ChaseRelay => Deed::SeeToRelay,
        O::ListTasks => Deed::ReadTasks,
        O::RequestException => Deed::WriteSheet,
        O::ListExceptions | O::ShowException => Deed::ReadException,
        O::ApproveException | O::RejectException | O::FollowUpException => Deed::DecideException,
        O::ListAuditEvents | O::ListDisclosures | O::ShowPrivacyOverview => Deed::ReadAudit,
    }
}

/// Whether a party to the case in this relation may do it (content as its grant says).
fn party_may(operation: Operation, relation: Relation) -> bool {
    use Operation as O;
    use Relation as R;
    match operation {
        O::CreateSheet | O::ListSheets | O::SearchSheets | O::ListRelays | O::ListAddressReleases => {
            relation == R::Collection
        }
        O::ReviseSheet
        | O::DiscardSheet
        | O::ShowRevision
        | O::VoidSheet
        | O::KeepSharing
        | O::RequestAddressRelease
        | O::ShowAddressRelease
        | O::ApproveAddressRelease
        | O::RejectAddressRelease
        | O::RevokeAddressRelease => relation == R::Origin,
        O::ShowSheet
        | O::ShowTimeline
        | O::AddEntry
        | O::ListEntries
        | O::GiveConsent
        | O::ListConsents
        | O::ShowConsent
        | O::ShowReceipt
        | O::ShowSlip
        | O::WitnessConsent
        | O::WithdrawConsent
        | O::AddEvidence
        | O::ListEvidence
        | O::AddAttachment
        | O::ListAttachments
        | O::ShowAttachment
        | O::WithdrawAttachment
        | O::InvalidateConsent
        | O::PreviewRelay
        | O::SendRelay
        | O::RequestException
        | O::CloseSheet
        | O::ReopenSheet => {
            matches!(relation, R::Origin | R::Participant)
        }
        O::ListExceptions => relation == R::Collection,
        O::ShowException | O::ApproveException | O::RejectException | O::FollowUpException => relation == R::Sender,
        // Who declined or was halted may have copies, too.
        O::ListStopNotices => matches!(relation, R::Origin | R::Participant | R::Addressee | R::Former),
        O::ShowRelay => matches!(relation, R::Sender | R::Receiver | R::Origin),
        O::ReceiveRelay
        | O::AcceptRelay
        | O::DeclineRelay
        | O::ReturnRelay
        | O::ReportRelay
        | O::HandBackRelay
        | O::AnswerStopNotice => relation == R::Receiver,
        O::ResendRelay
        | O::CancelRelay
        | O::ConfirmRelay
        | O::ChaseRelay
        | O::PreviewAmendment
        | O::AmendRelay
        | O::AcceptHandBack
        | O::DeclineHandBack => relation == R::Sender,
        _ => relation == R::Collection,
    }
}

/// Whether somebody in this relation knows anyway that the thing exists.
fn knows_of(operation: Operation, relation: Relation) -> bool {
    use Relation as R;
    match deed(operation) {
        Deed::ReadRelay | Deed::WriteRelay | Deed::SeeToRelay
            if !matches!(operation, Operation::PreviewRelay | Operation::SendRelay) =>
        {
            matches!(relation, R::Collection | R::Sender | R::Receiver | R::Origin)
        }
        Deed::ReadException | Deed::DecideException => matches!(relation, R::Collection | R::Sender | R::Origin),
        Deed::ReadWatched if operation == Operation::ListStopNotices => {
            matches!(relation, R::Collection | R::Origin | R::Participant | R::Addressee | R::Former)
        }
        _ => matches!(relation, R::Collection | R::Origin | R::Participant | R::Addressee),
    }
}

/// The one rule of access: role or scopes × operation × relation. Deny by default.
pub fn permit(principal: &Principal, operation: Operation, relation: Relation) -> Permit {
    let refused = if knows_of(operation, relation) { Permit::Forbidden } else { Permit::Hidden };
    let when = |allowed: bool| if allowed { Permit::Allowed } else { refused };
    let works_on_cases = match principal {
        Principal::Staff { role, .. } => matches!(role, Role::Counter | Role::Manager | Role::Hub),
        Principal::Client { .. } => true,
    };
    let metadata = |who: &[Role]| matches!(principal, Principal::Staff { role, .. } if who.contains(role));
    let same_municipality = relation != Relation::Stranger;
    match deed(operation) {
        Deed::OwnSession => when(matches!(principal, Principal::Staff { .. })),
        Deed::ReadDirectory => Permit::Allowed,
        Deed::WriteDirectory => {
            when(may(principal, &[Role::Admin], Scope::DirectoryWrite) && !needs_person(principal, operation))
        }
        Deed::ListStaff => when(has_scope(principal, Scope::SheetsWrite)),
        Deed::Accounts => when(metadata(&[Role::Admin])),
        Deed::ConfirmPost => when(metadata(&[Role::Admin, Role::PrivacyOfficer, Role::Manager])),
        Deed::DecideDirectory => when(metadata(&[Role::Admin, Role::PrivacyOfficer])),
        Deed::ReadAudit => when(may(principal, &[Role::Auditor, Role::PrivacyOfficer], Scope::AuditRead)),
        // What waits, by kind and day; no content is in it.
        Deed::ReadTasks if metadata(&[Role::Auditor]) => Permit::MetadataOnly,
        Deed::ReadTasks => {
            let roles = [Role::Counter, Role::Manager, Role::Hub, Role::PrivacyOfficer];
            when(may(principal, &roles, Scope::SheetsRead))
        }
        Deed::Void => when(
            may(principal, &[Role::Manager], Scope::SheetsWrite)
                && party_may(operation, relation)
                && is_staff(principal),
        ),
        // Who approves reads why it is asked for, and nothing of the sheet.
        Deed::ReadException | Deed::DecideException if metadata(&[Role::PrivacyOfficer]) => {
            when(oversees(operation, relation))
        }
        Deed::DecideException => when(metadata(&[Role::Manager]) && party_may(operation, relation)),
        Deed::ReadException if metadata(&[Role::Auditor]) && oversees(operation, relation) => Permit::MetadataOnly,
        // 個人情報保護管理者 looks after every consent of the municipality, and reads no content.
        Deed::Invalidate if metadata(&[Role::PrivacyOfficer]) && same_municipality => Permit::MetadataOnly,
        Deed::Invalidate => when(metadata(&[Role::Manager]) && party_may(operation, relation)),
        Deed::ReadWatched if metadata(&[Role::PrivacyOfficer, Role::Auditor]) && same_municipality => {
            Permit::MetadataOnly
        }
        // The origin knows on what its sheet was passed on, without the other agency's words.
        Deed::ReadException
            if relation == Relation::Origin && works_on_cases && has_scope(principal, Scope::SheetsRead) =>
        {
            Permit::MetadataOnly
        }
        Deed::ReadSheet | Deed::ReadRelay if metadata(&[Role::Auditor]) && same_municipality => match operation {
            Operation::SearchSheets
            | Operation::ShowRevision
            | Operation::ListEntries
            | Operation::ListEvidence
            | Operation::ShowAttachment => refuse_known(),
            _ => Permit::MetadataOnly,
        },
        Deed::ReadRelay if metadata(&[Role::Hub]) && !party_may(operation, relation) && same_municipality => {
            Permit::MetadataOnly
        }
        Deed::SeeToRelay if metadata(&[Role::Hub]) && same_municipality && relation != Relation::Receiver => {
            Permit::MetadataOnly
        }
        deed => {
            let scope = match deed {
                Deed::ReadSheet | Deed::ReadException | Deed::ReadWatched => Scope::SheetsRead,
                Deed::WriteSheet => Scope::SheetsWrite,
                Deed::ReadRelay => Scope::RelaysRead,
                _ => Scope::RelaysWrite,
            };
            when(
                works_on_cases
                    && has_scope(principal, scope)
                    && party_may(operation, relation)
                    && !needs_person(principal, operation),
            )
        }
    }
}

/// Whether it may do the operation to anything at all.
pub fn is_permitted_somewhere(principal: &Principal, operation: Operation) -> bool {
    let answers = Relation::ALL.iter().map(|relation| permit(principal, operation, *relation));
    answers.into_iter().any(|answer| matches!(answer, Permit::Allowed | Permit::MetadataOnly))
}

/// The scopes without which no department system may do the operation to anything; none at all when it is a person's. Asked of
/// [`permit`], so that what is told of scopes never differs from it.
pub fn needed_scopes(operation: Operation) -> Option<BTreeSet<Scope>> {
    let may = |scopes: &BTreeSet<Scope>| {
        let system = Principal::Client { client_id: ClientId(Uuid::nil()), scopes: scopes.clone() };
        is_permitted_somewhere(&system, operation)
    };
    let mut needed: BTreeSet<Scope> = Scope::ALL.iter().copied().collect();
    if !may(&needed) {
        return None;
    }
    for scope in Scope::ALL.iter().copied() {
        needed.remove(&scope);
        if !may(&needed) {
            needed.insert(scope);
        }
    }
    Some(needed)
}

/// Whether this is an exception of the own municipality, or the list of them.
fn oversees(operation: Operation, relation: Relation) -> bool {
    match operation {
        Operation::ListExceptions => relation == Relation::Collection,
        _ => matches!(relation, Relation::Sender | Relation::Origin | Relation::Neighbour),
    }
}

/// An auditor may know of every sheet of the municipality, so a refusal need not hide it.
fn refuse_known() -> Permit {
    Permit::Forbidden
}

fn is_staff(principal: &Principal) -> bool {
    matches!(principal, Principal::Staff { .. })
}

/// A witness answers with the own log-in, who makes log-ins and posts answers for it, who goes around consent does so in person, and who asks
/// for a secret address must not be who approves it: none of that is a system's to do.
fn needs_person(principal: &Principal, operation: Operation) -> bool {
    use Operation::{AddPost, CreateStaff, RequestAddressRelease, RequestException, WitnessConsent};
    matches!(operation, WitnessConsent | RequestAddressRelease | CreateStaff | AddPost | RequestException)
        && !is_staff(principal)
}

fn has_scope(principal: &Principal, scope: Scope) -> bool {
    match principal {
        Principal::Staff { .. } => true,
        Principal::Client { scopes, .. } => scopes.contains(&scope),
    }
}

fn may(principal: &Principal, roles: &[Role], scope: Scope) -> bool {
    match principal {
        Principal::Staff { role, .. } => roles.contains(role),
        Principal::Client { scopes, .. } => scopes.contains(&scope),
    }
}

#[cfg(test)]
mod tests;
