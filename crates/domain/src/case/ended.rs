//! An agency has ended (廃止). Others take over what it had in hand, so that nothing waits for an agency that is gone. Its own sheets, with
//! all rights of the origin, go to its heir, the agency that came after it; so do its requests for exceptions and the stop requests that it
//! has not answered. Relays that it sent and consents that it recorded on other agencies' sheets go to the origin. What others had sent to
//! it does not go to the heir: the person said yes to the agency that ended. So the sender is told, and sends it anew on a basis that names
//! the new recipient.

use super::{Before, Case, Changes, Outcome, Refusal};
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::consent::Consent;
use crate::case::relay::{InvalidTransition, Relay, RelayState};
use crate::case::sheet::Standing;
use crate::ids::AgencyId;
use crate::mail::{Mail, MailKind};
use crate::time::{Day, Instant};
use uuid::Uuid;

/// An agency that has ended, and the one that came after it, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    /// The agency.
    pub agency_id: AgencyId,
    /// The agency that came after it and exists today.
    pub heir: Option<AgencyId>,
}

impl Consent {
    /// The agency that sees to it that the person is asked again: the one that recorded it, or the one that has taken its place.
    pub(super) fn keeper(&self) -> AgencyId {
        self.kept_by.unwrap_or(self.recorded_agency_id)
    }
}

impl Case {
    /// Hands on what an ended agency has in hand. The caller checks that it has ended.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when there is nothing to hand on.
    pub fn hand_over(mut self, ended: Ended, at: Instant) -> Result<Outcome, Refusal> {
        let today = Day(at.date());
        let before = Before::of(&self, today);
        let (origin_before, holder_before) = (self.sheet.origin_agency_id, self.sheet.holder_agency_id);
        let mut changes = Changes::default();
        if let Some(heir) = ended.heir.filter(|_| origin_before == ended.agency_id) {
            self.sheet.origin_agency_id = heir;
            changes.releases = self.releases.iter().map(|release| release.id).collect();
        }
        let origin = self.sheet.origin_agency_id;
        // Who works on it for the heir is for the heir to say.
        self.sheet.assignees.remove(&ended.agency_id);
        // Without an heir, its own sheets stay where they are.
        let is_kept = origin == ended.agency_id;
        if holder_before == ended.agency_id && !is_kept {
            // The baton of a receiver goes back to where the sheet was recorded.
            self.sheet.holder_agency_id = origin;
        }
        let handed = self.hand_papers(ended, &mut changes, at);
        let (halted, mut mails) = self.end_relays(ended, &mut changes, at);
        let is_same = origin == origin_before && self.sheet.holder_agency_id == holder_before;
        if is_same && halted.is_empty() && handed.iter().all(|(_, ids)| ids.is_empty()) {
            return Err(InvalidTransition { state: self.state(today).as_str() }.into());
        }
        let event = self
            .event(EventKind::SheetHandedOver)
            .with("ended_agency_id", Fact::Id(ended.agency_id.0))
            .with("origin_agency_id_before", Fact::Id(origin_before.0))
            .with("origin_agency_id", Fact::Id(origin.0))
            .with("holder_agency_id_before", Fact::Id(holder_before.0))
            .with("holder_agency_id", Fact::Id(self.sheet.holder_agency_id.0));
        let event = match ended.heir {
            Some(heir) => event.with("successor_id", Fact::Id(heir.0)),
            None => event,
        };
        let named = handed.into_iter().filter(|(_, ids)| !ids.is_empty());
        let event = named.fold(event, |event, (name, ids)| event.with(name, Fact::ids(ids)));
        let due = self.stops.iter().filter(|stop| changes.stops.contains(&stop.id)).map(|stop| stop.due).min();
        if let Some(heir) = ended.heir.filter(|_| due.is_some()) {
            mails.push(self.mail(MailKind::SharingStopped, heir, None, due));
        }
        if !is_same && self.sheet.standing == Standing::Open {
            mails.push(self.mail(MailKind::SheetHandedOver, self.sheet.holder_agency_id, None, None));
        }
        let events = std::iter::once(event).chain(halted).collect();
        Ok(self.conclude(&before, changes, events, mails, at))
    }

    /// Hands on what it looked after: relays that it sent and consents that it recorded go to the origin, which knows of them; its own
    /// requests for exceptions, and stop requests that it has not answered, go to its heir. Returns the ids of each under the name that the
    /// trail has for them.
    fn hand_papers(&mut self, ended: Ended, changes: &mut Changes, at: Instant) -> [(&'static str, Vec<Uuid>); 4] {
        let origin = self.sheet.origin_agency_id;
        let mut handed = [
            ("sent_relay_ids", vec![]),
            ("consent_ids", vec![]),
            ("exception_ids", vec![]),
            ("stop_notice_ids", vec![]),
        ];
        let [(_, relays), (_, consents), (_, exceptions), (_, stops)] = &mut handed;
        if origin != ended.agency_id {
            for relay in self.relays.iter_mut().filter(|relay| relay.from_agency_id == ended.agency_id) {
                relay.from_agency_id = origin;
                relay.sent_by.get_or_insert(ended.agency_id);
                *relay = relay.clone().narrowed(at);
                changes.relays.insert(relay.id);
                relays.push(relay.id.0);
            }
            for consent in self.consents.iter_mut().filter(|consent| consent.keeper() == ended.agency_id) {
                consent.kept_by = Some(origin);
                changes.consents.insert(consent.id);
                consents.push(consent.id.0);
            }
        }
        let Some(heir) = ended.heir else { return handed };
        for exception in self.exceptions.iter_mut().filter(|it| it.requested_agency_id == ended.agency_id) {
            exception.requested_agency_id = heir;
            changes.exceptions.insert(exception.id);
            exceptions.push(exception.id.0);
        }
        for stop in self.stops.iter_mut().filter(|it| it.agency_id == ended.agency_id && it.answer.is_none()) {
            stop.agency_id = heir;
            changes.stops.insert(stop.id);
            stops.push(stop.id.0);
        }
        handed
    }

    /// Ends the relays to it that wait or that it has not reported on, and those that its heir would now have sent to itself. The sender is
    /// told.
    fn end_relays(&mut self, ended: Ended, changes: &mut Changes, at: Instant) -> (Vec<EventDraft>, Vec<Mail>) {
        let (mut events, mut mails) = (Vec::new(), Vec::new());
        let goes = |relay: &Relay| {
            let is_its = relay.to_agency_id == ended.agency_id || relay.to_agency_id == relay.from_agency_id;
            is_its && (relay.is_open() || relay.state() == RelayState::Accepted)
        };
        for index in 0..self.relays.len() {
            let Some(relay) = self.relays.get(index).filter(|relay| goes(relay)).cloned() else { continue };
            let state_before = relay.state().as_str();
            let relay = relay.end_with_agency(at);
            events.push(
                self.event(EventKind::RelayHalted)
                    .with("relay_id", Fact::Id(relay.id.0))
                    .with("cause", Fact::Code("agency_ended"))
                    .with("state_before", Fact::Code(state_before)),
            );
            if relay.from_agency_id != relay.to_agency_id && self.sheet.standing == Standing::Open {
                mails.push(self.mail(MailKind::RelayEnded, relay.from_agency_id, Some(&relay), None));
            }
            changes.relays.insert(relay.id);
            if let Some(place) = self.relays.get_mut(index) {
                *place = relay;
            }
        }
        (events, mails)
    }
}
