//! The proof that a recorded history is linearizable (Herlihy & Wing, 1990). It goes sheet by sheet, which is enough, because
//! linearizability is local.
//!
//! Hardly any search is needed, because the audit trail proposes the order. Only when several lost attempts, or several replays without
//! content, look alike, the proof finds out by trying which of them left an event. For each sheet it shows that
//! 1. every event belongs to a call, and every answer that tells of a change, a reading or a noted refusal has its event ([`matched`]);
//! 2. the events stand in an order that real time allows: a call that was answered before another began stands before it;
//! 3. replayed in that order through the reference model, every event is legal and says what the model says, and the answer to its call says
//!    exactly what then stands: states, holder, revisions, ETags, the sections that are shown, and in which version;
//! 4. every call without an event (404, 403, 412, a replay without content, a list) has a point between its call and its answer, in an
//!    order that real time allows among these calls, too, at which the model answers so.
//!
//! Then the calls have taken effect one after the other, each between its call and its answer, which is the definition. An operation with an
//! Idempotency-Key begins with its first attempt; an attempt whose answer was lost may take effect at any later time, or never.
//! The work grows with the number of calls times the number that run at once.

use crate::matching::{Left, Outcome, demanded, matched, outcome};
use crate::record::{Answer, Call, Deed, Event, History, NEVER, Said};
use crate::state::{After, State, Verdict};
use std::collections::{BTreeMap, VecDeque};

/// Counts of what the proof covered.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) sheets: usize,
    pub(crate) events: usize,
    pub(crate) changes: usize,
    pub(crate) reads: usize,
    pub(crate) refusals: usize,
    pub(crate) replays: usize,
    pub(crate) without_event: usize,
    pub(crate) lists: usize,
    pub(crate) lost: usize,
    /// Attempts whose answer was lost, and which took effect all the same.
    pub(crate) lost_and_done: usize,
}

/// The calls and events of one sheet.
#[derive(Default)]
struct Sheet<'a> {
    calls: Vec<usize>,
    events: &'a [Event],
}

/// Proves the history and returns its tally, or else what is wrong: at most one thing for each sheet, because nothing after it can be judged.
pub(crate) fn prove(history: &History) -> Result<Tally, Vec<String>> {
    let mut wrong = Vec::new();
    let mut tally = Tally::default();
    let mut sheets: BTreeMap<&str, Sheet<'_>> = BTreeMap::new();
    for events in history.events.chunk_by(|a, b| a.sheet == b.sheet) {
        sheets.entry(events[0].sheet.as_str()).or_default().events = events;
    }
    let mut lists = Vec::new();
    for (place, call) in history.calls.iter().enumerate() {
        tally.lost += call.lost as usize;
        if let Some(answer) = &call.answer
            && (answer.status >= 500 || matches!(answer.status, 400 | 401 | 413 | 415 | 428))
        {
            wrong.push(format!("{} {} to {call:?}", answer.status, answer.problem));
        }
        match (&call.deed, &call.sheet) {
            (deed, _) if deed.is_list() => lists.push(place),
            (_, Some(sheet)) => sheets.entry(sheet).or_default().calls.push(place),
            // The sheet of a call that was never answered has no other calls.
            (_, None) => match call.answer.as_ref().map(|answer| answer.said.id.as_str()).filter(|id| !id.is_empty()) {
                Some(id) => sheets.entry(id).or_default().calls.push(place),
                None if call.answer.is_none() => {}
                None => wrong.push(format!("a sheet was not made: {call:?}")),
            },
        }
    }
    tally.lists = lists.len();
    let staff: Vec<String> = history.people.iter().map(|person| person.staff_id.clone()).collect();
    let mut orphans =
        history.calls.iter().filter(|c| c.answer.is_none() && matches!(c.deed, Deed::Create { .. })).count();
    for (id, sheet) in &sheets {
        if sheet.calls.is_empty() && orphans > 0 {
            orphans -= 1;
            continue;
        }
        tally.sheets += 1;
        tally.events += sheet.events.len();
        if let Err(error) = prove_sheet(history, id, sheet, &lists, &staff, &mut tally) {
            wrong.push(format!("sheet {id}: {error}"));
        }
    }
    if let Err(error) = numbered(history) {
        wrong.push(error);
    }
    if wrong.is_empty() { Ok(tally) } else { Err(wrong) }
}

/// The instants between which each state of the sheet held, as far as the calls around it tell.
struct Times {
    /// The answers in their order, each with the state that must have been reached when it was given.
    after: Vec<(u64, usize)>,
    /// The calls in their order, each with the last state before this or any later call took effect.
    before: Vec<(u64, usize)>,
}

impl Times {
    fn of(history: &History, steps: &[Left]) -> Self {
        let call = |step: &Left| &history.calls[step.place];
        let answered = |step: &Left| if step.answered { call(step).answered } else { NEVER };
        let mut after: Vec<(u64, usize)> = steps.iter().enumerate().map(|(at, s)| (answered(s), at + 1)).collect();
        after.sort_unstable();
        let mut most = 0;
        for (_, state) in &mut after {
            most = most.max(*state);
            *state = most;
        }
        let mut before: Vec<(u64, usize)> = steps.iter().enumerate().map(|(at, s)| (call(s).called, at)).collect();
        before.sort_unstable();
        let mut least = steps.len();
        for (_, state) in before.iter_mut().rev() {
            least = least.min(*state);
            *state = least;
        }
        Self { after, before }
    }

    /// The first state in which a call may take effect.
    fn first(&self, call: &Call) -> usize {
        let known = self.after.partition_point(|(answered, _)| *answered < call.called);
        known.checked_sub(1).map_or(0, |index| self.after[index].1)
    }

    /// The last state in which a call may take effect.
    fn last(&self, call: &Call, states: usize) -> usize {
        let known = self.before.partition_point(|(called, _)| *called <= call.answered);
        self.before.get(known).map_or(states, |(_, state)| *state)
    }
}

/// A call without an event that waits for a state that explains its answer.
struct Pending<'a> {
    place: usize,
    last: usize,
    items: Vec<&'a Said>,
    was: String,
}

fn prove_sheet(
    history: &History,
    id: &str,
    sheet: &Sheet<'_>,
    lists: &[usize],
    staff: &[String],
    tally: &mut Tally,
) -> Result<(), String> {
    let calls = &history.calls;
    let mut steps = matched(calls, &sheet.calls, sheet.events, staff)?;
    // Each round fixes one more event to its call, so this ends.
    for _ in 0..=sheet.events.len() {
        in_time(history, &steps, sheet.events)?;
        let mut tried = tally.clone();
        match walk(history, id, sheet, lists, &steps, &mut tried) {
            Ok(()) => {
                *tally = tried;
                return Ok(());
            }
            Err(Wrong::Told(error)) => return Err(error),
            Err(Wrong::Guessed { at, place }) => reassign(&mut steps, at, place),
        }
    }
    Err("the attempts whose answers were lost fit to no order".to_owned())
}

/// Why a walk along the events stops early.
enum Wrong {
    /// Nothing explains it.
    Told(String),
    /// The event at this step does not fit the attempt or replay that was chosen for it, but may fit a similar one.
    Guessed { at: usize, place: usize },
}

impl From<String> for Wrong {
    fn from(error: String) -> Self {
        Self::Told(error)
    }
}

/// Gives the event at `at` to the attempt at `place`; if that attempt has an event already, the two are swapped.
fn reassign(steps: &mut [Left], at: usize, place: usize) {
    let taken = steps[at].place;
    if let Some(other) = steps.iter_mut().find(|step| !step.answered && step.place == place) {
        other.place = taken;
    }
    steps[at].place = place;
}

/// Another lost attempt, or replay without content, to which the event may belong because the model would answer so here. An attempt that
/// already has an earlier event gets no other.
fn another(state: &State<'_>, history: &History, sheet: &Sheet<'_>, steps: &[Left], at: usize) -> Option<usize> {
    let (step, calls) = (&steps[at], &history.calls);
    if step.answered || step.outcome == Outcome::Done {
        return None;
    }
    let event = &sheet.events[step.first];
    let fixed = |place: usize| steps[..at].iter().any(|earlier| !earlier.answered && earlier.place == place);
    let mut others = sheet.calls.iter().copied().filter(|place| *place != step.place && !fixed(*place));
    others.find(|place| {
        let call = &calls[*place];
        if call.who != calls[step.place].who || outcome(event, call) != Some(step.outcome) {
            return false;
        }
        match (step.outcome, state.judge(call)) {
            (Outcome::Refused, verdict) => call.lost > 0 && refused(event, None, &verdict).is_ok(),
            (_, Verdict::Replay(kept)) => {
                let shown = call.answer.as_ref().filter(|answer| answer.replayed && answer.said.is_bare());
                call.lost > 0 || shown.is_some_and(|answer| replays(calls, answer.body, kept))
            }
            _ => false,
        }
    })
}

fn walk(
    history: &History,
    id: &str,
    sheet: &Sheet<'_>,
    lists: &[usize],
    steps: &[Left],
    tally: &mut Tally,
) -> Result<(), Wrong> {
    let calls = &history.calls;
    let times = Times::of(history, steps);
    let mut silent: Vec<usize> = sheet.calls.iter().copied().filter(|p| is_silent(&calls[*p])).collect();
    // A list says something about the sheets that it names and, if it is complete, also about all others, because it does not name them.
    let of_sheet = |place: usize| {
        let items = calls[place].answer.iter().flat_map(|answer| &answer.items);
        items.filter(|item| item.sheet == id || item.id == id).collect::<Vec<&Said>>()
    };
    let lists = lists.iter().copied().filter(|place| calls[*place].answer.is_some());
    silent.extend(
        lists.filter(|place| calls[*place].answer.as_ref().is_some_and(|a| a.whole) || !of_sheet(*place).is_empty()),
    );
    silent.sort_by_key(|place| calls[*place].called);
    tally.without_event += silent.len();
    let mut coming: VecDeque<usize> = silent.into();
    let mut pending: Vec<Pending<'_>> = Vec::new();
    let mut state = State::new(history);
    for at in 0..=steps.len() {
        while let Some(place) = coming.front().copied().filter(|place| times.first(&calls[*place]) <= at) {
            coming.pop_front();
            let last = times.last(&calls[place], steps.len());
            pending.push(Pending { place, last, items: of_sheet(place), was: String::new() });
        }
        settle(&state, calls, &mut pending, at)?;
        let Some(step) = steps.get(at) else { break };
        let events = &sheet.events[step.first..step.first + step.count];
        if let Err(error) = take(&mut state, history, step, events, tally) {
            if let Some(place) = another(&state, history, sheet, steps, at) {
                return Err(Wrong::Guessed { at, place });
            }
            let (event, call) = (&events[0], &calls[step.place]);
            let (seq, kind, data) = (event.seq, &event.kind, &event.data);
            return Err(format!("event {seq} ({kind}): {error}; its data {data}, its call {call:?}").into());
        }
        state.kinds.extend(events.iter().map(|event| event.kind.as_str()));
    }
    for step in steps.iter().filter(|step| step.answered && calls[step.place].deed == Deed::ReadTimeline) {
        timeline(history, step, &state.kinds, &times, steps)?;
    }
    Ok(())
}

/// Whether the answer is one that leaves no event.
fn is_silent(call: &Call) -> bool {
    call.answer.is_some() && demanded(call).is_none()
}

/// Demands that no event stands before that of a call that was answered before its own call began.
fn in_time(history: &History, steps: &[Left], events: &[Event]) -> Result<(), String> {
    let mut least = (NEVER, 0);
    for (at, step) in steps.iter().enumerate().rev() {
        let call = &history.calls[step.place];
        if least.0 < call.called {
            let (before, after) = (&events[step.first], &events[steps[least.1].first]);
            return Err(format!(
                "event {} ({}) stands after event {} ({}), but was answered before that was called: {call:?}",
                after.seq, after.kind, before.seq, before.kind
            ));
        }
        if step.answered && call.answered < least.0 {
            least = (call.answered, at);
        }
    }
    Ok(())
}

/// Finds the calls whose answer this state explains.
fn settle(state: &State<'_>, calls: &[Call], pending: &mut Vec<Pending<'_>>, at: usize) -> Result<(), String> {
    // The earliest answer among the calls that still wait: a call that began after it must wait, too.
    let mut until = NEVER;
    let mut late = None;
    pending.retain_mut(|waiting| {
        let call = &calls[waiting.place];
        if call.called <= until {
            match explained(state, calls, call, &waiting.items) {
                Ok(()) => return false,
                Err(was) => waiting.was = was,
            }
        }
        until = until.min(call.answered);
        if waiting.last <= at && late.is_none() {
            late = Some(format!("no state between call and answer explains it, at the last {}: {call:?}", waiting.was));
        }
        true
    });
    late.map_or(Ok(()), Err)
}

/// Whether the model answers so without leaving an event.
fn explained(state: &State<'_>, calls: &[Call], call: &Call, items: &[&Said]) -> Result<(), String> {
    let Some(answer) = &call.answer else { return Ok(()) };
    if call.deed.is_list() {
        let holds = answer.status == 200 && state.lists(call, items, answer.whole);
        return if holds { Ok(()) } else { Err("the list would have been another".to_owned()) };
    }
    let verdict = state.judge(call);
    let holds = match (answer.status, answer.problem.as_str(), &verdict) {
        (404, "not-found", Verdict::Hidden)
        | (403, "forbidden", Verdict::Forbidden)
        | (412, "stale-revision", Verdict::Stale)
        | (422, "idempotency-key-reused", Verdict::Reused)
        | (422, "invalid-input", Verdict::Invalid) => true,
        (200 | 201, _, Verdict::Replay(kept)) => replays(calls, answer.body, *kept),
        (200 | 201, _, Verdict::Bare(kept)) => {
            let same = |first: &Answer| (&first.said.id, first.etag) == (&answer.said.id, answer.etag);
            answer.replayed && answer.said.is_bare() && calls[*kept].answer.as_ref().is_none_or(same)
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(format!("the model says {verdict:?}")) }
}

/// Whether a body is the first answer's body, as far as that is known.
fn replays(calls: &[Call], body: u64, kept: usize) -> bool {
    calls[kept].answer.as_ref().is_none_or(|first| first.body == body)
}

/// Takes one step of the trail in the model.
fn take(
    state: &mut State<'_>,
    history: &History,
    step: &Left,
    events: &[Event],
    tally: &mut Tally,
) -> Result<(), String> {
    let call = &history.calls[step.place];
    let answer = call.answer.as_ref().filter(|_| step.answered);
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let verdict = state.judge(call);
    tally.lost_and_done += usize::from(!step.answered);
    match (step.outcome, verdict) {
        (Outcome::Done, Verdict::Done(After { model, events: expected })) => {
            if kinds != expected {
                return Err(format!("the events are {kinds:?}, the model has {expected:?}"));
            }
            tally.changes += 1;
            state.done(step.place, *model, events)?;
            answer.map_or(Ok(()), |answer| state.answers(call, answer))
        }
        (Outcome::Done, Verdict::Shown) => {
            tally.reads += 1;
            state.shown(step.place, &events[0])?;
            answer.map_or(Ok(()), |answer| state.answers(call, answer))
        }
        (Outcome::Replayed, Verdict::Replay(kept)) => {
            tally.replays += 1;
            let same = answer.is_none_or(|answer| replays(&history.calls, answer.body, kept));
            if same { Ok(()) } else { Err("the replay is not what was answered first".to_owned()) }
        }
        (Outcome::Refused, verdict) => {
            tally.refusals += 1;
            refused(&events[0], answer, &verdict)
        }
        (outcome, verdict) => Err(format!("{outcome:?}, but the model says {verdict:?}")),
    }
}

/// Demands that the event, the answer and the model give the same reason for a noted refusal.
fn refused(event: &Event, answer: Option<&crate::record::Answer>, verdict: &Verdict) -> Result<(), String> {
    let holds = match verdict {
        Verdict::Transition(state) => {
            event.fact("state") == state
                && answer.is_none_or(|a| a.problem == "invalid-transition" && a.said.state == *state)
        }
        Verdict::NoBasis(clauses) => {
            event.facts("clauses") == *clauses
                && answer.is_none_or(|a| a.problem == "consent-refused" && a.said.clauses == *clauses)
        }
        Verdict::Own => event.data["own_request"] == true && answer.is_none_or(|a| a.problem == "forbidden"),
        Verdict::Outdated => {
            event.data["preview_outdated"] == true && answer.is_none_or(|a| a.problem == "preview-outdated")
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(format!("refused, but the model says {verdict:?}")) }
}

/// Demands that the origin's timeline is the trail, newest first, as it was at some point between its read event and the answer.
fn timeline(history: &History, step: &Left, kinds: &[&str], times: &Times, steps: &[Left]) -> Result<(), String> {
    let call = &history.calls[step.place];
    let Some(answer) = &call.answer else { return Ok(()) };
    if history.people[call.who].agency != 0 {
        return Ok(());
    }
    let end = |state: usize| steps.get(state).map_or(kinds.len(), |step| step.first);
    let shown: Vec<&str> = answer.items.iter().rev().map(|item| item.kind.as_str()).collect();
    let latest = end(times.last(call, steps.len()));
    let stood = (step.first + step.count..=latest).any(|end| kinds[..end].ends_with(&shown));
    if stood { Ok(()) } else { Err(format!("the timeline never stood so: {call:?}")) }
}

/// Demands that each sheet number is used once, and that numbers grow with time.
fn numbered(history: &History) -> Result<(), String> {
    let made = history
        .calls
        .iter()
        .filter(|call| matches!(call.deed, Deed::Create { .. }) && demanded(call) == Some(Outcome::Done));
    let mut made: Vec<(&str, &Call)> =
        made.filter_map(|call| Some((call.answer.as_ref()?.said.number.as_str(), call))).collect();
    made.sort_unstable_by_key(|(number, _)| *number);
    if let Some(pair) = made.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("two sheets have the number {}", pair[0].0));
    }
    let mut least = NEVER;
    for (number, call) in made.iter().rev() {
        if least < call.called {
            return Err(format!(
                "a sheet that was answered before the one with the number {number} was called has a higher one"
            ));
        }
        least = least.min(call.answered);
    }
    Ok(())
}
