//! After a refusal or a narrower version, an earlier receiver keeps what it could see then, and does not see what is written later. The
//! section is marked (`consent_narrowed`) whether or not anything was written since, so that the mark does not reveal it. The person
//! decides whether the sharing must stop; a task reminds the origin to ask.

use super::{Before, Case, Changes, Grant, HistoryItem, Outcome, Refusal, Task, TaskKind};
use crate::agency::{Actor, Agency};
use crate::audit::{EventKind, Fact};
use crate::case::consent::{Consent, Counted, Kept};
use crate::case::relay::{InvalidTransition, Relay};
use crate::case::sheet::{Document, Standing, reply_due};
use crate::content::{Section, Sections, Urgency};
use crate::ids::{AgencyId, ConsentId, RelayId};
use crate::permit::Relation;
use crate::time::{Day, Instant};
use std::collections::{BTreeMap, BTreeSet};

impl Case {
    /// The version since which `reader` sees a section that was told under `consent` only as it stood then: the first version that says no,
    /// unless a later one says yes.
    pub(super) fn frozen_by(&self, consent: &Consent, reader: &Agency, section: Section) -> Option<&Consent> {
        let later = self.consents.iter().filter(|it| it.version > consent.version && it.counts());
        later.fold(None, |since, it| if it.tells(reader, section) { None } else { since.or(Some(it)) })
    }

    /// What stands now, kept with a version that begins to count.
    pub(super) fn counted(&self, at: Instant) -> Counted {
        let is_told = self.relays.iter().any(|relay| relay.sections.contains(&Section::History));
        let history = if is_told { self.history(None) } else { Vec::new() };
        Counted { at, content_revision: self.sheet.content_revision, history }
    }

    fn since(&self, version: ConsentId) -> Option<&Counted> {
        self.consent(version)?.counted.as_ref()
    }

    /// The section `history` as `grant` shows it, without the relay through which the reader looks.
    pub fn history_for(&self, grant: &Grant, but: Option<RelayId>) -> Vec<HistoryItem> {
        let since = grant.frozen_by(Section::History).and_then(|version| self.since(version));
        match since {
            Some(since) => since.history.iter().filter(|it| Some(it.relay_id) != but).cloned().collect(),
            None => self.history(but),
        }
    }

    /// The sections that are shown as they stood at an earlier revision, grouped by that revision.
    pub fn earlier_revisions(&self, grant: &Grant) -> BTreeMap<u32, Sections> {
        self.frozen(grant, |since| since.content_revision)
    }

    /// The sections of which only what was written until an instant is shown, grouped by that instant.
    pub fn shown_until(&self, grant: &Grant) -> BTreeMap<Instant, Sections> {
        self.frozen(grant, |since| since.at)
    }

    fn frozen<K: Ord>(&self, grant: &Grant, key: impl Fn(&Counted) -> K) -> BTreeMap<K, Sections> {
        let mut by_key: BTreeMap<K, Sections> = BTreeMap::new();
        for (section, version) in grant.frozen() {
            let Some(since) = self.since(version) else { continue };
            by_key.entry(key(since)).or_default().insert(section);
        }
        by_key
    }

    /// The last version that counts: the person's last word, deferrals aside.
    fn last_word(&self) -> Option<&Consent> {
        self.consents.iter().rev().find(|it| it.counts())
    }

    /// The agencies that still see something that the last word does not let them see, as far as `reader` knows of the relays. Empty for
    /// any other version.
    pub fn still_told(&self, consent: &Consent, reader: AgencyId) -> BTreeSet<AgencyId> {
        let knows = |agency: &AgencyId| {
            let mut relays = self.relays.iter().filter(|relay| relay.to_agency_id == *agency);
            relays.any(|relay| self.relay_relation(relay, reader) != Relation::Neighbour)
        };
        consent.still_told.iter().copied().filter(knows).collect()
    }

    /// The receivers that see more than `version` allows: a relay keeps the version that it was made under, and only a withdrawal or an
    /// invalidity stops it.
    fn told_beyond(&self, version: &Consent, receivers: &[Agency], today: Day) -> BTreeSet<AgencyId> {
        let runs = |relay: &&Relay| relay.is_open() || relay.is_taken_on();
        let beyond = |relay: &&Relay| {
            let to = receivers.iter().find(|agency| agency.id == relay.to_agency_id);
            to.is_some_and(|to| !self.seen_of(relay, to, today).iter().all(|section| version.tells(to, *section)))
        };
        let by_consent = self.relays.iter().filter(|relay| relay.basis.consent_id().is_some());
        by_consent.filter(runs).filter(beyond).map(|relay| relay.to_agency_id).collect()
    }

    /// The task to ask the person whether the sharing must stop.
    pub(super) fn told_to_decide(&self) -> Option<Task> {
        let last = self.last_word().filter(|it| !it.still_told.is_empty() && it.kept.is_none())?;
        let from = Day(last.counted.as_ref()?.at.date());
        let (kind, about) = (TaskKind::ConsentNarrowed, super::About::Consent(last.id));
        Some(Task::new(kind, about, self.sheet.origin_agency_id, from, reply_due(from, Urgency::Early)))
    }

    /// Whether the person is to be asked if the sharing under versions before `consent` must stop.
    pub(super) fn asks_whether_sharing_stops(&self, consent: &Consent) -> bool {
        self.told_to_decide().is_some_and(|task| task.about == super::About::Consent(consent.id))
    }

    /// The person, who was asked, lets the sharing go on: earlier receivers keep what they could see.
    ///
    /// # Errors
    /// [`Refusal::Transition`] unless that question is open.
    pub fn keep_sharing(mut self, id: ConsentId, actor: &Actor) -> Result<Outcome, Refusal> {
        let today = actor.today();
        let before = Before::of(&self, today);
        self.open(today)?;
        let state = self.consent(id).ok_or(Refusal::NotFound)?.state(today).as_str();
        if !self.consent(id).is_some_and(|it| self.asks_whether_sharing_stops(it)) {
            return Err(InvalidTransition { state }.into());
        }
        let mut event = self.event(EventKind::SharingKept).with("consent_id", Fact::Id(id.0));
        for consent in self.consents.iter_mut().filter(|it| it.id == id) {
            event = event.with("agency_ids", Fact::ids(consent.still_told.iter().map(|agency| agency.0)));
            consent.kept = Some(Kept { at: actor.at, staff_id: actor.staff_id() });
        }
        let changes = Changes { consents: [id].into(), ..Changes::default() };
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }
}

impl Outcome {
    /// Keeps, with the last word, the agencies that still see more than it allows.
    pub(super) fn note_still_told(&mut self, receivers: &[Agency], today: Day) {
        let stands = self.thing.sheet.standing != Standing::Voided;
        let last = self.thing.last_word().filter(|_| stands);
        let told = last.map(|last| (last.id, self.thing.told_beyond(last, receivers, today)));
        for consent in &mut self.thing.consents {
            let now = told.iter().find(|(id, _)| *id == consent.id).map(|(_, told)| told.clone()).unwrap_or_default();
            if consent.still_told != now {
                consent.still_told = now;
                self.changes.consents.insert(consent.id);
            }
        }
    }
}

impl Document {
    /// The document with these sections as they stood in an earlier one; the visitor belongs to the contact.
    #[must_use]
    pub fn with_earlier(self, earlier: &Self, sections: &Sections, grant: &Grant) -> Self {
        let visitor = if sections.contains(&Section::Contact) { earlier.visitor.clone() } else { self.visitor };
        // A member of the household who has said no since is removed from the earlier text, too.
        let stood = earlier.content.clone().with_members(grant.members(), &self.content);
        Self { visitor, content: self.content.with_earlier(&stood, sections), ..self }
    }
}
