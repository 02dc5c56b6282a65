//! When a sheet or a relay last moved for each reader. Only a change that the reader's view shows moves it, so that neither a revision nor
//! a time tells of what is withheld. The origin sees everything, so every change counts for it. A digest keeps what each reader was shown
//! when the case was last written. A passing day, or a change in the directory, may close or open something; the next writing of the case
//! notices it and moves the sheet or relay. A round of the service writes each such case.

use super::{Case, Changes, Outcome, Subject};
use crate::agency::Agency;
use crate::case::relay::Relay;
use crate::case::sheet::{Document, Reception, Standing};
use crate::content::{AddressSecret, Section, Sections};
use crate::ids::{AgencyId, RelayId};
use crate::mail::MailKind;
use crate::permit::Relation;
use crate::personal::Revealed;
use crate::time::{Day, Instant};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The last change that one reader's view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The revision at that change.
    pub revision: u32,
    /// When.
    pub at: Instant,
    /// A digest of what the view shows, apart from the words of its sections.
    view: u64,
}

/// The last change of a sheet that one reader's view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetSeen {
    /// The last change.
    #[serde(flatten)]
    pub last: Seen,
    /// The revision of the content at the last change that the reader sees in it.
    pub content_revision: u32,
}

/// The input holds only ids, codes, days and instants, so nobody can guess words from the digest.
fn digest_of(view: &impl Serialize) -> u64 {
    let json = serde_json::to_vec(view).unwrap_or_default();
    let hash = digest::digest(&digest::SHA256, &json);
    hash.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Case {
    /// The last change of the sheet that `reader` sees.
    pub fn seen_by(&self, reader: AgencyId) -> SheetSeen {
        let Self { sheet, .. } = self;
        let whole = Seen { revision: sheet.revision, at: sheet.updated_at, view: 0 };
        let whole = SheetSeen { last: whole, content_revision: sheet.content_revision };
        sheet.seen.get(&reader).copied().unwrap_or(whole)
    }

    /// The agencies other than the origin that read the sheet.
    fn readers(&self) -> BTreeSet<AgencyId> {
        if !matches!(self.sheet.standing, Standing::Open | Standing::Closed) {
            return BTreeSet::new();
        }
        let taken_on = self.relays.iter().filter(|relay| relay.is_taken_on()).map(|relay| relay.to_agency_id);
        taken_on.filter(|agency| *agency != self.sheet.origin_agency_id).collect()
    }

    /// The other relays as the section `history` shows them. Reports are not compared in full: they do not change once they are made.
    fn way_but(&self, but: Option<RelayId>) -> Vec<impl Serialize + use<>> {
        let others = self.relays.iter().filter(|relay| Some(relay.id) != but);
        others
            .map(|it| {
                let told = it.report_to(None);
                (it.id, it.state(), it.sent_at, it.reports.len(), told.is_some_and(|told| told.in_full.is_some()))
            })
            .collect()
    }

    /// A digest of what `reader` is shown of the sheet, apart from the words of its sections.
    fn view_of(&self, reader: &Agency, today: Day) -> u64 {
        let grant = self.grant(reader, today);
        // That an address is secret is told to nobody but the origin.
        let head = Reception { address_secret: AddressSecret::None, ..self.sheet.reception.clone() };
        digest_of(&(
            (self.state(today), self.sheet.holder_agency_id, head, self.sheet.closed_at),
            (grant.sections(), grant.withheld()),
            crate::case::consent::default_consent(&self.consents, today).map(|consent| consent.state(today)),
            self.without_consent(reader.id, today),
            self.taken_on_by(reader.id).map(|relay| relay.id),
            self.attachments_for(reader, today).into_iter().map(|it| it.id).collect::<Vec<_>>(),
            grant.shows_now(Section::History).then(|| (self.way_but(None), self.path())),
            grant.shows(Section::Household).then(|| self.members_as_decided(Subject::Sheet, reader, today).1),
            grant.frozen().collect::<Vec<_>>(),
        ))
    }

    /// A digest of what the sender or receiver of a relay is shown of it. Reminders, that an answer is late, and who works on it are left
    /// out: an answer that is already under way must not come too late because of them.
    fn view_of_relay(&self, relay: &Relay, reader: &Agency, today: Day) -> u64 {
        let grant = self.relay_grant(relay, reader, today);
        let is_receiver = self.relay_relation(relay, reader.id) == Relation::Receiver;
        let words = !is_receiver || self.words_are_open(relay, reader, today);
        let reports: Vec<_> = relay.reports.iter().map(|report| (report.at, report.confirmed_at)).collect();
        digest_of(&(
            (relay.state(), &relay.sections, relay.basis, relay.content_revision, &relay.disclosure_digest),
            relay.household.len(),
            (relay.sent_at, relay.reply_due, relay.opened_at),
            relay.acceptance().map(|it| (it.at, it.contact_by)),
            relay.hand_back.as_ref().map(|offer| (offer.state, offer.offered_at, offer.answered_at)),
            (reports, self.corrected_for(relay, reader, today)),
            (words, self.rests_on_nothing(relay), self.sheet.standing == Standing::Voided),
            self.files_of(relay)
                .into_iter()
                .filter(|_| grant.shows(Section::Attachments))
                .map(|it| it.id)
                .collect::<Vec<_>>(),
            grant.shows_now(Section::History).then(|| self.way_but(Some(relay.id))),
            (grant.sections(), grant.withheld(), grant.frozen().collect::<Vec<_>>()),
        ))
    }

    /// When what `reader` is shown of a relay was last corrected in the sheet. An onward sender is told this only while it sees all of the
    /// relay's sections itself; it is not told which of them were corrected.
    pub fn corrected_for(&self, relay: &Relay, reader: &Agency, today: Day) -> Option<Instant> {
        let shown = match self.relay_relation(relay, reader.id) {
            Relation::Receiver => self.words_are_open(relay, reader, today),
            Relation::Sender => relay.sections.is_subset(&self.relay_grant(relay, reader, today).sections_now()),
            Relation::Origin => true,
            _ => false,
        };
        relay.corrected_at.filter(|_| shown && self.sheet.standing != Standing::Voided)
    }
}

impl Relay {
    /// Revision and time of the last change that `reader` sees.
    pub fn seen_by(&self, reader: AgencyId) -> (u32, Instant) {
        self.seen.get(&reader).map_or((self.revision, self.updated_at), |seen| (seen.revision, seen.at))
    }
}

impl Changes {
    /// The sections whose words have changed, as far as an agency that sees those sections can notice.
    fn reworded_for(&self, reader: AgencyId) -> Sections {
        let unseen = self.household_unseen.contains(&reader);
        self.reworded.iter().copied().filter(|it| !unseen || *it != Section::Household).collect()
    }
}

impl Outcome {
    /// Marks the relays whose receiver has taken on something that now has other words, if the receiver still sees that in the sheet. The
    /// receiver gets a mail about it, once a day.
    pub(super) fn correct(&mut self, receivers: &[Agency], at: Instant) {
        let (today, mut told) = (Day(at.date()), BTreeSet::new());
        let of_receiver = |relay: &&Relay| receivers.iter().find(|agency| agency.id == relay.to_agency_id);
        let sees = |relay: &&Relay| {
            let now = |to: &Agency, section| matches!(self.thing.shown_as(relay, section, to, today), Ok(None));
            let live = |to: &Agency| self.changes.reworded_for(to.id).iter().any(|it| now(to, *it));
            relay.is_taken_on() && of_receiver(relay).is_some_and(live)
        };
        let corrected: BTreeSet<_> = self.thing.relays.iter().filter(sees).map(|relay| relay.id).collect();
        for relay in self.thing.relays.iter_mut().filter(|relay| corrected.contains(&relay.id)) {
            if relay.corrected_at.is_none_or(|earlier| earlier.date() != at.date()) {
                told.insert(relay.to_agency_id);
            }
            *relay = relay.clone().corrected(at);
        }
        self.changes.relays.extend(corrected);
        let mails = told.into_iter().map(|to| self.thing.mail(MailKind::SheetCorrected, to, None, None));
        self.mails.extend(mails);
    }

    /// Moves sheet and relays for exactly those readers that see a change.
    pub(super) fn note_seen(&mut self, before: &Case, agencies: &[Agency], at: Instant) {
        self.note_relays_seen(before, agencies, at);
        let today = Day(at.date());
        let readers = self.thing.readers();
        let mut now = BTreeMap::new();
        for reader in agencies.iter().filter(|agency| readers.contains(&agency.id)) {
            let known = self.thing.sheet.seen.get(&reader.id);
            let grant = self.thing.grant(reader, today);
            // A section that it saw as it stood, and sees in its present form again, may have other words.
            let thawed = before.grant(reader, today).frozen().any(|(section, _)| grant.shows_now(section));
            let reworded = self.changes.reworded_for(reader.id);
            let closed = grant.shows(Section::Household) && self.closes_members_to(reader.id);
            let content = known.is_none() || thawed || closed || !grant.sections_now().is_disjoint(&reworded);
            let view = self.thing.view_of(reader, today);
            if content || known.is_none_or(|known| known.last.view != view) {
                now.insert(reader.id, (view, content));
            }
        }
        let sheet = &mut self.thing.sheet;
        // A change that a reader sees, and that did not move the sheet's revision, moves it here.
        if !now.is_empty() && sheet.revision == before.sheet.revision {
            sheet.revision += 1;
            sheet.updated_at = at;
        }
        let kept = sheet.seen.clone();
        sheet.seen.retain(|id, _| readers.contains(id));
        let (revision, whole) = (sheet.revision, sheet.content_revision);
        for (id, (view, content)) in now {
            let earlier = kept.get(&id).filter(|_| !content).map(|seen| seen.content_revision);
            let last = Seen { revision, at, view };
            sheet.seen.insert(id, SheetSeen { last, content_revision: earlier.unwrap_or(whole) });
        }
        self.changes.sheet |= sheet.seen != kept || sheet.revision != before.sheet.revision;
    }

    /// Whether a member of whom the agency was told has said no.
    fn closes_members_to(&self, reader: AgencyId) -> bool {
        let to = |id: &RelayId| self.thing.relay(*id).is_some_and(|relay| relay.to_agency_id == reader);
        self.changes.members_closed.keys().any(to)
    }

    fn note_relays_seen(&mut self, before: &Case, agencies: &[Agency], at: Instant) {
        let today = Day(at.date());
        let mut moved: BTreeMap<RelayId, Vec<(AgencyId, u64)>> = BTreeMap::new();
        for relay in &self.thing.relays {
            let parties = [relay.from_agency_id, relay.to_agency_id];
            let is_party = |it: &&Agency| parties.contains(&it.id) && it.id != self.thing.sheet.origin_agency_id;
            for reader in agencies.iter().filter(is_party) {
                let view = self.thing.view_of_relay(relay, reader, today);
                // A member who has said no since is removed from what was sent.
                let closed = self.changes.members_closed.contains_key(&relay.id)
                    && self.thing.relay_grant(relay, reader, today).shows(Section::Household);
                if closed || relay.seen.get(&reader.id).is_none_or(|known| known.view != view) {
                    moved.entry(relay.id).or_default().push((reader.id, view));
                }
            }
        }
        for relay in &mut self.thing.relays {
            let Some(readers) = moved.remove(&relay.id) else { continue };
            if before.relay(relay.id).is_some_and(|earlier| earlier.revision == relay.revision) {
                *relay = relay.clone().narrowed(at);
            }
            let revision = relay.revision;
            relay.seen.extend(readers.into_iter().map(|(id, view)| (id, Seen { revision, at, view })));
            self.changes.relays.insert(relay.id);
        }
    }
}

/// The sections whose words change with a new document; the visitor counts as part of the contact.
pub(super) fn reworded(earlier: &Document, now: &Document) -> Sections {
    let mut changed = now.content.differs(&earlier.content);
    let visitor = |it: &Document| serde_json::to_vec(&Revealed(&it.visitor)).unwrap_or_default();
    if visitor(earlier) != visitor(now) {
        changed.insert(Section::Contact);
    }
    changed
}
