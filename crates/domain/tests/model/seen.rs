//! What moves for which agency, and what is shown as it stood: the model's words for ETags and for `consent_narrowed`.

use crate::reference::{Looked, Model, ModelRelay, NAMES, ORIGIN, TAKEN, WAITING, has};
use crate::story::{Bits, Ground};
use std::collections::BTreeMap;

/// Numbers above the reasons why a section is not shown: the section is shown as it stood when the version at this place (the number less
/// `FROZEN`) began to count.
const FROZEN: u8 = 100;

/// What an agency sees of a relay apart from the words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RelaySight {
    state: &'static str,
    told: (Bits, Ground, i32, bool, &'static str),
    reports: (usize, bool),
    looked: (Looked, u32),
    withheld: Withheld,
    words: bool,
    voided: bool,
    invalid: bool,
    corrections: u32,
    way: Option<Way>,
}

/// For each section, the number of the reason why it is not shown, or not as it stands now.
type Withheld = [Option<u8>; 6];
type Way = Vec<(usize, usize, &'static str, usize, Option<bool>)>;

/// What an agency sees of a sheet apart from the words.
#[derive(Clone, PartialEq)]
pub(crate) struct Sight {
    state: &'static str,
    holder: usize,
    withheld: Withheld,
    consent: Option<&'static str>,
    /// Whether it moved without consent, as far as the agency may know.
    without: bool,
    onward: Option<usize>,
    way: Option<Way>,
}

impl Model {
    /// Whether a version replaces those before it as the person's word.
    fn counts(&self, consent: usize) -> bool {
        let it = &self.consents[consent];
        it.counted.is_some() && !it.invalid
    }

    /// Whether a version covers the agency and the section, on any day.
    fn tells(&self, consent: usize, agency: usize, section: usize) -> bool {
        self.grants(consent)
            && has(self.consents[consent].given.sections, section)
            && self.covers(consent, agency)
            && !self.barred(consent, agency)
            && !self.taken_back(consent, agency, section)
    }

    /// The same, or that the section is shown as it stood: since the first version that says no after the last one that says yes.
    pub(crate) fn not_now(&self, relay: &ModelRelay, section: usize) -> Option<u8> {
        // What was told without consent does not depend on one.
        let first_later = relay.under().map_or(self.consents.len(), |consent| consent + 1);
        let later = (first_later..self.consents.len()).filter(|it| self.counts(*it));
        let says_no = |it: usize| !self.tells(it, relay.to, section);
        let since = later.fold(None, |since: Option<usize>, it| if says_no(it) { since.or(Some(it)) } else { None });
        self.why_not(relay, section).or_else(|| since.map(|it| FROZEN + u8::try_from(it).unwrap()))
    }

    /// The same for the sheet, for an agency that works on it.
    fn withheld(&self, agency: usize) -> Withheld {
        let taken = || self.relays.iter().filter(|r| r.to == agency && TAKEN.contains(&r.state));
        std::array::from_fn(|section| {
            let reasons = || taken().map(|relay| self.not_now(relay, section));
            if reasons().any(|reason| reason.is_none()) { None } else { Some(reasons().flatten().max().unwrap_or(0)) }
        })
    }

    /// What an agency sees of the sheet as it stands now.
    pub(crate) fn sees_now(&self, agency: usize) -> Bits {
        let now = |withheld: Withheld| (0..6).filter(|s| withheld[*s].is_none()).fold(0, |bits, s| bits | 1 << s);
        if agency == ORIGIN { self.sees(agency) } else { self.sees(agency) & now(self.withheld(agency)) }
    }

    /// The revision of the content in which an agency sees a section of the sheet.
    pub(crate) fn shown_revision(&self, agency: usize, section: usize) -> u32 {
        let counted = self.shown_since(agency, section).and_then(|version| self.consents[version].counted);
        counted.unwrap_or(self.content_revision)
    }

    /// The version since which an agency sees a section of the sheet only as it stood.
    pub(crate) fn shown_since(&self, agency: usize, section: usize) -> Option<usize> {
        let since = self.withheld(agency)[section].filter(|it| agency != ORIGIN && *it >= FROZEN);
        since.map(|it| usize::from(it - FROZEN))
    }

    /// Keeps, with the last word, the agencies that still see more than it allows.
    fn note_still_told(&mut self) {
        let last = (0..self.consents.len()).rev().find(|it| self.counts(*it));
        let last = last.filter(|_| self.standing != "voided");
        let runs = |r: &&ModelRelay| WAITING.contains(&r.state) || TAKEN.contains(&r.state);
        let beyond = |r: &ModelRelay, it| (0..6).any(|s| self.live(r, s) && !self.tells(it, r.to, s));
        let told = |it| {
            let by_consent = self.relays.iter().filter(|r| r.under().is_some());
            let relays = by_consent.filter(runs).filter(|r| beyond(r, it));
            relays.fold(0, |bits: Bits, r| bits | 1 << r.to)
        };
        let told: Vec<Bits> = (0..self.consents.len()).map(|it| if last == Some(it) { told(it) } else { 0 }).collect();
        for (consent, told) in self.consents.iter_mut().zip(told) {
            consent.still_told = told;
        }
    }

    /// The same for a relay, for its sender or its receiver.
    fn withheld_of_relay(&self, relay: &ModelRelay, agency: usize) -> Withheld {
        std::array::from_fn(|section| {
            if self.standing == "voided" {
                return Some(8);
            }
            if agency == relay.from {
                return if has(relay.sections, section) { self.withheld(agency)[section] } else { Some(0) };
            }
            match relay.state {
                "sent" => Some(5),
                "halted" => Some(match relay.under() {
                    Some(consent) if self.consents[consent].invalid => 2,
                    Some(_) => 1,
                    None => 4,
                }),
                "received" => self.not_now(relay, section),
                state if TAKEN.contains(&state) => self.not_now(relay, section),
                _ => Some(6),
            }
        })
    }

    /// All relays but one, as a reader of the history sees them.
    fn way(&self, but: Option<usize>) -> Way {
        let others = self.relays.iter().enumerate().filter(|(index, _)| Some(*index) != but);
        others.map(|(_, r)| (r.from, r.to, r.state, r.reports, r.told)).collect()
    }

    fn sight(&self, agency: usize) -> Sight {
        let withheld = self.withheld(agency);
        Sight {
            state: self.state(),
            holder: self.holder,
            withheld,
            consent: self.judged().map(|index| self.consent_state(index)),
            without: self.without_consent(agency),
            onward: (0..self.relays.len())
                .rfind(|it| self.relays[*it].to == agency && TAKEN.contains(&self.relays[*it].state)),
            way: withheld[5].is_none().then(|| self.way(None)),
        }
    }

    fn sight_of_relay(&self, index: usize, agency: usize) -> RelaySight {
        let relay = &self.relays[index];
        let is_receiver = agency == relay.to && agency != relay.from;
        let withheld = self.withheld_of_relay(relay, agency);
        let voided = self.standing == "voided";
        let open = ["sent", "received"].contains(&relay.state) || TAKEN.contains(&relay.state);
        let words = !is_receiver || open && !voided && self.live_bits(relay) != 0;
        let all = (0..6).all(|s| !has(relay.sections, s) || withheld[s].is_none());
        let corrected = !voided && if is_receiver { words } else { all };
        RelaySight {
            state: relay.state,
            told: (relay.sections, relay.basis, relay.due, relay.opened, relay.hand_back),
            reports: (relay.reports, relay.unconfirmed),
            looked: (relay.looked, relay.carried),
            withheld,
            words,
            voided,
            invalid: relay.under().is_some_and(|consent| self.consents[consent].invalid),
            corrections: match relay.corrections {
                _ if !corrected => 0,
                many if self.stands_still => many.min(1),
                many => many,
            },
            way: withheld[5].is_none().then(|| self.way(Some(index))),
        }
    }

    /// Moves relays and sheet for each agency that sees a change since they last moved; `corrects` are the sections whose words have
    /// changed.
    pub(crate) fn note_seen(&mut self, before: &Self, corrects: Bits) {
        self.note_still_told();
        for index in 0..self.relays.len() {
            let parties = [self.relays[index].from, self.relays[index].to].into_iter().filter(|it| *it != ORIGIN);
            let now: BTreeMap<usize, RelaySight> = parties.map(|it| (it, self.sight_of_relay(index, it))).collect();
            let relay = &mut self.relays[index];
            let moved = |it: &(usize, RelaySight)| relay.seen.get(&it.0).is_none_or(|(_, known)| *known != it.1);
            let moved: Vec<_> = now.into_iter().filter(moved).collect();
            if !moved.is_empty() && before.relays.get(index).is_some_and(|it| it.revision == relay.revision) {
                relay.revision += 1;
            }
            let revision = relay.revision;
            relay.seen.extend(moved.into_iter().map(|(it, sight)| (it, (revision, sight))));
        }
        let reads = |model: &Self, agency: usize| agency != ORIGIN && model.takes_part(agency);
        let thawed = |agency: usize| {
            let frozen = |s: &usize| before.withheld(agency)[*s].is_some_and(|it| it >= FROZEN);
            reads(before, agency) && (0..6).filter(frozen).any(|s| self.withheld(agency)[s].is_none())
        };
        let words =
            |agency: usize| self.seen[agency].2.is_none() || thawed(agency) || self.sees_now(agency) & corrects != 0;
        let readers = (0..NAMES.len()).filter(|agency| reads(self, *agency));
        let now = readers.map(|agency| (agency, words(agency), self.sight(agency)));
        let moved: Vec<_> = now.filter(|(a, words, now)| *words || self.seen[*a].2.as_ref() != Some(now)).collect();
        if !moved.is_empty() && self.revision == before.revision {
            self.revision += 1;
        }
        for (agency, words, sight) in moved {
            let content = if words { self.content_revision } else { self.seen[agency].1 };
            self.seen[agency] = (self.revision, content, Some(sight));
        }
    }

    /// The revision of the sheet, and that of its content, that an agency is told.
    pub(crate) fn revisions(&self, agency: usize) -> (u32, u32) {
        let (revision, content_revision, _) = self.seen[agency];
        if agency == ORIGIN { (self.revision, self.content_revision) } else { (revision, content_revision) }
    }

    /// The revision of a relay that an agency is told.
    pub(crate) fn relay_revision(&self, relay: usize, agency: usize) -> u32 {
        let relay = &self.relays[relay];
        relay.seen.get(&agency).map_or(relay.revision, |(revision, _)| *revision)
    }
}
