//! A sheet as the reference model has it, with what HTTP adds: who may call, revisions, kept answers, and what an answer shows.

mod answers;
mod terms;

use crate::record::{ALL, Call, Deed, Event, History, OTHERS, Step, bits};
use crate::reference::{Expected, Model, ModelRelay, ORIGIN, OVER, TAKEN};
use crate::story::{Bits, Ground};
use std::collections::{BTreeMap, HashMap};
use terms::Told;

/// The most versions of a sheet's consent that may be recorded in a day.
const MOST_VERSIONS_A_DAY: usize = 20;

/// The outcome that a request must have.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// 404.
    Hidden,
    /// 403 without clauses.
    Forbidden,
    /// The kept answer of this call.
    Replay(usize),
    /// The same without the content, because something in it has closed.
    Bare(usize),
    /// 422: the key belongs to another request.
    Reused,
    /// 412.
    Stale,
    /// 422: too many versions in a day, the recorder cannot be the witness, an onward relay does not name its parent, or the like.
    Invalid,
    /// 409, and the state that it names.
    Transition(String),
    /// 403 with these clauses.
    NoBasis(Vec<&'static str>),
    /// 409: the preview is outdated.
    Outdated,
    /// 403, noted: the person asked for it, so another one decides.
    Own,
    /// A change.
    Done(After),
    /// A reading.
    Shown,
}

/// The model after a change, and the kinds of the events of that change.
pub(crate) struct After {
    pub(crate) model: Box<Model>,
    pub(crate) events: Vec<&'static str>,
}

impl std::fmt::Debug for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.events)
    }
}

/// What the answer to a call shows.
#[derive(Clone, Copy)]
struct Showed {
    relay: Option<usize>,
    sections: Bits,
    words: bool,
}

/// A sheet at one point of its history.
pub(crate) struct State<'a> {
    history: &'a History,
    pub(crate) model: Model,
    made: bool,
    relays: Vec<String>,
    consents: Vec<String>,
    recorders: Vec<usize>,
    exceptions: Vec<String>,
    /// The person who asked for each exception.
    askers: Vec<usize>,
    marks: BTreeMap<u32, &'a str>,
    /// The entries: id, agency, and whether it is an opinion.
    entries: Vec<(String, usize, bool)>,
    /// The number of entries when each version of the consent began to count.
    entries_then: BTreeMap<usize, usize>,
    kept: HashMap<&'a str, usize>,
    /// What the kept answers of calls show: by which relay, which sections, and whether the sender's words are shown.
    showed: HashMap<usize, Showed>,
    digests: HashMap<&'a str, Told>,
    /// The kinds of the events so far.
    pub(crate) kinds: Vec<&'a str>,
}

/// Whether the answer to this deed shows content, so that a withdrawal ends its replay.
pub(crate) fn shows_content(deed: &Deed) -> bool {
    matches!(deed, Deed::Create { .. } | Deed::Send { .. } | Deed::Move { .. } | Deed::Close | Deed::Reopen)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got:?}, the model has {expected:?}")) }
}

impl<'a> State<'a> {
    pub(crate) fn new(history: &'a History) -> Self {
        let model = Model {
            standing: "open",
            numbered: true,
            secret: false,
            revision: 1,
            content_revision: 1,
            holder: ORIGIN,
            consents: Vec::new(),
            relays: Vec::new(),
            exceptions: Vec::new(),
            worded: [1; 6],
            withdrawals: Vec::new(),
            stops: Vec::new(),
            today: 0,
            stands_still: history.stands_still,
            seen: Default::default(),
        };
        Self {
            history,
            model,
            made: false,
            relays: Vec::new(),
            consents: Vec::new(),
            recorders: Vec::new(),
            exceptions: Vec::new(),
            askers: Vec::new(),
            marks: BTreeMap::new(),
            entries: Vec::new(),
            entries_then: BTreeMap::new(),
            kept: HashMap::new(),
            showed: HashMap::new(),
            digests: HashMap::new(),
            kinds: Vec::new(),
        }
    }

    fn agency(&self, who: usize) -> usize {
        self.history.people[who].agency
    }

    fn relay(&self, id: &str) -> Option<usize> {
        self.relays.iter().position(|relay| relay == id)
    }

    fn consent(&self, id: &str) -> Option<usize> {
        self.consents.iter().position(|consent| consent == id)
    }

    fn exception(&self, id: &str) -> Option<usize> {
        self.exceptions.iter().position(|exception| exception == id)
    }

    /// The refusal of a caller, from the table of docs/domain.md: 403 for an agency that knows of the thing anyway, 404 for all others.
    fn refused_access(&self, agency: usize, deed: &Deed) -> Option<Verdict> {
        use Verdict::{Forbidden, Hidden};
        if let Deed::Decide { exception, .. } | Deed::ReadException { exception } = deed {
            let Some(index) = self.exception(exception) else { return Some(Hidden) };
            let (asked, origin) = (self.model.exceptions[index].agency() == agency, agency == ORIGIN);
            let allowed = asked || origin && matches!(deed, Deed::ReadException { .. });
            return if allowed { None } else { Some(if asked || origin { Forbidden } else { Hidden }) };
        }
        if let Deed::Move { relay, .. } | Deed::ReadRelay { relay } | Deed::PreviewAmend { relay, .. } = deed {
            let Some(index) = self.relay(relay) else { return Some(Hidden) };
            let relay = &self.model.relays[index];
            let (sender, receiver) = (relay.from == agency, relay.to == agency && relay.from != agency);
            let allowed = match deed {
                Deed::PreviewAmend { .. } => sender,
                Deed::Move { step, .. } => match step {
                    Step::Resend { .. } | Step::Cancel | Step::Confirm => sender,
                    Step::Amend { .. } | Step::TakeBack | Step::LeaveThere => sender,
                    _ => receiver,
                },
                _ => sender || receiver || agency == ORIGIN,
            };
            let knows = sender || receiver || agency == ORIGIN;
            return if allowed { None } else { Some(if knows { Forbidden } else { Hidden }) };
        }
        if agency == ORIGIN {
            return None;
        }
        let mut waiting =
            self.model.relays.iter().filter(|r| r.to == agency && ["sent", "received"].contains(&r.state));
        if self.model.takes_part(agency) {
            matches!(deed, Deed::Revise { .. }).then_some(Forbidden)
        } else if waiting.next().is_some() {
            Some(Forbidden)
        } else {
            Some(Hidden)
        }
    }

    /// The replay of a kept answer, which shows its content as long as the agency may see all of it.
    fn replay(&self, kept: usize) -> Verdict {
        let agency = self.agency(self.history.calls[kept].who);
        let closed = self.showed.get(&kept).is_some_and(|then| {
            let now = self.shows(agency, then.relay);
            then.sections & !now.sections != 0 || then.words && !now.words
        });
        if closed { Verdict::Bare(kept) } else { Verdict::Replay(kept) }
    }

    /// What an answer about the sheet or one of its relays shows an agency now.
    fn shows(&self, agency: usize, relay: Option<usize>) -> Showed {
        let Some(index) = relay else {
            return Showed { relay, sections: self.model.sees(agency), words: false };
        };
        let it = &self.model.relays[index];
        let stands = self.model.standing != "voided";
        let is_receiver = it.to == agency && it.from != agency;
        let open = ["sent", "received"].contains(&it.state) || TAKEN.contains(&it.state);
        let words = stands && (!is_receiver || open && self.model.live_bits(it) != 0);
        Showed { relay, sections: self.model.sees_of_relay(it, agency), words }
    }

    /// The outcome that the request must have in this state.
    pub(crate) fn judge(&self, call: &Call) -> Verdict {
        let deed = &call.deed;
        let kept = call.key.as_deref().and_then(|key| self.kept.get(key).copied());
        if let Deed::Create { .. } = deed {
            return match kept {
                Some(kept) => self.replay(kept),
                None if self.made => Verdict::Hidden,
                None => {
                    let events = vec!["sheet.created", "sheet.registered"];
                    Verdict::Done(After { model: Box::new(self.model.clone()), events })
                }
            };
        }
        // Whose role decides on nothing is refused at the door, whatever it is about.
        if matches!(deed, Deed::Decide { .. }) && !self.history.people[call.who].manager {
            return Verdict::Forbidden;
        }
        if !self.made {
            return Verdict::Hidden;
        }
        let agency = self.agency(call.who);
        if let Some(refused) = self.refused_access(agency, deed) {
            return refused;
        }
        if let Some(kept) = kept {
            let same = self.history.calls[kept].deed == *deed;
            return if same { self.replay(kept) } else { Verdict::Reused };
        }
        let revision = match deed {
            Deed::Move { relay, .. } => self.relay(relay).map(|index| self.model.relay_revision(index, agency)),
            Deed::Decide { exception, .. } => self.exception(exception).map(|it| self.model.exceptions[it].revision),
            _ => Some(self.model.revisions(agency).0),
        };
        if call.if_match.is_some() && call.if_match != revision {
            return Verdict::Stale;
        }
        match deed {
            // A history is shorter than a day.
            Deed::Consent(_) if self.model.standing == "open" && self.consents.len() >= MOST_VERSIONS_A_DAY => {
                return Verdict::Invalid;
            }
            Deed::Close | Deed::Reopen if self.model.holder != agency => return Verdict::Forbidden,
            // For the agency a version that does not concern it does not exist.
            Deed::Withdraw { consent, .. } | Deed::Witness { consent, .. }
                if !self.concerned(agency, self.consent(consent)) =>
            {
                return Verdict::Hidden;
            }
            Deed::ReadSheet
            | Deed::ReadRelay { .. }
            | Deed::ReadConsents
            | Deed::ReadEntries
            | Deed::ReadTimeline
            | Deed::ReadException { .. }
            | Deed::ListSheets
            | Deed::ListRelays { .. }
            | Deed::ListExceptions => return Verdict::Shown,
            Deed::Decide { exception, .. } if self.exception(exception).map(|it| self.askers[it]) == Some(call.who) => {
                return Verdict::Own;
            }
            Deed::PreviewAmend { relay, .. } | Deed::Move { relay, step: Step::Amend { .. } }
                if self.relay(relay).is_some_and(|it| OVER.contains(&self.model.relays[it].state)) =>
            {
                return Verdict::Transition(self.named_state(deed));
            }
            Deed::PreviewAmend { .. } | Deed::Move { step: Step::Amend { .. }, .. } if !self.may_rest(deed) => {
                return Verdict::Invalid;
            }
            Deed::PreviewAmend { .. } => return Verdict::Shown,
            Deed::Preview(_) if self.model.standing != "open" => {
                return Verdict::Transition(self.model.state().to_owned());
            }
            Deed::Preview(ask) | Deed::Send { ask, .. }
                if self.model.standing == "open" && !self.follows(agency, ask) =>
            {
                return Verdict::Invalid;
            }
            Deed::Preview(_) => return Verdict::Shown,
            _ => {}
        }
        let Some(moved) = self.model_deed(deed) else { return Verdict::Hidden };
        let mut after = self.model.clone();
        // The first of the agency's two people acts. The second is its manager, who decides on exceptions.
        let person = agency * 2 + usize::from(matches!(deed, Deed::Decide { .. }));
        let digest = match deed {
            Deed::Send { ask, digest } => Some((ask.clone(), digest)),
            Deed::Move { relay, step: Step::Resend { digest } } => self.asks_again(relay).map(|ask| (ask, digest)),
            Deed::Move { relay, step: Step::Amend { sections, basis, digest } } => {
                self.asks_other(relay, *sections, basis).map(|ask| (ask, digest))
            }
            _ => None,
        };
        let outdated =
            digest.is_some_and(|(ask, digest)| self.digests.get(digest.as_str()) != Some(&self.told(agency, &ask)));
        match after.play(person, &moved) {
            Expected::Refused => Verdict::Transition(self.named_state(deed)),
            Expected::NoBasis(clauses) => Verdict::NoBasis(clauses),
            Expected::Invalid | Expected::Done { .. } if outdated => Verdict::Outdated,
            Expected::Invalid => Verdict::Invalid,
            Expected::Done { events, .. } => {
                match deed {
                    Deed::Witness { consent, .. } if self.recorded_by(consent) == Some(call.who) => {
                        return Verdict::Invalid;
                    }
                    // The model lets the agency's first person do everything here, so the recorder becomes the second: the witness is another one.
                    Deed::Consent(_) => after.consents.last_mut().unwrap().recorder = agency * 2 + 1,
                    _ => {}
                }
                Verdict::Done(After { model: Box::new(after), events })
            }
        }
    }

    fn recorded_by(&self, consent: &str) -> Option<usize> {
        self.consent(consent).map(|index| self.recorders[index])
    }

    /// Whether a version of the line is shown to the agency.
    fn concerned(&self, agency: usize, consent: Option<usize>) -> bool {
        let Some(index) = consent else { return false };
        agency == ORIGIN
            || self.agency(self.recorders[index]) == agency
            || self.model.consent_state(index) == "effective"
            || self.model.relays.iter().any(|r| r.to == agency && r.under() == Some(index))
    }

    /// Moves on to the state after a change. `events` are its events; the first belongs to the call itself.
    pub(crate) fn done(&mut self, place: usize, after: Model, events: &[Event]) -> Result<(), String> {
        let call = &self.history.calls[place];
        let agency = self.agency(call.who);
        let before = std::mem::replace(&mut self.model, after);
        let event = &events[0];
        let id = |key: &str| event.fact(key).to_owned();
        match &call.deed {
            Deed::Create { mark } => {
                self.made = true;
                self.marks.insert(1, mark);
            }
            Deed::Revise { mark, .. } => {
                self.marks.insert(self.model.revision, mark);
                same("the revision in the event", event.data["revision"].as_u64(), Some(self.model.revision.into()))?;
            }
            Deed::Consent(_) => {
                self.consents.push(id("consent_id"));
                self.recorders.push(call.who);
                let version = self.consents.len() as u64;
                same("the version in the event", event.data["version"].as_u64(), Some(version))?;
            }
            Deed::Except { to, sections, emergency } => {
                self.exceptions.push(id("exception_id"));
                self.askers.push(call.who);
                let to = self.history.agencies[*to].as_str();
                same("the recipient in the event", event.fact("to_agency_id"), to)?;
                same("the sections in the event", bits(event.facts("sections").into_iter()), *sections)?;
                same("whether it is an emergency", &event.data["emergency"], &(*emergency).into())?;
                let refused = self.model.exceptions.last().is_some_and(|it| it.refusal_on_file);
                same("whether a refusal was on file", &event.data["refusal_on_file"], &refused.into())?;
            }
            Deed::Decide { exception, .. } => {
                let used = self.exception(exception).and_then(|it| self.model.exceptions[it].used);
                let used = used.map_or("", |relay| self.relays[relay].as_str());
                same("the relay in the event", event.fact("relay_id"), used)?;
            }
            Deed::Send { ask, .. } => {
                self.relays.push(id("relay_id"));
                self.sent(event, ask.to, self.relays.len() - 1)?;
                for used in events[1..].iter().filter(|event| event.kind == "exception.used") {
                    same("the relay that uses the exception", used.fact("relay_id"), event.fact("relay_id"))?;
                    same("the exception that is used", used.fact("exception_id"), event.fact("exception_id"))?;
                }
            }
            Deed::Move { relay, step } => {
                let index = self.relay(relay).ok_or("a move of a relay that is not there")?;
                let to = self.model.relays[index].to;
                match step {
                    Step::Resend { .. } => self.sent(event, to, index)?,
                    // What only tells less rests on what it rested on, which its event does not repeat.
                    Step::Amend { sections, basis, .. } if before.narrows(index, *sections, self.ground(basis)) => {
                        self.told_to(event, to, *sections)?;
                    }
                    Step::Amend { .. } => self.sent(event, to, index)?,
                    Step::Accept | Step::TakeBack => {
                        let holder = self.history.agencies[self.model.holder].as_str();
                        same("the holder in the event", event.fact("holder_agency_id"), holder)?;
                    }
                    _ => {}
                }
            }
            Deed::Close | Deed::Reopen => self.entries.push((id("entry_id"), agency, true)),
            Deed::Entry { opinion } => self.entries.push((id("entry_id"), agency, *opinion)),
            _ => {}
        }
        self.stopped(&before, &events[1..])?;
        let counted = (0..self.model.consents.len()).filter(|it| self.model.consents[*it].counted.is_some());
        for index in counted {
            self.entries_then.entry(index).or_insert(self.entries.len());
        }
        if let Some(key) = call.key.as_deref() {
            self.kept.insert(key, place);
            if shows_content(&call.deed) {
                let relay = match &call.deed {
                    Deed::Send { .. } => self.relays.len().checked_sub(1),
                    Deed::Move { relay, .. } => self.relay(relay),
                    _ => None,
                };
                self.showed.insert(place, self.shows(agency, relay));
            }
        }
        Ok(())
    }

    /// Checks which relays a change halts, and who is asked for copies, by the events that follow its first.
    fn stopped(&self, before: &Model, events: &[Event]) -> Result<(), String> {
        let halted = |(old, new): (&ModelRelay, &ModelRelay)| old.state != "halted" && new.state == "halted";
        let pairs = before.relays.iter().zip(&self.model.relays);
        let halted = pairs.zip(&self.relays).filter(|(pair, _)| halted(*pair)).map(|(_, id)| id.as_str());
        let mut expected: Vec<&str> = halted.collect();
        let of = |kind: &'static str| events.iter().filter(move |e| e.kind == kind);
        let mut got: Vec<&str> = of("relay.halted").map(|e| e.fact("relay_id")).collect();
        expected.sort_unstable();
        got.sort_unstable();
        same("the relays that it halts", got, expected)?;
        let stops = self.model.stops[before.stops.len()..].iter();
        let mut expected: Vec<_> =
            stops.map(|(agency, _, cause)| (self.history.agencies[*agency].as_str(), *cause)).collect();
        let mut got: Vec<_> = of("stop_notice.issued").map(|e| (e.fact("to_agency_id"), e.fact("cause"))).collect();
        expected.sort_unstable();
        got.sort_unstable();
        same("who is asked for copies, and why", got, expected)
    }

    fn told_to(&self, event: &Event, to: usize, sections: u8) -> Result<(), String> {
        same("the recipient in the event", event.fact("to_agency_id"), self.history.agencies[to].as_str())?;
        same("the sections in the event", bits(event.facts("sections").into_iter()), sections)
    }

    fn sent(&self, event: &Event, to: usize, index: usize) -> Result<(), String> {
        let relay = &self.model.relays[index];
        let key = match relay.basis {
            Ground::Consent(_) => "consent_id",
            Ground::Exception(_) => "exception_id",
        };
        same("the basis in the event", event.fact(key), self.ground_id(relay.basis))?;
        self.told_to(event, to, relay.sections)
    }

    /// Checks what a reading shows, by its event and by its answer.
    pub(crate) fn shown(&mut self, place: usize, event: &Event) -> Result<(), String> {
        let history = self.history;
        let call = &history.calls[place];
        let agency = self.agency(call.who);
        match &call.deed {
            Deed::Preview(_) | Deed::PreviewAmend { .. } => {
                let ask = self.previewed(&call.deed).ok_or("a preview of nothing")?;
                let told = self.told(agency, &ask);
                self.told_to(event, ask.to, ask.sections)?;
                same("the clauses in the event", event.facts("clauses"), self.clauses(agency, &call.deed))?;
                if let Some(answer) = call.answer.as_ref().filter(|answer| answer.status == 200) {
                    let known = self.digests.entry(&answer.said.digest).or_insert_with(|| told.clone());
                    same("what the digest of a preview stands for", &*known, &told)?;
                }
            }
            Deed::ReadSheet => {
                same("the revision in the event", event.data["revision"].as_u64(), Some(self.model.revision.into()))?;
                let sees = if agency == ORIGIN { ALL | OTHERS } else { self.model.sees(agency) & ALL };
                same("the sections in the event", bits(event.facts("sections").into_iter()), sees)?;
            }
            Deed::ReadRelay { relay } => {
                let index = self.relay(relay).ok_or("a relay that is not there")?;
                let sees = self.model.sees_of_relay(&self.model.relays[index], agency) & ALL;
                same("the sections in the event", bits(event.facts("sections").into_iter()), sees)?;
            }
            _ => {}
        }
        Ok(())
    }
}
