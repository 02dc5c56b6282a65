//! Random sequences of all moves by random people, against a small model in plain data that knows api.md and none of the domain's code.
//!
//! After every step the two must agree on everything that somebody can notice: whether the move was allowed, states, holder, revisions,
//! who sees which sections, who was told what, what the audit trail says, and what storage is asked to write.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "this is a test"
)]

use domain::agency::{Actor, Agency, Agreement, Principal};
use domain::audit::{EventDraft, Head, Verifier, chain};
use domain::case::{Case, Changes, Move, Outcome, Refusal, RelayRequest, SheetInput, WithdrawalRequest};
use domain::codes::{
    AddressSecret, AgencyClass, AllowOnward, Channel, ConsentMethod, Decision, DeclineReason, EntryMethod, GivenByKind,
    Handover, IdentityCheck, Purpose, ReportResult, Role, Route, Urgency, WithdrawalMethod, WithdrawnBy,
};
use domain::consent::{CommitKey, GivenBy, Recipients, Terms};
use domain::content::{Content, Section, Sections};
use domain::ids::{
    AgencyId, ConsentId, EntryId, EventId, MunicipalityId, PostId, RelayId, SessionId, SheetId, StaffId, WithdrawalId,
};
use domain::permit::{Operation, Permit, permit};
use domain::personal::{Personal, Revealed};
use domain::sheet::{Document, Entry, Reception, SheetNumber};
use domain::time::{Day, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

// ---------------------------------------------------------------------------------------------------------------------------------
// The steps: what a test case consists of, in small numbers, so that a failure can be read.

/// Sets of agencies and of sections, one bit each.
type Bits = u8;

/// Who does it: the one whose turn it is, or whoever (agency × 2 + member of staff; the second one is the manager).
#[derive(Debug, Clone, Copy)]
enum Who {
    Right,
    Any(u8),
}

#[derive(Debug, Clone, Copy)]
enum Said {
    Granted,
    Partial,
    Refused,
    Pending,
}

#[derive(Debug, Clone, Copy)]
enum Onward {
    No,
    Named,
    Classes,
}

#[derive(Debug, Clone)]
struct Given {
    said: Said,
    oral: bool,
    proxy: bool,
    witness: Option<u8>,
    checked: bool,
    sections: Bits,
    agencies: Bits,
    /// 1 ward, 2 npo.
    classes: Bits,
    excluded: Bits,
    onward: Onward,
    report_back: bool,
    starts_in: i32,
    lasts: i32,
}

#[derive(Debug, Clone)]
enum Parent {
    Natural,
    None,
    Relay(u8),
}

#[derive(Debug, Clone)]
enum Deed {
    Revise {
        register: bool,
        whole: bool,
        secret: bool,
    },
    Discard,
    Consent(Given),
    Witness {
        consent: u8,
        heard: bool,
    },
    Withdraw {
        consent: u8,
        agencies: Bits,
        sections: Bits,
    },
    Send {
        to: u8,
        sections: Bits,
        consent: Option<u8>,
        parent: Parent,
        urgency: u8,
        due_in: Option<i32>,
    },
    Receive(u8),
    Accept(u8),
    Decline {
        relay: u8,
        not_ours: bool,
        better: Option<u8>,
    },
    Return(u8),
    Resend(u8),
    Cancel(u8),
    Report {
        relay: u8,
        text: bool,
    },
    Confirm(u8),
    Close,
    Reopen,
    Void,
    Entry {
        section: u8,
        future: bool,
    },
    Days(i32),
    Remind(u8),
}

#[derive(Debug, Clone)]
struct Step {
    who: Who,
    deed: Deed,
}

#[derive(Debug, Clone)]
struct Story {
    draft: bool,
    secret: bool,
    steps: Vec<Step>,
}

const ALL: Bits = 0b11_1111;

fn sections_bits() -> impl Strategy<Value = Bits> {
    prop_oneof![3 => Just(ALL), 2 => 0..=ALL]
}

fn given() -> impl Strategy<Value = Given> {
    let said = prop_oneof![
        6 => Just(Said::Granted), 2 => Just(Said::Partial), 1 => Just(Said::Refused), 1 => Just(Said::Pending)
    ];
    let how = (
        said,
        prop::bool::weighted(0.25),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.2, 0..10_u8),
        prop::bool::weighted(0.9),
    );
    let whom = (
        sections_bits(),
        prop_oneof![3 => Just(0b1_1111), 2 => 0..0b10_0000_u8],
        0..4_u8,
        prop_oneof![4 => Just(0), 1 => 0..0b10_0000_u8],
    );
    let onward = prop_oneof![Just(Onward::No), Just(Onward::Named), Just(Onward::Classes)];
    let until = (
        onward,
        any::<bool>(),
        prop_oneof![5 => Just(0), 1 => -1..4_i32],
        prop_oneof![3 => 10..60_i32, 1 => -1..6_i32],
    );
    (how, whom, until).prop_map(|(how, whom, until)| Given {
        said: how.0,
        oral: how.1,
        proxy: how.2,
        witness: how.3,
        checked: how.4,
        sections: whom.0,
        agencies: whom.1,
        classes: whom.2,
        excluded: whom.3,
        onward: until.0,
        report_back: until.1,
        starts_in: until.2,
        lasts: until.3,
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let relay = 0..8_u8;
    let send = (
        0..5_u8,
        prop_oneof![2 => Just(0b1001), 3 => 0..=ALL],
        prop::option::weighted(0.3, 0..6_u8),
        prop_oneof![6 => Just(Parent::Natural), 1 => Just(Parent::None), 1 => (0..6_u8).prop_map(Parent::Relay)],
        0..3_u8,
        prop::option::weighted(0.15, -1..5_i32),
    );
    let rarely_all = |all: Bits| prop_oneof![2 => Just(0), 3 => 0..=all];
    prop_oneof![
        3 => (any::<bool>(), prop::bool::weighted(0.8), prop::bool::weighted(0.3))
            .prop_map(|(register, whole, secret)| Deed::Revise { register, whole, secret }),
        1 => Just(Deed::Discard),
        10 => given().prop_map(Deed::Consent),
        4 => (0..6_u8, prop::bool::weighted(0.7)).prop_map(|(consent, heard)| Deed::Witness { consent, heard }),
        3 => (0..6_u8, rarely_all(0b1_1111), rarely_all(ALL))
            .prop_map(|(consent, agencies, sections)| Deed::Withdraw { consent, agencies, sections }),
        20 => send.prop_map(|(to, sections, consent, parent, urgency, due_in)| Deed::Send {
            to, sections, consent, parent, urgency, due_in
        }),
        6 => relay.clone().prop_map(Deed::Receive),
        14 => relay.clone().prop_map(Deed::Accept),
        4 => (relay.clone(), any::<bool>(), prop::option::of(0..5_u8))
            .prop_map(|(relay, not_ours, better)| Deed::Decline { relay, not_ours, better }),
        4 => relay.clone().prop_map(Deed::Return),
        4 => relay.clone().prop_map(Deed::Resend),
        3 => relay.clone().prop_map(Deed::Cancel),
        7 => (relay.clone(), any::<bool>()).prop_map(|(relay, text)| Deed::Report { relay, text }),
        5 => relay.clone().prop_map(Deed::Confirm),
        3 => Just(Deed::Close),
        3 => Just(Deed::Reopen),
        1 => Just(Deed::Void),
        2 => (0..6_u8, prop::bool::weighted(0.1)).prop_map(|(section, future)| Deed::Entry { section, future }),
        6 => (1..9_i32).prop_map(Deed::Days),
        4 => relay.prop_map(Deed::Remind),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    let who = prop_oneof![5 => Just(Who::Right), 1 => (0..10_u8).prop_map(Who::Any)];
    let step = (who, deed()).prop_map(|(who, deed)| Step { who, deed });
    (
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
        prop::collection::vec(step, 1..60),
    )
        .prop_map(|(draft, secret, steps)| Story { draft, secret, steps })
}

// ---------------------------------------------------------------------------------------------------------------------------------
// The model.

const ORIGIN: usize = 0;
/// A and B are wards, C an NPO whose agreement ends on day 40, D a ward that ends on day 60, E a hospital without an agreement.
const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];
const CLASS: [Bits; 5] = [1, 1, 2, 1, 0];

#[derive(Clone)]
struct ModelConsent {
    given: Given,
    from: i32,
    until: i32,
    recorder: usize,
    witness: &'static str,
    superseded: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct ModelRelay {
    state: &'static str,
    from: usize,
    to: usize,
    parent: Option<usize>,
    hop: u32,
    sections: Bits,
    consent: usize,
    revision: u32,
    due: i32,
    urgency: u8,
    opened: bool,
    reminded: bool,
}

#[derive(Clone)]
struct Model {
    standing: &'static str,
    numbered: bool,
    secret: bool,
    revision: u32,
    content_revision: u32,
    holder: usize,
    consents: Vec<ModelConsent>,
    relays: Vec<ModelRelay>,
    /// The place of the consent in the line at which it was aimed, agencies, sections (0 = all).
    withdrawals: Vec<(usize, Bits, Bits)>,
    today: i32,
}

/// What a step comes to, in the model's words.
#[derive(Debug, PartialEq)]
enum Expected {
    Done {
        events: Vec<&'static str>,
        told: BTreeSet<(&'static str, usize)>,
    },
    Refused,
    NoBasis(Vec<&'static str>),
}

fn done<const E: usize>(events: [&'static str; E], told: &[(&'static str, usize)]) -> Expected {
    Expected::Done {
        events: events.to_vec(),
        told: told.iter().copied().collect(),
    }
}

/// Day 0 is Friday 2026-11-20; the table reaches to 2027-03-20.
fn closed_day(day: i32) -> bool {
    day.rem_euclid(7) == 1
        || day.rem_euclid(7) == 2
        || day == 3
        || (39..=44).contains(&day)
        || [52, 83, 95].contains(&day)
}

fn due(today: i32, urgency: u8) -> i32 {
    let mut left = [0, 3, 10][usize::from(urgency)];
    let mut day = today;
    while left > 0 || closed_day(day) {
        day += 1;
        if left > 0 && !closed_day(day) {
            left -= 1;
        }
    }
    day
}

const WAITING: [&str; 3] = ["sent", "received", "returned"];
const TAKEN: [&str; 3] = ["accepted", "reported", "closed"];
const OVER: [&str; 4] = ["declined", "cancelled", "halted", "closed"];

fn has(set: Bits, index: usize) -> bool {
    set & (1 << index) != 0
}

impl Model {
    fn grants(&self, consent: usize) -> bool {
        matches!(self.consents[consent].given.said, Said::Granted | Said::Partial)
    }

    fn taken_back_whole(&self, consent: usize) -> bool {
        self.grants(consent) && self.withdrawals.iter().any(|w| w.0 >= consent && w.1 == 0 && w.2 == 0)
    }

    fn taken_back(&self, consent: usize, agency: usize, section: usize) -> bool {
        self.grants(consent)
            && self
                .withdrawals
                .iter()
                .any(|w| w.0 >= consent && (w.1 == 0 || has(w.1, agency)) && (w.2 == 0 || has(w.2, section)))
    }

    fn consent_state(&self, index: usize) -> &'static str {
        let consent = &self.consents[index];
        let witnessed = ["none", "heard"].contains(&consent.witness);
        match consent.given.said {
            _ if self.taken_back_whole(index) => "withdrawn",
            _ if consent.superseded => "superseded",
            Said::Refused => "refused",
            Said::Pending => "pending",
            _ if !witnessed => "pending",
            _ if consent.until < self.today => "expired",
            _ => "effective",
        }
    }

    /// The consent in force, else the newest.
    fn judged(&self) -> Option<usize> {
        (0..self.consents.len())
            .find(|c| self.consent_state(*c) == "effective")
            .or(self.consents.len().checked_sub(1))
    }

    fn state(&self) -> &'static str {
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

    fn takes_part(&self, agency: usize) -> bool {
        agency == ORIGIN
            || (!["draft", "voided"].contains(&self.standing)
                && self.relays.iter().any(|r| r.to == agency && TAKEN.contains(&r.state)))
    }

    fn covers(&self, consent: usize, agency: usize) -> bool {
        let given = &self.consents[consent].given;
        has(given.agencies, agency) || given.classes & CLASS[agency] != 0
    }

    /// Whether the receiver of a relay may still see a section of it.
    fn live(&self, relay: &ModelRelay, section: usize) -> bool {
        let (to, consent) = (relay.to, relay.consent);
        if !has(relay.sections, section) || (section == 1 && self.secret) || self.taken_back(consent, to, section) {
            return false;
        }
        // Run out, unless what is in force now says the same of this recipient.
        self.consents[consent].until >= self.today
            || self.judged().is_some_and(|now| {
                let c = &self.consents[now];
                self.consent_state(now) == "effective"
                    && c.from <= self.today
                    && has(c.given.sections, section)
                    && self.covers(now, to)
                    && !has(c.given.excluded, to)
                    && !self.taken_back(now, to, section)
            })
    }

    /// What an agency sees of the sheet.
    fn sees(&self, agency: usize) -> Bits {
        if self.standing == "voided" {
            return 0;
        }
        if agency == ORIGIN {
            return ALL;
        }
        let taken = self
            .relays
            .iter()
            .filter(|r| r.to == agency && TAKEN.contains(&r.state));
        taken.fold(0, |seen, relay| seen | self.live_bits(relay))
    }

    fn live_bits(&self, relay: &ModelRelay) -> Bits {
        (0..6).filter(|s| self.live(relay, *s)).fold(0, |bits, s| bits | 1 << s)
    }

    /// What an agency sees of a relay.
    fn sees_of_relay(&self, relay: &ModelRelay, agency: usize) -> Bits {
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

    /// The clauses of api.md that fail, in its order.
    fn failing(&self, from: usize, to: usize, sections: Bits, consent: Option<usize>) -> Vec<&'static str> {
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
        let beyond = sections & !c.given.sections != 0 || sections & !self.sees(from) != 0;
        let back = self.taken_back_whole(index) || asked.iter().any(|s| self.taken_back(index, to, *s));
        let list = [
            ("refused", matches!(c.given.said, Said::Refused)),
            ("pending", matches!(c.given.said, Said::Pending)),
            ("withdrawn", back),
            ("superseded", c.superseded),
            ("expired", c.until < self.today),
            ("not_yet_effective", c.from > self.today),
            ("identity_unchecked", grants && !c.given.checked),
            ("witness_missing", grants && !["none", "heard"].contains(&c.witness)),
            ("recipient_not_covered", grants && !self.covers(index, to)),
            ("recipient_excluded", has(c.given.excluded, to)),
            ("section_not_covered", grants && beyond),
            ("onward_not_allowed", grants && !onward_fine),
            ("address_secret", self.secret && has(sections, 1)),
            ("recipient_inactive", to == 3 && self.today > 60),
            ("agreement_missing", to == 4 || (to == 2 && self.today > 40)),
            ("own_agency", to == from),
        ];
        list.into_iter()
            .filter(|(_, fails)| *fails)
            .map(|(clause, _)| clause)
            .collect()
    }

    fn supersede_before(&mut self, index: usize) {
        for earlier in &mut self.consents[..index] {
            earlier.superseded = true;
        }
    }

    /// Plays a step; the model changes only when it comes to [`Expected::Done`].
    fn play(&mut self, person: usize, deed: &Deed) -> Expected {
        use Expected::{NoBasis, Refused};
        let agency = person / 2;
        let before = (self.state(), self.holder);
        let mut content = false;
        let relay_at = |relay: &u8, model: &Self| Some(usize::from(*relay)).filter(|r| *r < model.relays.len());
        let consent_at = |consent: &u8, model: &Self| Some(usize::from(*consent)).filter(|c| *c < model.consents.len());
        let open = self.standing == "open";
        let outcome = match deed {
            Deed::Days(_) => return Refused,
            Deed::Revise {
                register,
                whole,
                secret,
            } => {
                let draft = self.standing == "draft";
                let needed = !draft || *register;
                if agency != ORIGIN || !(draft || open) || (needed && !whole) {
                    return Refused;
                }
                self.secret = *secret;
                content = true;
                if draft && *register {
                    (self.standing, self.numbered) = ("open", true);
                    done(["sheet.revised", "sheet.registered"], &[])
                } else {
                    done(["sheet.revised"], &[])
                }
            }
            Deed::Discard => {
                if agency != ORIGIN || self.standing != "draft" {
                    return Refused;
                }
                done(["sheet.discarded"], &[])
            }
            Deed::Consent(given) => {
                let grants = matches!(given.said, Said::Granted | Said::Partial);
                let empty = given.sections == 0 || (given.agencies == 0 && given.classes == 0);
                let same = given.witness.map(usize::from) == Some(person);
                let until = self.today + given.starts_in + given.lasts;
                let from = self.today + given.starts_in;
                if !self.takes_part(agency) || !open || same || (grants && empty) || until < from {
                    return Refused;
                }
                let needs = grants && (given.oral || given.proxy);
                self.consents.push(ModelConsent {
                    given: given.clone(),
                    from,
                    until,
                    recorder: person,
                    witness: if needs { "awaited" } else { "none" },
                    superseded: false,
                });
                if !needs && !matches!(given.said, Said::Pending) {
                    self.supersede_before(self.consents.len() - 1);
                }
                done(["consent.given"], &[])
            }
            Deed::Witness { consent, heard } => {
                let Some(index) = consent_at(consent, self) else {
                    return Refused;
                };
                let c = &self.consents[index];
                let named = c.given.witness.map(usize::from).is_none_or(|w| w == person);
                let touched = self.withdrawals.iter().any(|w| w.0 >= index);
                let waits = c.witness == "awaited" && !c.superseded && !touched;
                if !self.takes_part(agency) || !open || !waits || c.recorder == person || !named {
                    return Refused;
                }
                self.consents[index].witness = if *heard { "heard" } else { "denied" };
                if *heard {
                    self.supersede_before(index);
                }
                done(["consent.witnessed"], &[])
            }
            Deed::Withdraw {
                consent,
                agencies,
                sections,
            } => {
                let Some(index) = consent_at(consent, self) else {
                    return Refused;
                };
                if !self.takes_part(agency) || !self.grants(index) || self.taken_back_whole(index) {
                    return Refused;
                }
                self.withdrawals.push((index, *agencies, *sections));
                let (mut events, mut told) = (vec!["consent.withdrawn"], BTreeSet::new());
                for i in 0..self.relays.len() {
                    let relay = self.relays[i].clone();
                    let asked = || (0..6).filter(|s| has(relay.sections, *s));
                    let hit = relay.consent <= index
                        && (*agencies == 0 || has(*agencies, relay.to))
                        && (*sections == 0 || relay.sections & *sections != 0);
                    if !hit {
                        continue;
                    }
                    if relay.opened || !OVER.contains(&relay.state) {
                        told.insert(("consent_withdrawn", relay.to));
                    }
                    let all = asked().all(|s| self.taken_back(relay.consent, relay.to, s));
                    if all && WAITING.contains(&relay.state) {
                        self.relays[i].state = "halted";
                        self.relays[i].revision += 1;
                        events.push("relay.halted");
                    }
                }
                Expected::Done { events, told }
            }
            Deed::Send {
                to,
                sections,
                consent,
                parent,
                urgency,
                due_in,
            } => {
                let to = usize::from(*to);
                let sections = if *sections == 0 { 1 } else { *sections };
                if !self.takes_part(agency) || !open {
                    return Refused;
                }
                let parent = self.parent(agency, parent);
                let parent_fine = match parent {
                    None => agency == ORIGIN,
                    Some(p) => self
                        .relays
                        .get(p)
                        .is_some_and(|r| r.to == agency && TAKEN.contains(&r.state)),
                };
                if !parent_fine {
                    return Refused;
                }
                let consent = match consent {
                    None => self.judged(),
                    Some(c) => match consent_at(c, self) {
                        Some(c) => Some(c),
                        None => return Refused,
                    },
                };
                let failing = self.failing(agency, to, sections, consent);
                if !failing.is_empty() {
                    return NoBasis(failing);
                }
                let due = due_in.map_or_else(|| due(self.today, *urgency), |days| self.today + days);
                if due < self.today {
                    return Refused;
                }
                self.relays.push(ModelRelay {
                    state: "sent",
                    from: agency,
                    to,
                    parent,
                    hop: 0,
                    sections,
                    consent: consent.unwrap(),
                    revision: 1,
                    due,
                    urgency: *urgency,
                    opened: false,
                    reminded: false,
                });
                let last = self.relays.len() - 1;
                self.relays[last].hop = self.chain_length(last);
                done(["relay.sent"], &[("relay_sent", to)])
            }
            Deed::Remind(relay) => {
                let Some(i) = relay_at(relay, self) else { return Refused };
                let today = self.today;
                let relay = &mut self.relays[i];
                if !WAITING.contains(&relay.state) || relay.due >= today || relay.reminded {
                    return Refused;
                }
                relay.reminded = true;
                let waits_for = if relay.state == "returned" {
                    relay.from
                } else {
                    relay.to
                };
                done(["relay.overdue"], &[("relay_overdue", waits_for)])
            }
            Deed::Close | Deed::Reopen => {
                let closing = matches!(deed, Deed::Close);
                let fits = if closing {
                    open && self.relays.iter().all(|r| OVER.contains(&r.state))
                } else {
                    self.standing == "closed"
                };
                if agency != self.holder || !self.takes_part(agency) || !fits {
                    return Refused;
                }
                self.standing = if closing { "closed" } else { "open" };
                done([if closing { "sheet.closed" } else { "sheet.reopened" }], &[])
            }
            Deed::Void => {
                let manager = person % 2 == 1;
                if agency != ORIGIN || !manager || !["open", "closed"].contains(&self.standing) {
                    return Refused;
                }
                self.standing = "voided";
                Expected::Done {
                    events: vec!["sheet.voided"],
                    told: self.relays.iter().map(|r| ("sheet_voided", r.to)).collect(),
                }
            }
            Deed::Entry { section, future } => {
                if !self.takes_part(agency) || !open || *future || *section == 5 {
                    return Refused;
                }
                done(["entry.added"], &[])
            }
            Deed::Receive(relay)
            | Deed::Accept(relay)
            | Deed::Decline { relay, .. }
            | Deed::Return(relay)
            | Deed::Resend(relay)
            | Deed::Cancel(relay)
            | Deed::Report { relay, .. }
            | Deed::Confirm(relay) => {
                let Some(i) = relay_at(relay, self) else { return Refused };
                let now = self.relays[i].clone();
                let receivers = matches!(
                    deed,
                    Deed::Receive(_) | Deed::Accept(_) | Deed::Decline { .. } | Deed::Return(_) | Deed::Report { .. }
                );
                if agency != if receivers { now.to } else { now.from } || self.standing == "voided" {
                    return Refused;
                }
                let (allowed_in, next, event): (&[&str], _, _) = match deed {
                    Deed::Receive(_) => (&["sent"], "received", "relay.received"),
                    Deed::Accept(_) => (&["sent", "received"], "accepted", "relay.accepted"),
                    Deed::Decline { .. } => (&["sent", "received"], "declined", "relay.declined"),
                    Deed::Return(_) => (&["sent", "received"], "returned", "relay.returned"),
                    Deed::Resend(_) => (&["returned"], "sent", "relay.resent"),
                    Deed::Cancel(_) => (&WAITING, "cancelled", "relay.cancelled"),
                    Deed::Report { .. } => (&["accepted"], "reported", "relay.reported"),
                    _ => (&["reported"], "closed", "relay.closed"),
                };
                if !allowed_in.contains(&now.state) {
                    return Refused;
                }
                let mut told = None;
                match deed {
                    Deed::Decline {
                        not_ours: true,
                        better: None,
                        ..
                    } => return Refused,
                    Deed::Decline { .. } => told = Some(("relay_declined", now.from)),
                    Deed::Return(_) => told = Some(("relay_returned", now.from)),
                    Deed::Cancel(_) => told = Some(("relay_cancelled", now.to)),
                    Deed::Accept(_) => {
                        told = Some(("relay_accepted", now.from));
                        if self.holder == now.from {
                            self.holder = now.to;
                        }
                    }
                    Deed::Report { text, .. } => {
                        if *text && !self.words_allowed(&now) {
                            return NoBasis(vec!["report_back_not_allowed"]);
                        }
                        told = Some(("relay_reported", now.from));
                    }
                    Deed::Resend(_) => {
                        // Through the gate again; the sender must still be where it was.
                        let parent_fine = match now.parent {
                            None => now.from == ORIGIN,
                            Some(p) => TAKEN.contains(&self.relays[p].state),
                        };
                        if !self.takes_part(now.from) || !open || !parent_fine {
                            return Refused;
                        }
                        let basis = self.judged();
                        let failing = self.failing(now.from, now.to, now.sections, basis);
                        if !failing.is_empty() {
                            return NoBasis(failing);
                        }
                        let later = due(self.today, now.urgency).max(now.due);
                        let relay = &mut self.relays[i];
                        (relay.consent, relay.due, relay.reminded) = (basis.unwrap(), later, false);
                        told = Some(("relay_sent", now.to));
                    }
                    _ => {}
                }
                let relay = &mut self.relays[i];
                relay.state = next;
                relay.revision += 1;
                relay.opened |= ["received", "accepted"].contains(&next);
                done([event], told.as_slice())
            }
        };
        if content || before != (self.state(), self.holder) {
            self.revision += 1;
            if content {
                self.content_revision = self.revision;
            }
        }
        outcome
    }

    /// A report in words is itself a disclosure: by the consent under which the relay went, or by the one in force.
    fn words_allowed(&self, relay: &ModelRelay) -> bool {
        let still = |c: usize| {
            self.consents[c].given.report_back
                && (0..6).any(|s| has(relay.sections, s) && !self.taken_back(c, relay.to, s))
        };
        still(relay.consent)
            || self
                .judged()
                .is_some_and(|c| self.consent_state(c) == "effective" && still(c))
    }

    fn parent(&self, agency: usize, parent: &Parent) -> Option<usize> {
        match parent {
            Parent::None => None,
            Parent::Relay(r) => Some(usize::from(*r)),
            Parent::Natural if agency == ORIGIN => None,
            Parent::Natural => self
                .relays
                .iter()
                .rposition(|r| r.to == agency && TAKEN.contains(&r.state)),
        }
    }

    fn chain_length(&self, relay: usize) -> u32 {
        self.relays[relay]
            .parent
            .map_or(1, |parent| 1 + self.chain_length(parent))
    }

    /// Whose turn it is, so that most steps of a story are worth something.
    fn right_person(&self, deed: &Deed, dice: usize) -> usize {
        let inside: Vec<usize> = (0..5).filter(|a| self.takes_part(*a)).collect();
        let relay = |r: &u8| self.relays.get(usize::from(*r));
        let agency = match deed {
            Deed::Receive(r)
            | Deed::Accept(r)
            | Deed::Return(r)
            | Deed::Report { relay: r, .. }
            | Deed::Decline { relay: r, .. } => relay(r).map_or(1, |r| r.to),
            Deed::Resend(r) | Deed::Cancel(r) | Deed::Confirm(r) => relay(r).map_or(0, |r| r.from),
            Deed::Close | Deed::Reopen => self.holder,
            Deed::Consent(_) | Deed::Send { .. } | Deed::Entry { .. } => inside[dice % inside.len()],
            Deed::Witness { consent, .. } => {
                // A colleague of the recorder, or the one who was named.
                return self
                    .consents
                    .get(usize::from(*consent))
                    .map_or(0, |c| c.given.witness.map_or(c.recorder ^ 1, usize::from));
            }
            Deed::Void => return 1,
            _ => ORIGIN,
        };
        agency * 2
    }
}

// ---------------------------------------------------------------------------------------------------------------------------------
// The domain, driven by the same steps.

const SECTIONS: [Section; 6] = [
    Section::Identity,
    Section::Address,
    Section::Topics,
    Section::Statement,
    Section::Health,
    Section::History,
];
/// What is written wherever free text can be; no event may show it.
const WORDS: &str = "ひみつ";

fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + (kind << 32) + number as u128)
}

fn agency_id(index: usize) -> AgencyId {
    AgencyId(id(1, index))
}

fn staff_id(person: usize) -> StaffId {
    StaffId(id(2, person))
}

fn day(number: i32) -> Day {
    let first = jiff::civil::date(2026, 11, 20);
    Day(first.checked_add(jiff::Span::new().days(number)).unwrap())
}

fn sections(bits: Bits) -> Sections {
    (0..6).filter(|s| has(bits, *s)).map(|s| SECTIONS[s]).collect()
}

fn bits(sections: &Sections) -> Bits {
    (0..6)
        .filter(|s| sections.contains(&SECTIONS[*s]))
        .fold(0, |bits, s| bits | 1 << s)
}

fn agencies(bits: Bits) -> BTreeSet<AgencyId> {
    (0..5).filter(|a| has(bits, *a)).map(agency_id).collect()
}

fn directory() -> Vec<Agency> {
    let class = [
        AgencyClass::Ward,
        AgencyClass::Ward,
        AgencyClass::Npo,
        AgencyClass::Ward,
        AgencyClass::Medical,
    ];
    let agency = |index: usize| Agency {
        id: agency_id(index),
        municipality_id: MunicipalityId(id(0, 0)),
        class: class[index],
        active_from: day(-1000),
        active_until: (index == 3).then(|| day(60)),
        agreement: (index == 2).then(|| Agreement {
            number: "1".to_owned(),
            valid_from: day(-1000),
            valid_until: day(40),
        }),
    };
    (0..5).map(agency).collect()
}

fn content(whole: bool) -> Content {
    let mut content = json!({
        "identity": {"family_name": WORDS, "identity_level": "verified"}, "address": {"full": WORDS},
        "topics": {"codes": ["03"], "main": "03"}, "statement": {"subject_words": WORDS}, "health": {"note": WORDS},
    });
    if whole {
        content["risk"] = json!({"flags": []});
    }
    serde_json::from_value::<Value>(content)
        .and_then(|c| serde_json::from_str(&c.to_string()))
        .unwrap()
}

struct World {
    case: Case,
    content: Content,
    directory: Vec<Agency>,
    key: CommitKey,
    clock: i64,
    made: usize,
    head: Head,
    verifier: Verifier,
    lines: u64,
}

fn private(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

fn reception(secret: bool, at: Instant) -> Reception {
    Reception {
        received_at: Some(at),
        channel: Some(Channel::Visit),
        route: Some(Route::SelfVisit),
        urgency: Some(Urgency::Normal),
        address_secret: if secret {
            AddressSecret::DvMeasure
        } else {
            AddressSecret::None
        },
    }
}

const NUMBER: SheetNumber = SheetNumber {
    fiscal_year: 2026,
    serial: 1,
};

impl World {
    fn actor(&self, person: usize, today: i32) -> Actor {
        Actor {
            principal: Principal::Staff {
                staff_id: staff_id(person),
                session_id: SessionId(id(3, person)),
                post_id: PostId(id(4, person)),
                role: if person % 2 == 1 { Role::Manager } else { Role::Counter },
            },
            agency_id: agency_id(person / 2),
            municipality_id: MunicipalityId(id(0, 0)),
            at: Instant::at_midnight(day(today).0).plus_seconds(9 * 3600 + self.clock),
        }
    }

    fn next(&mut self, kind: u128) -> Uuid {
        self.made += 1;
        id(kind, self.made)
    }

    fn entry(&mut self, section: Section, actor: &Actor, occurred_at: Instant) -> Entry {
        Entry {
            id: EntryId(self.next(9)),
            sheet_id: self.case.sheet.id,
            agency_id: actor.agency_id,
            staff_id: actor.staff_id(),
            occurred_at,
            method: EntryMethod::Other,
            section,
            text: private(WORDS),
            recorded_at: actor.at,
        }
    }

    fn consent_id(&self, index: u8) -> ConsentId {
        self.case
            .consents
            .get(usize::from(index))
            .map_or(ConsentId(id(99, 0)), |c| c.id)
    }

    fn relay_id(&self, index: usize) -> RelayId {
        self.case.relays.get(index).map_or(RelayId(id(99, 1)), |r| r.id)
    }

    /// Plays a step as the service does: the permission first, then the transition. `None`: not permitted.
    fn play(&mut self, person: usize, today: i32, deed: &Deed, model: &Model) -> Option<Result<Outcome, Refusal>> {
        use Operation as O;
        let actor = self.actor(person, today);
        let case = self.case.clone();
        let relation = case.relation(actor.agency_id);
        let may = |operation, relation| permit(&actor.principal, operation, relation) == Permit::Allowed;
        let on_sheet = |operation| may(operation, relation);
        let agency = &self.directory[person / 2].clone();
        Some(match deed {
            Deed::Days(_) => return None,
            Deed::Revise {
                register,
                whole,
                secret,
            } => {
                if !on_sheet(O::ReviseSheet) {
                    return None;
                }
                let registers = *register && case.sheet.number.is_none();
                let input = SheetInput {
                    reception: reception(*secret, actor.at),
                    document: Document {
                        visitor: None,
                        content: content(*whole),
                    },
                };
                let done = case.revise(input, registers.then_some(NUMBER), &actor);
                if done.is_ok() {
                    self.content = content(*whole);
                }
                done
            }
            Deed::Discard => {
                if !on_sheet(O::DiscardSheet) {
                    return None;
                }
                case.discard(&actor)
            }
            Deed::Consent(given) => {
                if !on_sheet(O::GiveConsent) {
                    return None;
                }
                let (id, from) = (ConsentId(self.next(6)), today + given.starts_in);
                let classes = [(1, AgencyClass::Ward), (2, AgencyClass::Npo)];
                let terms = Terms {
                    decision: match given.said {
                        Said::Granted => Decision::Granted,
                        Said::Partial => Decision::Partial,
                        Said::Refused => Decision::Refused,
                        Said::Pending => Decision::Pending,
                    },
                    given_by: GivenBy {
                        kind: GivenByKind::Agent,
                        name: Some(private(WORDS)),
                        relation: Some(private(WORDS)),
                        authority_document: None,
                        capacity_note: None,
                        subject_intent: None,
                    },
                    identity_check: if given.checked {
                        IdentityCheck::Known
                    } else {
                        IdentityCheck::None
                    },
                    method: if given.oral {
                        ConsentMethod::Oral
                    } else {
                        ConsentMethod::SignaturePaper
                    },
                    proxy_writer: given.proxy.then(|| private(WORDS)),
                    witness_staff_id: given.witness.map(|w| staff_id(usize::from(w))),
                    notice_id: None,
                    purpose: Purpose::SupportReferral,
                    sections: sections(given.sections),
                    recipients: Recipients {
                        agency_ids: agencies(given.agencies),
                        classes: classes
                            .iter()
                            .filter(|c| given.classes & c.0 != 0)
                            .map(|c| c.1)
                            .collect(),
                    },
                    exclusions: agencies(given.excluded),
                    allow_onward: match given.onward {
                        Onward::No => AllowOnward::No,
                        Onward::Named => AllowOnward::Named,
                        Onward::Classes => AllowOnward::Classes,
                    },
                    allow_report_back: given.report_back,
                    obtained_at: actor.at,
                    effective_from: day(from),
                    effective_until: day(from + given.lasts),
                    follow_up_on: None,
                };
                case.give_consent(id, terms, &actor)
            }
            Deed::Witness { consent, heard } => {
                if !on_sheet(O::WitnessConsent) {
                    return None;
                }
                case.witness(self.consent_id(*consent), *heard, &actor)
            }
            Deed::Withdraw {
                consent,
                agencies: from,
                sections: what,
            } => {
                if !on_sheet(O::WithdrawConsent) {
                    return None;
                }
                let request = WithdrawalRequest {
                    by: WithdrawnBy::Oneself,
                    method: WithdrawalMethod::Oral,
                    reason: Some(private(WORDS)),
                    agency_ids: agencies(*from),
                    sections: sections(*what),
                };
                let withdrawal_id = WithdrawalId(self.next(7));
                case.withdraw(self.consent_id(*consent), withdrawal_id, request, &actor)
            }
            Deed::Send {
                to,
                sections: what,
                consent,
                parent,
                urgency,
                due_in,
            } => {
                if !on_sheet(O::SendRelay) {
                    return None;
                }
                let what = sections(if *what == 0 { 1 } else { *what });
                let parent = model.parent(person / 2, parent).map(|p| self.relay_id(p));
                let to = self.directory[usize::from(*to)].clone();
                let judged = case.judge(
                    &to,
                    &what,
                    Purpose::SupportReferral,
                    parent,
                    consent.map(|c| self.consent_id(c)),
                    agency,
                    &self.content,
                    &self.key,
                    &actor,
                );
                let judgement = match judged {
                    Ok(judgement) => judgement,
                    Err(refusal) => return Some(Err(refusal)),
                };
                assert_eq!(
                    judgement.failed.is_empty(),
                    judgement.disclosure.is_some(),
                    "a disclosure without a basis"
                );
                assert_eq!(
                    judgement.failed.is_empty(),
                    judgement.content.is_some(),
                    "content without a basis"
                );
                let Some(disclosure) = judgement.disclosure else {
                    return Some(Err(Refusal::Consent(judgement.failed)));
                };
                let shown = serde_json::to_value(Revealed(&judgement.content.unwrap())).unwrap();
                let shown: BTreeSet<String> = shown.as_object().unwrap().keys().cloned().collect();
                let filled = what
                    .iter()
                    .filter(|s| **s != Section::History)
                    .map(|s| s.as_str().to_owned());
                assert_eq!(
                    shown,
                    filled.collect(),
                    "a preview shows other sections than were asked"
                );
                let request = RelayRequest {
                    request: private(WORDS),
                    urgency: [Urgency::Urgent, Urgency::Early, Urgency::Normal][usize::from(*urgency)],
                    handover: Handover::System,
                    reply_due: due_in.map(|days| day(today + days)),
                };
                let id = RelayId(self.next(8));
                case.send(id, disclosure, request, &actor)
            }
            Deed::Remind(relay) => case.remind(self.relay_id(usize::from(*relay)), day(today), actor.at),
            Deed::Close | Deed::Reopen => {
                let closing = matches!(deed, Deed::Close);
                let operation = if closing { O::CloseSheet } else { O::ReopenSheet };
                if !on_sheet(operation) || case.sheet.holder_agency_id != actor.agency_id {
                    return None;
                }
                let reason = self.entry(Section::Opinion, &actor, actor.at);
                if closing {
                    case.close(reason, &actor)
                } else {
                    case.reopen(reason, &actor)
                }
            }
            Deed::Void => {
                if !on_sheet(O::VoidSheet) {
                    return None;
                }
                let reason = self.entry(Section::Opinion, &actor, actor.at);
                case.void(reason, &actor)
            }
            Deed::Entry { section, future } => {
                if !on_sheet(O::AddEntry) {
                    return None;
                }
                let at = actor.at.plus_seconds(i64::from(*future) * 60);
                let entry = self.entry(SECTIONS[usize::from(*section)], &actor, at);
                case.add_entry(entry, &actor)
            }
            Deed::Receive(relay)
            | Deed::Accept(relay)
            | Deed::Decline { relay, .. }
            | Deed::Return(relay)
            | Deed::Resend(relay)
            | Deed::Cancel(relay)
            | Deed::Report { relay, .. }
            | Deed::Confirm(relay) => {
                let id = self.relay_id(usize::from(*relay));
                let relay = case.relay(id)?.clone();
                let (operation, step) = match deed {
                    Deed::Receive(_) => (O::ReceiveRelay, Move::Receive),
                    Deed::Accept(_) => (
                        O::AcceptRelay,
                        Move::Accept {
                            assigned_staff_id: Some(staff_id(person)),
                            contact_by: Some(day(today)),
                        },
                    ),
                    Deed::Decline { not_ours, better, .. } => (
                        O::DeclineRelay,
                        Move::Decline {
                            reason: if *not_ours {
                                DeclineReason::NotOurRemit
                            } else {
                                DeclineReason::NoCapacity
                            },
                            recommended_agency_id: better.map(|b| agency_id(usize::from(b))),
                            note: Some(private(WORDS)),
                        },
                    ),
                    Deed::Return(_) => (
                        O::ReturnRelay,
                        Move::Return {
                            missing: vec![private(WORDS)],
                            note: private(WORDS),
                        },
                    ),
                    Deed::Cancel(_) => (O::CancelRelay, Move::Cancel { reason: private(WORDS) }),
                    Deed::Report { text, .. } => (
                        O::ReportRelay,
                        Move::Report {
                            result: ReportResult::SupportStarted,
                            text: text.then(|| private(WORDS)),
                            contact_made_on: Some(day(today)),
                            next_relay_ids: case
                                .relays
                                .iter()
                                .filter(|r| r.parent_relay_id == Some(id))
                                .map(|r| r.id)
                                .collect(),
                        },
                    ),
                    Deed::Confirm(_) => (O::ConfirmRelay, Move::Confirm),
                    _ => {
                        if !may(O::ResendRelay, case.relay_relation(&relay, actor.agency_id))
                            || relay.state().as_str() != "returned"
                        {
                            return None;
                        }
                        let to = self
                            .directory
                            .iter()
                            .find(|a| a.id == relay.to_agency_id)
                            .unwrap()
                            .clone();
                        let judged = case.judge(
                            &to,
                            &relay.sections,
                            relay.purpose,
                            relay.parent_relay_id,
                            None,
                            agency,
                            &self.content,
                            &self.key,
                            &actor,
                        );
                        match judged {
                            Err(refusal) => return Some(Err(refusal)),
                            Ok(judgement) => match judgement.disclosure {
                                None => return Some(Err(Refusal::Consent(judgement.failed))),
                                Some(disclosure) => (O::ResendRelay, Move::Resend(Box::new(disclosure))),
                            },
                        }
                    }
                };
                if !may(operation, case.relay_relation(&relay, actor.agency_id)) {
                    return None;
                }
                case.move_relay(id, step, &actor)
            }
        })
    }

    /// Every event goes into a chain as storage would put it there; nothing but ids, codes, days, counts and commitments is in it.
    fn log(&mut self, events: &[EventDraft], actor: &Actor) {
        for draft in events {
            let event = chain(draft, self.head, Some(actor), actor.at, EventId(self.next(10)), [7; 16]);
            self.head = Head {
                seq: event.seq,
                hash: event.hash,
            };
            let body: Value = serde_json::from_str(&event.body).unwrap();
            only_codes(&body["data"]);
            assert!(!event.body.contains(WORDS), "free text in {}", event.body);
            let line = json!({
                "id": event.id, "stream": event.stream, "seq": event.seq, "kind": event.kind, "at": event.at,
                "sheet_id": event.sheet_id, "actor": body["actor"], "prev": hex::encode(event.prev),
                "hash": hex::encode(event.hash), "body": event.body,
            });
            self.verifier.feed(&line.to_string()).unwrap();
            self.lines += 1;
        }
    }
}

fn only_codes(value: &Value) {
    match value {
        Value::Object(map) => map.values().for_each(only_codes),
        Value::Array(list) => list.iter().for_each(only_codes),
        Value::String(text) => {
            let code = text.len() <= 24 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.');
            let hex = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let known = code || hex || Uuid::parse_str(text).is_ok() || text.parse::<Day>().is_ok();
            assert!(known, "neither id nor code in an event: {text}");
        }
        _ => {}
    }
}

// ---------------------------------------------------------------------------------------------------------------------------------
// Both side by side.

fn index_of(agency: AgencyId) -> usize {
    (0..5).find(|a| agency_id(*a) == agency).unwrap()
}

fn compare(model: &Model, world: &World) {
    let (case, today) = (&world.case, day(model.today));
    assert_eq!(case.state(today).as_str(), model.state(), "the sheet's state");
    assert_eq!(
        NAMES[index_of(case.sheet.holder_agency_id)],
        NAMES[model.holder],
        "the holder"
    );
    assert_eq!(case.sheet.revision, model.revision, "the sheet's revision");
    assert_eq!(
        case.sheet.content_revision, model.content_revision,
        "the content's revision"
    );
    assert_eq!(case.sheet.number.is_some(), model.numbered, "the number");
    if model.standing != "voided" {
        assert_eq!(case.sheet.closed_at.is_some(), model.standing == "closed", "closed_at");
    }
    let states: Vec<_> = case.consents.iter().map(|c| c.state(today).as_str()).collect();
    let expected: Vec<_> = (0..model.consents.len()).map(|c| model.consent_state(c)).collect();
    assert_eq!(states, expected, "the consents");
    assert!(
        states.iter().filter(|s| **s == "effective").count() <= 1,
        "two consents in force"
    );
    let relays: Vec<ModelRelay> = case
        .relays
        .iter()
        .zip(&model.relays)
        .map(|(r, m)| ModelRelay {
            state: r.state().as_str(),
            from: index_of(r.from_agency_id),
            to: index_of(r.to_agency_id),
            parent: r
                .parent_relay_id
                .map(|p| case.relays.iter().position(|r| r.id == p).unwrap()),
            hop: r.hop,
            sections: bits(&r.sections),
            consent: case.consents.iter().position(|c| c.id == r.consent_id).unwrap(),
            revision: r.revision,
            due: (-5..400).find(|d| day(*d) == r.reply_due).unwrap(),
            urgency: m.urgency,
            opened: r.opened_at.is_some(),
            reminded: r.overdue_since.is_some(),
        })
        .collect();
    assert_eq!(relays, model.relays, "the relays");
    assert_eq!(case.relays.len(), model.relays.len(), "the relays");
    for (index, agency) in world.directory.iter().enumerate() {
        let grant = case.grant(agency, today);
        assert_eq!(
            bits(&grant.sections()),
            model.sees(index),
            "what {} sees of the sheet",
            NAMES[index]
        );
        assert_eq!(
            grant.sections().len() + grant.withheld().len(),
            Section::ALL.len(),
            "withheld names the rest"
        );
        if index != ORIGIN {
            assert_eq!(
                grant.sections().len(),
                grant.sections().intersection(&sections(ALL)).count(),
                "a section nobody granted"
            );
        }
        for (relay, expected) in case.relays.iter().zip(&model.relays) {
            let seen = bits(&case.relay_grant(relay, agency, today).sections());
            assert_eq!(
                seen,
                model.sees_of_relay(expected, index),
                "what {} sees of relay {}",
                NAMES[index],
                relay.id
            );
            let shut = ["sent", "declined", "cancelled", "halted", "returned"].contains(&relay.state().as_str());
            if shut && relay.to_agency_id == agency.id && index != ORIGIN {
                assert_eq!(seen, 0, "content of a relay that is not open to its receiver");
            }
        }
        // The list beside the sheet, by which others find it, never says more than the grant.
        let access = case.access(today).into_iter().find(|a| a.agency_id == agency.id);
        assert_eq!(
            access.is_some(),
            model.takes_part(index),
            "whether {} finds the sheet",
            NAMES[index]
        );
        if let Some(access) = access.filter(|_| model.standing != "voided") {
            let until = |until: Option<Day>| until.is_some_and(|until| until >= today);
            let seen = model.sees(index);
            assert!(
                !until(access.identity_until) || has(seen, 0),
                "{} finds the name",
                NAMES[index]
            );
            assert!(
                !until(access.topics_until) || has(seen, 2),
                "{} finds the topics",
                NAMES[index]
            );
        }
    }
    // The newest consent that grants is taken back as a whole: nobody but the origin sees anything.
    let newest = (0..model.consents.len()).rev().find(|c| model.grants(*c));
    if newest.is_some_and(|c| model.taken_back_whole(c)) {
        for agency in world.directory.iter().skip(1) {
            assert!(
                case.grant(agency, today).sections().is_empty(),
                "seen after the withdrawal"
            );
        }
    }
}

/// What storage is asked to write is what changed, no less and no more.
fn compare_changes(before: &Case, after: &Case, changes: &Changes, content: bool) {
    let changed = |old: Option<String>, new: String| old.is_none_or(|old| old != new);
    let relays: BTreeSet<RelayId> = after
        .relays
        .iter()
        .filter(|r| changed(before.relay(r.id).map(|old| format!("{old:?}")), format!("{r:?}")))
        .map(|r| r.id)
        .collect();
    let consents: BTreeSet<ConsentId> = after
        .consents
        .iter()
        .filter(|c| changed(before.consent(c.id).map(|old| format!("{old:?}")), format!("{c:?}")))
        .map(|c| c.id)
        .collect();
    assert_eq!(relays, changes.relays, "relays to write");
    assert_eq!(consents, changes.consents, "consents to write");
    assert_eq!(
        changes.sheet,
        before.sheet.revision != after.sheet.revision,
        "whether the sheet is to be written"
    );
    assert_eq!(changes.document.is_some(), content, "whether content is to be sealed");
    for old in &before.relays {
        let new = after.relay(old.id).expect("a relay is never lost");
        let moved = old.state() != new.state();
        assert_eq!(
            new.revision - old.revision,
            u32::from(moved),
            "a relay's revision moves with its state"
        );
        assert_eq!(new.parent_relay_id, old.parent_relay_id, "a parent is kept");
    }
}

#[derive(Default)]
struct Tally {
    done: std::collections::BTreeMap<&'static str, u32>,
    clauses: std::collections::BTreeMap<&'static str, u32>,
    onward: u32,
    deepest: u32,
}

fn run(story: &Story, tally: &mut Tally) {
    let mut model = Model {
        standing: if story.draft { "draft" } else { "open" },
        numbered: !story.draft,
        secret: story.secret,
        revision: 1,
        content_revision: 1,
        holder: ORIGIN,
        consents: Vec::new(),
        relays: Vec::new(),
        withdrawals: Vec::new(),
        today: 0,
    };
    let at = Instant::at_midnight(day(0).0);
    let sheet = domain::sheet::Sheet {
        id: SheetId(id(5, 0)),
        municipality_id: MunicipalityId(id(0, 0)),
        number: None,
        standing: domain::sheet::Standing::Draft,
        revision: 0,
        content_revision: 0,
        origin_agency_id: agency_id(ORIGIN),
        holder_agency_id: agency_id(ORIGIN),
        reception: reception(false, at),
        created_at: at,
        updated_at: at,
        closed_at: None,
    };
    let mut world = World {
        case: Case {
            sheet,
            consents: Vec::new(),
            relays: Vec::new(),
        },
        content: content(true),
        directory: directory(),
        key: CommitKey::new(&[1; 32]),
        clock: 0,
        made: 0,
        head: Head::EMPTY,
        verifier: Verifier::default(),
        lines: 0,
    };
    let actor = world.actor(0, 0);
    let input = SheetInput {
        reception: reception(story.secret, actor.at),
        document: Document {
            visitor: None,
            content: content(true),
        },
    };
    let created = Case::create(world.case.sheet.id, input, (!story.draft).then_some(NUMBER), &actor).unwrap();
    let kinds: Vec<_> = created.events.iter().map(|e| e.kind.as_str()).collect();
    let registered = ["sheet.created", "sheet.registered"];
    assert_eq!(kinds, registered[..if story.draft { 1 } else { 2 }]);
    assert!(created.changes.created && created.notices.is_empty());
    world.case = created.case;
    world.log(&created.events, &actor);
    compare(&model, &world);

    for (dice, step) in story.steps.iter().enumerate() {
        world.clock += 60;
        if let Deed::Days(days) = step.deed {
            // The table of closed days reaches only so far.
            model.today = (model.today + days).min(95);
            compare(&model, &world);
            continue;
        }
        let person = match step.who {
            Who::Right => model.right_person(&step.deed, dice),
            Who::Any(person) => usize::from(person),
        };
        let before = world.case.clone();
        let got = world.play(person, model.today, &step.deed, &model);
        let expected = model.play(person, &step.deed);
        let what = format!(
            "step {dice} on day {}, {}{}: {:?}",
            model.today,
            NAMES[person / 2],
            person % 2,
            step.deed
        );
        match (got, expected) {
            (None | Some(Err(Refusal::Transition(_) | Refusal::Invalid(_) | Refusal::NotFound)), Expected::Refused) => {
            }
            (Some(Err(Refusal::Consent(clauses))), Expected::NoBasis(expected)) => {
                let clauses: Vec<_> = clauses.iter().map(|c| c.as_str()).collect();
                assert_eq!(clauses, expected, "{what}");
                for clause in expected {
                    *tally.clauses.entry(clause).or_default() += 1;
                }
            }
            (Some(Ok(outcome)), Expected::Done { events, told }) => {
                let Outcome {
                    case,
                    changes,
                    events: drafts,
                    notices,
                } = outcome;
                let kinds: Vec<_> = drafts.iter().map(|e| e.kind.as_str()).collect();
                assert!(!kinds.is_empty(), "{what}: nothing in the audit trail");
                assert_eq!(kinds, events, "{what}: the audit trail");
                let got: Vec<_> = notices
                    .iter()
                    .map(|n| (n.kind.as_str(), index_of(n.agency_id)))
                    .collect();
                assert_eq!(got.len(), told.len(), "{what}: told {got:?}");
                assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), told, "{what}: who is told");
                let content = matches!(step.deed, Deed::Revise { .. });
                if !changes.discarded {
                    compare_changes(&before, &case, &changes, content);
                }
                let closes = matches!(step.deed, Deed::Withdraw { .. } | Deed::Void);
                assert_eq!(changes.closes_replays, closes, "{what}: replays");
                for event in &events {
                    *tally.done.entry(event).or_default() += 1;
                }
                if matches!(step.deed, Deed::Send { .. }) && person / 2 != ORIGIN {
                    tally.onward += 1;
                }
                let actor = world.actor(person, model.today);
                world.log(&drafts, &actor);
                if changes.discarded {
                    break;
                }
                world.case = case;
                tally.deepest = tally.deepest.max(model.relays.iter().map(|r| r.hop).max().unwrap_or(0));
            }
            (got, expected) => {
                let got = got.map(|r| r.map(|o| o.events.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>()));
                panic!("{what}: the domain says {got:?}, the model {expected:?}");
            }
        }
        compare(&model, &world);
    }
    let lines = world.lines;
    assert_eq!(world.verifier.finish().unwrap(), (lines, 1), "the chain is whole");
}

#[test]
fn every_sequence_of_moves_ends_where_the_model_ends() {
    use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
    let config = Config {
        cases: 1500,
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let tally = std::cell::RefCell::new(Tally::default());
    let mut runner = TestRunner::new(config);
    let ran = runner.run(&story(), |story| {
        run(&story, &mut tally.borrow_mut());
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    // The stories must be worth something: every move succeeded, and every clause was failed, at least now and then.
    let tally = tally.into_inner();
    let moves = [
        "sheet.registered",
        "sheet.revised",
        "sheet.discarded",
        "consent.given",
        "consent.witnessed",
        "consent.withdrawn",
        "relay.sent",
        "relay.received",
        "relay.accepted",
        "relay.declined",
        "relay.returned",
        "relay.resent",
        "relay.cancelled",
        "relay.halted",
        "relay.reported",
        "relay.closed",
        "relay.overdue",
        "sheet.closed",
        "sheet.reopened",
        "sheet.voided",
        "entry.added",
    ];
    for kind in moves {
        assert!(
            tally.done.get(kind).is_some_and(|n| *n >= 10),
            "{kind} hardly ever happened: {:?}",
            tally.done
        );
    }
    let clauses = [
        "no_consent",
        "refused",
        "pending",
        "withdrawn",
        "superseded",
        "expired",
        "not_yet_effective",
        "identity_unchecked",
        "witness_missing",
        "recipient_not_covered",
        "recipient_excluded",
        "section_not_covered",
        "onward_not_allowed",
        "address_secret",
        "recipient_inactive",
        "agreement_missing",
        "own_agency",
        "report_back_not_allowed",
    ];
    for clause in clauses {
        assert!(
            tally.clauses.get(clause).is_some_and(|n| *n >= 5),
            "{clause} hardly ever failed: {:?}",
            tally.clauses
        );
    }
    assert!(
        tally.onward >= 50 && tally.deepest >= 3,
        "{} onward, {} deep",
        tally.onward,
        tally.deepest
    );
}
