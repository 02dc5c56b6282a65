//! Passing a sheet on without consent, on a legal basis for which two people answer.

use super::Relation;
use super::rule::{
    AUDITOR, COLLECTION, MANAGER, NEVER, ORIGIN, PARTY, PRIVACY_OFFICER, SENDER, SHEETS_READ, clerks, only, operations,
    sees,
};

/// An exception of the reader's municipality.
const OVERSEEN: &[Relation] = &[Relation::Sender, Relation::Origin, Relation::Neighbour];

operations! {
    RequestException = "request_exception", Sheet, NEVER, [clerks(PARTY)];
    ListExceptions = "list_exceptions", Exception, SHEETS_READ, [clerks(COLLECTION), only(PRIVACY_OFFICER, COLLECTION), sees(AUDITOR).within(COLLECTION)];
    /// The people who approve read why it is asked for, and nothing of the sheet. The origin learns on what basis its sheet was passed on,
    /// but not the other agency's words.
    ///
    ShowException = "show_exception", Exception, SHEETS_READ, [clerks(SENDER), clerks(ORIGIN).without_content(), only(PRIVACY_OFFICER, OVERSEEN), sees(AUDITOR).within(OVERSEEN)];
    ApproveException = "approve_exception", Exception, NEVER, [only(PRIVACY_OFFICER, OVERSEEN), only(MANAGER, SENDER)], at_revision;
    RejectException = "reject_exception", Exception, NEVER, [only(PRIVACY_OFFICER, OVERSEEN), only(MANAGER, SENDER)], at_revision;
    FollowUpException = "follow_up_exception", Exception, NEVER, [only(PRIVACY_OFFICER, OVERSEEN), only(MANAGER, SENDER)], at_revision;
}
