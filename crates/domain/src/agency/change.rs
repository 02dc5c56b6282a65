//! How an agency in the directory changes. Its class and its agreement decide who may be told what: so two people decide on them, and the
//! trail shows them before and after.

use super::record::{AgencyRecord, EarlierName, Ending, PendingChange};
use super::{Actor, Agreement};
use crate::agency::AgencyClass;
use crate::aggregate::{Aggregate, Outcome};
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::Refusal;
use crate::case::relay::InvalidTransition;
use crate::ids::AgencyId;
use crate::second_person;
use crate::time::{Day, Instant};
use aws_lc_rs::hmac;

/// The most earlier names of an agency.
const MOST_NAMES: usize = 100;

/// What a second person decides about a change that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is made. The person who asked for it can never decide this.
    Confirm,
    /// It is dropped; an agency that was new stays unconfirmed.
    Reject,
}

impl AgencyRecord {
    /// Adds it to the directory, by the command line: it counts at once.
    pub fn create(self) -> Outcome<Self> {
        let created = with_standing(self.event(EventKind::AgencyCreated), &self);
        Outcome::of(self, created)
    }

    /// Adds it to the directory. It waits for confirmation when it could be told something at once: its class needs no agreement, or it has
    /// one. `key` makes the commitments to words.
    pub fn create_by(mut self, actor: &Actor, key: &hmac::Key) -> Outcome<Self> {
        if !self.agency.class.needs_agreement() || self.agency.agreement.is_some() {
            self.agency.confirmed = false;
            self.pending = Some(self.asked(actor));
        }
        let asked = self.pending.as_ref().map(|it| with_asked(self.event(EventKind::AgencyChangeAsked), it, key));
        let mut outcome = self.create();
        outcome.events.extend(asked);
        outcome
    }

    /// Puts `wanted` in its place, with the name from `name_from` on. What two people must decide waits.
    ///
    /// # Errors
    /// Too many names, or another class for an agency that a consent or a relay names: it would be a different body under the same consent.
    pub fn replace(
        self,
        wanted: Self,
        name_from: Instant,
        actor: &Actor,
        key: &hmac::Key,
    ) -> Result<Outcome<Self>, Refusal> {
        // A new mailbox has not failed yet.
        let mail_failed_at = self.mail_failed_at.filter(|_| self.mailbox == wanted.mailbox);
        let (is_named, ended_at) = (self.is_named, self.ended_at);
        let mut record = Self { is_named, ended_at, mail_failed_at, ..wanted }.following(&self, actor.at);
        record.take_name(&self, name_from, actor.at)?;
        record.keep_class(&self)?;
        record.hold(&self, actor);
        record.hold_ending(&self, actor);
        let changed = with_changes(record.event(EventKind::AgencyChanged), &self, &record, key, actor.at);
        let asked = record.pending.as_ref().filter(|it| Some(*it) != self.pending.as_ref());
        let asked = asked.map(|it| with_asked(record.event(EventKind::AgencyChangeAsked), it, key));
        let events = std::iter::once(with_standing(changed, &record)).chain(asked).collect();
        Ok(Outcome { thing: record, changes: (), events, mails: Vec::new() })
    }

    /// The decision of the second person on what waits.
    ///
    /// # Errors
    /// Nothing waits; the actor asked for it; the agency must keep its class.
    pub fn decide(self, decision: Decision, actor: &Actor, key: &hmac::Key) -> Result<Outcome<Self>, Refusal> {
        let change = self.pending.clone().ok_or(InvalidTransition { state: "nothing_pending" })?;
        let mut record = Self { pending: None, ..self.clone() }.following(&self, actor.at);
        if decision == Decision::Reject {
            let event = with_asked(record.event(EventKind::AgencyChangeRejected), &change, key);
            return Ok(Outcome::of(record, event));
        }
        second_person::other_than(actor, &[change.asked_by])?;
        record.agency.class = change.class;
        record.agency.agreement.clone_from(&change.agreement);
        record.agency.confirmed = true;
        if let Some(ending) = change.ending {
            record.agency.active_until = ending.active_until;
            record.successor_id = Some(ending.successor_id);
        }
        record.keep_class(&self)?;
        let event = with_asked(record.event(EventKind::AgencyChangeConfirmed), &change, key);
        let event = with_standing(with_changes(event, &self, &record, key, actor.at), &record);
        Ok(Outcome::of(record, event))
    }

    /// Gives it another name from now on, by the command line. A name stands in no event.
    pub fn rename(self, name: String, kana: String, now: Instant) -> Outcome<Self> {
        let (before, kana_before) = self.called(now);
        let before = EarlierName { name: before.to_owned(), kana: kana_before.to_owned(), until: now };
        let earlier = self.earlier_names.iter().filter(|it| it.until <= now).cloned();
        let earlier_names = earlier.chain([before]).collect();
        let record = Self { name, kana, earlier_names, ..self.clone() }.following(&self, now);
        let event = record.event(EventKind::AgencyChanged);
        Outcome::of(record, event)
    }

    /// Gives it a last day and a successor, by the command line.
    pub fn end_on(self, until: Day, successor_id: Option<AgencyId>, now: Instant) -> Outcome<Self> {
        let mut record = Self { successor_id, ..self.clone() }.following(&self, now);
        record.agency.active_until = Some(until);
        // A change that was asked for earlier did not know of this end.
        record.pending = record.pending.map(|change| PendingChange { ending: None, ..change });
        let event = record.event(EventKind::AgencyChanged).with("active_until", Fact::Day(until));
        let event = put(event, "active_until_before", self.agency.active_until.map(Fact::Day));
        let of = |id: Option<AgencyId>| id.map(|id| Fact::Id(id.0));
        let event = put(put(event, "successor_id", of(successor_id)), "successor_id_before", of(self.successor_id));
        Outcome::of(record, event)
    }

    /// Notes that it is no more, once its last day has passed. None when that is not so, or was noted before.
    pub fn note_end(self, now: Instant) -> Option<Outcome<Self>> {
        if self.ended_at.is_some() || !self.agency.is_over(Day(now.date())) {
            return None;
        }
        let record = Self { ended_at: Some(now), ..self.clone() }.following(&self, now);
        let event = record.event(EventKind::AgencyEnded);
        Some(Outcome::of(record, event))
    }

    /// Notes that a consent or a relay names it. Nobody did anything to the agency, so there is no event.
    pub fn named(self) -> Outcome<Self> {
        Outcome { thing: Self { is_named: true, ..self }, changes: (), events: Vec::new(), mails: Vec::new() }
    }

    /// Whether it ends on another day, or has another successor, than `before`.
    pub fn ends_otherwise_than(&self, before: &Self) -> bool {
        self.successor_id != before.successor_id || self.agency.active_until != before.agency.active_until
    }

    /// The same as the next revision.
    fn following(self, before: &Self, at: Instant) -> Self {
        Self { revision: before.revision.saturating_add(1), updated_at: at, ..self }
    }

    fn event(&self, kind: EventKind) -> EventDraft {
        EventDraft::new(kind, self.stream())
            .with("agency_id", Fact::Id(self.agency.id.0))
            .with("revision", Fact::Count(u64::from(self.revision)))
    }

    fn asked(&self, actor: &Actor) -> PendingChange {
        let agreement = self.agency.agreement.clone();
        let (class, asked_by) = (self.agency.class, actor.staff_id());
        PendingChange { class, agreement, asked_by, asked_at: actor.at, ending: None }
    }

    /// Sets the names after a change that takes effect at `from`. A change of name that was planned and has not happened yet is dropped.
    fn take_name(&mut self, found: &Self, from: Instant, now: Instant) -> Result<(), Refusal> {
        let (name, kana) = found.called(now);
        let is_same = self.name == name && self.kana == kana;
        if is_same && from == now {
            // A planned change of name stays when only other fields are changed.
            self.name.clone_from(&found.name);
            self.kana.clone_from(&found.kana);
            self.earlier_names.clone_from(&found.earlier_names);
            return Ok(());
        }
        self.earlier_names = found.earlier_names.iter().filter(|earlier| earlier.until <= now).cloned().collect();
        if !is_same {
            self.earlier_names.push(EarlierName { name: name.to_owned(), kana: kana.to_owned(), until: from });
        }
        match self.earlier_names.len() {
            0..=MOST_NAMES => Ok(()),
            _ => Err(Refusal::invalid("/name", "too_many", "名前を変えられるのは100回までです。")),
        }
    }

    fn keep_class(&self, found: &Self) -> Result<(), Refusal> {
        if !found.is_named || found.agency.class == self.agency.class {
            return Ok(());
        }
        let detail = "この機関は同意やつなぎの相手として記録されているので、区分を変えられません。別の団体になったときは、新しい機関を登録し、\
                      この機関の successor_id(後を引き継いだ機関)にその機関を入れてください。";
        Err(Refusal::invalid("/class", "fixed", detail))
    }

    /// A change of class or agreement waits for confirmation. A change that only gives up the agreement, or shortens it, does not wait.
    fn hold(&mut self, found: &Self, actor: &Actor) {
        self.agency.confirmed = found.agency.confirmed;
        self.pending.clone_from(&found.pending);
        let (before, after) = (&found.agency, &self.agency);
        let is_less = match (&before.agreement, &after.agreement) {
            (before, after) if before == after => true,
            (Some(_), None) => true,
            (Some(before), Some(after)) => after.is_within(before),
            (None, _) => false,
        };
        if !before.confirmed {
            self.pending = Some(self.asked(actor));
        } else if before.class != after.class || !is_less {
            self.pending = Some(self.asked(actor));
            self.agency.class = before.class;
            self.agency.agreement.clone_from(&before.agreement);
        } else if before.agreement != after.agreement {
            // The earlier request rests on an agreement that no longer exists.
            self.pending = None;
        }
    }

    /// The choice of a successor, and of the day on which it takes over, waits, too: the successor gets everything that the agency was ever
    /// told.
    fn hold_ending(&mut self, found: &Self, actor: &Actor) {
        let Some(successor_id) = self.successor_id else { return };
        let active_until = self.agency.active_until;
        if found.successor_id == self.successor_id && found.agency.active_until == active_until {
            return;
        }
        self.successor_id = found.successor_id;
        self.agency.active_until = found.agency.active_until;
        // A request that another person made earlier would be confirmed together with this one, so it is dropped and must be made again.
        let change = self.pending.take().filter(|change| Some(change) != found.pending.as_ref());
        let change = change.unwrap_or_else(|| self.asked(actor));
        self.pending = Some(PendingChange { ending: Some(Ending { active_until, successor_id }), ..change });
    }
}

/// The event with the requested change.
fn with_asked(event: EventDraft, change: &PendingChange, key: &hmac::Key) -> EventDraft {
    let stand = stand(change.class, change.agreement.as_ref(), key);
    let event = stand.into_iter().fold(event, |event, (name, _, fact)| put(event, name, fact));
    let Some(ending) = change.ending else { return event };
    let event = put(event, "active_until", ending.active_until.map(Fact::Day));
    event.with("successor_id", Fact::Id(ending.successor_id.0))
}

/// The event with every field that a change alters, before and after. Ids, codes and days are written as they are, words as commitments,
/// because a mailbox may belong to a person.
fn with_changes(
    event: EventDraft,
    before: &AgencyRecord,
    after: &AgencyRecord,
    key: &hmac::Key,
    now: Instant,
) -> EventDraft {
    let (was, is) = (fields(before, key, now), fields(after, key, now));
    was.into_iter()
        .zip(is)
        .filter(|(was, is)| was != is)
        .fold(event, |event, ((name, name_before, was), (_, _, is))| put(put(event, name_before, was), name, is))
}

/// The event with the class of the agency after a change, and until when it exists and may be told something.
fn with_standing(event: EventDraft, record: &AgencyRecord) -> EventDraft {
    let agency = &record.agency;
    let event = event.with("class", Fact::Code(agency.class.as_str()));
    let event = put(event, "active_until", agency.active_until.map(Fact::Day));
    put(event, "agreement_until", agency.agreement.as_ref().map(|it| Fact::Day(it.valid_until)))
}

fn put(event: EventDraft, name: &'static str, fact: Option<Fact>) -> EventDraft {
    match fact {
        Some(fact) => event.with(name, fact),
        None => event,
    }
}

/// A field: its name after the change, its name before the change, and its value.
type Field = (&'static str, &'static str, Option<Fact>);

fn word(key: &hmac::Key, field: &str, text: &str) -> Fact {
    let message = [field.as_bytes(), b"\0", text.as_bytes()].concat();
    Fact::Commitment(hex::encode(hmac::sign(key, &message).as_ref()))
}

fn stand(class: AgencyClass, agreement: Option<&Agreement>, key: &hmac::Key) -> Vec<Field> {
    let day = |day: Option<Day>| day.map(Fact::Day);
    let number = agreement.map(|it| word(key, "agreement_number", &it.number));
    vec![
        ("class", "class_before", Some(Fact::Code(class.as_str()))),
        ("agreement_number", "agreement_number_before", number),
        ("agreement_from", "agreement_from_before", day(agreement.map(|it| it.valid_from))),
        ("agreement_until", "agreement_until_before", day(agreement.map(|it| it.valid_until))),
    ]
}

fn fields(record: &AgencyRecord, key: &hmac::Key, now: Instant) -> Vec<Field> {
    let agency = &record.agency;
    let word = |field: &str, text: Option<&str>| text.map(|text| word(key, field, text));
    let (name, kana) = record.called(now);
    let mut fields = stand(agency.class, agency.agreement.as_ref(), key);
    fields.extend([
        ("confirmed", "confirmed_before", Some(Fact::Flag(agency.confirmed))),
        ("code", "code_before", word("code", Some(&record.code))),
        ("name", "name_before", word("name", Some(name))),
        ("kana", "kana_before", word("kana", Some(kana))),
        ("name_to_come", "name_to_come_before", word("name", Some(&record.name))),
        ("mailbox", "mailbox_before", word("mailbox", record.mailbox.as_deref())),
        ("phone", "phone_before", word("phone", record.phone.as_deref())),
        ("topics", "topics_before", word("topics", Some(&record.topics.join(" ")))),
        ("hub", "hub_before", Some(Fact::Flag(record.hub))),
        ("parent_id", "parent_id_before", record.parent_id.map(|id| Fact::Id(id.0))),
        ("successor_id", "successor_id_before", record.successor_id.map(|id| Fact::Id(id.0))),
        ("active_from", "active_from_before", Some(Fact::Day(agency.active_from))),
        ("active_until", "active_until_before", agency.active_until.map(Fact::Day)),
    ]);
    fields
}
