//! Random moves: people of several agencies act on a few sheets, and each chooses from what all of them know.

mod excepted;

use crate::caller::{Asked, Caller};
use crate::record::{ALL, Answer, Ask, Basis, Decision, Deed, Step, Terms};
use std::sync::Mutex;
use std::time::Duration;

/// Sheets that are worked on at the same time.
const LIVE: usize = 4;
/// A sheet with this many consents, relays and exceptions is left alone.
const WORN: usize = 40;
/// The bits of all agencies but the hospital, which may be told nothing.
const RECIPIENTS: u8 = 0b1111;

/// A relay, as far as the players know.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) from: usize,
    pub(crate) ask: Ask,
    pub(crate) revision: u32,
    pub(crate) state: String,
    /// Whether an offer to hand the baton back waits.
    pub(crate) offered: bool,
}

/// An exception, as far as the players know.
#[derive(Clone)]
pub(crate) struct Excepted {
    pub(crate) id: String,
    /// The agency and the person who asked.
    pub(crate) agency: usize,
    pub(crate) asker: usize,
    pub(crate) to: usize,
    pub(crate) sections: u8,
    pub(crate) emergency: bool,
    pub(crate) revision: u32,
    pub(crate) state: String,
}

/// A sheet that is worked on, as far as the players know.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) id: String,
    pub(crate) revision: u32,
    pub(crate) consents: Vec<String>,
    pub(crate) relays: Vec<Known>,
    pub(crate) exceptions: Vec<Excepted>,
    pub(crate) closed: bool,
}

/// What all players know.
#[derive(Default)]
pub(crate) struct Board(Mutex<(Vec<Live>, usize)>);

impl Board {
    /// Whether a sheet is missing; the player who gets `true` must make it.
    fn lacks(&self) -> bool {
        let mut board = self.0.lock().unwrap();
        let lacks = board.0.len() + board.1 < LIVE;
        board.1 += usize::from(lacks);
        lacks
    }

    fn add(&self, live: Option<Live>) {
        let mut board = self.0.lock().unwrap();
        board.1 -= 1;
        board.0.extend(live);
    }

    fn pick(&self, player: &mut Player) -> Option<Live> {
        let board = self.0.lock().unwrap();
        player.caller.dice.one(&board.0, |_| true).cloned()
    }

    fn learn(&self, sheet: &str, what: impl FnOnce(&mut Live)) {
        let mut board = self.0.lock().unwrap();
        if let Some(live) = board.0.iter_mut().find(|live| live.id == sheet) {
            what(live);
        }
        board.0.retain(|live| live.consents.len() + live.relays.len() + live.exceptions.len() < WORN);
    }
}

/// What a player does next.
#[derive(Clone, Copy)]
enum Turn {
    Revise,
    Consent,
    Witness,
    Withdraw,
    Send,
    Relay(&'static str),
    Except,
    Decide,
    Use,
    Close,
    Reopen,
    Entry,
    Read,
    List,
    Again,
}

const MIX: [(usize, Turn); 27] = [
    (4, Turn::Revise),
    (5, Turn::Consent),
    (4, Turn::Witness),
    (4, Turn::Withdraw),
    (16, Turn::Send),
    (6, Turn::Relay("receive")),
    (10, Turn::Relay("accept")),
    (3, Turn::Relay("decline")),
    (3, Turn::Relay("return")),
    (4, Turn::Relay("resend")),
    (4, Turn::Relay("cancel")),
    (7, Turn::Relay("report")),
    (7, Turn::Relay("confirm")),
    (6, Turn::Relay("amend")),
    (5, Turn::Relay("hand back")),
    (5, Turn::Relay("take back")),
    (3, Turn::Relay("leave there")),
    (4, Turn::Except),
    (7, Turn::Decide),
    (5, Turn::Use),
    (5, Turn::Close),
    (3, Turn::Reopen),
    (3, Turn::Entry),
    (9, Turn::Relay("read")),
    (10, Turn::Read),
    (2, Turn::List),
    (7, Turn::Again),
];

/// A person who moves at random.
pub(crate) struct Player {
    pub(crate) caller: Caller,
    /// The index of the agency among the model's agencies.
    pub(crate) agency: usize,
    pub(crate) manager: bool,
    asked: Vec<Asked>,
}

impl Player {
    pub(crate) fn new(caller: Caller, agency: usize, manager: bool) -> Self {
        Self { caller, agency, manager, asked: Vec::new() }
    }

    /// One move, which may be several calls.
    pub(crate) fn turn(&mut self, board: &Board) {
        if self.agency == 0 && board.lacks() {
            let live = self.new_sheet();
            board.add(live);
            return;
        }
        let Some(live) = board.pick(self) else {
            // The first sheets are being made.
            std::thread::sleep(Duration::from_millis(1));
            return;
        };
        match self.caller.dice.weighed(&MIX) {
            Turn::Revise => {
                let deed = Deed::Revise { mark: self.caller.mark(), secret: self.caller.dice.percent(15) };
                let if_match = self.revision(live.revision);
                self.on_sheet(board, &live, deed, if_match);
            }
            Turn::Consent => {
                let terms = self.terms();
                self.give(board, &live, terms);
            }
            Turn::Witness => {
                if let Some(consent) = self.newest(&live.consents) {
                    let heard = self.caller.dice.percent(80);
                    self.on_sheet(board, &live, Deed::Witness { consent, heard }, None);
                }
            }
            Turn::Withdraw => {
                if let Some(consent) = self.newest(&live.consents) {
                    let some = |dice: &mut crate::caller::Dice| if dice.percent(60) { 0 } else { 1 << dice.below(4) };
                    let agencies = some(&mut self.caller.dice);
                    let sections = some(&mut self.caller.dice);
                    self.on_sheet(board, &live, Deed::Withdraw { consent, agencies, sections }, None);
                }
            }
            Turn::Send => self.send(board, &live),
            Turn::Relay(step) => self.on_relay(board, &live, step),
            Turn::Except => self.except(board, &live),
            Turn::Decide => self.decide(board, &live),
            Turn::Use => self.use_exception(board, &live),
            Turn::Close => {
                let if_match = self.revision(live.revision);
                self.on_sheet(board, &live, Deed::Close, if_match);
            }
            Turn::Reopen if live.closed || self.caller.dice.percent(20) => {
                let if_match = self.revision(live.revision);
                self.on_sheet(board, &live, Deed::Reopen, if_match);
            }
            Turn::Reopen => {}
            Turn::Entry => {
                let deed = Deed::Entry { opinion: self.caller.dice.percent(50) };
                self.on_sheet(board, &live, deed, None);
            }
            Turn::Read => {
                let reads =
                    [(10, Deed::ReadSheet), (3, Deed::ReadConsents), (3, Deed::ReadEntries), (3, Deed::ReadTimeline)];
                let deed = self.caller.dice.weighed(&reads);
                self.on_sheet(board, &live, deed, None);
            }
            Turn::List => {
                let lists = [
                    (1, Deed::ListSheets),
                    (2, Deed::ListRelays { outbox: false }),
                    (1, Deed::ListRelays { outbox: true }),
                    (1, Deed::ListExceptions),
                ];
                let deed = self.caller.dice.weighed(&lists);
                self.caller.deed(None, deed, None);
            }
            Turn::Again => {
                if let Some(mut asked) = self.caller.dice.one(&self.asked, |_| true).cloned() {
                    if self.caller.dice.percent(10) && matches!(asked.deed, Deed::Entry { .. } | Deed::Consent(_)) {
                        // The same key is sent for another deed.
                        asked.deed = Deed::Reopen;
                        asked.if_match = Some(live.revision);
                    }
                    self.caller.ask(asked, None);
                }
            }
        }
    }

    /// Makes sure that every player has read the lists and has asked something twice, whatever the random choices were.
    pub(crate) fn ends(&mut self) {
        let boxes = [false, true].map(|outbox| Deed::ListRelays { outbox });
        for deed in [Deed::ListSheets, Deed::ListExceptions].into_iter().chain(boxes) {
            self.caller.deed(None, deed, None);
        }
        if self.agency == 0 {
            // This succeeds for certain.
            self.new_sheet();
        }
        if let Some(asked) = self.asked.last().cloned() {
            self.caller.ask(asked, None);
        }
    }

    /// Mostly the known revision, sometimes an older one.
    fn revision(&mut self, known: u32) -> Option<u32> {
        Some(if self.caller.dice.percent(5) { known.saturating_sub(1).max(1) } else { known })
    }

    fn newest(&mut self, consents: &[String]) -> Option<String> {
        let last = consents.last().cloned();
        let one = self.caller.dice.one(consents, |consent| Some(consent) == last.as_ref()).cloned();
        let any = self.caller.dice.one(consents, |_| true).cloned();
        if self.caller.dice.percent(80) { one } else { any }
    }

    /// Asks about a sheet. Sometimes it waits so briefly that the answer is lost and must be asked for again.
    fn ask(&mut self, sheet: Option<&str>, deed: Deed, if_match: Option<u32>) -> Option<Answer> {
        let key = crate::caller::has_key(&deed).then(|| self.caller.key());
        let asked = Asked { sheet: sheet.map(str::to_owned), deed, key, if_match };
        let hasty = asked.key.is_some() && self.caller.dice.percent(4);
        let haste = hasty.then(|| Duration::from_micros(500 + self.caller.dice.below(30_000) as u64));
        if asked.key.is_some() {
            self.asked.push(asked.clone());
            if self.asked.len() > 6 {
                self.asked.remove(0);
            }
        }
        self.caller.ask(asked, haste)
    }

    /// A new sheet with a consent to nearly everything.
    pub(crate) fn new_sheet(&mut self) -> Option<Live> {
        let deed = Deed::Create { mark: self.caller.mark() };
        let answer = self.ask(None, deed, None).filter(|answer| answer.status == 201)?;
        // The request from before the sheet had an id can be asked again like any other.
        let id = answer.said.id;
        let terms = Terms {
            decision: Decision::Granted,
            oral: false,
            sections: ALL,
            agencies: RECIPIENTS,
            excluded: 0,
            onward: true,
            report_back: true,
        };
        let given = self.ask(Some(&id), Deed::Consent(terms), None)?;
        let consents = if given.status == 201 { vec![given.said.id] } else { Vec::new() };
        let revision = if given.status == 201 { 2 } else { 1 };
        Some(Live { id, revision, consents, relays: Vec::new(), exceptions: Vec::new(), closed: false })
    }

    fn terms(&mut self) -> Terms {
        let dice = &mut self.caller.dice;
        let decisions =
            [(7, Decision::Granted), (2, Decision::Partial), (1, Decision::Refused), (1, Decision::Pending)];
        Terms {
            decision: dice.weighed(&decisions),
            oral: dice.percent(25),
            sections: if dice.percent(70) { ALL } else { 1 << dice.below(4) | 1 << dice.below(4) },
            agencies: if dice.percent(70) { RECIPIENTS } else { 1 << dice.below(4) | 1 << dice.below(5) },
            excluded: if dice.percent(90) { 0 } else { 1 << dice.below(4) },
            onward: dice.percent(80),
            report_back: dice.percent(80),
        }
    }

    fn give(&mut self, board: &Board, live: &Live, terms: Terms) {
        let Some(answer) = self.ask(Some(&live.id), Deed::Consent(terms), None) else { return };
        if answer.status == 201 {
            board.learn(&live.id, |live| live.consents.push(answer.said.id));
        }
    }

    fn on_sheet(&mut self, board: &Board, live: &Live, deed: Deed, if_match: Option<u32>) {
        let Some(answer) = self.ask(Some(&live.id), deed, if_match) else { return };
        if let (Some(revision), 200) = (answer.etag, answer.status) {
            board.learn(&live.id, |live| {
                if revision >= live.revision {
                    live.revision = revision;
                    live.closed = answer.said.state == "closed";
                }
            });
        } else if answer.status == 412 {
            self.look(board, &live.id);
        }
    }

    /// Reads the sheet to learn where it stands.
    fn look(&mut self, board: &Board, sheet: &str) {
        let answer = self.ask(Some(sheet), Deed::ReadSheet, None);
        if let Some((revision, closed)) = answer.and_then(|a| Some((a.etag?, a.said.state == "closed"))) {
            board.learn(sheet, |live| {
                if revision >= live.revision {
                    (live.revision, live.closed) = (revision, closed);
                }
            });
        }
    }

    /// The relay that the agency continues, or none at the origin. Nothing when it has no part in the sheet; sometimes it tries all the
    /// same, and must get 404.
    fn parent(&mut self, live: &Live) -> Option<Option<String>> {
        if self.agency == 0 {
            return Some(None);
        }
        let taken = |known: &Known| ["accepted", "reported", "closed"].contains(&known.state.as_str());
        let mine: Vec<Known> = live.relays.iter().filter(|r| r.ask.to == self.agency && taken(r)).cloned().collect();
        let parent = self.caller.dice.one(&mine, |_| true).map(|known| known.id.clone());
        (parent.is_some() || self.caller.dice.percent(10)).then_some(parent)
    }

    fn recipient(&mut self) -> usize {
        self.caller.dice.weighed(&[(6, 1), (4, 2), (4, 3), (1, 4), (1, 0)])
    }

    fn sections(&mut self) -> u8 {
        self.caller.dice.weighed(&[(3, 0b1001), (2, ALL), (1, 0b0101), (1, 0b0001), (1, 0b1100)])
    }

    fn send(&mut self, board: &Board, live: &Live) {
        let Some(parent) = self.parent(live) else { return };
        let (to, sections) = (self.recipient(), self.sections());
        let Some(consent) = self.newest(&live.consents) else { return };
        let ask = Ask { to, sections, basis: Some(Basis::Consent(consent)), parent };
        if let Some(known) = self.relay(&live.id, ask) {
            board.learn(&live.id, |live| live.relays.push(known));
        }
    }

    /// Looks at what would go, and sends it.
    pub(crate) fn relay(&mut self, sheet: &str, ask: Ask) -> Option<Known> {
        let preview = self.ask(Some(sheet), Deed::Preview(ask.clone()), None)?;
        if preview.status != 200 || (!preview.said.clauses.is_empty() && !self.caller.dice.percent(50)) {
            return None;
        }
        let deed = Deed::Send { ask: ask.clone(), digest: preview.said.digest };
        let answer = self.ask(Some(sheet), deed, None).filter(|answer| answer.status == 201)?;
        let (revision, state) = (answer.etag.unwrap_or(1), answer.said.state);
        Some(Known { id: answer.said.id, from: self.agency, ask, revision, state, offered: false })
    }

    fn on_relay(&mut self, board: &Board, live: &Live, name: &str) {
        let (fits, receivers): (&[&str], _) = match name {
            "receive" => (&["sent"], true),
            "accept" | "decline" | "return" => (&["sent", "received"], true),
            "resend" => (&["returned"], false),
            "cancel" => (&["sent", "received", "returned"], false),
            "report" => (&["accepted"], true),
            "confirm" => (&["reported"], false),
            "hand back" => (&["accepted"], true),
            "amend" => (&["sent", "received", "accepted", "reported"], false),
            "take back" | "leave there" => (&["accepted", "reported", "closed"], false),
            _ => (&[], true),
        };
        let answers = ["take back", "leave there"].contains(&name);
        let fits = |known: &Known| fits.contains(&known.state.as_str()) && (!answers || known.offered);
        let somebody = self.caller.dice.percent(8);
        let mine =
            |known: &Known| somebody || if receivers { known.ask.to == self.agency } else { known.from == self.agency };
        let relays: Vec<Known> = live.relays.iter().filter(|known| name == "read" || mine(known)).cloned().collect();
        let known = self.caller.dice.one(&relays, fits).cloned();
        // A move that does not fit the state is tried less often.
        let Some(known) = known.filter(|known| name == "read" || fits(known) || somebody) else { return };
        let step = match name {
            "receive" => Step::Receive,
            "accept" => Step::Accept,
            "decline" => Step::Decline,
            "return" => Step::Return,
            "cancel" => Step::Cancel,
            "report" => Step::Report { text: self.caller.dice.percent(50) },
            "confirm" => Step::Confirm,
            "hand back" => Step::HandBack,
            "take back" => Step::TakeBack,
            "leave there" => Step::LeaveThere,
            "amend" => match self.amendment(live, &known) {
                Some(step) => step,
                None => return,
            },
            "resend" => {
                // No consent is named, so the one in force is judged. An exception covers its own relay again.
                let basis = known.ask.basis.clone().filter(|basis| matches!(basis, Basis::Exception(_)));
                let ask = Ask { basis, ..known.ask.clone() };
                let Some(preview) = self.ask(Some(&live.id), Deed::Preview(ask), None) else { return };
                if preview.status != 200 {
                    return;
                }
                Step::Resend { digest: preview.said.digest }
            }
            _ => {
                let read = self.ask(Some(&live.id), Deed::ReadRelay { relay: known.id.clone() }, None);
                Self::learn(board, live, &known, read);
                return;
            }
        };
        let if_match = self.revision(known.revision);
        let deed = Deed::Move { relay: known.id.clone(), step };
        let answer = self.ask(Some(&live.id), deed, if_match);
        if answer.as_ref().is_some_and(|answer| matches!(answer.status, 409 | 412)) {
            let read = self.ask(Some(&live.id), Deed::ReadRelay { relay: known.id.clone() }, None);
            Self::learn(board, live, &known, read);
        } else {
            Self::learn(board, live, &known, answer);
        }
    }

    /// Looks at what other sections would tell, and returns the step that makes the change.
    fn amendment(&mut self, live: &Live, known: &Known) -> Option<Step> {
        let sections = self.sections();
        let own = known.ask.basis.clone();
        let consent = self.newest(&live.consents).map(Basis::Consent);
        let basis = if self.caller.dice.percent(50) { own.or(consent) } else { consent.or(own) }?;
        let deed = Deed::PreviewAmend { relay: known.id.clone(), sections, basis: basis.clone() };
        let preview = self.ask(Some(&live.id), deed, None).filter(|answer| answer.status == 200)?;
        let goes = preview.said.clauses.is_empty() || self.caller.dice.percent(50);
        goes.then_some(Step::Amend { sections, basis, digest: preview.said.digest })
    }

    fn learn(board: &Board, live: &Live, known: &Known, answer: Option<Answer>) {
        let Some((revision, said)) = answer.and_then(|answer| Some((answer.etag?, answer.said))) else { return };
        board.learn(&live.id, |live| {
            let excepted = live.exceptions.iter().any(|it| it.id == said.basis);
            if let Some(known) = live.relays.iter_mut().find(|k| k.id == known.id && k.revision <= revision) {
                (known.revision, known.state, known.offered) = (revision, said.state, said.offer == "offered");
                known.ask.sections = said.sections;
                let named = if excepted { Basis::Exception } else { Basis::Consent };
                known.ask.basis = Some(named(said.basis));
            }
        });
    }
}
