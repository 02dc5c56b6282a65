//! Tests of the checker itself: it proves a history that was written to a file, and finds the error in a distorted one.

use crate::ground::Setting;
use crate::record::{Answer, Call, Deed, History};
use crate::{Extent, anomalies, promise, recorded};

/// The history that `cargo xtask histories --check FILE` names.
#[expect(clippy::disallowed_methods, reason = "`cargo xtask histories` names the file")]
fn named() -> Option<History> {
    let path = std::env::var_os("TSUNAGU_HISTORIES_CHECK")?;
    Some(serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("a history"))
}

fn event(history: &History, kind: &str) -> usize {
    history.events.iter().rposition(|event| event.kind == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// The last call for which `holds` is true.
fn call(history: &History, holds: impl Fn(&Call, &Answer) -> bool) -> usize {
    let found = history.calls.iter().rposition(|call| call.answer.as_ref().is_some_and(|answer| holds(call, answer)));
    found.expect("such a call")
}

fn answer(history: &mut History, place: usize) -> &mut Answer {
    history.calls[place].answer.as_mut().unwrap()
}

/// Numbers each stream anew, as if nothing had been lost or doubled.
fn renumber(history: &mut History) {
    for events in history.events.chunk_by_mut(|a, b| a.sheet == b.sheet) {
        (1..).zip(events).for_each(|(seq, event)| event.seq = seq);
    }
}

type Distortion = (&'static str, fn(&mut History));

const DISTORTIONS: [Distortion; 15] = [
    ("a change that was answered is not in the trail", |h| {
        h.events.remove(event(h, "relay.accepted"));
        renumber(h);
    }),
    ("a reading is not in the trail", |h| {
        h.events.remove(event(h, "sheet.read"));
        renumber(h);
    }),
    ("a change happened twice", |h| {
        let place = event(h, "relay.sent");
        h.events.insert(place, h.events[place].clone());
        renumber(h);
    }),
    ("a place in the stream is left out", |h| {
        let place = event(h, "relay.accepted");
        h.events[place].seq += 1;
    }),
    ("nobody made the call that an event tells of", |h| {
        let place =
            call(h, |call, answer| matches!(call.deed, Deed::Revise { .. } | Deed::Close) && answer.status == 200);
        h.calls.remove(place);
    }),
    ("it stands after what was called after its answer", |h| {
        let place = call(h, |call, answer| call.deed == Deed::ReadSheet && answer.status == 200);
        (h.calls[place].called, h.calls[place].answered) = (0, 1);
    }),
    ("an ETag is not that of the revision", |h| {
        let moved = |call: &Call, answer: &Answer| matches!(call.deed, Deed::Move { .. }) && !answer.replayed;
        let place = call(h, |call, answer| moved(call, answer) && answer.etag.is_some());
        *answer(h, place).etag.as_mut().unwrap() += 1;
    }),
    ("a reading shows a state that did not stand", |h| {
        let place = call(h, |call, answer| call.deed == Deed::ReadSheet && answer.status == 200);
        answer(h, place).said.state = "voided".to_owned();
    }),
    ("a reading shows what was written another time", |h| {
        let place = call(h, |call, answer| call.deed == Deed::ReadSheet && !answer.said.mark.is_empty());
        answer(h, place).said.mark = "印0-0".to_owned();
    }),
    ("a stale revision is called unknown", |h| {
        let place = call(h, |_, answer| answer.status == 412);
        (answer(h, place).status, answer(h, place).problem) = (404, "not-found".to_owned());
    }),
    ("a refusal names another state", |h| {
        let place = call(h, |_, answer| answer.problem == "invalid-transition");
        answer(h, place).said.state = "draft".to_owned();
    }),
    ("the holder is another", |h| {
        let place = event(h, "relay.accepted");
        h.events[place].data["holder_agency_id"] = h.agencies[4].clone().into();
    }),
    ("a list shows a revision that never was", |h| {
        let place =
            call(h, |_, answer| answer.items.iter().any(|item| !item.sheet.is_empty() && item.revision.is_some()));
        *answer(h, place).items[0].revision.as_mut().unwrap() += 1000;
    }),
    ("a replay is not the first answer", |h| {
        // Picks a replay whose first answer is known and equal: a lost first answer is unknown, and a replay may withhold more than the first.
        let first = |again: &Call, answer: &Answer| {
            h.calls.iter().any(|call| {
                let same = |first: &Answer| !first.replayed && first.body == answer.body;
                call.key == again.key && call.answer.as_ref().is_some_and(same)
            })
        };
        let place = call(h, |call, answer| answer.replayed && call.lost == 0 && first(call, answer));
        answer(h, place).body ^= 1;
    }),
    ("two sheets have one number", |h| {
        let made = |call: &Call, answer: &Answer| matches!(call.deed, Deed::Create { .. }) && !answer.replayed;
        let first = call(h, made);
        let number = answer(h, first).said.number.clone();
        let other = call(h, |call, answer| made(call, answer) && answer.said.number != number);
        answer(h, other).said.number = number;
    }),
];

#[test]
fn a_history_that_was_written_is_proved_again_and_a_distorted_one_is_not() {
    if let Some(history) = named() {
        let wrong = anomalies(&history);
        assert!(wrong.is_empty(), "seed {}, {} anomalies: {wrong:#?}", history.seed, wrong.len());
        return;
    }
    let (history, _) = recorded(Setting::Sqlite, &Extent::short());
    let text = serde_json::to_string(&history).unwrap();
    let history: History = serde_json::from_str(&text).unwrap();
    assert_eq!(anomalies(&history), Vec::<String>::new(), "seed {}", history.seed);
    for (what, distort) in DISTORTIONS {
        let mut distorted = history.clone();
        distort(&mut distorted);
        let wrong = anomalies(&distorted);
        println!(
            "{what}: {:.200}",
            wrong.first().unwrap_or_else(|| panic!("seed {}: not noticed: {what}", history.seed))
        );
    }
    assert_eq!(promise::broken(&history), Vec::<String>::new());
    let mut distorted = history.clone();
    // Adds a relay under a consent after that consent was withdrawn as a whole.
    let whole = |kind: &str, facts: [Vec<&str>; 2]| kind == "consent.withdrawn" && facts.iter().all(Vec::is_empty);
    let withdrawn = history.events.iter().position(|e| whole(&e.kind, [e.facts("agency_ids"), e.facts("sections")]));
    let withdrawn = withdrawn.expect("a withdrawal of everything");
    let mut sent = history.events[withdrawn].clone();
    sent.kind = "relay.sent".to_owned();
    distorted.events.insert(withdrawn + 1, sent);
    assert_ne!(promise::broken(&distorted), Vec::<String>::new(), "seed {}", history.seed);
}
