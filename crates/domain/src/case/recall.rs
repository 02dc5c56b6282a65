//! When content closes to an agency that had opened it, the agency is told to stop and asked what became of its copies. Not every change
//! that closes content says so itself. So after every change, what each agency may hold is compared with what it may still see; where a
//! day's passing or a change in the directory closes content, the service's round makes the comparison.

use super::stop::{Lost, lose};
use super::{Before, Case, Changes, Outcome, WithheldReason};
use crate::agency::Agency;
use crate::case::relay::{Relay, RelayState};
use crate::case::sheet::Standing;
use crate::case::stop::{StopCause, answer_due};
use crate::content::{Section, Sections};
use crate::ids::{AgencyId, RelayId, StopRequestId};
use crate::mail::MailKind;
use crate::time::{Day, Instant};
use std::collections::{BTreeMap, BTreeSet};

impl Case {
    /// A transition that changes nothing: used when something outside the case has closed content, to make the comparison.
    pub fn look_again(self, at: Instant) -> Outcome {
        let before = Before::of(&self, Day(at.date()));
        self.conclude(&before, Changes::default(), Vec::new(), Vec::new(), at)
    }

    /// What the receiver of a relay sees by it now.
    fn seen_by_receiver(&self, relay: &Relay, receiver: &Agency, today: Day) -> Sections {
        if relay.opened_at.is_none() || !relay.shows_content() || self.sheet.standing == Standing::Voided {
            return Sections::new();
        }
        self.shown_by(relay, receiver, today).sections()
    }

    /// Why the receiver, which had opened it, may not use this section any more; none while it may. None also while a relay that the
    /// receiver itself declined or returned still has its basis: the receiver closed that one itself, and is asked for copies when the
    /// basis goes.
    fn recalled_by(&self, relay: &Relay, section: Section, receiver: &Agency, today: Day) -> Option<StopCause> {
        if self.sheet.standing == Standing::Voided {
            return Some(StopCause::Voided);
        }
        match relay.state() {
            RelayState::Cancelled => return Some(StopCause::Cancelled),
            RelayState::Halted if relay.ended_with_agency() => {
                // An agency that has become the origin reads it there.
                let is_origin = self.sheet.origin_agency_id == receiver.id;
                return Some(StopCause::AgencyEnded).filter(|_| !is_origin);
            }
            RelayState::Halted => return Some(cause_of(self.halted_by(relay))),
            _ => {}
        }
        if !receiver.is_active(today) || !receiver.may_be_told(today) {
            return Some(StopCause::AgencyEnded);
        }
        self.live(relay, section, receiver, today).err().map(cause_of)
    }
}

/// A secret address gets the same cause as any other section that is no longer told, so that nobody learns that it is secret.
fn cause_of(reason: WithheldReason) -> StopCause {
    match reason {
        WithheldReason::Withdrawn => StopCause::Withdrawn,
        WithheldReason::Invalid => StopCause::Invalid,
        WithheldReason::Expired => StopCause::Expired,
        WithheldReason::Unapproved => StopCause::Unapproved,
        WithheldReason::Voided => StopCause::Voided,
        WithheldReason::Ended => StopCause::Cancelled,
        WithheldReason::NotCovered
        | WithheldReason::ConsentNarrowed
        | WithheldReason::NotOpened
        | WithheldReason::Role => StopCause::Narrowed,
    }
}

impl Outcome {
    /// Adds what must be said to the agencies that had opened what is closed now: stop requests with their events and mails, and a new
    /// revision of each relay that shows less. Also moves sheet and relays for the readers who see that they have changed. `before` is the
    /// case before the transition, `receivers` are the agencies of its relays. Nothing is said twice: what the transition told them itself
    /// is left out, and so is what has run out, which [`Case::lapse`] handles.
    pub fn recall(
        mut self,
        before: &Case,
        receivers: &[Agency],
        new_stop: &mut dyn FnMut() -> StopRequestId,
        at: Instant,
    ) -> Self {
        let today = Day(at.date());
        self.correct(receivers, at);
        let mut lost: BTreeMap<StopCause, Lost> = BTreeMap::new();
        let mut held = BTreeMap::new();
        for relay in self.thing.relays.iter().filter(|relay| relay.opened_at.is_some()) {
            let Some(receiver) = receivers.iter().find(|agency| agency.id == relay.to_agency_id) else { continue };
            let told = self.told_of(relay.id, at);
            let mut known = relay.held.clone();
            if let Some(earlier) = before.relay(relay.id) {
                known.extend(before.seen_by_receiver(earlier, receiver, today));
            }
            let mut left = self.thing.seen_by_receiver(relay, receiver, today);
            let mut gone: BTreeMap<StopCause, Sections> = BTreeMap::new();
            if known.contains(&Section::Attachments)
                && self.changes.withdrawn_file.as_ref().is_some_and(|(file, _)| relay.files.contains(file))
            {
                gone.insert(StopCause::FileWithdrawn, [Section::Attachments].into());
            }
            if let Some(cause) =
                self.changes.members_closed.get(&relay.id).filter(|_| known.contains(&Section::Household))
            {
                gone.insert(*cause, [Section::Household].into());
            }
            for section in known {
                match self.thing.recalled_by(relay, section, receiver, today) {
                    Some(_) if told.contains(&section) => {}
                    None | Some(StopCause::Expired) => {
                        left.insert(section);
                    }
                    Some(cause) => {
                        gone.entry(cause).or_default().insert(section);
                    }
                }
            }
            let loses = !gone.is_empty();
            for (cause, sections) in gone {
                lose(lost.entry(cause).or_default(), relay, sections);
            }
            if loses || left != relay.held {
                held.insert(relay.id, (left, loses));
            }
        }
        self.hold(before, held, at);
        self.note_shut(receivers, today);
        let told: BTreeSet<AgencyId> = lost.values().flat_map(|lost| lost.keys().copied()).collect();
        self.mail(told, at);
        for (cause, lost) in lost {
            let events = self.thing.tell_to_stop(lost, cause, new_stop, at, &mut self.changes);
            self.events.extend(events);
        }
        self.note_still_told(receivers, today);
        self.note_seen(before, receivers, at);
        self
    }

    /// The sections that the stop requests of this transition name for a relay.
    fn told_of(&self, relay: RelayId, at: Instant) -> Sections {
        let made = self.thing.stops.iter().filter(|stop| self.changes.stops.contains(&stop.id) && stop.at == at);
        made.filter(|stop| stop.relay_ids.contains(&relay)).flat_map(|stop| stop.sections.iter().copied()).collect()
    }

    /// Keeps with each relay what its receiver may hold; a relay that shows less than before, and was not moved by the transition, is
    /// moved.
    fn hold(&mut self, before: &Case, mut held: BTreeMap<RelayId, (Sections, bool)>, at: Instant) {
        for relay in &mut self.thing.relays {
            let Some((left, loses)) = held.remove(&relay.id) else { continue };
            let moved = before.relay(relay.id).is_none_or(|earlier| earlier.revision != relay.revision);
            relay.held = left;
            if loses && !moved {
                *relay = relay.clone().narrowed(at);
            }
            self.changes.relays.insert(relay.id);
        }
    }

    /// Keeps with each relay whether its receiver may be told anything at all, so that the round finds the relays for which that has
    /// changed.
    fn note_shut(&mut self, receivers: &[Agency], today: Day) {
        for relay in &mut self.thing.relays {
            let Some(receiver) = receivers.iter().find(|agency| agency.id == relay.to_agency_id) else { continue };
            let shut = !(receiver.is_active(today) && receiver.may_be_told(today));
            if shut != relay.shut {
                relay.shut = shut;
                self.changes.relays.insert(relay.id);
            }
        }
    }

    /// One mail for each agency. An agency that gets a mail to stop anyway finds the day by which to answer in that one.
    fn mail(&mut self, told: BTreeSet<AgencyId>, at: Instant) {
        let due = Some(answer_due(Day(at.date())));
        for agency in told {
            let stops = |kind| matches!(kind, MailKind::ConsentWithdrawn | MailKind::SharingStopped);
            match self.mails.iter_mut().find(|it| it.agency_id == agency && stops(it.kind)) {
                Some(mail) => mail.due = due,
                None => self.mails.push(self.thing.mail(MailKind::SharingStopped, agency, None, due)),
            }
        }
    }
}
