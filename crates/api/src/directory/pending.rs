//! The class and the agreement of an agency decide who may be told what. So two people decide on them, and the trail shows them before and after.

use aws_lc_rs::hmac;
use domain::agency::{Actor, Agreement};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::AgencyClass;
use domain::time::{Day, Instant};
use storage::{AgencyRecord, Ending, PendingChange};

fn asked(record: &AgencyRecord, actor: &Actor) -> PendingChange {
    let agency = &record.agency;
    let agreement = agency.agreement.clone();
    PendingChange { class: agency.class, agreement, asked_by: actor.staff_id(), asked_at: actor.at, ending: None }
}

/// A new agency waits for confirmation when it could be told something at once: its class needs no agreement, or it has one.
pub(super) fn hold_new(record: &mut AgencyRecord, actor: &Actor) {
    if !record.agency.class.needs_agreement() || record.agency.agreement.is_some() {
        record.agency.confirmed = false;
        record.pending = Some(asked(record, actor));
    }
}

/// A change of class or agreement waits for confirmation. A change that only gives up the agreement, or shortens it, does not wait.
pub(super) fn hold(found: &AgencyRecord, record: &mut AgencyRecord, actor: &Actor) {
    record.agency.confirmed = found.agency.confirmed;
    record.pending.clone_from(&found.pending);
    let (before, after) = (&found.agency, &record.agency);
    let is_less = match (&before.agreement, &after.agreement) {
        (before, after) if before == after => true,
        (Some(_), None) => true,
        (Some(before), Some(after)) => after.is_within(before),
        (None, _) => false,
    };
    if !before.confirmed {
        record.pending = Some(asked(record, actor));
    } else if before.class != after.class || !is_less {
        record.pending = Some(asked(record, actor));
        record.agency.class = before.class;
        record.agency.agreement.clone_from(&before.agreement);
    } else if before.agreement != after.agreement {
        // The earlier request rests on an agreement that no longer exists.
        record.pending = None;
    }
}

/// The choice of a successor, and of the day on which it takes over, waits, too: the successor gets everything that the agency was ever told.
pub(super) fn hold_ending(found: &AgencyRecord, record: &mut AgencyRecord, actor: &Actor) {
    let Some(successor_id) = record.successor_id else { return };
    let active_until = record.agency.active_until;
    if found.successor_id == record.successor_id && found.agency.active_until == active_until {
        return;
    }
    record.successor_id = found.successor_id;
    record.agency.active_until = found.agency.active_until;
    // A request that another person made earlier would be confirmed together with this one, so it is dropped and must be made again.
    let change = record.pending.take().filter(|change| Some(change) != found.pending.as_ref());
    let change = change.unwrap_or_else(|| asked(record, actor));
    record.pending = Some(PendingChange { ending: Some(Ending { active_until, successor_id }), ..change });
}

/// An event about an agency, in the stream of the caller's agency.
pub(super) fn event(kind: EventKind, record: &AgencyRecord, actor: &Actor) -> EventDraft {
    EventDraft::new(kind, Stream::Agency(actor.agency_id))
        .with("agency_id", Fact::Id(record.agency.id.0))
        .with("revision", Fact::Count(u64::from(record.revision)))
}

/// The event with the requested change, if there is one.
pub(super) fn with_asked(event: EventDraft, change: Option<&PendingChange>, key: &hmac::Key) -> EventDraft {
    let Some(change) = change else { return event };
    let stand = stand(change.class, change.agreement.as_ref(), key);
    let event = stand.into_iter().fold(event, |event, (name, _, fact)| put(event, name, fact));
    let Some(ending) = change.ending else { return event };
    let event = put(event, "active_until", ending.active_until.map(Fact::Day));
    event.with("successor_id", Fact::Id(ending.successor_id.0))
}

/// The event with every field that a change alters, before and after. Ids, codes and days are written as they are, words as commitments,
/// because a mailbox may belong to a person.
pub(super) fn with_changes(
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
pub(super) fn with_standing(event: EventDraft, record: &AgencyRecord) -> EventDraft {
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
