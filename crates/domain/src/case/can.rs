//! What a reader may do now: the operations that both the table of permissions and the state allow. The same conditions stand in the
//! transitions; the model test compares them. An operation that is listed may still be refused for its input, or for what it would tell.

use super::Case;
use crate::agency::Actor;
use crate::case::relay::{HandBackState, Relay, RelayState};
use crate::case::sheet::Standing;
use crate::content::AddressSecret;
use crate::ids::AgencyId;
use crate::permit::{Op, Operation, Permit, op, permit};
use crate::time::Day;

/// A change of a sheet, and when its state allows it.
type OnSheet = (Operation, fn(&Case, &Actor) -> bool);
/// A change of a relay, and when its state allows it.
type OnRelay = (Operation, fn(&Case, &Relay, &Actor) -> bool);

const ON_SHEET: &[OnSheet] = &[
    (op::ReviseSheet::OPERATION, |case, _| matches!(case.sheet.standing, Standing::Draft | Standing::Open)),
    (op::DiscardSheet::OPERATION, |case, _| case.sheet.standing == Standing::Draft),
    (op::GiveConsent::OPERATION, |case, _| case.is_open()),
    (op::SendRelay::OPERATION, |case, _| case.is_open()),
    (op::RequestException::OPERATION, |case, _| case.is_open()),
    (op::RequestAddressRelease::OPERATION, |case, _| {
        case.is_open() && case.sheet.reception.address_secret != AddressSecret::None
    }),
    (op::AddEntry::OPERATION, |case, _| case.is_open()),
    (op::AddAttachment::OPERATION, |case, _| case.is_open()),
    (op::CloseSheet::OPERATION, |case, actor| case.is_open() && case.is_held_by(actor)),
    (op::ReopenSheet::OPERATION, |case, actor| case.sheet.standing == Standing::Closed && case.is_held_by(actor)),
    (op::VoidSheet::OPERATION, |case, _| matches!(case.sheet.standing, Standing::Open | Standing::Closed)),
];

const ON_RELAY: &[OnRelay] = &[
    (op::ReceiveRelay::OPERATION, |_, relay, _| relay.state() == RelayState::Sent),
    (op::AcceptRelay::OPERATION, |_, relay, _| relay.waits_for_receiver()),
    (op::ReturnRelay::OPERATION, |_, relay, _| relay.waits_for_receiver()),
    (op::DeclineRelay::OPERATION, |_, relay, _| relay.waits_for_receiver()),
    (op::ReportRelay::OPERATION, |_, relay, _| relay.state() == RelayState::Accepted),
    (op::HandBackRelay::OPERATION, |case, relay, _| {
        case.is_open()
            && relay.state() == RelayState::Accepted
            && !relay.has_offer()
            && case.sheet.holder_agency_id == relay.to_agency_id
    }),
    (op::AcceptHandBack::OPERATION, |case, relay, _| {
        case.is_open() && relay.has_offer() && case.sheet.holder_agency_id == relay.to_agency_id
    }),
    (op::DeclineHandBack::OPERATION, |case, relay, _| case.is_open() && relay.has_offer()),
    (op::ConfirmRelay::OPERATION, |_, relay, _| relay.state() == RelayState::Reported),
    (op::ResendRelay::OPERATION, |case, relay, _| case.is_open() && relay.state() == RelayState::Returned),
    (op::AmendRelay::OPERATION, |_, relay, _| !relay.is_over()),
    (op::CancelRelay::OPERATION, |_, relay, _| relay.is_open()),
    (op::ChaseRelay::OPERATION, |_, relay, actor| {
        relay.chased_on != Some(Day(actor.at.date()))
            && relay.waits_for().is_some_and(|agency| agency != actor.agency_id)
    }),
];

impl Case {
    /// The changes of the sheet that `actor` may make now, by operationId.
    pub fn can(&self, actor: &Actor) -> Vec<&'static str> {
        let relation = self.relation(actor.agency_id);
        let now = ON_SHEET.iter().filter(|(_, allows)| allows(self, actor)).map(|(operation, _)| *operation);
        now.filter(|operation| may(actor, *operation, relation)).map(Operation::id).collect()
    }

    /// The changes of one of its relays that `actor` may make now, by operationId.
    pub fn can_with(&self, relay: &Relay, actor: &Actor) -> Vec<&'static str> {
        if self.sheet.standing == Standing::Voided {
            return Vec::new();
        }
        let relation = self.relay_relation(relay, actor.agency_id);
        let now = ON_RELAY.iter().filter(|(_, allows)| allows(self, relay, actor)).map(|(operation, _)| *operation);
        now.filter(|operation| may(actor, *operation, relation)).map(Operation::id).collect()
    }

    fn is_open(&self) -> bool {
        self.sheet.standing == Standing::Open
    }

    /// Whether the actor's agency holds the sheet (主担当): only it closes and reopens.
    pub(super) fn is_held_by(&self, actor: &Actor) -> bool {
        self.sheet.holder_agency_id == actor.agency_id
    }
}

fn may(actor: &Actor, operation: Operation, relation: crate::permit::Relation) -> bool {
    matches!(permit(&actor.principal, operation, relation), Permit::Allowed | Permit::MetadataOnly)
}

impl Relay {
    /// The agency that must act now, if the relay waits for one.
    pub(super) fn waits_for(&self) -> Option<AgencyId> {
        match self.state() {
            RelayState::Sent | RelayState::Received | RelayState::Accepted => Some(self.to_agency_id),
            RelayState::Returned => Some(self.from_agency_id),
            RelayState::Declined
            | RelayState::Cancelled
            | RelayState::Halted
            | RelayState::Reported
            | RelayState::Closed => None,
        }
    }

    /// Whether it waits for an answer of the receiver.
    fn waits_for_receiver(&self) -> bool {
        matches!(self.state(), RelayState::Sent | RelayState::Received)
    }

    /// Whether an offer to hand the baton back waits for the sender.
    fn has_offer(&self) -> bool {
        self.hand_back.as_ref().is_some_and(|offer| offer.state == HandBackState::Offered)
    }
}
