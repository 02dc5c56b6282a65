//! Stop requests: requests to stop using copies.

use super::Relation;
use super::rule::{OVERSEERS, RECEIVER, RELAYS_WRITE, SHEETS_READ, clerks, operations, sees};

/// The agencies that have or had the sheet: an agency that declined or was halted may have copies, too.
const HAD_IT: &[Relation] = &[Relation::Origin, Relation::Participant, Relation::Addressee, Relation::Former];

operations! {
    ListStopNotices = "list_stop_notices", Copies, SHEETS_READ, [clerks(HAD_IT), sees(OVERSEERS)];
    AnswerStopNotice = "answer_stop_notice", Relay, RELAYS_WRITE, [clerks(RECEIVER)];
}
