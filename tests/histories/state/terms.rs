//! What a request asks for, in the terms of the model.

use super::State;
use crate::record::{ALL, Ask, Basis, Decision, Deed, Step, Verdict};
use crate::reference::{ModelRelay, ORIGIN, TAKEN};
use crate::story::{self, Given, Ground, Onward, Parent};

/// The disclosure that the digest of a preview stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    from: usize,
    to: usize,
    sections: u8,
    parent: Option<String>,
    basis: Option<Ground>,
    seen: u8,
    mark: Option<String>,
}

impl State<'_> {
    /// The basis that an id names.
    pub(super) fn ground(&self, basis: &Basis) -> Option<Ground> {
        match basis {
            Basis::Consent(id) => self.consent(id).map(Ground::Consent),
            Basis::Exception(id) => self.exception(id).map(Ground::Exception),
        }
    }

    pub(super) fn ground_id(&self, ground: Ground) -> &str {
        match ground {
            Ground::Consent(consent) => &self.consents[consent],
            Ground::Exception(exception) => &self.exceptions[exception],
        }
    }

    /// What a preview asks about.
    pub(super) fn previewed(&self, deed: &Deed) -> Option<Ask> {
        match deed {
            Deed::Preview(ask) => Some(ask.clone()),
            Deed::PreviewAmend { relay, sections, basis } => self.asks_other(relay, *sections, basis),
            _ => None,
        }
    }

    /// What is asked when a relay is sent again: the consent in force is judged, and an exception covers its own relay.
    pub(super) fn asks_again(&self, relay: &str) -> Option<Ask> {
        let relay = &self.model.relays[self.relay(relay)?];
        let parent = relay.parent.map(|parent| self.relays[parent].clone());
        let excepted = matches!(relay.basis, Ground::Exception(_));
        let basis = excepted.then(|| Basis::Exception(self.ground_id(relay.basis).to_owned()));
        Some(Ask { to: relay.to, sections: relay.sections, basis, parent })
    }

    /// What is asked when a relay is to tell other sections.
    pub(super) fn asks_other(&self, relay: &str, sections: u8, basis: &Basis) -> Option<Ask> {
        let relay = &self.model.relays[self.relay(relay)?];
        let parent = relay.parent.map(|parent| self.relays[parent].clone());
        Some(Ask { to: relay.to, sections, basis: Some(basis.clone()), parent })
    }

    /// Whether an amendment, or its preview, only tells less.
    pub(super) fn narrows(&self, deed: &Deed) -> bool {
        let (Deed::PreviewAmend { relay, sections, basis }
        | Deed::Move { relay, step: Step::Amend { sections, basis, .. } }) = deed
        else {
            return false;
        };
        let (relay, basis) = (self.relay(relay), self.ground(basis));
        basis.is_some() && relay.is_some_and(|relay| self.model.narrows(relay, *sections, basis))
    }

    /// Whether an amendment, or its preview, names a basis that it can have.
    pub(super) fn may_rest(&self, deed: &Deed) -> bool {
        let (Deed::PreviewAmend { basis, .. } | Deed::Move { step: Step::Amend { basis, .. }, .. }) = deed else {
            return false;
        };
        self.narrows(deed) || matches!(basis, Basis::Consent(id) if self.consent(id).is_some())
    }

    /// The clauses that a preview names.
    pub(super) fn clauses(&self, agency: usize, deed: &Deed) -> Vec<&'static str> {
        let Some(ask) = self.previewed(deed).filter(|_| !self.narrows(deed)) else { return Vec::new() };
        let basis = self.told(agency, &ask).basis;
        // A preview of what came back is one of the same relay.
        let came_back = |r: &ModelRelay| Some(r.basis) == basis && r.state == "returned";
        let again = self.model.relays.iter().position(came_back);
        let again = again.filter(|_| matches!(deed, Deed::Preview(_)));
        self.model.failing_on(agency, ask.to, ask.sections, basis, again)
    }

    /// Whether the agency may pass the sheet on from the parent that it names, on the basis that it names.
    pub(super) fn follows(&self, agency: usize, ask: &Ask) -> bool {
        if let Some(Basis::Exception(id)) = &ask.basis
            && self.exception(id).is_none_or(|it| self.model.exceptions[it].agency() != agency)
        {
            return false;
        }
        let Some(parent) = &ask.parent else { return agency == ORIGIN };
        let relay = self.relay(parent).map(|index| &self.model.relays[index]);
        relay.is_some_and(|r| r.to == agency && TAKEN.contains(&r.state))
    }

    pub(super) fn named_state(&self, deed: &Deed) -> String {
        let open = self.model.standing == "open";
        let state = match deed {
            Deed::Move { step: Step::HandBack | Step::TakeBack | Step::LeaveThere, .. } if !open => {
                Some(self.model.state())
            }
            Deed::Decide { exception, decision, .. } => self.exception(exception).map(|it| {
                let it = &self.model.exceptions[it];
                // On a sheet where nothing can be sent any more, an approval would be useless.
                let useless = !open && *decision == Verdict::Approve && it.used.is_none();
                if useless { self.model.state() } else { it.code() }
            }),
            Deed::Move { relay, .. } | Deed::PreviewAmend { relay, .. } => {
                self.relay(relay).map(|index| self.model.relays[index].state)
            }
            Deed::Witness { consent, .. } if open => self.consent(consent).map(|index| self.model.consent_state(index)),
            Deed::Withdraw { consent, .. } => self.consent(consent).map(|index| self.model.consent_state(index)),
            _ => Some(self.model.state()),
        };
        state.unwrap_or_default().to_owned()
    }

    pub(super) fn told(&self, from: usize, ask: &Ask) -> Told {
        let basis = match &ask.basis {
            Some(basis) => self.ground(basis),
            None => self.model.judged().map(Ground::Consent),
        };
        let seen = ask.sections & self.model.sees_now(from) & ALL;
        let mark = self.marks.get(&self.model.content_revision).map(|mark| (*mark).to_owned());
        Told {
            from,
            to: ask.to,
            sections: ask.sections,
            parent: ask.parent.clone(),
            basis,
            seen,
            mark: mark.filter(|_| seen & 0b1000 != 0),
        }
    }

    /// The deed in the terms of the model; none when it is about a thing that does not exist.
    pub(super) fn model_deed(&self, deed: &Deed) -> Option<story::Deed> {
        let small = |index: usize| u8::try_from(index).ok();
        let consent_at = |id: &str| self.consent(id).and_then(small);
        Some(match deed {
            Deed::Revise { mark, secret } => {
                let same = self.marks.get(&self.model.content_revision).is_some_and(|known| known == mark);
                let corrects = if same { 0 } else { 0b1000 };
                story::Deed::Revise { register: true, whole: true, secret: *secret, corrects }
            }
            Deed::Consent(terms) => story::Deed::Consent(Given {
                said: match terms.decision {
                    Decision::Granted => story::Said::Granted,
                    Decision::Partial => story::Said::Partial,
                    Decision::Refused => story::Said::Refused,
                    Decision::Pending => story::Said::Pending,
                },
                oral: terms.oral,
                proxy: false,
                witness: None,
                checked: true,
                sections: terms.sections,
                agencies: terms.agencies,
                classes: 0,
                excluded: terms.excluded,
                lifted: 0,
                onward: if terms.onward { Onward::Named } else { Onward::No },
                report_back: terms.report_back,
                starts_in: 0,
                lasts: 365,
            }),
            Deed::Witness { consent, heard } => story::Deed::Witness { consent: consent_at(consent)?, heard: *heard },
            Deed::Withdraw { consent, agencies, sections } => {
                story::Deed::Withdraw { consent: consent_at(consent)?, agencies: *agencies, sections: *sections }
            }
            Deed::Send { ask, .. } => story::Deed::Send {
                to: small(ask.to)?,
                sections: ask.sections,
                basis: Some(self.ground(ask.basis.as_ref()?)?),
                parent: match &ask.parent {
                    None => Parent::None,
                    Some(parent) => Parent::Relay(small(self.relay(parent)?)?),
                },
                urgency: 2,
                due_in: None,
            },
            Deed::Move { relay, step } => {
                let relay = small(self.relay(relay)?)?;
                match step {
                    Step::Receive => story::Deed::Receive(relay),
                    Step::Accept => story::Deed::Accept(relay),
                    Step::Decline => story::Deed::Decline { relay, not_ours: false, better: None },
                    Step::Return => story::Deed::Return(relay),
                    Step::Resend { .. } => story::Deed::Resend(relay),
                    Step::Cancel => story::Deed::Cancel(relay),
                    Step::Report { text } => story::Deed::Report { relay, last: true, text: *text, helps: true },
                    Step::Confirm => story::Deed::Confirm(relay),
                    Step::Amend { sections, basis, .. } => {
                        story::Deed::Amend { relay, sections: *sections, basis: Some(self.ground(basis)?) }
                    }
                    Step::HandBack => story::Deed::HandBack(relay),
                    Step::TakeBack => story::Deed::AnswerOffer { relay, takes: true },
                    Step::LeaveThere => story::Deed::AnswerOffer { relay, takes: false },
                }
            }
            Deed::Except { to, sections, emergency } => {
                story::Deed::Except { to: small(*to)?, sections: *sections, emergency: *emergency }
            }
            Deed::Decide { exception, decision, .. } => story::Deed::Decide {
                exception: small(self.exception(exception)?)?,
                decision: match decision {
                    Verdict::Approve => story::Decision::Approve,
                    Verdict::Reject => story::Decision::Reject,
                    Verdict::FollowUp => story::Decision::FollowUp,
                },
            },
            Deed::Close => story::Deed::Close,
            Deed::Reopen => story::Deed::Reopen,
            // The model cannot refuse the origin's entry because of its section.
            Deed::Entry { .. } => story::Deed::Entry { section: 3, future: false },
            _ => return None,
        })
    }
}
