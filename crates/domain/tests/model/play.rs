//! The result of each step, in the model.

use crate::reference::{
    Expected, Model, ModelConsent, ModelRelay, ModelStop, NAMES, ORIGIN, OVER, TAKEN, WAITING, done, due, has,
};
use crate::story::{Bits, Deed, Ground, Said};
use std::collections::BTreeSet;

impl Model {
    /// Plays a step; the model changes only when the result is [`Expected::Done`].
    pub(crate) fn play(&mut self, person: usize, deed: &Deed) -> Expected {
        use Expected::{Invalid, NoBasis, Refused};
        let agency = person / 2;
        let before = (self.state(), self.holder);
        let earlier = self.clone();
        let mut content = false;
        let relay_at = |relay: &u8, model: &Self| Some(usize::from(*relay)).filter(|r| *r < model.relays.len());
        let consent_at = |consent: &u8, model: &Self| Some(usize::from(*consent)).filter(|c| *c < model.consents.len());
        let open = self.standing == "open";
        let mut outcome = match deed {
            Deed::Days(_) => return Refused,
            Deed::Revise { register, whole, secret, corrects } => {
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
                    let mut told = BTreeSet::new();
                    let now = |r: &ModelRelay, s| has(*corrects, s) && self.not_now(r, s).is_none();
                    let sees = |r: &ModelRelay| TAKEN.contains(&r.state) && (0..6).any(|s| now(r, s));
                    let seen: Vec<bool> = self.relays.iter().map(sees).collect();
                    for relay in self.relays.iter_mut().zip(seen).filter_map(|(relay, sees)| sees.then_some(relay)) {
                        relay.revision += 1;
                        relay.corrections += 1;
                        told.insert(("sheet_corrected", relay.to));
                    }
                    Expected::Done { events: vec!["sheet.revised"], told }
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
                let line = self.consents.len();
                let bars = |a: usize| self.barred_by(a, line);
                let sees = |a: usize| if agency == ORIGIN { !bars(a).is_empty() } else { bars(a).contains(&agency) };
                let liftable = (0..5).filter(|a| has(given.lifted, *a)).all(|a| sees(a) && !has(given.excluded, a));
                if !self.takes_part(agency) || !open || same || (grants && empty) || until < from || !liftable {
                    return Refused;
                }
                let mut barred = [0, 1, 2, 3, 4].map(bars);
                for (a, by) in barred.iter_mut().enumerate() {
                    if has(given.lifted, a) {
                        by.retain(|by| agency != ORIGIN && *by != agency);
                    }
                    by.extend(has(given.excluded, a).then_some(agency));
                }
                let needs = grants && (given.oral || given.proxy);
                let counts = !needs && !matches!(given.said, Said::Pending);
                self.consents.push(ModelConsent {
                    given: given.clone(),
                    from,
                    until,
                    recorder: person,
                    witness: if needs { "awaited" } else { "none" },
                    superseded: false,
                    barred,
                    invalid: false,
                    counted: counts.then_some(self.content_revision),
                    still_told: 0,
                });
                if counts {
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
                let touched = c.invalid || self.withdrawals.iter().any(|w| w.0 >= index);
                let waits = c.witness == "awaited" && !c.superseded && !touched;
                if !self.takes_part(agency) || !open || !waits || c.recorder == person || !named {
                    return Refused;
                }
                self.consents[index].witness = if *heard { "heard" } else { "denied" };
                if *heard {
                    self.consents[index].counted = Some(self.content_revision);
                    self.supersede_before(index);
                }
                done(["consent.witnessed"], &[])
            }
            Deed::Withdraw { consent, agencies, sections } => {
                let Some(index) = consent_at(consent, self) else {
                    return Refused;
                };
                if !self.takes_part(agency) || !self.grants(index) {
                    return Refused;
                }
                // An earlier withdrawal took back every agency and section of this one.
                let within = |new: Bits, old: Bits| old == 0 || (new != 0 && new & !old == 0);
                let mut earlier = self.withdrawals.iter().filter(|w| w.0 >= index);
                if earlier.any(|w| within(*agencies, w.1) && within(*sections, w.2)) {
                    return Refused;
                }
                let under = |relay: &ModelRelay| relay.under().is_some_and(|consent| consent <= index);
                let goes = |relay: &ModelRelay, section: usize| {
                    under(relay)
                        && (*agencies == 0 || has(*agencies, relay.to))
                        && (*sections == 0 || has(*sections, section))
                };
                let stops = self.stopped(goes, "withdrawn");
                self.withdrawals.push((index, *agencies, *sections));
                let (mut events, mut told) = (vec!["consent.withdrawn"], BTreeSet::new());
                for i in 0..self.relays.len() {
                    let relay = self.relays[i].clone();
                    let asked = || (0..6).filter(|s| has(relay.sections, *s));
                    let hit = under(&relay)
                        && (*agencies == 0 || has(*agencies, relay.to))
                        && (*sections == 0 || relay.sections & *sections != 0);
                    if !hit {
                        continue;
                    }
                    if relay.opened || !OVER.contains(&relay.state) {
                        told.insert(("consent_withdrawn", relay.to));
                    }
                    let all = asked().all(|s| self.taken_from(&relay, s));
                    if all && WAITING.contains(&relay.state) {
                        self.relays[i].state = "halted";
                        self.relays[i].revision += 1;
                        events.push("relay.halted");
                    } else if relay.state == "closed" || !OVER.contains(&relay.state) {
                        // It shows less than before.
                        self.relays[i].revision += 1;
                    }
                }
                events.extend(stops.iter().map(|_| "stop_notice.issued"));
                self.stops.extend(stops);
                Expected::Done { events, told }
            }
            Deed::Invalidate(consent) => {
                let Some(index) = consent_at(consent, self) else {
                    return Refused;
                };
                let manager = person % 2 == 1;
                if !manager || !self.takes_part(agency) || !self.grants(index) || self.consents[index].invalid {
                    return Refused;
                }
                let mut lost = vec![0; NAMES.len()];
                for (agency, bits, _) in self.stopped(|relay, _| relay.under() == Some(index), "invalid") {
                    lost[agency] |= bits;
                }
                let before: Vec<Bits> = self.relays.iter().map(|relay| self.live_bits(relay)).collect();
                self.consents[index].invalid = true;
                let after: Vec<Bits> = self.relays.iter().map(|relay| self.live_bits(relay)).collect();
                let (mut events, mut told) = (vec!["consent.invalidated"], BTreeSet::new());
                for ((relay, before), after) in self.relays.iter_mut().zip(before).zip(after) {
                    // Of a relay under another consent that had run out, what only the invalid one had kept visible.
                    let gone = before & !after;
                    if relay.under() != Some(index) {
                        if gone == 0 {
                            continue;
                        }
                        if relay.opened {
                            lost[relay.to] |= gone;
                        }
                    }
                    if relay.opened || !OVER.contains(&relay.state) {
                        told.insert(("consent_withdrawn", relay.to));
                    }
                    if WAITING.contains(&relay.state) && (relay.under() == Some(index) || after == 0) {
                        (relay.state, relay.revision) = ("halted", relay.revision + 1);
                        events.push("relay.halted");
                    } else if WAITING.contains(&relay.state) || TAKEN.contains(&relay.state) {
                        relay.revision += 1;
                    }
                }
                let stops = lost.into_iter().enumerate().filter(|(_, bits)| *bits != 0);
                let stops: Vec<ModelStop> = stops.map(|(agency, bits)| (agency, bits, "invalid")).collect();
                events.extend(stops.iter().map(|_| "stop_notice.issued"));
                self.stops.extend(stops);
                Expected::Done { events, told }
            }
            Deed::Send { to, sections, basis, parent, urgency, due_in } => {
                let to = usize::from(*to);
                let sections = if *sections == 0 { 1 } else { *sections };
                if !self.takes_part(agency) || !open {
                    return Refused;
                }
                let parent = self.parent(agency, parent);
                let parent_fine = match parent {
                    None => agency == ORIGIN,
                    Some(p) => self.relays.get(p).is_some_and(|r| r.to == agency && TAKEN.contains(&r.state)),
                };
                if !parent_fine {
                    return Refused;
                }
                let Some(basis) = self.ground(agency, *basis) else { return Refused };
                let failing = self.failing_on(agency, to, sections, basis, None);
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
                    basis: basis.unwrap(),
                    carried: self.content_revision,
                    looked: self.looks(sections, basis.unwrap()),
                    revision: 1,
                    due,
                    urgency: *urgency,
                    opened: false,
                    reminded: false,
                    hand_back: "none",
                    told: None,
                    reports: 0,
                    unconfirmed: false,
                    held: 0,
                    asked: false,
                    corrections: 0,
                    seen: Default::default(),
                });
                let last = self.relays.len() - 1;
                self.relays[last].hop = self.chain_length(last);
                let (mut events, mut told) = (vec!["relay.sent"], BTreeSet::from([("relay_sent", to)]));
                if let Some(Ground::Exception(exception)) = basis {
                    events.push("exception.used");
                    told.extend(self.use_up(exception, last));
                }
                Expected::Done { events, told }
            }
            Deed::Remind(relay) => {
                let Some(i) = relay_at(relay, self) else { return Refused };
                let today = self.today;
                let relay = &mut self.relays[i];
                if !WAITING.contains(&relay.state) || relay.due >= today || relay.reminded {
                    return Refused;
                }
                relay.reminded = true;
                let waits_for = if relay.state == "returned" { relay.from } else { relay.to };
                done(["relay.overdue"], &[("relay_overdue", waits_for)])
            }
            Deed::Close | Deed::Reopen => {
                let closing = matches!(deed, Deed::Close);
                let fits = if closing {
                    let held_up = self.exceptions.iter().any(|it| it.holds_up_closing());
                    open && !held_up && self.relays.iter().all(|r| OVER.contains(&r.state))
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
                let mut events = vec!["sheet.voided"];
                for relay in self.relays.iter_mut().filter(|r| WAITING.contains(&r.state)) {
                    relay.state = "cancelled";
                    relay.revision += 1;
                    events.push("relay.cancelled");
                }
                Expected::Done { events, told: self.relays.iter().map(|r| ("sheet_voided", r.to)).collect() }
            }
            Deed::Entry { section, future } => {
                if !self.takes_part(agency) || !open || *future || *section == 5 {
                    return Refused;
                }
                done(["entry.added"], &[])
            }
            Deed::Amend { relay, sections, basis } => {
                let Some(i) = relay_at(relay, self) else { return Refused };
                let now = self.relays[i].clone();
                let sections = if *sections == 0 { 1 } else { *sections };
                let parent_fine = match now.parent {
                    None => now.from == ORIGIN,
                    Some(p) => TAKEN.contains(&self.relays[p].state),
                };
                if agency != now.from || !open || OVER.contains(&now.state) || !parent_fine {
                    return Refused;
                }
                if self.narrows(i, sections, *basis) {
                    let left = (0..6).filter(|s| has(sections, *s)).any(|s| !self.taken_from(&now, s));
                    if WAITING.contains(&now.state) && !left {
                        return Invalid;
                    }
                    let relay = &mut self.relays[i];
                    (relay.sections, relay.revision) = (sections, relay.revision + 1);
                } else {
                    // An exception was approved for what it told, and is used up.
                    if matches!(basis, Some(Ground::Exception(_))) {
                        return Invalid;
                    }
                    let Some(basis) = self.ground(agency, *basis) else { return Refused };
                    let failing = self.failing_on(now.from, now.to, sections, basis, None);
                    if !failing.is_empty() {
                        return NoBasis(failing);
                    }
                    let looked = self.looks(sections, basis.unwrap());
                    // The same sections under another consent are another disclosure, and so are other words in them.
                    if sections == now.sections && looked == now.looked {
                        return Invalid;
                    }
                    let carried = self.content_revision;
                    let relay = &mut self.relays[i];
                    (relay.sections, relay.basis, relay.revision) = (sections, basis.unwrap(), relay.revision + 1);
                    (relay.carried, relay.looked, relay.corrections) = (carried, looked, 0);
                }
                done(["relay.amended"], &[("relay_amended", now.to)])
            }
            Deed::Except { to, sections, emergency } => {
                let sections = if *sections == 0 { 1 } else { *sections };
                if !self.takes_part(agency) || !open {
                    return Refused;
                }
                if usize::from(*to) == agency {
                    return Invalid;
                }
                self.except(person, usize::from(*to), sections, *emergency)
            }
            Deed::Decide { exception, decision } => match self.decide(person, usize::from(*exception), *decision) {
                Refused => return Refused,
                Invalid => return Invalid,
                outcome => outcome,
            },
            Deed::Expire(exception) => match self.expire(usize::from(*exception)) {
                Refused => return Refused,
                outcome => outcome,
            },
            Deed::HandBack(relay) => {
                let Some(i) = relay_at(relay, self) else { return Refused };
                let relay = &mut self.relays[i];
                let holds = agency == relay.to && self.holder == agency && open;
                if !holds || relay.state != "accepted" || relay.hand_back == "offered" {
                    return Refused;
                }
                (relay.hand_back, relay.revision) = ("offered", relay.revision + 1);
                done(["relay.hand_back_offered"], &[("hand_back_offered", relay.from)])
            }
            Deed::AnswerOffer { relay, takes } => {
                let Some(i) = relay_at(relay, self) else { return Refused };
                let relay = &mut self.relays[i];
                let holds = self.holder == relay.to;
                if agency != relay.from || !open || relay.hand_back != "offered" || (*takes && !holds) {
                    return Refused;
                }
                relay.revision += 1;
                let to = relay.to;
                if *takes {
                    relay.hand_back = "accepted";
                    self.holder = relay.from;
                    done(["relay.hand_back_accepted"], &[("hand_back_accepted", to)])
                } else {
                    relay.hand_back = "declined";
                    done(["relay.hand_back_declined"], &[("hand_back_declined", to)])
                }
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
                    Deed::Report { last: false, .. } => (&["accepted"], "accepted", "relay.reported"),
                    Deed::Report { .. } => (&["accepted"], "reported", "relay.reported"),
                    _ if now.state == "accepted" && now.unconfirmed => {
                        (&["accepted"], "accepted", "relay.report_confirmed")
                    }
                    _ => (&["reported"], "closed", "relay.closed"),
                };
                if !allowed_in.contains(&now.state) {
                    return Refused;
                }
                let (mut told, mut to_manager) = (None, None);
                match deed {
                    Deed::Decline { not_ours: true, better: None, .. } => return Refused,
                    Deed::Decline { .. } => told = Some(("relay_declined", now.from)),
                    Deed::Return(_) => told = Some(("relay_returned", now.from)),
                    Deed::Cancel(_) => told = Some(("relay_cancelled", now.to)),
                    Deed::Accept(_) => {
                        told = Some(("relay_accepted", now.from));
                        if self.holder == now.from {
                            self.holder = now.to;
                        }
                    }
                    Deed::Report { last, text, helps, .. } => {
                        let allowed = self.words_allowed(&now);
                        if *text && !allowed {
                            return NoBasis(vec!["report_back_not_allowed"]);
                        }
                        self.relays[i].told = Some(allowed);
                        self.relays[i].unconfirmed = true;
                        self.relays[i].reports += 1;
                        told = Some(("relay_reported", now.from));
                        to_manager = (allowed && *last && !helps).then_some(("report_without_support", now.from));
                    }
                    Deed::Resend(_) => {
                        // The covering test again; and the sender must still be in its place.
                        let parent_fine = match now.parent {
                            None => now.from == ORIGIN,
                            Some(p) => TAKEN.contains(&self.relays[p].state),
                        };
                        if !self.takes_part(now.from) || !open || !parent_fine {
                            return Refused;
                        }
                        // An exception covers its own relay again.
                        let basis =
                            if now.under().is_some() { self.judged().map(Ground::Consent) } else { Some(now.basis) };
                        let failing = self.failing_on(now.from, now.to, now.sections, basis, Some(i));
                        if !failing.is_empty() {
                            return NoBasis(failing);
                        }
                        let later = due(self.today, now.urgency);
                        let (carried, looked) = (self.content_revision, self.looks(now.sections, basis.unwrap()));
                        let relay = &mut self.relays[i];
                        (relay.basis, relay.due, relay.reminded) = (basis.unwrap(), later, false);
                        (relay.carried, relay.looked, relay.corrections) = (carried, looked, 0);
                        told = Some(("relay_sent", now.to));
                    }
                    Deed::Confirm(_) => self.relays[i].unconfirmed = false,
                    _ => {}
                }
                let again = due(self.today, now.urgency);
                let relay = &mut self.relays[i];
                relay.state = next;
                relay.revision += 1;
                if next == "returned" {
                    (relay.due, relay.reminded) = (again, false);
                }
                relay.opened |= ["received", "accepted"].contains(&next);
                Expected::Done { events: vec![event], told: told.into_iter().chain(to_manager).collect() }
            }
        };
        if content || before != (self.state(), self.holder) {
            self.revision += 1;
            if content {
                self.content_revision = self.revision;
            }
            if let Deed::Revise { corrects, .. } = deed {
                (0..6).filter(|s| has(*corrects, *s)).for_each(|s| self.worded[s] = self.content_revision);
            }
        }
        if let Expected::Done { events, told } = &mut outcome
            && !matches!(deed, Deed::Discard)
        {
            for agency in self.recall(&earlier, matches!(deed, Deed::Invalidate(_))) {
                events.push("stop_notice.issued");
                if !told.contains(&("consent_withdrawn", agency)) {
                    told.insert(("sharing_stopped", agency));
                }
            }
            let corrects = if let Deed::Revise { corrects, .. } = deed { *corrects } else { 0 };
            self.note_seen(&earlier, corrects);
        }
        outcome
    }
}
