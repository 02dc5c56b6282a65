//! Finds the call that left each event. A person makes one call at a time, so the person's events stand in the order of the calls. Only
//! an attempt whose answer was lost may have left its event at any later time, or none.

use crate::record::{Answer, Call, Deed, Event, NEVER, Step, Verdict};
use crate::state::shows_content;
use std::collections::VecDeque;

/// The outcome of a call, as its event tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The change was made, or the content was shown.
    Done,
    /// The call was refused for a reason that is noted.
    Refused,
    /// The kept answer of the call was shown again.
    Replayed,
}

/// An event with its call.
pub(crate) struct Left {
    pub(crate) place: usize,
    pub(crate) outcome: Outcome,
    /// Whether the call's answer belongs to this event.
    pub(crate) answered: bool,
    /// The index of its first event, and how many there are.
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// The operation's name in the trail, and the kind of its event on success.
fn names(deed: &Deed) -> (&'static str, &'static str) {
    match deed {
        Deed::Create { .. } => ("create_sheet", "sheet.created"),
        Deed::Revise { .. } => ("revise_sheet", "sheet.revised"),
        Deed::Consent(_) => ("give_consent", "consent.given"),
        Deed::Witness { .. } => ("witness_consent", "consent.witnessed"),
        Deed::Withdraw { .. } => ("withdraw_consent", "consent.withdrawn"),
        Deed::Preview(_) => ("preview_relay", "relay.previewed"),
        Deed::Send { .. } => ("send_relay", "relay.sent"),
        Deed::Move { step, .. } => match step {
            Step::Receive => ("receive_relay", "relay.received"),
            Step::Accept => ("accept_relay", "relay.accepted"),
            Step::Decline => ("decline_relay", "relay.declined"),
            Step::Return => ("return_relay", "relay.returned"),
            Step::Resend { .. } => ("resend_relay", "relay.resent"),
            Step::Cancel => ("cancel_relay", "relay.cancelled"),
            Step::Report { .. } => ("report_relay", "relay.reported"),
            Step::Confirm => ("confirm_relay", "relay.closed"),
            Step::Amend { .. } => ("amend_relay", "relay.amended"),
            Step::HandBack => ("hand_back_relay", "relay.hand_back_offered"),
            Step::TakeBack => ("accept_hand_back", "relay.hand_back_accepted"),
            Step::LeaveThere => ("decline_hand_back", "relay.hand_back_declined"),
        },
        Deed::PreviewAmend { .. } => ("preview_amendment", "relay.previewed"),
        Deed::Except { .. } => ("request_exception", "exception.requested"),
        Deed::Decide { decision, .. } => match decision {
            Verdict::Approve => ("approve_exception", "exception.approved"),
            Verdict::Reject => ("reject_exception", "exception.rejected"),
            Verdict::FollowUp => ("follow_up_exception", "exception.followed_up"),
        },
        Deed::Close => ("close_sheet", "sheet.closed"),
        Deed::Reopen => ("reopen_sheet", "sheet.reopened"),
        Deed::Entry { .. } => ("add_entry", "entry.added"),
        Deed::ReadSheet => ("show_sheet", "sheet.read"),
        Deed::ReadRelay { .. } => ("show_relay", "relay.read"),
        Deed::ReadException { .. } => ("show_exception", "exception.read"),
        Deed::ReadConsents => ("list_consents", "consent.read"),
        Deed::ReadEntries => ("list_entries", "entry.read"),
        Deed::ReadTimeline => ("show_timeline", "timeline.read"),
        Deed::ListSheets | Deed::ListRelays { .. } | Deed::ListExceptions => ("", ""),
    }
}

fn refused_kind(deed: &Deed) -> &'static str {
    match deed {
        Deed::Witness { .. } | Deed::Withdraw { .. } => "consent.operation_refused",
        Deed::Decide { .. } => "exception.operation_refused",
        Deed::Send { .. } | Deed::Move { .. } | Deed::PreviewAmend { .. } => "relay.refused",
        _ => "sheet.refused",
    }
}

/// The outcome for which an answer demands an event; none when there must be no event.
pub(crate) fn demanded(call: &Call) -> Option<Outcome> {
    let answer = call.answer.as_ref()?;
    match (answer.status, answer.problem.as_str()) {
        _ if call.deed.is_list() => None,
        (200..300, _) if answer.replayed => {
            (shows_content(&call.deed) && !answer.said.is_bare()).then_some(Outcome::Replayed)
        }
        (200..300, _) => Some(Outcome::Done),
        (409, "invalid-transition" | "preview-outdated") | (403, "consent-refused") => Some(Outcome::Refused),
        (403, "forbidden") if matches!(call.deed, Deed::Decide { own: true, .. }) => Some(Outcome::Refused),
        _ => None,
    }
}

/// The outcome of the call by this event, if the event can belong to the call at all.
pub(crate) fn outcome(event: &Event, call: &Call) -> Option<Outcome> {
    let (operation, kind) = names(&call.deed);
    let replayed = event.data["replayed"] == true;
    let about = |key: &str, id: &str| event.fact(key) == id;
    let target = match &call.deed {
        Deed::Move { relay, .. } | Deed::ReadRelay { relay } | Deed::PreviewAmend { relay, .. } => {
            about("relay_id", relay)
        }
        // A preview of an amendment names its relay.
        Deed::Preview(_) => about("relay_id", ""),
        Deed::Decide { exception, .. } | Deed::ReadException { exception } => about("exception_id", exception),
        Deed::Witness { consent, .. } | Deed::Withdraw { consent, .. } => about("consent_id", consent),
        _ => true,
    };
    if !target {
        return None;
    }
    if event.kind == refused_kind(&call.deed) {
        return about("operation", operation).then_some(Outcome::Refused);
    }
    let again = match &call.deed {
        Deed::Move { .. } => "relay.read",
        _ => "sheet.read",
    };
    if replayed {
        return (event.kind == again && shows_content(&call.deed)).then_some(Outcome::Replayed);
    }
    (event.kind == kind).then_some(Outcome::Done)
}

/// Whether the event has the id, or the reason of the refusal, that the answer names.
fn same_thing(event: &Event, call: &Call) -> bool {
    let Some(said) = call.answer.as_ref().map(|answer| &answer.said) else { return true };
    if event.kind == refused_kind(&call.deed) {
        return event.fact("state") == said.state && event.facts("clauses") == said.clauses;
    }
    match &call.deed {
        Deed::Send { .. } => event.fact("relay_id") == said.id,
        Deed::Consent(_) => event.fact("consent_id") == said.id,
        Deed::Except { .. } => event.fact("exception_id") == said.id,
        Deed::Entry { .. } => event.fact("entry_id") == said.id,
        // A withdrawal for other agencies is not shown to everybody who may record one, so its id need not be in the answer.
        Deed::Withdraw { agencies, sections, .. } => {
            let as_many = |key: &str, asked: u8| event.facts(key).len() == asked.count_ones() as usize;
            as_many("agency_ids", *agencies)
                && as_many("sections", *sections)
                && (*agencies != 0 || event.fact("withdrawal_id") == said.withdrawal)
        }
        _ => true,
    }
}

/// Whether an event of this kind follows another event of the same call.
fn follows(kind: &str) -> bool {
    matches!(kind, "sheet.registered" | "relay.halted" | "stop_notice.issued" | "exception.used")
}

/// A call whose events may be there or not: one event of any kind for each attempt whose answer was lost, and one reading for a bare replay.
#[derive(Clone, Copy)]
struct Unclear {
    place: usize,
    attempts: u32,
    is_bare: bool,
}

/// Finds the call of every event of one sheet, and an event for every call whose answer demands one.
///
/// Two refusals about one thing look alike. If the first belongs to an attempt whose answer was lost, only time tells the two apart. So it
/// matches twice. At first every answer is given the earliest event that it can have, its own or one before that: either had happened by
/// then, and so had all events before it.
///
/// # Errors
/// An event without a call, or an answer without an event.
pub(crate) fn matched(
    calls: &[Call],
    of_sheet: &[usize],
    events: &[Event],
    staff: &[String],
) -> Result<Vec<Left>, String> {
    let steps = assigned(calls, of_sheet, events, staff, &vec![NEVER; events.len()])?;
    if of_sheet.iter().all(|place| calls[*place].lost == 0) {
        return Ok(steps);
    }
    let mut happened = vec![NEVER; events.len()];
    for step in steps.iter().filter(|step| step.answered) {
        happened[step.first] = calls[step.place].answered;
    }
    let mut first = NEVER;
    for by in happened.iter_mut().rev() {
        first = first.min(*by);
        *by = first;
    }
    assigned(calls, of_sheet, events, staff, &happened)
}

/// The same, when each event is known to have `happened` by an instant: it cannot belong to a call that began later.
fn assigned(
    calls: &[Call],
    of_sheet: &[usize],
    events: &[Event],
    staff: &[String],
    happened: &[u64],
) -> Result<Vec<Left>, String> {
    let mut waiting: Vec<VecDeque<usize>> = vec![VecDeque::new(); staff.len()];
    let mut lost: Vec<Vec<Unclear>> = vec![Vec::new(); staff.len()];
    for place in of_sheet {
        let call = &calls[*place];
        if demanded(call).is_some() {
            waiting[call.who].push_back(*place);
        }
        // A replay without content has two explanations: its answer never had any, and then the replay is noted; or the content has closed since.
        let is_bare = |answer: &Answer| answer.replayed && answer.said.is_bare() && shows_content(&call.deed);
        let is_bare = call.answer.as_ref().is_some_and(is_bare);
        if call.lost > 0 || is_bare {
            lost[call.who].push(Unclear { place: *place, attempts: call.lost, is_bare });
        }
    }
    let mut steps: Vec<Left> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if event.seq != index as u64 + 1 {
            return Err(format!("event {} of the stream has the number {}", index + 1, event.seq));
        }
        if follows(&event.kind)
            && let Some(step) = steps.last_mut()
            && events[step.first].staff_id == event.staff_id
        {
            step.count += 1;
            continue;
        }
        let unexplained = || format!("event {} ({} {}) belongs to no call", event.seq, event.kind, event.data);
        let who = staff.iter().position(|id| *id == event.staff_id).ok_or_else(unexplained)?;
        let mut step = |place, outcome, answered| steps.push(Left { place, outcome, answered, first: index, count: 1 });
        if let Some(place) = waiting[who].front().copied() {
            let call = &calls[place];
            let found = outcome(event, call)
                .filter(|outcome| demanded(call) == Some(*outcome) && call.called <= happened[index]);
            if let Some(outcome) = found.filter(|outcome| *outcome == Outcome::Replayed || same_thing(event, call)) {
                waiting[who].pop_front();
                step(place, outcome, true);
                continue;
            }
        }
        let found = lost[who].iter().enumerate().filter_map(|(at, unclear)| {
            let call = &calls[unclear.place];
            let outcome = outcome(event, call).filter(|outcome| {
                call.called <= happened[index]
                    && (unclear.attempts > 0 || unclear.is_bare && *outcome == Outcome::Replayed)
            })?;
            // If the call was answered, the answer tells whether an earlier attempt had already done it, and to what.
            let answered = call.answer.as_ref().filter(|a| outcome == Outcome::Done && a.status < 300);
            if answered.is_some_and(|answer| !answer.replayed || !same_thing(event, call)) {
                return None;
            }
            // A call whose answer names the thing is preferred to one that was refused or never answered.
            Some((answered.is_none(), at, outcome))
        });
        let found = found.min_by_key(|(is_guess, at, ..)| (*is_guess, *at));
        let Some((_, at, outcome)) = found else {
            let next = waiting[who].front().map(|place| &calls[*place]);
            return Err(format!("{}; the next call of its actor is {next:?}", unexplained()));
        };
        let unclear = &mut lost[who][at];
        if unclear.is_bare && outcome == Outcome::Replayed {
            unclear.is_bare = false;
        } else {
            unclear.attempts -= 1;
        }
        step(unclear.place, outcome, false);
    }
    match waiting.iter().flatten().next() {
        Some(place) => Err(format!("no event tells of {:?}", calls[*place])),
        None => Ok(steps),
    }
}
