//! Exceptions to consent in the model: asked for, decided by another person, used once, followed up.

use crate::reference::{Expected, Looked, Model, ORIGIN, done, has, open_days_after};
use crate::story::{Bits, Decision, Ground, Said};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub(crate) struct ModelException {
    /// The person who asked.
    pub(crate) by: usize,
    pub(crate) to: usize,
    pub(crate) sections: Bits,
    pub(crate) emergency: bool,
    /// Whether the person had refused when it was asked for.
    pub(crate) refusal_on_file: bool,
    /// As the API names it, but an emergency that was used and waits for its approval is `first`.
    pub(crate) state: &'static str,
    /// The relay for which it was used.
    pub(crate) used: Option<usize>,
    /// For an emergency that was used before approval, the last day on which it can be approved in time.
    pub(crate) approve_by: i32,
    pub(crate) revision: u32,
}

impl ModelException {
    /// The agency that asked.
    pub(crate) fn agency(&self) -> usize {
        self.by / 2
    }

    /// The state's code.
    pub(crate) fn code(&self) -> &'static str {
        if self.state == "first" { "used" } else { self.state }
    }

    pub(crate) fn may_be_used(&self) -> bool {
        self.state == "approved" || self.state == "requested" && self.emergency
    }

    /// Whether the last day for its approval has passed and nobody has noted it.
    pub(crate) fn is_late(&self, today: i32) -> bool {
        self.state == "first" && self.approve_by < today
    }

    pub(crate) fn holds_up_closing(&self) -> bool {
        self.emergency && ["first", "used", "overdue"].contains(&self.state)
    }

    /// The state after a decision; none when it does not allow it.
    pub(crate) fn decided(&self, decision: Decision) -> Option<&'static str> {
        match (decision, self.state) {
            (Decision::Approve, "requested") => Some("approved"),
            (Decision::Approve, "first" | "overdue") => Some("used"),
            (Decision::Reject, "requested" | "first" | "overdue") => Some("rejected"),
            (Decision::FollowUp, "used") => Some("followed_up"),
            _ => None,
        }
    }
}

impl Model {
    /// Whether the recipient may see today what it was told on the strength of an exception.
    pub(crate) fn stands(&self, exception: usize) -> bool {
        let it = &self.exceptions[exception];
        ["used", "followed_up"].contains(&it.state) || it.state == "first" && self.today <= it.approve_by
    }

    /// Whether the last decision of the person was a refusal.
    pub(crate) fn refusal_on_file(&self) -> bool {
        let decided = self.consents.iter().rev().find(|it| match it.given.said {
            Said::Pending => false,
            Said::Refused => true,
            Said::Granted | Said::Partial => ["none", "heard"].contains(&it.witness),
        });
        decided.is_some_and(|it| matches!(it.given.said, Said::Refused))
    }

    /// Whether the person has refused since an exception was asked for.
    pub(crate) fn refused_since(&self, exception: usize) -> bool {
        !self.exceptions[exception].refusal_on_file && self.refusal_on_file()
    }

    /// Whether the sheet moved without consent, as far as an agency knows; never while a consent is in force.
    pub(crate) fn without_consent(&self, agency: usize) -> bool {
        let knows = |it: &ModelException| agency == ORIGIN || [it.agency(), it.to].contains(&agency);
        self.judged().is_none_or(|consent| self.consent_state(consent) != "effective")
            && self.exceptions.iter().any(|it| it.used.is_some() && knows(it))
    }

    /// The basis that a sender names, or by itself the consent that is judged; none when there is no such basis for this sender.
    #[allow(clippy::option_option, reason = "without any consent there is a basis to judge, which fails")]
    pub(crate) fn ground(&self, agency: usize, named: Option<Ground>) -> Option<Option<Ground>> {
        match named {
            None => Some(self.judged().map(Ground::Consent)),
            Some(Ground::Consent(consent)) => (consent < self.consents.len()).then_some(named),
            Some(Ground::Exception(exception)) => {
                self.exceptions.get(exception).filter(|it| it.agency() == agency).map(|_| named)
            }
        }
    }

    /// What a sender looks at when it tells these sections now.
    pub(crate) fn looks(&self, sections: Bits, basis: Ground) -> Looked {
        let written = (0..6).filter(|s| has(sections, *s)).map(|s| self.worded[s]);
        (sections, basis, written.max().unwrap_or(0))
    }

    /// Whether an amendment only tells less on the basis that the relay has: then nobody is told anything new, and it needs no test.
    pub(crate) fn narrows(&self, relay: usize, sections: Bits, basis: Option<Ground>) -> bool {
        let now = &self.relays[relay];
        let less = sections != 0 && sections != now.sections && sections & !now.sections == 0;
        less && basis.is_none_or(|basis| basis == now.basis)
    }

    /// The clauses that fail on a basis; `again` is the relay that came back and is resent.
    pub(crate) fn failing_on(
        &self,
        from: usize,
        to: usize,
        sections: Bits,
        basis: Option<Ground>,
        again: Option<usize>,
    ) -> Vec<&'static str> {
        let exception = match basis {
            Some(Ground::Exception(exception)) => exception,
            Some(Ground::Consent(consent)) => return self.failing(from, to, sections, Some(consent)),
            None => return self.failing(from, to, sections, None),
        };
        let it = &self.exceptions[exception];
        let again = it.used.is_some() && it.used == again;
        let approved = if again { self.stands(exception) } else { it.used.is_some() || it.may_be_used() };
        let as_asked = sections == it.sections || again && sections & !it.sections == 0;
        let list = [
            ("section_not_covered", sections & !self.sees_now(from) != 0),
            ("address_secret", from == ORIGIN && self.secret && has(sections, 1)),
            ("recipient_inactive", to == 3 && self.today > 12),
            ("agreement_missing", to == 4 || (to == 2 && self.today > 40)),
            ("own_agency", to == from),
            ("exception_not_approved", !approved),
            ("exception_used", it.used.is_some() && !again),
            ("exception_mismatch", to != it.to || !as_asked),
            ("exception_outdated", self.refused_since(exception)),
        ];
        list.into_iter().filter(|(_, fails)| *fails).map(|(clause, _)| clause).collect()
    }

    pub(crate) fn except(&mut self, person: usize, to: usize, sections: Bits, emergency: bool) -> Expected {
        self.exceptions.push(ModelException {
            by: person,
            to,
            sections,
            emergency,
            refusal_on_file: self.refusal_on_file(),
            state: "requested",
            used: None,
            approve_by: 0,
            revision: 1,
        });
        done(["exception.requested"], &[("exception_requested", person / 2)])
    }

    /// A relay uses an exception up. Returns who is told that an approval waits.
    pub(crate) fn use_up(&mut self, exception: usize, relay: usize) -> Option<(&'static str, usize)> {
        let today = self.today;
        let it = &mut self.exceptions[exception];
        let first = it.state == "requested";
        it.state = if first { "first" } else { "used" };
        (it.used, it.approve_by, it.revision) = (Some(relay), open_days_after(today, 1), it.revision + 1);
        first.then_some(("exception_requested", it.agency()))
    }

    pub(crate) fn decide(&mut self, person: usize, exception: usize, decision: Decision) -> Expected {
        let Some(it) = self.exceptions.get(exception).cloned() else { return Expected::Refused };
        let may = person % 2 == 1 && person / 2 == it.agency() && person != it.by;
        if !may {
            return Expected::Refused;
        }
        if decision == Decision::Approve && it.used.is_none() {
            if self.standing != "open" {
                return Expected::Refused;
            }
            if self.refused_since(exception) {
                return Expected::Invalid;
            }
        }
        let Some(next) = it.decided(decision) else { return Expected::Refused };
        let (mut events, mut told) = (Vec::new(), BTreeSet::new());
        events.push(match decision {
            Decision::Approve => "exception.approved",
            Decision::Reject => "exception.rejected",
            Decision::FollowUp => "exception.followed_up",
        });
        if decision != Decision::FollowUp {
            told.insert(("exception_decided", it.agency()));
        }
        (self.exceptions[exception].state, self.exceptions[exception].revision) = (next, it.revision + 1);
        let rests = it.used.filter(|relay| self.relays[*relay].basis == Ground::Exception(exception));
        if let Some(relay) = rests.map(|relay| &mut self.relays[relay]).filter(|_| decision != Decision::FollowUp) {
            let waits = ["sent", "received", "returned"].contains(&relay.state);
            if decision == Decision::Reject && (relay.opened || relay.lives()) {
                told.insert(("sharing_stopped", relay.to));
            }
            relay.revision += u32::from(relay.lives());
            if decision == Decision::Reject && waits {
                relay.state = "halted";
                events.push("relay.halted");
            }
        }
        Expected::Done { events, told }
    }

    /// The service notes, once, that an emergency was not approved in time.
    pub(crate) fn expire(&mut self, exception: usize) -> Expected {
        let today = self.today;
        let Some(it) = self.exceptions.get_mut(exception).filter(|it| it.is_late(today)) else {
            return Expected::Refused;
        };
        (it.state, it.revision) = ("overdue", it.revision + 1);
        let (agency, used) = (it.agency(), it.used);
        let rests = used.filter(|relay| self.relays[*relay].basis == Ground::Exception(exception));
        if let Some(relay) = rests {
            let relay = &mut self.relays[relay];
            relay.revision += u32::from(relay.lives());
        }
        done(["exception.overdue"], &[("exception_overdue", agency)])
    }
}
