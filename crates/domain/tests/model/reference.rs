//! The model: plain data, and what docs/domain.md says of it. It uses nothing of the domain.

use crate::excepted::ModelException;
use crate::seen::{RelaySight, Sight};
use crate::story::{ALL, Bits, Deed, Given, Ground, Onward, Parent, Said};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const ORIGIN: usize = 0;
/// A and B are wards, C an NPO whose agreement ends on day 40, D a ward of another municipality that ends on day 12, E a hospital without an
/// agreement.
pub(crate) const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];
pub(crate) const ABROAD: usize = 3;
pub(crate) const CLASS: [Bits; 5] = [1, 1, 2, 1, 0];

#[derive(Clone)]
pub(crate) struct ModelConsent {
    pub(crate) given: Given,
    pub(crate) from: i32,
    pub(crate) until: i32,
    pub(crate) recorder: usize,
    pub(crate) witness: &'static str,
    pub(crate) superseded: bool,
    /// For each agency, the agencies by whose record it must not be told under this consent.
    pub(crate) barred: [BTreeSet<usize>; 5],
    /// It was invalid from the start.
    pub(crate) invalid: bool,
    /// The revision of the content when it began to count.
    pub(crate) counted: Option<u32>,
    /// The agencies that saw more than it allows when the sheet was last written, while it was the last word.
    pub(crate) still_told: Bits,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelRelay {
    pub(crate) state: &'static str,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) hop: u32,
    pub(crate) sections: Bits,
    pub(crate) basis: Ground,
    /// The revision of the content that it told.
    pub(crate) carried: u32,
    /// What its sender looked at last before it told anything.
    pub(crate) looked: Looked,
    pub(crate) revision: u32,
    pub(crate) due: i32,
    pub(crate) urgency: u8,
    pub(crate) opened: bool,
    pub(crate) reminded: bool,
    /// The last offer to hand the baton back.
    pub(crate) hand_back: &'static str,
    /// For a report, whether the sender is told the result.
    pub(crate) told: Option<bool>,
    /// How many reports there are.
    pub(crate) reports: usize,
    /// Whether the sender has a report that it has not confirmed.
    pub(crate) unconfirmed: bool,
    /// The sections that its receiver has seen by it and was not told to stop using.
    pub(crate) held: Bits,
    /// Whether the receiver was asked for all of that when the relay was cancelled or the sheet voided.
    pub(crate) asked: bool,
    /// How often what it told was corrected in the sheet since it was last told.
    pub(crate) corrections: u32,
    /// For its sender and its receiver, the revision of the last change that each has seen, and what it saw then.
    pub(crate) seen: BTreeMap<usize, (u32, RelaySight)>,
}

/// The sections that a disclosure tells, its basis, and the revision in which their words were written. Telling less afterwards leaves it
/// as it is.
pub(crate) type Looked = (Bits, Ground, u32);

impl ModelRelay {
    /// The version of the line under which it went, unless it rests on an exception.
    pub(crate) fn under(&self) -> Option<usize> {
        match self.basis {
            Ground::Consent(consent) => Some(consent),
            Ground::Exception(_) => None,
        }
    }

    /// Whether it shows its receiver something, or still may.
    pub(crate) fn lives(&self) -> bool {
        !OVER.contains(&self.state) || TAKEN.contains(&self.state)
    }
}

/// The agency that a stop request asks, the sections, and the cause.
pub(crate) type ModelStop = (usize, Bits, &'static str);

#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) standing: &'static str,
    pub(crate) numbered: bool,
    pub(crate) secret: bool,
    pub(crate) revision: u32,
    pub(crate) content_revision: u32,
    pub(crate) holder: usize,
    pub(crate) consents: Vec<ModelConsent>,
    pub(crate) relays: Vec<ModelRelay>,
    pub(crate) exceptions: Vec<ModelException>,
    /// For each section, the revision of the content in which its words were written.
    pub(crate) worded: [u32; 6],
    /// The place in the line of the consent that it names, agencies, sections (0 = all).
    pub(crate) withdrawals: Vec<(usize, Bits, Bits)>,
    pub(crate) stops: Vec<ModelStop>,
    pub(crate) today: i32,
    /// Whether everything happens at one instant: a second correction then looks like the first.
    pub(crate) stands_still: bool,
    /// For each agency but the origin, the revision of the last change that it has seen, and the last revision at which what it reads
    /// changed.
    pub(crate) seen: [(u32, u32, Option<Sight>); NAMES.len()],
}

/// The result of a step, in the model's words.
#[derive(Debug, PartialEq)]
pub(crate) enum Expected {
    Done {
        events: Vec<&'static str>,
        told: BTreeSet<(&'static str, usize)>,
    },
    Refused,
    /// What was asked for does not hold, whatever the state.
    Invalid,
    NoBasis(Vec<&'static str>),
}

pub(crate) fn done<const E: usize>(events: [&'static str; E], told: &[(&'static str, usize)]) -> Expected {
    Expected::Done { events: events.to_vec(), told: told.iter().copied().collect() }
}

/// Day 0 is Friday 2026-11-20; the table reaches to 2027-03-20.
pub(crate) fn closed_day(day: i32) -> bool {
    day.rem_euclid(7) == 1
        || day.rem_euclid(7) == 2
        || day == 3
        || (39..=44).contains(&day)
        || [52, 83, 95].contains(&day)
}

pub(crate) fn due(today: i32, urgency: u8) -> i32 {
    open_days_after(today, [0, 3, 10][usize::from(urgency)])
}

pub(crate) fn open_days_after(today: i32, mut left: u32) -> i32 {
    let mut day = today;
    while left > 0 || closed_day(day) {
        day += 1;
        if left > 0 && !closed_day(day) {
            left -= 1;
        }
    }
    day
}

pub(crate) const WAITING: [&str; 3] = ["sent", "received", "returned"];
pub(crate) const TAKEN: [&str; 3] = ["accepted", "reported", "closed"];
pub(crate) const OVER: [&str; 4] = ["declined", "cancelled", "halted", "closed"];

pub(crate) fn has(set: Bits, index: usize) -> bool {
    set & (1 << index) != 0
}

impl Model {
    pub(crate) fn grants(&self, consent: usize) -> bool {
        matches!(self.consents[consent].given.said, Said::Granted | Said::Partial)
    }

    pub(crate) fn taken_back_whole(&self, consent: usize) -> bool {
        self.grants(consent) && self.withdrawals.iter().any(|w| w.0 >= consent && w.1 == 0 && w.2 == 0)
    }

    pub(crate) fn taken_back(&self, consent: usize, agency: usize, section: usize) -> bool {
        self.consents[consent].invalid
            || self.grants(consent)
                && self
                    .withdrawals
                    .iter()
                    .any(|w| w.0 >= consent && (w.1 == 0 || has(w.1, agency)) && (w.2 == 0 || has(w.2, section)))
    }

    /// Whether a section of a relay was taken back with the consent under which it went.
    pub(crate) fn taken_from(&self, relay: &ModelRelay, section: usize) -> bool {
        relay.under().is_some_and(|consent| self.taken_back(consent, relay.to, section))
    }

    pub(crate) fn consent_state(&self, index: usize) -> &'static str {
        let consent = &self.consents[index];
        let witnessed = ["none", "heard"].contains(&consent.witness);
        match consent.given.said {
            _ if consent.invalid => "invalid",
            _ if self.taken_back_whole(index) => "withdrawn",
            _ if consent.superseded => "superseded",
            Said::Refused => "refused",
            Said::Pending => "pending",
            _ if !witnessed => "pending",
            _ if consent.until < self.today => "expired",
            _ => "effective",
        }
    }

    /// Whether it is effective, has begun, and comes from a person whose identity was checked.
    pub(crate) fn in_force(&self, index: usize) -> bool {
        let consent = &self.consents[index];
        self.consent_state(index) == "effective" && consent.from <= self.today && consent.given.checked
    }

    /// The consent in force, else the newest.
    pub(crate) fn judged(&self) -> Option<usize> {
        (0..self.consents.len()).find(|c| self.consent_state(*c) == "effective").or(self.consents.len().checked_sub(1))
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.standing != "open" {
            return self.standing;
        }
        if self.relays.iter().any(|r| WAITING.contains(&r.state)) {
            return "relaying";
        }
        if self.relays.iter().any(|r| TAKEN.contains(&r.state)) {
            return "in_support";
        }
        match self.judged().map(|c| self.consent_state(c)) {
            Some("effective") => "consented",
            Some("refused" | "pending") => "consent_pending",
            _ => "registered",
        }
    }

    pub(crate) fn takes_part(&self, agency: usize) -> bool {
        agency == ORIGIN
            || (!["draft", "voided"].contains(&self.standing)
                && self.relays.iter().any(|r| r.to == agency && TAKEN.contains(&r.state)))
    }

    pub(crate) fn covers(&self, consent: usize, agency: usize) -> bool {
        let given = &self.consents[consent].given;
        has(given.agencies, agency) || agency != ABROAD && given.classes & CLASS[agency] != 0
    }

    /// The agencies by whose record `agency` must not be told, before the version at `until`. Once said it stands, until a later version
    /// that counts lifts it; only the agency that said it, or the origin, can lift it.
    pub(crate) fn barred_by(&self, agency: usize, until: usize) -> BTreeSet<usize> {
        let recorder = |version: &usize| self.consents[*version].recorder / 2;
        let lifts = |version: &usize, said_by: usize| {
            let consent = &self.consents[*version];
            let counts = !consent.invalid && ["none", "heard"].contains(&consent.witness);
            counts && has(consent.given.lifted, agency) && [ORIGIN, said_by].contains(&recorder(version))
        };
        let said = (0..until).filter(|version| has(self.consents[*version].given.excluded, agency));
        let stands = said.filter(|said| !(*said + 1..until).any(|later| lifts(&later, recorder(said))));
        stands.map(|said| recorder(&said)).collect()
    }

    pub(crate) fn barred(&self, consent: usize, agency: usize) -> bool {
        !self.consents[consent].barred[agency].is_empty()
    }

    /// Whether the agency exists, and needs no agreement or has one.
    pub(crate) fn may_be_told(&self, agency: usize) -> bool {
        !(agency == 3 && self.today > 12 || agency == 4 || agency == 2 && self.today > 40)
    }

    /// Whether the receiver of a relay may still see a section of it.
    pub(crate) fn live(&self, relay: &ModelRelay, section: usize) -> bool {
        self.why_not(relay, section).is_none()
    }

    /// Why not: not covered, withdrawn, invalid from the start, run out, not approved.
    pub(crate) fn why_not(&self, relay: &ModelRelay, section: usize) -> Option<u8> {
        let to = relay.to;
        if !self.may_be_told(to) || !has(relay.sections, section) || (section == 1 && self.secret) {
            return Some(0);
        }
        let consent = match relay.basis {
            Ground::Consent(consent) => consent,
            Ground::Exception(exception) => return (!self.stands(exception)).then_some(4),
        };
        if self.consents[consent].invalid {
            return Some(2);
        }
        if self.taken_back(consent, to, section) {
            return Some(1);
        }
        // It has run out, unless the consent in force covers this recipient and section.
        let stands = self.consents[consent].until >= self.today
            || self.judged().is_some_and(|now| self.lets_see(now, to, section));
        (!stands).then_some(3)
    }

    /// Whether a consent is in force and covers this agency and section.
    fn lets_see(&self, consent: usize, agency: usize, section: usize) -> bool {
        let given = &self.consents[consent].given;
        self.in_force(consent)
            && has(given.sections, section)
            && self.covers(consent, agency)
            && !self.barred(consent, agency)
            && !self.taken_back(consent, agency, section)
    }

    /// What an agency sees of the sheet.
    pub(crate) fn sees(&self, agency: usize) -> Bits {
        if self.standing == "voided" {
            return 0;
        }
        if agency == ORIGIN {
            return ALL;
        }
        let taken = self.relays.iter().filter(|r| r.to == agency && TAKEN.contains(&r.state));
        taken.fold(0, |seen, relay| seen | self.live_bits(relay))
    }

    pub(crate) fn live_bits(&self, relay: &ModelRelay) -> Bits {
        (0..6).filter(|s| self.live(relay, *s)).fold(0, |bits, s| bits | 1 << s)
    }

    /// What an agency sees of a relay.
    pub(crate) fn sees_of_relay(&self, relay: &ModelRelay, agency: usize) -> Bits {
        if self.standing == "voided" {
            0
        } else if agency == relay.from && agency != ORIGIN {
            self.sees(agency) & relay.sections
        } else if agency == relay.to && agency != relay.from {
            let open = relay.state == "received" || TAKEN.contains(&relay.state);
            if open { self.live_bits(relay) } else { 0 }
        } else if agency == ORIGIN {
            relay.sections
        } else {
            0
        }
    }

    /// The clauses of docs/domain.md that fail, in its order.
    pub(crate) fn failing(&self, from: usize, to: usize, sections: Bits, consent: Option<usize>) -> Vec<&'static str> {
        let Some(index) = consent else {
            return vec!["no_consent"];
        };
        let (c, grants) = (&self.consents[index], self.grants(index));
        let asked: Vec<usize> = (0..6).filter(|s| has(sections, *s)).collect();
        let onward_fine = match c.given.onward {
            _ if from == ORIGIN => true,
            Onward::No => false,
            Onward::Named => has(c.given.agencies, to),
            Onward::Classes => self.covers(index, to),
        };
        let beyond = sections & !c.given.sections != 0 || sections & !self.sees_now(from) != 0;
        let back = self.taken_back_whole(index) || asked.iter().any(|s| self.taken_back(index, to, *s));
        // The sender does not learn what its view of the consent hides; it learns only that it may not pass this on.
        let sees_whom = [ORIGIN, c.recorder / 2].contains(&from);
        let barred = self.barred(index, to);
        let sees_bar = from == ORIGIN || c.barred[to].contains(&from);
        let uncovered = grants && !self.covers(index, to);
        let abroad = to == ABROAD && c.given.classes & CLASS[to] != 0;
        let hidden = grants && (uncovered && !sees_whom || barred && !sees_bar);
        let list = [
            ("refused", matches!(c.given.said, Said::Refused)),
            ("pending", matches!(c.given.said, Said::Pending)),
            ("withdrawn", back && !c.invalid),
            ("invalid", c.invalid),
            ("superseded", c.superseded),
            ("expired", c.until < self.today),
            ("not_yet_effective", c.from > self.today),
            ("identity_unchecked", grants && !c.given.checked),
            ("witness_missing", grants && !["none", "heard"].contains(&c.witness)),
            ("recipient_not_covered", uncovered && !abroad && sees_whom),
            ("other_municipality", uncovered && abroad && sees_whom),
            ("recipient_excluded", barred && sees_bar),
            ("section_not_covered", grants && beyond),
            ("onward_not_allowed", hidden || grants && !onward_fine),
            ("address_secret", from == ORIGIN && self.secret && has(sections, 1)),
            ("recipient_inactive", to == 3 && self.today > 12),
            ("agreement_missing", to == 4 || (to == 2 && self.today > 40)),
            ("own_agency", to == from),
        ];
        list.into_iter().filter(|(_, fails)| *fails).map(|(clause, _)| clause).collect()
    }

    pub(crate) fn supersede_before(&mut self, index: usize) {
        for earlier in &mut self.consents[..index] {
            earlier.superseded = true;
        }
    }

    /// What each receiver that had opened a relay loses when `hit` takes sections back from relays, in the order of the agencies.
    pub(crate) fn stopped(&self, hit: impl Fn(&ModelRelay, usize) -> bool, cause: &'static str) -> Vec<ModelStop> {
        let loses = |relay: &ModelRelay| {
            let gone = |s: &usize| has(relay.sections, *s) && hit(relay, *s) && !self.taken_from(relay, *s);
            (0..6).filter(gone).fold(0, |bits, s| bits | 1 << s)
        };
        // When the relay was cancelled or the sheet voided, the receiver was asked already, and is not asked again.
        let opened = |agency: usize| self.relays.iter().filter(move |r| r.to == agency && r.opened && !r.asked);
        let all = (0..NAMES.len()).map(|agency| (agency, opened(agency).fold(0, |bits, r| bits | loses(r)), cause));
        all.filter(|(_, bits, _)| *bits != 0).collect()
    }

    /// What the receiver of a relay sees by it, once opened.
    fn seen_by_receiver(&self, relay: &ModelRelay) -> Bits {
        let open = relay.opened && (relay.state == "received" || TAKEN.contains(&relay.state));
        if open && self.standing != "voided" { self.live_bits(relay) } else { 0 }
    }

    /// Why the receiver may not use a section that it has seen; none while it may. None also when the deed that took it back says so
    /// itself, and when it has run out, which is said on the day after.
    fn recalled(&self, relay: &ModelRelay, section: usize) -> Option<&'static str> {
        if self.standing == "voided" {
            Some("voided")
        } else if relay.state == "cancelled" {
            Some("cancelled")
        } else if relay.state == "halted" {
            relay.under().is_none().then_some("unapproved")
        } else if !self.may_be_told(relay.to) {
            Some("agency_ended")
        } else if !has(relay.sections, section) || (section == 1 && self.secret) {
            Some("narrowed")
        } else if let Ground::Exception(exception) = relay.basis {
            (!self.stands(exception)).then_some("unapproved")
        } else {
            None
        }
    }

    /// Tells each receiver that had opened what has closed since `before` to stop, in the order of the causes and then of the agencies.
    /// Returns the agency for each notice.
    pub(crate) fn recall(&mut self, before: &Self, invalidates: bool) -> Vec<usize> {
        const CAUSES: [&str; 5] = ["unapproved", "narrowed", "cancelled", "agency_ended", "voided"];
        let mut lost = [[0; NAMES.len()]; CAUSES.len()];
        for index in 0..self.relays.len() {
            let relay = self.relays[index].clone();
            if !relay.opened {
                continue;
            }
            let earlier = before.relays.get(index);
            let known = relay.held | earlier.map_or(0, |earlier| before.seen_by_receiver(earlier));
            let (mut held, mut loses) = (self.seen_by_receiver(&relay), false);
            for section in (0..6).filter(|section| has(known, *section)) {
                // What this deed itself took back is told with the deed.
                let just = self.taken_from(&relay, section) && !before.taken_from(&relay, section);
                if let Some(cause) = self.recalled(&relay, section).filter(|_| !just) {
                    let place = CAUSES.iter().position(|it| *it == cause).unwrap();
                    lost[place][relay.to] |= 1 << section;
                    loses = true;
                    self.relays[index].asked |= ["cancelled", "voided"].contains(&cause);
                } else {
                    // What had run out is told on its day. What an invalid consent had prolonged is told with the invalidity.
                    let was_open = earlier.is_some_and(|it| before.live(it, section));
                    let told = invalidates && was_open && !self.live(&relay, section);
                    held |= u8::from(!told && !self.taken_from(&relay, section)) << section;
                }
            }
            let moved = earlier.is_none_or(|earlier| earlier.revision != relay.revision);
            self.relays[index].held = held;
            self.relays[index].revision += u32::from(loses && !moved);
        }
        let mut told = Vec::new();
        for (cause, of_agency) in CAUSES.iter().zip(lost) {
            for (agency, bits) in of_agency.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
                self.stops.push((agency, bits, cause));
                told.push(agency);
            }
        }
        told
    }

    /// A report in words is itself a disclosure: by the consent under which the relay went, or by the one in force.
    pub(crate) fn words_allowed(&self, relay: &ModelRelay) -> bool {
        let asked = || (0..6).filter(|s| has(relay.sections, *s));
        let to = relay.to;
        let then = relay.under().map(|consent| &self.consents[consent]);
        let still = then.is_some_and(|then| then.given.report_back && then.until >= self.today)
            && asked().any(|s| !self.taken_from(relay, s));
        still
            || self
                .judged()
                .is_some_and(|now| self.consents[now].given.report_back && asked().any(|s| self.lets_see(now, to, s)))
    }

    pub(crate) fn parent(&self, agency: usize, parent: &Parent) -> Option<usize> {
        match parent {
            Parent::None => None,
            Parent::Relay(r) => Some(usize::from(*r)),
            Parent::Natural if agency == ORIGIN => None,
            Parent::Natural => self.relays.iter().rposition(|r| r.to == agency && TAKEN.contains(&r.state)),
        }
    }

    pub(crate) fn chain_length(&self, relay: usize) -> u32 {
        self.relays[relay].parent.map_or(1, |parent| 1 + self.chain_length(parent))
    }

    /// The step with its numbers resolved to things that exist: any of them, or (`fitting`) one that may be in a state for the step.
    pub(crate) fn resolve(&self, deed: &Deed, fitting: bool) -> Deed {
        let mut deed = deed.clone();
        let fits: &[&str] = match deed {
            Deed::Receive(_) => &["sent"],
            Deed::Accept(_) | Deed::Decline { .. } | Deed::Return(_) => &["sent", "received"],
            Deed::Resend(_) => &["returned"],
            Deed::Cancel(_) | Deed::Remind(_) => &WAITING,
            Deed::Report { .. } | Deed::HandBack(_) => &["accepted"],
            Deed::Amend { .. } => &["sent", "received", "accepted", "reported"],
            Deed::Confirm(_) => &["reported", "accepted"],
            _ => &[],
        };
        let choose = |index: usize, count: usize, fit: &dyn Fn(usize) -> bool| {
            let mut there: Vec<usize> = (0..count).filter(|i| fitting && fit(*i)).collect();
            if there.is_empty() {
                there = (0..count).collect();
            }
            index.checked_rem(there.len()).map_or(index, |found| there[found])
        };
        let pick = |index: &mut u8, count: usize, fit: &dyn Fn(usize) -> bool| {
            *index = u8::try_from(choose(usize::from(*index), count, fit)).unwrap();
        };
        let (relays, consents, exceptions) = (self.relays.len(), self.consents.len(), self.exceptions.len());
        if let Deed::Amend { relay, .. } = &mut deed {
            pick(relay, relays, &|r| fits.contains(&self.relays[r].state));
        }
        match &mut deed {
            Deed::Receive(relay)
            | Deed::Accept(relay)
            | Deed::Decline { relay, .. }
            | Deed::Return(relay)
            | Deed::Resend(relay)
            | Deed::Cancel(relay)
            | Deed::Report { relay, .. }
            | Deed::Confirm(relay)
            | Deed::HandBack(relay)
            | Deed::Remind(relay) => pick(relay, relays, &|r| fits.contains(&self.relays[r].state)),
            Deed::AnswerOffer { relay, .. } => pick(relay, relays, &|r| self.relays[r].hand_back == "offered"),
            Deed::Witness { consent, .. } => pick(consent, consents, &|c| self.consents[c].witness == "awaited"),
            Deed::Send { basis: Some(Ground::Consent(consent)), .. }
            | Deed::Amend { basis: Some(Ground::Consent(consent)), .. } => {
                *consent = choose(*consent, consents, &|_| true);
            }
            Deed::Send { basis: Some(Ground::Exception(exception)), to, sections, .. } => {
                *exception = choose(*exception, exceptions, &|e| self.exceptions[e].may_be_used());
                // What was asked for, in most cases.
                if let Some(asked) = self.exceptions.get(*exception).filter(|_| fitting) {
                    (*to, *sections) = (u8::try_from(asked.to).unwrap(), asked.sections);
                }
            }
            Deed::Decide { exception, decision } => {
                pick(exception, exceptions, &|e| self.exceptions[e].decided(*decision).is_some());
            }
            Deed::Expire(exception) => pick(exception, exceptions, &|e| self.exceptions[e].is_late(self.today)),
            Deed::Withdraw { consent, .. } | Deed::Invalidate(consent) => {
                pick(consent, consents, &|c| self.consent_state(c) == "effective")
            }
            _ => {}
        }
        deed
    }

    /// The person whose turn it is, so that most steps of a story do something.
    pub(crate) fn right_person(&self, deed: &Deed, dice: usize) -> usize {
        let inside: Vec<usize> = (0..5).filter(|a| self.takes_part(*a)).collect();
        let relay = |r: &u8| self.relays.get(usize::from(*r));
        let agency = match deed {
            Deed::Receive(r)
            | Deed::Accept(r)
            | Deed::Return(r)
            | Deed::HandBack(r)
            | Deed::Report { relay: r, .. }
            | Deed::Decline { relay: r, .. } => relay(r).map_or(1, |r| r.to),
            Deed::Resend(r)
            | Deed::Cancel(r)
            | Deed::Confirm(r)
            | Deed::Amend { relay: r, .. }
            | Deed::AnswerOffer { relay: r, .. } => relay(r).map_or(0, |r| r.from),
            Deed::Close | Deed::Reopen => self.holder,
            Deed::Send { basis: Some(Ground::Exception(exception)), .. } => {
                self.exceptions.get(*exception).map_or(ORIGIN, ModelException::agency)
            }
            // Its manager, in most cases another person than the one who asked.
            Deed::Decide { exception, .. } => {
                return self.exceptions.get(usize::from(*exception)).map_or(1, |it| it.agency() * 2 + 1);
            }
            Deed::Consent(_) | Deed::Send { .. } | Deed::Entry { .. } | Deed::Except { .. } => {
                inside[dice % inside.len()]
            }
            Deed::Witness { consent, .. } => {
                // A colleague of the recorder, or the named witness.
                return self
                    .consents
                    .get(usize::from(*consent))
                    .map_or(0, |c| c.given.witness.map_or(c.recorder ^ 1, usize::from));
            }
            // The agency's manager.
            Deed::Invalidate(_) => return inside[dice % inside.len()] * 2 + 1,
            Deed::Void => return 1,
            _ => ORIGIN,
        };
        agency * 2
    }
}
