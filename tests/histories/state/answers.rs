//! What an answer must say at the point of the history where it was given.

use super::{State, same};
use crate::record::{ALL, Answer, Call, Deed, OTHERS, Said};
use crate::reference::{ModelRelay, ORIGIN, TAKEN};

impl State<'_> {
    /// Checks that a successful answer says what stands here.
    pub(crate) fn answers(&self, call: &Call, answer: &Answer) -> Result<(), String> {
        let agency = self.agency(call.who);
        let said = &answer.said;
        match &call.deed {
            Deed::Create { .. } | Deed::Revise { .. } | Deed::Close | Deed::Reopen | Deed::ReadSheet => {
                same("the status", answer.status, if matches!(call.deed, Deed::Create { .. }) { 201 } else { 200 })?;
                let (revision, content_revision) = self.model.revisions(agency);
                same("the ETag", answer.etag, Some(revision))?;
                same("the revision", said.revision, answer.etag)?;
                same("the content's revision", said.content_revision, Some(content_revision))?;
                same("the state", said.state.as_str(), self.model.state())?;
                same("the holder", &said.holder, &self.history.agencies[self.model.holder])?;
                let sees = if agency == ORIGIN { ALL | OTHERS } else { self.model.sees(agency) & ALL };
                same("what is shown", said.shown, Some(sees))?;
                self.marked(said, sees, self.model.shown_revision(agency, 3))
            }
            Deed::Send { .. } => self.answers_relay(agency, self.relays.len() - 1, answer),
            Deed::Move { relay, .. } | Deed::ReadRelay { relay } => {
                self.answers_relay(agency, self.relay(relay).ok_or("a relay that is not there")?, answer)
            }
            Deed::Except { .. } => self.answers_exception(self.exceptions.len() - 1, answer),
            Deed::Decide { exception, .. } | Deed::ReadException { exception } => {
                self.answers_exception(self.exception(exception).ok_or("an exception that is not there")?, answer)
            }
            Deed::Consent(_) => {
                let index = self.consents.len() - 1;
                same("the version", said.version, u32::try_from(index + 1).ok())?;
                same("the consent's state", said.state.as_str(), self.model.consent_state(index))
            }
            Deed::Witness { consent, .. } | Deed::Withdraw { consent, .. } => {
                let index = self.consent(consent).ok_or("a consent that is not there")?;
                same("the consent's state", said.state.as_str(), self.model.consent_state(index))
            }
            Deed::ReadConsents => {
                let concerned = (0..self.consents.len()).rev().filter(|index| self.concerned(agency, Some(*index)));
                let expected: Vec<_> =
                    concerned.map(|index| (self.consents[index].as_str(), self.model.consent_state(index))).collect();
                let got: Vec<_> = answer.items.iter().map(|item| (item.id.as_str(), item.state.as_str())).collect();
                same("the consents", got, expected)
            }
            Deed::ReadEntries => {
                let (sees, now) = (self.model.sees(agency), self.model.sees_now(agency));
                let since = self.model.shown_since(agency, 3).and_then(|version| self.entries_then.get(&version));
                // An entry from the very millisecond in which a narrower version began to count may be from before it or not.
                let may = |(place, (_, by, opinion)): &(usize, &(String, usize, bool))| {
                    let shared = !opinion && sees & 0b1000 != 0 && since.is_none_or(|then| place < then);
                    agency == ORIGIN || *by == agency || *by == ORIGIN && shared
                };
                let must = |(_, (_, by, opinion)): &(usize, &(String, usize, bool))| {
                    agency == ORIGIN || *by == agency || *by == ORIGIN && !opinion && now & 0b1000 != 0
                };
                let entries = || self.entries.iter().enumerate();
                let known: Vec<&str> = entries().filter(may).map(|(_, it)| it.0.as_str()).collect();
                let mut got: Vec<&str> = answer.items.iter().map(|item| item.id.as_str()).collect();
                got.retain(|id| !known.contains(id));
                same("entries beyond what may be seen", got, Vec::new())?;
                let got: Vec<&str> = answer.items.iter().map(|item| item.id.as_str()).collect();
                let missing = entries().filter(must).map(|(_, it)| it.0.as_str()).filter(|id| !got.contains(id));
                same("entries that are missing", missing.collect::<Vec<_>>(), Vec::new())
            }
            Deed::Preview(_) | Deed::PreviewAmend { .. } => {
                let failing = self.clauses(agency, &call.deed);
                same("the clauses", said.clauses.iter().map(String::as_str).collect(), failing.clone())?;
                let shown = if failing.is_empty() { self.would_show(agency, &call.deed) } else { 0 };
                same("whether content is shown", said.shown, failing.is_empty().then_some(shown))?;
                self.marked(said, shown, self.model.content_revision)
            }
            _ => Ok(()),
        }
    }

    /// What a preview shows when nothing fails. Where a relay is to tell less, that is what would be left, as far as its sender sees it.
    fn would_show(&self, agency: usize, deed: &Deed) -> u8 {
        let asked = self.previewed(deed).map_or(0, |ask| ask.sections);
        let (Deed::PreviewAmend { relay, .. }, true) = (deed, self.narrows(deed)) else { return asked };
        let Some(index) = self.relay(relay) else { return asked };
        let left = ModelRelay { sections: asked, ..self.model.relays[index].clone() };
        self.model.live_bits(&left) & self.model.sees_now(agency) & ALL
    }

    fn answers_exception(&self, index: usize, answer: &Answer) -> Result<(), String> {
        let (it, said) = (&self.model.exceptions[index], &answer.said);
        same("the exception", &said.id, &self.exceptions[index])?;
        same("the ETag", answer.etag, Some(it.revision))?;
        same("the revision", said.revision, answer.etag)?;
        same("the exception's state", said.state.as_str(), it.code())?;
        same("the sections", said.sections, it.sections)?;
        let used = it.used.map_or("", |relay| self.relays[relay].as_str());
        same("the relay that has used it", said.relay.as_str(), used)
    }

    fn marked(&self, said: &Said, sees: u8, revision: u32) -> Result<(), String> {
        let mark = self.marks.get(&revision).copied().filter(|_| sees & 0b1000 != 0);
        same("the mark in the content", said.mark.as_str(), mark.unwrap_or_default())
    }

    fn answers_relay(&self, agency: usize, index: usize, answer: &Answer) -> Result<(), String> {
        let (relay, said) = (&self.model.relays[index], &answer.said);
        same("the relay", &said.id, &self.relays[index])?;
        same("the ETag", answer.etag, Some(self.model.relay_revision(index, agency)))?;
        same("the revision", said.revision, answer.etag)?;
        same("the relay's state", said.state.as_str(), relay.state)?;
        let sees = self.model.sees_of_relay(relay, agency) & ALL;
        same("what is shown", said.shown, (sees != 0).then_some(sees))?;
        self.marked(said, sees, relay.carried)?;
        same("the sections that it tells", said.sections, relay.sections)?;
        same("its basis", said.basis.as_str(), self.ground_id(relay.basis))?;
        let offer = if relay.hand_back == "none" { "" } else { relay.hand_back };
        same("the offer to hand back", said.offer.as_str(), offer)?;
        let receiver = relay.to == agency && relay.from != agency;
        let stands = ["sent", "received"].contains(&relay.state) || TAKEN.contains(&relay.state);
        let words = !receiver || (stands && self.model.live_bits(relay) & ALL != 0);
        same("whether the sender's words are shown", said.request, words)
    }

    /// Whether a list that is read here would have these items of this sheet. With `whole` there is nothing beyond them.
    pub(crate) fn lists(&self, call: &Call, items: &[&Said], whole: bool) -> bool {
        let agency = self.agency(call.who);
        let mut here: Vec<(&str, u32, &str)> = Vec::new();
        match call.deed {
            Deed::ListSheets if self.made && self.model.takes_part(agency) => {
                here.push((self.history_sheet(items), self.model.revisions(agency).0, self.model.state()));
            }
            Deed::ListRelays { outbox } => {
                for (place, (relay, id)) in self.model.relays.iter().zip(&self.relays).enumerate() {
                    if agency == if outbox { relay.from } else { relay.to } {
                        here.push((id, self.model.relay_revision(place, agency), relay.state));
                    }
                }
            }
            Deed::ListExceptions => {
                for (it, id) in self.model.exceptions.iter().zip(&self.exceptions) {
                    if it.agency() == agency {
                        here.push((id, it.revision, it.code()));
                    }
                }
            }
            _ => {}
        }
        let got = items.iter().map(|i| (i.id.as_str(), i.revision.unwrap_or_default(), i.state.as_str()));
        let mut got: Vec<_> = got.collect();
        got.sort_unstable();
        here.sort_unstable();
        if whole { got == here } else { got.iter().all(|item| here.contains(item)) }
    }

    /// The id of the sheet, which the state does not know: the items of a list name it.
    fn history_sheet<'b>(&self, items: &[&'b Said]) -> &'b str {
        items.first().map_or("", |item| item.id.as_str())
    }
}
