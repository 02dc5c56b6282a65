//! What a reader may do now: the operations that both the table of permissions and the state allow. The same conditions stand in the
//! transitions; the model test compares them. An operation that is listed may still be refused for its input, or for what it would tell.

use super::{Case, Target};
use crate::agency::Actor;
use crate::beside::attachment::Attachment;
use crate::case::address::{AddressRelease, ReleaseState};
use crate::case::consent::{Consent, MOST_EVIDENCE, Withdrawal};
use crate::case::exception::{self, Exception};
use crate::case::relay::{HandBackState, Relay, RelayState};
use crate::case::sheet::{Sheet, Standing};
use crate::case::stop::StopRequest;
use crate::content::AddressSecret;
use crate::ids::{AgencyId, StaffId};
use crate::permit::{Op, Operation, Permit, Relation, op, permit};
use crate::second_person;
use crate::time::Day;

/// Changes of a thing of a case, each with when its state allows it.
type Offers<T> = &'static [(Operation, fn(&Case, &T, &Actor) -> bool)];

const ON_SHEET: Offers<Sheet> = &[
    (op::ReviseSheet::OPERATION, |case, _, _| matches!(case.sheet.standing, Standing::Draft | Standing::Open)),
    (op::DiscardSheet::OPERATION, |case, _, _| case.sheet.standing == Standing::Draft),
    (op::GiveConsent::OPERATION, |case, _, _| case.is_open()),
    (op::SendRelay::OPERATION, |case, _, _| case.is_open()),
    (op::RequestException::OPERATION, |case, _, _| case.is_open()),
    (op::RequestAddressRelease::OPERATION, |case, _, _| {
        case.is_open() && case.sheet.reception.address_secret != AddressSecret::None
    }),
    (op::AssignSheet::OPERATION, |case, _, _| case.is_assignable()),
    (op::LinkSheet::OPERATION, |case, _, _| case.is_linkable()),
    (op::UnlinkSheet::OPERATION, |case, _, _| case.is_linkable()),
    (op::AddEntry::OPERATION, |case, _, _| case.is_open()),
    (op::AddAttachment::OPERATION, |case, _, _| case.is_open()),
    (op::CloseSheet::OPERATION, |case, _, actor| case.is_open() && case.is_held_by(actor)),
    (op::ReopenSheet::OPERATION, |case, _, actor| case.sheet.standing == Standing::Closed && case.is_held_by(actor)),
    (op::VoidSheet::OPERATION, |case, _, _| matches!(case.sheet.standing, Standing::Open | Standing::Closed)),
];

const ON_RELAY: Offers<Relay> = &[
    (op::ReceiveRelay::OPERATION, |_, relay, _| relay.state() == RelayState::Sent),
    (op::AcceptRelay::OPERATION, |_, relay, _| relay.is_waiting()),
    (op::ReturnRelay::OPERATION, |_, relay, _| relay.is_waiting()),
    (op::DeclineRelay::OPERATION, |_, relay, _| relay.is_waiting()),
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
    (op::ConfirmRelay::OPERATION, |_, relay, _| relay.to_confirm().is_some()),
    (op::ResendRelay::OPERATION, |case, relay, _| case.is_open() && relay.state() == RelayState::Returned),
    (op::AmendRelay::OPERATION, |_, relay, _| !relay.is_over()),
    (op::CancelRelay::OPERATION, |_, relay, _| relay.is_open()),
    (op::ChaseRelay::OPERATION, |_, relay, actor| {
        relay.chased_on != Some(Day(actor.at.date()))
            && relay.waits_for().is_some_and(|agency| agency != actor.agency_id)
    }),
];

const ON_CONSENT: Offers<Consent> = &[
    (op::WitnessConsent::OPERATION, |case, consent, actor| {
        let is_asked = case.is_open() && consent.awaits_witness() && consent.is_witness(actor);
        is_asked || consent.is_hearer(actor)
    }),
    (op::AddEvidence::OPERATION, |case, consent, actor| {
        case.is_open() && consent.evidence.len() < MOST_EVIDENCE && case.keeps_evidence_of(consent, actor)
    }),
    (op::KeepSharing::OPERATION, |case, consent, _| case.is_open() && case.asks_whether_sharing_stops(consent)),
    (op::WithdrawConsent::OPERATION, |_, consent, _| {
        consent.grants() && !consent.withdrawals.iter().any(Withdrawal::is_whole)
    }),
    (op::InvalidateConsent::OPERATION, |_, consent, _| consent.grants() && consent.invalid.is_none()),
];

const ON_EXCEPTION: Offers<Exception> = &[
    (op::ApproveException::OPERATION, |case, exception, actor| {
        let stands = exception.used().is_some() || case.is_open() && !case.refused_since(exception);
        stands && exception.awaits_approval() && is_another(actor, Some(exception.requested_by))
    }),
    (op::RejectException::OPERATION, |_, exception, actor| {
        exception.awaits_approval() && is_another(actor, Some(exception.requested_by))
    }),
    (op::FollowUpException::OPERATION, |_, exception, actor| {
        exception.awaits_follow_up() && is_another(actor, Some(exception.requested_by))
    }),
];

const ON_RELEASE: Offers<AddressRelease> = &[
    (op::ApproveAddressRelease::OPERATION, |_, release, actor| release.may_be_decided_by(actor)),
    (op::RejectAddressRelease::OPERATION, |_, release, actor| release.may_be_decided_by(actor)),
    (op::RevokeAddressRelease::OPERATION, |_, release, _| release.is_alive()),
];

const ON_STOP: Offers<StopRequest> = &[(op::AnswerStopNotice::OPERATION, |_, stop, _| stop.answer.is_none())];

const ON_FILE: Offers<Attachment> =
    &[(op::WithdrawAttachment::OPERATION, |case, file, actor| case.may_be_taken_back(file, actor))];

impl Case {
    /// The changes of `target` that `actor` may make now, by operationId.
    pub fn can(&self, target: Target, actor: &Actor) -> Vec<&'static str> {
        let offered = match target {
            Target::Sheet(_) => self.offered(ON_SHEET, Some(&self.sheet), actor),
            // Nothing moves on a voided sheet but what concerns copies.
            Target::Relay(_) if self.sheet.standing == Standing::Voided => Vec::new(),
            Target::Relay(id) => self.offered(ON_RELAY, self.relay(id), actor),
            Target::Consent(id) => self.offered(ON_CONSENT, self.consent(id), actor),
            Target::Exception(id) => self.offered(ON_EXCEPTION, self.exception(id), actor),
            Target::Release(id) => self.offered(ON_RELEASE, self.release(id), actor),
            Target::StopRequest(id) => self.offered(ON_STOP, self.stop(id), actor),
        };
        self.permitted(offered, target, actor)
    }

    /// The changes of one of its files that `actor` may make now, by operationId.
    pub fn can_with_file(&self, file: &Attachment, actor: &Actor) -> Vec<&'static str> {
        self.permitted(self.offered(ON_FILE, Some(file), actor), Target::Sheet(self.sheet.id), actor)
    }

    fn offered<T>(&self, offers: Offers<T>, thing: Option<&T>, actor: &Actor) -> Vec<Operation> {
        let Some(thing) = thing else { return Vec::new() };
        offers.iter().filter(|(_, allows)| allows(self, thing, actor)).map(|(operation, _)| *operation).collect()
    }

    fn permitted(&self, offered: Vec<Operation>, target: Target, actor: &Actor) -> Vec<&'static str> {
        let Some(footing) = self.footing(target, actor) else { return Vec::new() };
        offered.into_iter().filter(|it| may(actor, *it, footing.relation)).map(Operation::id).collect()
    }

    fn is_open(&self) -> bool {
        self.sheet.standing == Standing::Open
    }

    /// Whether the actor's agency holds the sheet (主担当): only it closes and reopens.
    pub(super) fn is_held_by(&self, actor: &Actor) -> bool {
        self.sheet.holder_agency_id == actor.agency_id
    }
}

fn is_another(actor: &Actor, than: Option<StaffId>) -> bool {
    second_person::other_than(actor, &[than]).is_ok()
}

fn may(actor: &Actor, operation: Operation, relation: Relation) -> bool {
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

    /// Whether an offer to hand the baton back waits for the sender.
    fn has_offer(&self) -> bool {
        self.hand_back.as_ref().is_some_and(|offer| offer.state == HandBackState::Offered)
    }
}

impl Exception {
    /// Whether it waits for an approval, used or not.
    fn awaits_approval(&self) -> bool {
        use exception::Progress::{Overdue, Requested, UsedFirst};
        matches!(self.progress, Requested | UsedFirst { .. } | Overdue { .. })
    }

    /// Whether what was planned for afterwards is still to be done.
    fn awaits_follow_up(&self) -> bool {
        matches!(self.progress, exception::Progress::Used { .. })
    }
}

impl AddressRelease {
    /// Whether it waits for a decision that `actor`, who did not ask for it, may take.
    fn may_be_decided_by(&self, actor: &Actor) -> bool {
        self.state == ReleaseState::Requested && is_another(actor, self.requested_by)
    }
}
