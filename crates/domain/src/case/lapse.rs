//! A consent runs out. That alone closes the content, at midnight and without a write. This module does the rest: it halts relays that
//! wait, and asks receivers that had opened one what became of their copies, as after a withdrawal.

use super::stop::{Lost, lose};
use super::{Before, Case, Changes, Outcome, Refusal, WithheldReason};
use crate::agency::Agency;
use crate::audit::{EventKind, Fact};
use crate::case::consent::ConsentState;
use crate::case::relay::{Basis, InvalidTransition, Relay};
use crate::case::stop::StopCause;
use crate::content::Sections;
use crate::ids::{ConsentId, RelayId, StopRequestId};
use crate::time::{Day, Instant};
use std::collections::BTreeMap;

impl Case {
    /// Records, once, that a consent has run out. What another consent in force carries by now is not lost. `receivers` are the agencies of
    /// the relays.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it has not run out, or when that was recorded before.
    pub fn lapse(
        mut self,
        id: ConsentId,
        receivers: &[Agency],
        new_stop: &mut dyn FnMut() -> StopRequestId,
        at: Instant,
    ) -> Result<Outcome, Refusal> {
        let today = Day(at.date());
        let before = Before::of(&self, today);
        let consent = self.consents.iter().find(|c| c.id == id).ok_or(Refusal::NotFound)?;
        let state = consent.state(today);
        let last = consent.terms.effective_until;
        if today <= last || consent.lapsed_at.is_some() {
            return Err(InvalidTransition { state: state.as_str() }.into());
        }
        // What it did not carry, or what was taken back before, does not end today.
        let carried = consent.lapses_on().is_some();
        let gone = if carried { self.gone_since(last, receivers, today) } else { BTreeMap::new() };
        let mut lost = Lost::new();
        let hit = self.hit_by(gone, receivers, today, &mut lost);
        let mut changes = Changes::default();
        changes.consents.insert(id);
        for consent in self.consents.iter_mut().filter(|c| c.id == id) {
            consent.lapsed_at = Some(at);
        }
        let mut events = Vec::new();
        // A version that another had superseded gets no event when it runs out, unless something was closed with it.
        if state == ConsentState::Expired || !hit.is_empty() {
            let event = self.event(EventKind::ConsentExpired).with("consent_id", Fact::Id(id.0));
            events.push(event.with("effective_until", Fact::Day(last)));
        }
        let (told, halted) = self.take_back(&hit, None, at, &mut changes)?;
        events.extend(halted);
        let mails = self.stop_mails(told, &lost, at);
        events.extend(self.tell_to_stop(lost, StopCause::Expired, new_stop, at, &mut changes));
        Ok(self.conclude(&before, changes, events, mails, at))
    }

    /// What the receivers could see of each relay on its `last` day and cannot see today, because it ran out. Leaves out what a stop request
    /// of today names already.
    fn gone_since(&self, last: Day, receivers: &[Agency], today: Day) -> BTreeMap<RelayId, Sections> {
        let mut gone = BTreeMap::new();
        for relay in &self.relays {
            let Some(receiver) = receivers.iter().find(|a| a.id == relay.to_agency_id) else { continue };
            let told = self.stops.iter().filter(|s| s.cause == StopCause::Expired && s.relay_ids.contains(&relay.id));
            let told: Vec<_> = told.filter(|s| Day(s.at.date()) == today).collect();
            let ran_out = |section: &_| {
                self.live(relay, *section, receiver, last).is_ok()
                    && self.live(relay, *section, receiver, today) == Err(WithheldReason::Expired)
                    && !told.iter().any(|stop| stop.sections.contains(section))
            };
            let sections: Sections = relay.sections.iter().copied().filter(ran_out).collect();
            if !sections.is_empty() {
                gone.insert(relay.id, sections);
            }
        }
        gone
    }

    /// The relays of which something is gone, each with whether nothing of it is left; what their receivers lose is added to `lost`.
    pub(super) fn hit_by(
        &self,
        mut gone: BTreeMap<RelayId, Sections>,
        receivers: &[Agency],
        today: Day,
        lost: &mut Lost,
    ) -> BTreeMap<RelayId, bool> {
        let mut hit = BTreeMap::new();
        for relay in &self.relays {
            let Some(sections) = gone.remove(&relay.id) else { continue };
            hit.insert(relay.id, self.nothing_is_left(relay, receivers, today));
            lose(lost, relay, sections);
        }
        hit
    }

    /// What the receivers see of the relays that do not rest on this consent.
    pub(super) fn seen_beyond(&self, id: ConsentId, receivers: &[Agency], today: Day) -> BTreeMap<RelayId, Sections> {
        let beyond = self.relays.iter().filter(|relay| relay.basis != Basis::Consent(id));
        beyond.map(|relay| (relay.id, self.seen(relay, receivers, today))).collect()
    }

    /// What they saw according to `seen` and do not see now; leaves out relays of which nothing is gone.
    pub(super) fn no_longer(
        &self,
        seen: BTreeMap<RelayId, Sections>,
        receivers: &[Agency],
        today: Day,
    ) -> BTreeMap<RelayId, Sections> {
        let gone = seen.into_iter().filter_map(|(id, before)| {
            let relay = self.relays.iter().find(|relay| relay.id == id)?;
            let now = self.seen(relay, receivers, today);
            Some((id, before.difference(&now).copied().collect::<Sections>()))
        });
        gone.filter(|(_, sections)| !sections.is_empty()).collect()
    }

    fn seen(&self, relay: &Relay, receivers: &[Agency], today: Day) -> Sections {
        let receiver = receivers.iter().find(|agency| agency.id == relay.to_agency_id);
        receiver.map_or_else(Sections::new, |to| self.seen_of(relay, to, today))
    }

    /// What `receiver` sees of the relay once it has opened it.
    pub(super) fn seen_of(&self, relay: &Relay, receiver: &Agency, today: Day) -> Sections {
        relay.sections.iter().copied().filter(|s| self.live(relay, *s, receiver, today).is_ok()).collect()
    }

    /// Whether the receiver no longer sees anything of the relay.
    pub(super) fn nothing_is_left(&self, relay: &Relay, receivers: &[Agency], today: Day) -> bool {
        self.seen(relay, receivers, today).is_empty()
    }
}
