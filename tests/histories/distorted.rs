//! Tests of the checker itself: it proves a history that was written to a file, and finds the error in a distorted one.

use crate::ground::Setting;
use crate::record::{Answer, Call, Deed, Event, History, Step, Verdict};
use crate::{Extent, anomalies, promise, proof, recorded};

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

/// The last amendment that was answered as done, and its event.
fn amended(history: &History) -> (usize, usize) {
    let done = |answer: &Answer| answer.status == 200 && !answer.replayed;
    let amends = |call: &Call| matches!(call.deed, Deed::Move { step: Step::Amend { .. }, .. }) && call.lost == 0;
    let place = call(history, |call, answer| amends(call) && done(answer));
    let Deed::Move { relay, .. } = &history.calls[place].deed else { panic!("an amendment") };
    let its = |event: &Event| event.kind == "relay.amended" && event.fact("relay_id") == relay;
    (place, history.events.iter().rposition(its).expect("its event"))
}

const DISTORTIONS: [Distortion; 23] = [
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
    ("an exception carries a second relay", |h| {
        let again = |call: &Call, answer: &Answer| {
            matches!(call.deed, Deed::Send { .. })
                && call.lost == 0
                && answer.said.clauses.iter().any(|clause| clause == "exception_used")
        };
        let place = call(h, again);
        let (who, sheet) = (h.calls[place].who, h.calls[place].sheet.clone().unwrap());
        let Deed::Send { ask, .. } = &h.calls[place].deed else { panic!("a relay") };
        let exception = ask.basis.clone().unwrap();
        let used = |kind: &str, h: &History| {
            let its = |e: &Event| e.kind == kind && e.fact("exception_id") == exception.id();
            h.events.iter().find(|event| its(event)).expect("its use").clone()
        };
        let staff = h.people[who].staff_id.clone();
        let refused = |e: &Event| {
            e.sheet == sheet
                && e.staff_id == staff
                && e.kind == "relay.refused"
                && e.facts("clauses").contains(&"exception_used")
        };
        let at = h.events.iter().rposition(refused).expect("its refusal");
        let mut events = [used("relay.sent", h), used("exception.used", h)];
        for event in &mut events {
            event.staff_id.clone_from(&staff);
            event.data["relay_id"] = "a second one".into();
        }
        h.events.splice(at..=at, events);
        renumber(h);
        let said = answer(h, place);
        (said.status, said.problem, said.etag) = (201, String::new(), Some(1));
        (said.said.id, said.said.state, said.said.clauses) = ("a second one".to_owned(), "sent".to_owned(), Vec::new());
    }),
    ("an exception is used that nobody approved", |h| {
        let used: Vec<String> =
            h.events.iter().filter(|e| e.kind == "exception.used").map(|e| e.fact("exception_id").to_owned()).collect();
        let approves = |call: &Call, answer: &Answer| {
            let Deed::Decide { exception, decision: Verdict::Approve, .. } = &call.deed else { return false };
            answer.status == 200 && answer.said.state == "approved" && call.lost == 0 && used.contains(exception)
        };
        let place = call(h, |call, answer| approves(call, answer) && !answer.replayed);
        let Deed::Decide { exception, .. } = h.calls.remove(place).deed else { panic!("a decision") };
        h.events.retain(|event| event.kind != "exception.approved" || event.fact("exception_id") != exception);
        renumber(h);
    }),
    ("an exception is said to have carried another relay", |h| {
        let decides = |call: &Call| matches!(call.deed, Deed::Decide { .. } | Deed::ReadException { .. });
        let place = call(h, |call, answer| decides(call) && answer.status == 200 && !answer.replayed);
        answer(h, place).said.relay.push('0');
    }),
    ("the baton came back to another agency", |h| {
        let place = event(h, "relay.hand_back_accepted");
        h.events[place].data["holder_agency_id"] = h.agencies[4].clone().into();
    }),
    ("the baton came back although nobody had offered it", |h| {
        let place = event(h, "relay.hand_back_accepted");
        let relay = h.events[place].fact("relay_id").to_owned();
        let offers = |call: &Call| matches!(&call.deed, Deed::Move { relay: it, step: Step::HandBack } if *it == relay);
        h.calls.retain(|call| !offers(call));
        h.events.retain(|event| event.kind != "relay.hand_back_offered" || event.fact("relay_id") != relay);
        renumber(h);
    }),
    ("an amendment is made at an outdated revision", |h| {
        let (place, _) = amended(h);
        *h.calls[place].if_match.as_mut().unwrap() -= 1;
    }),
    ("an amendment tells other sections than were asked", |h| {
        let (_, event) = amended(h);
        h.events[event].data["sections"] = vec!["topics", "address"].into();
    }),
    ("an amendment tells what was never looked at", |h| {
        let (place, _) = amended(h);
        let Deed::Move { step: Step::Amend { digest, .. }, .. } = &mut h.calls[place].deed else {
            panic!("an amendment")
        };
        digest.push('0');
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
        // The proof alone must notice it, without the promise.
        let wrong = proof::prove(&distorted).err().unwrap_or_default();
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
    // An exception that is used twice, and one that the person who asked for it approves.
    let mut distorted = history.clone();
    let used = event(&history, "exception.used");
    distorted.events.insert(used + 1, history.events[used].clone());
    assert_ne!(promise::broken(&distorted), Vec::<String>::new(), "seed {}", history.seed);
    let mut distorted = history.clone();
    let approved = event(&history, "exception.approved");
    let of = |kind: &str, e: &Event| {
        e.kind == kind && e.fact("exception_id") == history.events[approved].fact("exception_id")
    };
    let asked = history.events.iter().find(|e| of("exception.requested", e)).expect("its request");
    distorted.events[approved].staff_id.clone_from(&asked.staff_id);
    assert_ne!(promise::broken(&distorted), Vec::<String>::new(), "seed {}", history.seed);
    // A relay shows its receiver something after its exception was rejected. A short history need not have one that was used before that.
    let after_use = |e: &Event| e.kind == "exception.rejected" && !e.fact("relay_id").is_empty();
    let Some(rejected) = history.events.iter().position(after_use) else { return };
    let relay = history.events[rejected].fact("relay_id");
    let sent = history.events.iter().find(|e| e.kind == "relay.sent" && e.fact("relay_id") == relay);
    let to = history.agencies.iter().position(|id| id == sent.expect("its relay").fact("to_agency_id"));
    let Some(reader) = history.people.iter().find(|person| Some(person.agency) == to) else { return };
    let mut read = history.events[rejected].clone();
    (read.kind, read.staff_id) = ("relay.read".to_owned(), reader.staff_id.clone());
    read.data["sections"] = vec!["identity"].into();
    let mut distorted = history.clone();
    distorted.events.insert(rejected + 1, read);
    assert_ne!(promise::broken(&distorted), Vec::<String>::new(), "seed {}", history.seed);
    println!("shown after the rejection: noticed");
}
