//! Two people act at the same moment, again and again: the tests count who wins, and demand that exactly one does.

use crate::player::{Excepted, Known, Live, Player};
use crate::record::{ALL, Answer, Ask, Basis, Decision, Deed, Step, Terms, Verdict};
use std::collections::BTreeMap;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// The number of races on one sheet, which gets slow with many relays. Two consents are given for each, and a day allows twenty.
const ON_ONE_SHEET: usize = 9;
/// The longest head start of one over the other, so that both orders occur.
const HEAD_START_MICROS: usize = 4_000;
/// くらしとしごとの相談センター among the model's agencies.
const RECEIVER: usize = 1;

/// How often each side won each race, and the outcomes that should not have been.
#[derive(Default)]
pub(crate) struct Winners {
    pub(crate) counts: BTreeMap<&'static str, [u32; 2]>,
    pub(crate) wrong: Vec<String>,
}

impl Winners {
    fn note(&mut self, race: &'static str, (one, other): (bool, bool)) {
        if one == other {
            self.wrong.push(format!("{race}: {}", if one { "both won" } else { "nobody won" }));
        } else {
            self.counts.entry(race).or_default()[usize::from(other)] += 1;
        }
    }

    /// Adds the results of another race course.
    pub(crate) fn add(&mut self, others: Self) {
        for (race, counts) in others.counts {
            let sum = self.counts.entry(race).or_default();
            *sum = [sum[0] + counts[0], sum[1] + counts[1]];
        }
        self.wrong.extend(others.wrong);
    }
}

/// Lets two deeds start at once, and returns both answers.
fn at_once(
    pair: &mut (Player, Player),
    sheet: &str,
    deeds: (Deed, Option<u32>),
    others: (Deed, Option<u32>),
) -> (Option<Answer>, Option<Answer>) {
    let delay = pair.0.caller.dice.below(2 * HEAD_START_MICROS);
    let waits = |micros: usize| Duration::from_micros(micros as u64);
    let first = waits(delay.saturating_sub(HEAD_START_MICROS));
    let second = waits(HEAD_START_MICROS.saturating_sub(delay));
    let barrier = Barrier::new(2);
    let go = |player: &mut Player, (deed, if_match): (Deed, Option<u32>), wait: Duration| {
        barrier.wait();
        let begin = Instant::now();
        while begin.elapsed() < wait {
            std::hint::spin_loop();
        }
        player.caller.deed(Some(sheet), deed, if_match)
    };
    let (one, other) = (&mut pair.0, &mut pair.1);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| go(one, deeds, first));
        let other = go(other, others, second);
        (one.join().unwrap(), other)
    })
}

fn won(answer: &Option<Answer>) -> bool {
    answer.as_ref().is_some_and(|answer| answer.status < 300)
}

fn everything() -> Terms {
    Terms {
        decision: Decision::Granted,
        oral: false,
        sections: ALL,
        agencies: 0b1111,
        excluded: 0,
        onward: true,
        report_back: true,
    }
}

/// A race course: a clerk of the origin, a person at the receiver, a colleague there, and the sheet that they use now.
struct Course {
    pair: (Player, Player),
    colleague: Player,
    live: Live,
}

impl Course {
    /// Takes a new sheet when the old one has had its races.
    fn refresh(&mut self, round: usize) -> Option<()> {
        if round > 0 && round.is_multiple_of(ON_ONE_SHEET) {
            self.live = self.pair.0.new_sheet()?;
        }
        Some(())
    }

    fn ask(&self) -> Ask {
        let basis = self.live.consents.last().cloned().map(Basis::Consent);
        Ask { to: RECEIVER, sections: ALL, basis, parent: None }
    }

    /// A relay that waits for its receiver.
    fn sent(&mut self) -> Option<Known> {
        let ask = self.ask();
        self.pair.0.relay(&self.live.id, ask)
    }

    fn clerk(&mut self, deed: Deed, if_match: Option<u32>) -> Option<Answer> {
        self.pair.0.caller.deed(Some(&self.live.id), deed, if_match)
    }

    fn digest(&mut self) -> Option<String> {
        let ask = self.ask();
        self.clerk(Deed::Preview(ask), None).map(|answer| answer.said.digest)
    }

    fn revision(&mut self) -> Option<u32> {
        self.clerk(Deed::ReadSheet, None)?.etag
    }

    fn go(&mut self, deed: (Deed, Option<u32>), other: (Deed, Option<u32>)) -> (bool, bool) {
        let sheet = self.live.id.clone();
        let (one, other) = at_once(&mut self.pair, &sheet, deed, other);
        (won(&one), won(&other))
    }

    /// The same between the clerk and a colleague of theirs.
    fn among_senders(&mut self, deed: (Deed, Option<u32>), other: (Deed, Option<u32>)) -> [Option<Answer>; 2] {
        let sheet = self.live.id.clone();
        std::mem::swap(&mut self.pair.1, &mut self.colleague);
        let answers = at_once(&mut self.pair, &sheet, deed, other);
        std::mem::swap(&mut self.pair.1, &mut self.colleague);
        answers.into()
    }

    /// Two people of one agency accept the same relay.
    fn accept_accept(&mut self) -> Option<(bool, bool)> {
        let known = self.sent()?;
        let accept = || (Deed::Move { relay: known.id.clone(), step: Step::Accept }, Some(known.revision));
        // The clerk has no part in this race.
        std::mem::swap(&mut self.pair.0, &mut self.colleague);
        let answers = self.go(accept(), accept());
        std::mem::swap(&mut self.pair.0, &mut self.colleague);
        Some(answers)
    }

    /// The receiver accepts while the sender cancels.
    fn accept_cancel(&mut self) -> Option<(bool, bool)> {
        let known = self.sent()?;
        let step = |step| (Deed::Move { relay: known.id.clone(), step }, Some(known.revision));
        let (cancelled, accepted) = self.go(step(Step::Cancel), step(Step::Accept));
        Some((accepted, cancelled))
    }

    /// A relay is sent while the consent is withdrawn: it is refused or halted at once, and never stays open.
    fn relay_withdraw(&mut self) -> Option<(bool, bool)> {
        let given = self.clerk(Deed::Consent(everything()), None)?;
        self.live.consents.push(given.said.id.clone());
        let digest = self.digest()?;
        let send = Deed::Send { ask: self.ask(), digest };
        let withdraw = Deed::Withdraw { consent: given.said.id, agencies: 0, sections: 0 };
        // A colleague of the sender records the withdrawal.
        let [sent, withdrawn] = self.among_senders((send, None), (withdraw, None));
        if !won(&withdrawn) {
            return Some((false, false));
        }
        let Some(relay) = sent.filter(|answer| answer.status == 201) else { return Some((false, true)) };
        let now = self.clerk(Deed::ReadRelay { relay: relay.said.id }, None)?;
        Some((true, now.said.state != "halted"))
    }

    /// The sheet is closed while a relay is sent.
    fn close_relay(&mut self) -> Option<(bool, bool)> {
        let digest = self.digest()?;
        let revision = self.revision();
        let send = Deed::Send { ask: self.ask(), digest };
        let [closed, sent] = self.among_senders((Deed::Close, revision), (send, None));
        let answers = (won(&closed), won(&sent));
        if answers.0 {
            let revision = self.revision();
            self.clerk(Deed::Reopen, revision);
        }
        if let Some(relay) = sent.filter(|answer| answer.status == 201) {
            self.clerk(Deed::Move { relay: relay.said.id, step: Step::Cancel }, Some(1));
        }
        Some(answers)
    }

    /// The manager among the two senders, who decides on what the other asked for.
    fn decides(&mut self) -> &mut Player {
        if self.colleague.manager { &mut self.colleague } else { &mut self.pair.0 }
    }

    fn excepted(&mut self, emergency: bool) -> Option<Excepted> {
        let sheet = self.live.id.clone();
        let asks = if self.colleague.manager { &mut self.pair.0 } else { &mut self.colleague };
        asks.asks_for(&sheet, RECEIVER, ALL, emergency)
    }

    fn decide(&mut self, excepted: &Excepted, decision: Verdict, revision: u32) -> Option<()> {
        let sheet = self.live.id.clone();
        let decides = self.decides();
        let deed = decides.decision(excepted, decision);
        let answer = decides.caller.deed(Some(&sheet), deed, Some(revision));
        won(&answer).then_some(())
    }

    fn on_exception(&mut self, excepted: &Excepted) -> Option<Deed> {
        let ask = Ask { basis: Some(Basis::Exception(excepted.id.clone())), ..self.ask() };
        let digest = self.clerk(Deed::Preview(ask.clone()), None)?.said.digest;
        Some(Deed::Send { ask, digest })
    }

    /// Two people send on the strength of one exception, which carries one relay.
    fn use_use(&mut self) -> Option<(bool, bool)> {
        let excepted = self.excepted(false)?;
        self.decide(&excepted, Verdict::Approve, excepted.revision)?;
        let send = self.on_exception(&excepted)?;
        let answers = self.among_senders((send.clone(), None), (send, None));
        for relay in answers.iter().flatten().filter(|answer| answer.status == 201) {
            self.clerk(Deed::Move { relay: relay.said.id.clone(), step: Step::Cancel }, Some(1));
        }
        Some((won(&answers[0]), won(&answers[1])))
    }

    /// An emergency is used before its approval while it is rejected: rejected first, it carries nothing, and used first, it is another
    /// revision than the one that was to be rejected.
    fn use_reject(&mut self) -> Option<(bool, bool)> {
        let excepted = self.excepted(true)?;
        let send = (self.on_exception(&excepted)?, None);
        let reject = (self.decides().decision(&excepted, Verdict::Reject), Some(excepted.revision));
        let [used, rejected] = if self.colleague.manager {
            self.among_senders(send, reject)
        } else {
            let [rejected, used] = self.among_senders(reject, send);
            [used, rejected]
        };
        if won(&used) && !won(&rejected) {
            self.decide(&excepted, Verdict::Reject, excepted.revision + 1)?;
        }
        Some((won(&used), won(&rejected)))
    }

    /// Two people amend one revision of a relay.
    fn amend_amend(&mut self) -> Option<(bool, bool)> {
        let known = self.sent()?;
        let (relay, basis) = (known.id, known.ask.basis?);
        let mut amend = |sections: u8| {
            let (relay, basis) = (relay.clone(), basis.clone());
            let preview = Deed::PreviewAmend { relay: relay.clone(), sections, basis: basis.clone() };
            let digest = self.clerk(preview, None)?.said.digest;
            let step = Step::Amend { sections, basis, digest };
            Some((Deed::Move { relay, step }, Some(known.revision)))
        };
        let (deed, other) = (amend(0b0001)?, amend(0b1001)?);
        let [one, other] = self.among_senders(deed, other);
        let now = self.clerk(Deed::ReadRelay { relay: relay.clone() }, None)?.etag;
        self.clerk(Deed::Move { relay, step: Step::Cancel }, now);
        Some((won(&one), won(&other)))
    }

    /// The receiver offers the baton, and one of the senders takes it back while another leaves it there.
    fn take_leave(&mut self) -> Option<(bool, bool)> {
        let relay = self.sent()?.id;
        let sheet = self.live.id.clone();
        let step = |step| Deed::Move { relay: relay.clone(), step };
        let mut receiver =
            |step: Deed, revision: u32| won(&self.pair.1.caller.deed(Some(&sheet), step, Some(revision))).then_some(());
        receiver(step(Step::Accept), 1)?;
        receiver(step(Step::HandBack), 2)?;
        let [took, left] = self.among_senders((step(Step::TakeBack), Some(3)), (step(Step::LeaveThere), Some(3)));
        if won(&left) && !won(&took) {
            // It is offered again and taken back, so that every history has that, too.
            self.pair.1.caller.deed(Some(&sheet), step(Step::HandBack), Some(4));
            self.clerk(step(Step::TakeBack), Some(5));
        }
        Some((won(&took), won(&left)))
    }

    fn of_receivers(&mut self, rounds: usize, winners: &mut Winners) -> Option<()> {
        for round in 0..rounds {
            self.refresh(round)?;
            winners.note("accept/accept", self.accept_accept()?);
            winners.note("accept/cancel", self.accept_cancel()?);
        }
        Some(())
    }

    /// Runs the races in which the second person is a colleague of the sender.
    fn of_senders(&mut self, rounds: usize, winners: &mut Winners) -> Option<()> {
        self.live = self.pair.0.new_sheet()?;
        for round in 0..rounds {
            self.refresh(round)?;
            winners.note("close/relay", self.close_relay()?);
            winners.note("relay/withdraw", self.relay_withdraw()?);
            // The consent that was withdrawn is given anew, for the next closing.
            let given = self.clerk(Deed::Consent(everything()), None)?;
            self.live.consents.push(given.said.id);
            winners.note("use/use", self.use_use()?);
            winners.note("use/reject", self.use_reject()?);
            winners.note("amend/amend", self.amend_amend()?);
        }
        // Here the receiver may hold the sheet in the end, and could not close it.
        self.live = self.pair.0.new_sheet()?;
        for round in 0..rounds {
            self.refresh(round)?;
            winners.note("take back/leave there", self.take_leave()?);
        }
        Some(())
    }
}

/// Runs every race `rounds` times with a clerk, a colleague of theirs, and two people of the receiver; returns the players and the winners.
pub(crate) fn races(players: [Player; 4], rounds: usize) -> (Vec<Player>, Winners) {
    let [mut clerk, colleague, receiver, second] = players;
    let mut winners = Winners::default();
    let Some(live) = clerk.new_sheet() else {
        winners.wrong.push("there is no sheet to race on".to_owned());
        return (vec![clerk, colleague, receiver, second], winners);
    };
    let mut course = Course { pair: (clerk, receiver), colleague: second, live };
    let mut ended = course.of_receivers(rounds, &mut winners);
    let second = std::mem::replace(&mut course.colleague, colleague);
    ended = ended.and_then(|()| course.of_senders(rounds, &mut winners));
    if ended.is_none() {
        winners.wrong.push("a race could not begin: what it needs was refused".to_owned());
    }
    let Course { pair: (clerk, receiver), colleague, .. } = course;
    (vec![clerk, colleague, receiver, second], winners)
}
