//! Relays.

use super::Relation;
use super::rule::{
    AUDITOR, COLLECTION, NEVER, PARTY, RECEIVER, RELAYS_READ, RELAYS_WRITE, SENDER, clerks, only, operations, sees,
};
use crate::account::Role;

const HUB: &[Role] = &[Role::Hub];
const HUB_AND_AUDITOR: &[Role] = &[Role::Hub, Role::Auditor];
/// The agencies that sent it, received it, or recorded the sheet.
const ENDS: &[Relation] = &[Relation::Sender, Relation::Receiver, Relation::Origin];
/// Everything of the municipality except what was sent to the actor's own agency.
const NOT_REPORTED_HERE: &[Relation] = &[
    Relation::Collection,
    Relation::Origin,
    Relation::Participant,
    Relation::Addressee,
    Relation::Former,
    Relation::Sender,
    Relation::Neighbour,
];

operations! {
    PreviewRelay = "preview_relay", Sheet, RELAYS_WRITE, [clerks(PARTY)];
    SendRelay = "send_relay", Sheet, RELAYS_WRITE, [clerks(PARTY)];
    ListRelays = "list_relays", Relay, RELAYS_READ, [clerks(COLLECTION), sees(AUDITOR)];
    /// Counts of the municipality's relays by agency: nothing about a person.
    ///
    ShowBoard = "show_board", Service, NEVER, [only(HUB_AND_AUDITOR, COLLECTION)];
    ShowRelay = "show_relay", Relay, RELAYS_READ, [clerks(ENDS), sees(HUB_AND_AUDITOR)];
    ReceiveRelay = "receive_relay", Relay, RELAYS_WRITE, [clerks(RECEIVER)], at_revision;
    AcceptRelay = "accept_relay", Relay, RELAYS_WRITE, [clerks(RECEIVER)], at_revision;
    DeclineRelay = "decline_relay", Relay, RELAYS_WRITE, [clerks(RECEIVER)], at_revision;
    ReturnRelay = "return_relay", Relay, RELAYS_WRITE, [clerks(RECEIVER)], at_revision;
    ReportRelay = "report_relay", Relay, RELAYS_WRITE, [clerks(RECEIVER)], at_revision;
    HandBackRelay = "hand_back_relay", Relay, RELAYS_WRITE, [clerks(RECEIVER)], at_revision;
    ResendRelay = "resend_relay", Relay, RELAYS_WRITE, [clerks(SENDER)], at_revision;
    CancelRelay = "cancel_relay", Relay, RELAYS_WRITE, [clerks(SENDER)], at_revision;
    PreviewAmendment = "preview_amendment", Relay, RELAYS_WRITE, [clerks(SENDER)];
    AmendRelay = "amend_relay", Relay, RELAYS_WRITE, [clerks(SENDER)], at_revision;
    AcceptHandBack = "accept_hand_back", Relay, RELAYS_WRITE, [clerks(SENDER)], at_revision;
    DeclineHandBack = "decline_hand_back", Relay, RELAYS_WRITE, [clerks(SENDER)], at_revision;
    /// 調整担当 sees to it for the whole municipality, but never to what its own agency reported.
    ///
    ConfirmRelay = "confirm_relay", Relay, RELAYS_WRITE, [sees(HUB).within(NOT_REPORTED_HERE), clerks(SENDER)], at_revision;
    /// 調整担当 sees to it for the whole municipality, but never to what its own agency reported.
    ///
    ChaseRelay = "chase_relay", Relay, RELAYS_WRITE, [sees(HUB).within(NOT_REPORTED_HERE), clerks(SENDER)];
}
