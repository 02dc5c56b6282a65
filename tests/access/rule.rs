//! Who is answered what in the worlds of `stories.rs`. This writes the rule once more by hand, from the rows of the stories and the table in
//! `expectation.rs`; it does not use the rules of the service.

use crate::expectation::{Expected, Row, of_client, of_role};
use crate::stories::{EVERY_SECTION, Plot};
use crate::worlds::{ENTRIES, OWN_ENTRY};
use std::collections::BTreeSet;

/// The part of an agency in the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It recorded the sheet and sent the relay.
    Origin,
    /// The relay was sent to it.
    Receiver,
    /// The receiver may have sent the relay on to it.
    Onward,
    /// It has no part, and is in the same municipality.
    Other,
    /// It has no part, and is in another municipality.
    Abroad,
}

/// Who asks.
pub struct Who {
    /// For messages.
    pub name: &'static str,
    /// The part of the agency.
    pub part: Part,
    /// The role of the post; none for a department system.
    pub role: Option<&'static str>,
    /// The scopes of a department system.
    pub scopes: Vec<&'static str>,
}

/// Which relay is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// From the origin to the receiver.
    Asked,
    /// From the receiver on.
    Child,
}

/// A question, named like the operation, or a special form of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// An operation on the sheet or its newest consent.
    Sheet(&'static str),
    /// An operation on a relay.
    Relay(&'static str, Hop),
    /// The report in words.
    InWords,
    /// Preview or sending, to one of the agencies of the story.
    Tell {
        /// `preview_relay` or `send_relay`.
        operation: &'static str,
        /// To whom.
        to: Part,
        /// As the continuation of the relay that was asked about.
        onward: bool,
    },
}

/// An answer, as far as the rule covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// 403
    Forbidden,
    /// 404
    Hidden,
    /// 200, and everything that it shows.
    Shows(BTreeSet<String>),
    /// 412: every check before that one passed.
    Stale,
    /// 409, with the state.
    State(String),
    /// 403 with these clauses.
    Refused(Vec<String>),
    /// 409: no clause failed.
    PreviewOutdated,
    /// 422: every check before that one passed.
    Invalid(&'static str),
    /// None of these, which is wrong in any case.
    Strange(String),
}

fn set(words: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    words.into_iter().map(Into::into).collect()
}

fn state(state: &str) -> Says {
    Says::State(state.to_owned())
}

impl Plot {
    fn is(&self, story: &str) -> bool {
        self.consent.story == story
    }

    fn closed_to(&self, part: Part) -> &[&'static str] {
        if part == Part::Onward { &self.consent.closed_onward } else { &self.consent.closed }
    }

    /// The state of a relay that had come to `state`, after the consent's story: a withdrawal of everything halts a relay that waits, and
    /// voiding cancels it.
    fn ended(&self, state: &'static str, to: Part) -> &'static str {
        let waits = matches!(state, "sent" | "received" | "returned");
        let all = self.closed_to(to).len() == self.consent.told.len();
        match self.consent.why {
            "シートの取消" if waits => "cancelled",
            "同意の撤回" if waits && all => "halted",
            _ => state,
        }
    }

    /// The state of a relay now.
    pub fn state(&self, hop: Hop) -> Option<&'static str> {
        match hop {
            Hop::Asked => self.relay.asked.map(|state| self.ended(state, Part::Receiver)),
            Hop::Child => self.relay.child.map(|state| self.ended(state, Part::Onward)),
        }
    }

    fn states(&self) -> Vec<&'static str> {
        let first = self.relay.first.map(|state| self.ended(state, Part::Receiver));
        [first, self.state(Hop::Asked), self.state(Hop::Child)].into_iter().flatten().collect()
    }

    /// The standing of this part's agency to the sheet, as the index of the column in `expectation.rs`.
    fn standing(&self, part: Part) -> usize {
        let [origin, participant, addressee, former, stranger] = [0, 1, 2, 3, 4];
        let first = self.relay.first.map(|state| self.ended(state, Part::Receiver));
        let mine = match part {
            Part::Origin => return origin,
            _ if self.is("voided") => return stranger,
            Part::Receiver => [first, self.state(Hop::Asked)],
            Part::Onward => [self.state(Hop::Child), None],
            Part::Other | Part::Abroad => return stranger,
        };
        let any = |states: &[&str]| mine.iter().flatten().any(|state| states.contains(state));
        if any(&["accepted", "reported", "closed"]) {
            participant
        } else if any(&["sent", "received"]) {
            addressee
        } else if mine.iter().flatten().next().is_some() {
            former
        } else {
            stranger
        }
    }

    /// Whether the agency works on the sheet.
    pub fn takes_part(&self, part: Part) -> bool {
        self.standing(part) == 1
    }

    /// Whether the agency finds the sheet in its list.
    pub fn lists(&self, part: Part) -> bool {
        self.standing(part) <= 1
    }

    /// Whether the agency finds the sheet by the person's name.
    pub fn finds(&self, part: Part) -> bool {
        let now = || self.sees(part).contains(&"identity") && !self.sees_as_it_stood(part).contains(&"identity");
        !self.is("voided") && (part == Part::Origin || self.takes_part(part) && now())
    }

    /// The sections that a participant sees.
    fn sees(&self, part: Part) -> Vec<&'static str> {
        let open = |section: &&&str| !self.closed_to(part).contains(section);
        self.consent.told.iter().filter(open).copied().collect()
    }

    /// The sections among those that it sees only as they stood when a later version began to count, because that version does not cover it.
    fn sees_as_it_stood(&self, part: Part) -> Vec<&'static str> {
        let few = ["identity", "topics"];
        let narrowed = |section: &&str| match self.consent.story {
            "refused" | "replaced" => true,
            "oral_confirmed" => !few.contains(section),
            _ => false,
        };
        self.sees(part).into_iter().filter(narrowed).collect()
    }

    fn holder(&self) -> Part {
        match (self.relay.story, self.relay.asked) {
            ("passed_on_taken", _) => Part::Onward,
            ("second_beside", _) | (_, Some("accepted" | "reported" | "closed")) => Part::Receiver,
            _ => Part::Origin,
        }
    }

    /// The state of the sheet.
    pub fn sheet_state(&self) -> &'static str {
        let any = |wanted: &[&str]| self.states().iter().any(|state| wanted.contains(state));
        match self.consent.line.as_slice() {
            _ if self.is("voided") => "voided",
            _ if self.is("closed") => "closed",
            _ if any(&["sent", "received", "returned"]) => "relaying",
            _ if any(&["accepted", "reported", "closed"]) => "in_support",
            line if line.contains(&"effective") => "consented",
            ["refused" | "pending", ..] => "consent_pending",
            _ => "registered",
        }
    }

    /// The answer when nothing can happen to the sheet; none while it is open.
    fn shut(&self) -> Option<Says> {
        matches!(self.sheet_state(), "closed" | "voided").then(|| state(self.sheet_state()))
    }
}

/// The sections that are filled in the sheet of every world.
const FILLED: [&str; 7] = ["identity", "contact", "address", "topics", "statement", "arrears", "risk"];

/// The sections in an answer: the keys of `content`, and `withheld` with the reason of each.
fn sections(seen: &[&'static str], why_not: impl Fn(&'static str) -> &'static str) -> BTreeSet<String> {
    let shown = EVERY_SECTION
        .iter()
        .filter(|section| seen.contains(section) && (FILLED.contains(section) || **section == "history"));
    let withheld = EVERY_SECTION.iter().filter(|section| !seen.contains(section));
    set(shown.copied()).into_iter().chain(withheld.map(|section| format!("{section} {}", why_not(section)))).collect()
}

/// What an answer says of sections whose later words are withheld.
fn as_they_stood(sections: &[&'static str]) -> BTreeSet<String> {
    sections.iter().map(|section| format!("{section} 同意の縮小(その後の記載)")).collect()
}

/// The rule.
pub struct Rule {
    /// The table of `expectation.rs`.
    pub rows: Vec<Row>,
}

impl Rule {
    /// The answer to a question.
    pub fn says(&self, plot: Plot, who: &Who, question: Question) -> Says {
        let (operation, hop) = match question {
            Question::Sheet(operation) | Question::Tell { operation, .. } => (operation, None),
            Question::Relay(operation, hop) => (operation, Some(hop)),
            Question::InWords => ("report_relay", Some(Hop::Asked)),
        };
        let reads = operation == "show_relay";
        let standing = match hop {
            None => plot.standing(who.part),
            Some(hop) => match (who.part, hop) {
                (Part::Origin, Hop::Asked) | (Part::Receiver, Hop::Child) => 0,
                (Part::Receiver, Hop::Asked) | (Part::Onward, Hop::Child) => 1,
                // The origin neither sent nor received this relay, but it is a relay of its own sheet.
                (Part::Origin, Hop::Child) if reads => 0,
                (Part::Origin, Hop::Child) => 5,
                _ => 4,
            },
        };
        // In the table the origin does not hold the sheet; here it may. An agency that works on the sheet may close it if it is the holder.
        let column =
            if standing == 0 && matches!(operation, "close_sheet" | "reopen_sheet") { 1 } else { standing.min(4) };
        let allowed = match who.role {
            Some(role) => of_role(&self.rows, operation, role, column),
            None => {
                let scope = self.rows.iter().find(|row| row.operation == operation).unwrap().client;
                if who.scopes.contains(&scope) { of_client(&self.rows, operation, column) } else { Expected::Forbidden }
            }
        };
        match allowed {
            Expected::Forbidden => return Says::Forbidden,
            Expected::Hidden if standing == 5 => return Says::Forbidden,
            Expected::Hidden => return Says::Hidden,
            Expected::Unknown => panic!("everybody here is logged in"),
            Expected::Through => {}
        }
        match question {
            Question::Sheet(operation) => self.of_sheet(plot, who, operation),
            Question::Relay(operation, hop) => self.of_relay(plot, who, operation, hop),
            Question::InWords if plot.is("voided") => state("voided"),
            Question::InWords if plot.state(Hop::Asked) != Some("accepted") => state(plot.state(Hop::Asked).unwrap()),
            Question::InWords if plot.consent.report => Says::Stale,
            Question::InWords => Says::Refused(vec!["report_back_not_allowed".to_owned()]),
            Question::Tell { operation, to, onward } => self.telling(plot, who, operation, to, onward),
        }
    }

    fn of_sheet(&self, plot: Plot, who: &Who, operation: &str) -> Says {
        let is_auditor = who.role == Some("auditor");
        let is_origin = who.part == Part::Origin;
        let versions = plot.consent.line.len();
        // A recipient knows the version under which something was told to it, and the one in force.
        let knows = |version: usize| {
            is_origin || is_auditor || version == 1 || plot.consent.line[versions - version] == "effective"
        };
        let newest = plot.consent.line.first().copied();
        match operation {
            "show_sheet" | "show_revision" => {
                let mut shown = match who.part {
                    _ if is_auditor => sections(&[], |_| "役割による非表示"),
                    _ if plot.is("voided") => sections(&[], |_| "シートの取消"),
                    Part::Origin => sections(&EVERY_SECTION, |_| ""),
                    part => {
                        let reason =
                            |s| if plot.consent.told.contains(&s) { plot.consent.why } else { "同意の範囲外" };
                        let mut shown = sections(&plot.sees(part), reason);
                        shown.extend(as_they_stood(&plot.sees_as_it_stood(part)));
                        shown
                    }
                };
                let visitor = is_origin && !plot.is("voided") || plot.sees(who.part).contains(&"contact");
                let extra = [
                    (is_auditor, "no content"),
                    (is_origin, "address_secret"),
                    (visitor && !is_auditor && !plot.is("voided"), "visitor"),
                ];
                shown.extend(extra.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned()));
                shown.insert(format!("state {}", plot.sheet_state()));
                Says::Shows(shown)
            }
            "show_timeline" => Says::Shows(BTreeSet::new()),
            "list_entries" => {
                let mut texts: BTreeSet<String> = match who.part {
                    _ if plot.is("voided") => return Says::Shows(BTreeSet::new()),
                    Part::Origin => set(ENTRIES.map(|(_, text)| text)),
                    part => {
                        let mut sees = plot.sees(part);
                        // All entries are written in one instant, so they do not count as earlier than the version.
                        sees.retain(|section| !plot.sees_as_it_stood(part).contains(section));
                        set(ENTRIES.iter().filter(|(section, _)| sees.contains(section)).map(|(_, text)| *text))
                    }
                };
                let wrote = matches!(plot.relay.asked, Some("accepted" | "reported" | "closed"))
                    || plot.relay.first == Some("accepted");
                if wrote && who.part != Part::Onward {
                    texts.insert(OWN_ENTRY.to_owned());
                }
                // The reason for closing the sheet is an entry in the section of opinions.
                let closed_it = plot.holder() == who.part;
                if plot.is("closed") && (closed_it || is_origin) {
                    texts.insert("経過のしるし 終結".to_owned());
                }
                Says::Shows(texts)
            }
            "list_consents" => {
                let known = (1..=versions).filter(|version| knows(*version));
                let words = is_origin.then(|| "words".to_owned()).filter(|_| versions > 0);
                let told = known.map(|version| format!("{version} {}", plot.consent.line[versions - version]));
                Says::Shows(told.chain(words).collect())
            }
            "show_consent" if !knows(versions) => Says::Hidden,
            "show_consent" => {
                let words = is_origin.then(|| "words".to_owned());
                Says::Shows(words.into_iter().chain([format!("{versions} {}", newest.unwrap())]).collect())
            }
            "withdraw_consent" if !knows(versions) => Says::Hidden,
            "withdraw_consent" => Says::Invalid("/agency_ids/0"),
            // Only the named witness may confirm; others get an answer only if they may see the version at all.
            "witness_consent" if !knows(versions) => Says::Hidden,
            "witness_consent" => match plot.shut() {
                Some(says) => says,
                None if matches!(plot.consent.story, "oral_waits" | "renewed_orally") => Says::Invalid(""),
                None => state(newest.unwrap()),
            },
            "give_consent" => Says::Invalid("/recipients/agency_ids/0"),
            "add_entry" => plot.shut().unwrap_or(Says::Invalid("/section")),
            "revise_sheet" | "void_sheet" => Says::Stale,
            "discard_sheet" => state(plot.sheet_state()),
            "close_sheet" | "reopen_sheet" if plot.holder() != who.part => Says::Forbidden,
            "close_sheet" => {
                let over =
                    plot.states().iter().all(|state| matches!(*state, "declined" | "cancelled" | "halted" | "closed"));
                plot.shut().unwrap_or(if over { Says::Stale } else { state(plot.sheet_state()) })
            }
            "reopen_sheet" if plot.is("closed") => Says::Stale,
            "reopen_sheet" => state(plot.sheet_state()),
            other => panic!("the rule does not know {other}"),
        }
    }

    /// Which moves a state allows, and to whom (docs/domain.md, "Relays").
    fn allows(now: &str, operation: &str) -> bool {
        let moves: &[&str] = match now {
            "sent" => &["receive", "accept", "decline", "return", "cancel"],
            "received" => &["accept", "decline", "return", "cancel"],
            "returned" => &["resend", "cancel"],
            "accepted" => &["report"],
            "reported" => &["confirm"],
            _ => &[],
        };
        moves.contains(&operation.trim_end_matches("_relay"))
    }

    /// The moves that are allowed now: the operation, the relay, and the agency that makes it.
    pub fn moves(plot: Plot) -> Vec<(&'static str, Hop, Part)> {
        let receivers = ["receive_relay", "accept_relay", "decline_relay", "return_relay", "report_relay"];
        // Sending again is left out, because it needs a fresh preview; the worlds whose relay was sent again have tested it.
        let senders = ["cancel_relay", "confirm_relay"];
        let hops = [(Hop::Asked, Part::Origin, Part::Receiver), (Hop::Child, Part::Receiver, Part::Onward)];
        let all = hops.into_iter().flat_map(|(hop, from, to)| {
            let received = receivers.map(|operation| (operation, hop, to));
            received.into_iter().chain(senders.map(|operation| (operation, hop, from)))
        });
        all.filter(|(operation, hop, _)| {
            !plot.is("voided") && plot.state(*hop).is_some_and(|now| Self::allows(now, operation))
        })
        .collect()
    }

    fn of_relay(&self, plot: Plot, who: &Who, operation: &'static str, hop: Hop) -> Says {
        let now = plot.state(hop).expect("a relay");
        let (sender, receiver) = match hop {
            Hop::Asked => (Part::Origin, Part::Receiver),
            Hop::Child => (Part::Receiver, Part::Onward),
        };
        // 調整担当 sees open relays, and none that are over.
        let as_hub = who.role == Some("hub") && who.part == Part::Other;
        if as_hub && matches!(now, "declined" | "cancelled" | "halted" | "closed") {
            return Says::Hidden;
        }
        match operation {
            "show_relay" if as_hub || who.role == Some("auditor") => {
                let mut shown = sections(&[], |_| "役割による非表示");
                shown.extend([format!("state {now}"), "no content".to_owned()]);
                Says::Shows(shown)
            }
            "show_relay" => Says::Shows(self.relay_shown(plot, who.part, sender, receiver, now)),
            "resend_relay" if now == "returned" => {
                let failed = if hop == Hop::Asked { &plot.consent.again } else { &plot.consent.pass };
                Self::gate(failed)
            }
            "resend_relay" => state(now),
            _ if plot.is("voided") => state("voided"),
            operation if Self::allows(now, operation) => Says::Stale,
            _ => state(now),
        }
    }

    fn relay_shown(&self, plot: Plot, part: Part, sender: Part, receiver: Part, now: &'static str) -> BTreeSet<String> {
        let told = &plot.consent.told;
        let as_told = |section| if told.contains(&section) { plot.consent.why } else { "同意の範囲外" };
        let taken = matches!(now, "accepted" | "reported" | "closed");
        let (seen, reason): (Vec<&str>, Option<&'static str>) = match part {
            _ if plot.is("voided") => (Vec::new(), Some("シートの取消")),
            Part::Origin => (told.clone(), None),
            // The onward sender sees in it what it may still see itself.
            part if part == sender => (plot.sees(part), None),
            _ if now == "sent" => (Vec::new(), Some("受領前")),
            _ if now == "halted" => (Vec::new(), Some("同意の撤回")),
            _ if now != "received" && !taken => (Vec::new(), Some("つなぎの終了")),
            part => (plot.sees(part), None),
        };
        let mut shown = sections(&seen, |section| reason.unwrap_or_else(|| as_told(section)));
        let as_it_stood = plot.sees_as_it_stood(part).into_iter().filter(|section| seen.contains(section));
        shown.extend(as_they_stood(&as_it_stood.filter(|_| part != Part::Origin).collect::<Vec<_>>()));
        shown.insert(format!("state {now}"));
        if seen.is_empty() || (part == receiver && now == "sent") {
            shown.insert("no content".to_owned());
        }
        let something = plot.closed_to(receiver).len() < told.len();
        let stands = taken || matches!(now, "sent" | "received");
        if part != receiver || stands && something {
            shown.insert("request".to_owned());
        }
        // The receiver is not told why the sender took the relay back.
        if matches!(now, "declined" | "returned") || (now == "cancelled" && part != receiver) {
            shown.insert("note".to_owned());
        }
        if matches!(now, "reported" | "closed") && !plot.is("few") {
            shown.insert("report".to_owned());
        }
        shown
    }

    fn gate(failed: &[&str]) -> Says {
        if failed.is_empty() {
            Says::PreviewOutdated
        } else {
            Says::Refused(failed.iter().map(|c| (*c).to_owned()).collect())
        }
    }

    fn telling(&self, plot: Plot, who: &Who, operation: &str, to: Part, onward: bool) -> Says {
        if let Some(says) = plot.shut() {
            return says;
        }
        if !onward && who.part != Part::Origin {
            return Says::Invalid("/parent_relay_id");
        }
        // The relay that is continued is the one to the receiver.
        let is_taken_on = matches!(plot.state(Hop::Asked), Some("accepted" | "reported" | "closed"));
        if onward && (who.part != Part::Receiver || !is_taken_on) {
            return Says::Invalid("/parent_relay_id");
        }
        let failed = match to {
            Part::Onward => &plot.consent.pass,
            Part::Receiver => &plot.consent.again,
            _ => &plot.consent.other,
        };
        match operation {
            "preview_relay" => {
                let filled = plot.consent.told.iter().filter(|s| FILLED.contains(s) || **s == "history");
                let told = filled.map(|section| (*section).to_owned()).filter(|_| failed.is_empty());
                let clauses = failed.iter().map(|clause| format!("refused: {clause}"));
                Says::Shows(told.chain(clauses).collect())
            }
            _ if plot.is("none") => Says::Invalid("/basis/consent_id"),
            _ => Self::gate(failed),
        }
    }
}
