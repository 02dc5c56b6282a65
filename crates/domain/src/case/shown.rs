//! What an answer showed to its reader, kept with the answer: the answer may be shown again while nothing in it has been closed.

use super::Case;
use crate::agency::Agency;
use crate::case::relay::Relay;
use crate::case::sheet::Standing;
use crate::content::{Section, Sections};
use crate::ids::{AttachmentId, RelayId};
use crate::permit::Relation;
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The sheet.
    Sheet,
    /// One of its relays.
    Relay(RelayId),
    /// One of its files.
    Attachment(AttachmentId),
}

/// What an answer showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The thing that the answer is about.
    pub subject: Subject,
    /// The sections.
    sections: Sections,
    /// Whether it showed the words of the relay's sender.
    words: bool,
    /// The files that it showed.
    files: BTreeSet<AttachmentId>,
    /// Where it showed the household: the revision of the content, and the relays whose decisions on members counted; an edit or another
    /// decision may have closed a member to the reader. None at the origin, which sees every member.
    household: Option<(u32, BTreeSet<String>)>,
}

impl Shown {
    /// Whether it showed nothing that can be closed.
    pub fn is_nothing(&self) -> bool {
        self.sections.is_empty() && !self.words && self.files.is_empty()
    }
}

impl Case {
    /// What `reader` is shown of `subject` now.
    pub fn shown(&self, subject: Subject, reader: &Agency, today: Day) -> Shown {
        let stands = self.sheet.standing != Standing::Voided;
        let (sections, words) = match subject {
            Subject::Sheet => (self.grant(reader, today).sections(), false),
            Subject::Attachment(_) => (Sections::new(), false),
            Subject::Relay(id) => self.relay(id).map_or_else(Default::default, |relay| {
                let is_receiver = self.relay_relation(relay, reader.id) == Relation::Receiver;
                let words = stands && (!is_receiver || self.words_are_open(relay, reader, today));
                (self.relay_grant(relay, reader, today).sections(), words)
            }),
        };
        let seen = || self.attachments_for(reader, today).into_iter().map(|it| it.id);
        let files = match subject {
            Subject::Attachment(id) => seen().filter(|it| *it == id).collect(),
            _ if !sections.contains(&Section::Attachments) => BTreeSet::new(),
            Subject::Sheet => seen().collect(),
            Subject::Relay(id) => {
                self.relay(id).into_iter().flat_map(|relay| self.files_of(relay)).map(|it| it.id).collect()
            }
        };
        let closable = sections.contains(&Section::Household) && self.sheet.origin_agency_id != reader.id;
        let household = closable.then(|| self.members_as_decided(subject, reader, today));
        Shown { subject, sections, words, files, household }
    }

    /// Whether `reader` may still see everything that was shown.
    pub fn still_shows(&self, shown: &Shown, reader: &Agency, today: Day) -> bool {
        let now = self.shown(shown.subject, reader, today);
        let same = shown.household.is_none() || shown.household == now.household;
        same && shown.sections.is_subset(&now.sections) && shown.words <= now.words && shown.files.is_subset(&now.files)
    }

    /// The revision of the content, and the relays whose decisions on members count for the reader.
    pub(super) fn members_as_decided(&self, subject: Subject, reader: &Agency, today: Day) -> (u32, BTreeSet<String>) {
        let told = |relay: &Relay| {
            relay.to_agency_id == reader.id && self.live(relay, Section::Household, reader, today).is_ok()
        };
        let counts = |relay: &&Relay| told(relay) || subject == Subject::Relay(relay.id);
        let decided = self.relays.iter().filter(counts).filter(|relay| !relay.household.is_empty());
        let decided = decided.map(|relay| format!("{} {}", relay.disclosure_digest, relay.household.len()));
        (self.sheet.content_revision, decided.collect())
    }
}
