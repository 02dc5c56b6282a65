//! Moves with exceptions to consent: asked for, decided by a second person, used for a relay.

use super::{Board, Excepted, Live, Player};
use crate::record::{Answer, Ask, Basis, Deed, Verdict};

impl Player {
    pub(super) fn except(&mut self, board: &Board, live: &Live) {
        if self.parent(live).is_none() {
            return;
        }
        let (to, sections) = (self.recipient(), self.sections());
        let emergency = self.caller.dice.percent(40);
        if let Some(excepted) = self.asks_for(&live.id, to, sections, emergency) {
            board.learn(&live.id, |live| live.exceptions.push(excepted));
        }
    }

    /// Asks for leave to tell an agency something without consent.
    pub(crate) fn asks_for(&mut self, sheet: &str, to: usize, sections: u8, emergency: bool) -> Option<Excepted> {
        let deed = Deed::Except { to, sections, emergency };
        let answer = self.ask(Some(sheet), deed, None).filter(|answer| answer.status == 201)?;
        let (agency, asker) = (self.agency, self.caller.who);
        let (id, revision, state) = (answer.said.id, answer.etag.unwrap_or(1), answer.said.state);
        Some(Excepted { id, agency, asker, to, sections, emergency, revision, state })
    }

    /// The deed by which this person decides.
    pub(crate) fn decision(&self, excepted: &Excepted, decision: Verdict) -> Deed {
        let own = self.manager && self.agency == excepted.agency && self.caller.who == excepted.asker;
        Deed::Decide { exception: excepted.id.clone(), decision, own }
    }

    pub(super) fn decide(&mut self, board: &Board, live: &Live) {
        // Most of those who may not decide do not try.
        let tries = self.manager || self.caller.dice.percent(15);
        let somebody = self.caller.dice.percent(10);
        let mine = |it: &&Excepted| somebody || it.agency == self.agency;
        let known: Vec<Excepted> = live.exceptions.iter().filter(mine).cloned().collect();
        let waits = |it: &Excepted| ["requested", "used"].contains(&it.state.as_str());
        let others = |it: &Excepted| waits(it) && it.asker != self.caller.who;
        let Some(excepted) = self.caller.dice.one(&known, others).filter(|_| tries).cloned() else { return };
        let decisions = if excepted.state == "requested" {
            [(6, Verdict::Approve), (2, Verdict::Reject), (1, Verdict::FollowUp)]
        } else {
            [(3, Verdict::Approve), (2, Verdict::Reject), (4, Verdict::FollowUp)]
        };
        let decision = self.caller.dice.weighed(&decisions);
        let if_match = self.revision(excepted.revision);
        let answer = self.ask(Some(&live.id), self.decision(&excepted, decision), if_match);
        if answer.as_ref().is_some_and(|answer| matches!(answer.status, 409 | 412)) {
            self.look_at(board, live, &excepted);
        } else {
            Self::learn_of(board, live, &excepted, answer);
        }
    }

    /// Sends a relay on the strength of an exception, in most cases of one that can be used.
    pub(super) fn use_exception(&mut self, board: &Board, live: &Live) {
        let somebody = self.caller.dice.percent(8);
        let mine = |it: &&Excepted| somebody || it.agency == self.agency;
        let known: Vec<Excepted> = live.exceptions.iter().filter(mine).cloned().collect();
        let ready = |it: &Excepted| it.state == "approved" || it.state == "requested" && it.emergency;
        let Some(excepted) = self.caller.dice.one(&known, ready).cloned() else { return };
        if self.caller.dice.percent(20) {
            self.look_at(board, live, &excepted);
            return;
        }
        let Some(parent) = self.parent(live) else { return };
        let other = self.caller.dice.percent(10);
        let sections = if other { self.sections() } else { excepted.sections };
        let ask = Ask { to: excepted.to, sections, basis: Some(Basis::Exception(excepted.id.clone())), parent };
        if let Some(relay) = self.relay(&live.id, ask) {
            board.learn(&live.id, |live| {
                live.relays.push(relay);
                if let Some(known) = live.exceptions.iter_mut().find(|it| it.id == excepted.id) {
                    (known.revision, known.state) = (excepted.revision + 1, "used".to_owned());
                }
            });
        }
    }

    fn look_at(&mut self, board: &Board, live: &Live, excepted: &Excepted) {
        let answer = self.ask(Some(&live.id), Deed::ReadException { exception: excepted.id.clone() }, None);
        Self::learn_of(board, live, excepted, answer);
    }

    fn learn_of(board: &Board, live: &Live, excepted: &Excepted, answer: Option<Answer>) {
        let Some((revision, state)) = answer.and_then(|answer| Some((answer.etag?, answer.said.state))) else { return };
        board.learn(&live.id, |live| {
            let newer = |it: &&mut Excepted| it.id == excepted.id && it.revision <= revision;
            if let Some(known) = live.exceptions.iter_mut().find(newer) {
                (known.revision, known.state) = (revision, state);
            }
        });
    }
}
