//! What must hold after every crash: nothing acknowledged is lost, nothing is half done, the trail is whole, and every notice has gone
//! out at least once. No notice tells of something that never happened.

use crate::deed::{CLERK, Life, ORIGIN, PLACES, What};
use crate::program::until;
use crate::town::Town;
use crate::writers::Writer;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// A lease and a little more.
const LEASE_SECONDS: i64 = 130;
/// When nothing has gone out for this long, the clock is stepped past the wait.
const STALL: std::time::Duration = std::time::Duration::from_millis(1500);

/// The kind of an event, and the relay or sheet that it is about.
type Event = (String, String);

pub fn whole(town: &mut Town) {
    for writer in &town.writers {
        writer.repeat(&town.office);
    }
    drain(town);
    let export = town.program.run(&["audit", "export"], "");
    let verdict = town.program.run(&["audit", "verify", "-"], &export);
    assert!(verdict.starts_with("sound: "), "{verdict}");
    let events: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    trail(&events, &town.writers);
    sheets(town);
    relays(town);
    contents(town);
    letters(&events, town);
    // Every row for lists and searches is what its sheet says, and every head and document is the service's own.
    let doctor = town.program.said(&["doctor", "--deep"]);
    let wrong: Vec<&str> = doctor.lines().filter(|line| line.starts_with("WRONG  sheet:")).collect();
    assert!(doctor.contains("looked at: ") && wrong.is_empty(), "{wrong:?}");
    assert!(!town.program.log().contains("panicked"), "{}", town.program.log());
}

fn lives(writers: &[Writer]) -> impl Iterator<Item = &Life> {
    writers.iter().flat_map(|writer| &writer.lives).filter(|life| !life.done.is_empty())
}

/// Each acknowledged change has each of its events exactly once, and there are no other events.
fn trail(events: &[Value], writers: &[Writer]) {
    let changes = ["sheet.", "entry.", "consent.", "relay."];
    let views = ["read", "listed", "searched", "previewed", "overdue"];
    let mut found = BTreeMap::<Event, i64>::new();
    for event in events {
        let kind = event["kind"].as_str().unwrap();
        let (_, did) = kind.split_once('.').unwrap();
        if changes.iter().any(|start| kind.starts_with(start)) && !views.contains(&did) {
            *found.entry((kind.to_owned(), subject(event))).or_default() += 1;
        }
    }
    for life in lives(writers) {
        for done in &life.done {
            for kind in done.asked.what.events() {
                let of = if kind.starts_with("relay.") { life.relay_id().unwrap() } else { life.sheet_id() };
                *found.entry(((*kind).to_owned(), of.to_owned())).or_default() -= 1;
            }
        }
    }
    found.retain(|_, difference| *difference != 0);
    assert!(found.is_empty(), "events without a change (positive), changes without an event (negative): {found:?}");
}

/// The relay of an event, else its sheet.
fn subject(event: &Value) -> String {
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    let relay = &body["data"]["relay_id"];
    relay.as_str().or(event["sheet_id"].as_str()).unwrap().to_owned()
}

/// The acknowledged sheets are there, in their states and numbered without a gap, and no others.
fn sheets(town: &Town) {
    let listed = town.office.door.list(CLERK, "/api/v1/sheets?");
    let shown: BTreeMap<&str, &str> =
        listed.iter().map(|sheet| (sheet["id"].as_str().unwrap(), sheet["state"].as_str().unwrap())).collect();
    let expected: BTreeMap<&str, &str> =
        lives(&town.writers).map(|life| (life.sheet_id(), life.sheet_state())).collect();
    assert_eq!(shown, expected);
    let mut numbers = BTreeMap::<&str, BTreeSet<usize>>::new();
    for sheet in &listed {
        let (year, number) = sheet["number"].as_str().unwrap().split_once('-').unwrap();
        assert!(numbers.entry(year).or_default().insert(number.parse().unwrap()), "{number} twice");
    }
    for (year, numbers) in numbers {
        assert!(numbers.iter().copied().eq(1..=numbers.len()), "a gap in {year}: {numbers:?}");
    }
}

/// The acknowledged relays are there, in their states, and no others.
fn relays(town: &Town) {
    let listed = town.office.door.list(CLERK, "/api/v1/relays?box=outbox&");
    let shown: BTreeMap<&str, &Value> = listed.iter().map(|relay| (relay["id"].as_str().unwrap(), relay)).collect();
    let expected: BTreeMap<&str, &Life> =
        lives(&town.writers).filter_map(|life| Some((life.relay_id()?, life))).collect();
    assert!(shown.keys().eq(expected.keys()), "{:?} {:?}", shown.keys(), expected.keys());
    for (id, life) in expected {
        let Some(last) = life.relay() else { continue };
        let now = shown[id];
        assert_eq!(now["state"], last["state"], "{now}");
        // A reminder moves the revision, too.
        assert!(now["revision"].as_u64() >= last["revision"].as_u64(), "{now}");
    }
}

/// The present sheet of each writer opens and holds the words of the writer that were acknowledged last.
fn contents(town: &Town) {
    for writer in &town.writers {
        let Some(life) = writer.lives.iter().rev().find(|life| !life.done.is_empty()) else { continue };
        let mut sheet = town.office.door.get(CLERK, &format!("/api/v1/sheets/{}", life.sheet_id()));
        let written = life.last_of(What::Revise).or(life.last_of(What::Register)).unwrap();
        // The service makes the history from the relays.
        let history = std::mem::replace(&mut sheet["content"]["history"], json!([]));
        assert_eq!(sheet["content"], written["content"]);
        let relays: Vec<_> =
            history.as_array().unwrap().iter().map(|relay| relay["relay_id"].as_str().unwrap()).collect();
        assert_eq!(relays, life.relay_id().into_iter().collect::<Vec<_>>());
        let entries = town.office.door.list(CLERK, &format!("/api/v1/sheets/{}/entries?", life.sheet_id()));
        let expected = life.done.iter().filter(|done| done.asked.what == What::Enter).count();
        assert_eq!(entries.len(), expected, "{entries:?}");
    }
}

/// Waits until the outbox is empty. A mail that is leased to a dead process, or that waits for another attempt, becomes due because the
/// clock is stepped.
fn drain(town: &Town) {
    let waiting = AtomicI64::new(-1);
    let mut since = Instant::now();
    until("the outbox is empty", || {
        let text = town.program.metrics();
        // None while the database does not answer.
        let number = |name: &str| -> Option<i64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().parse().unwrap())
        };
        assert_eq!(number("tsunagu_outbox_dead ")?, 0, "a mail was given up");
        let now = number("tsunagu_outbox_waiting ")?;
        if waiting.swap(now, Ordering::SeqCst) != now {
            since = Instant::now();
        } else if since.elapsed() > STALL {
            town.clock.step(LEASE_SECONDS);
            since = Instant::now();
        }
        (now == 0).then_some(())
    });
}

/// Every event that must be told was told once, by one letter or by several copies of it; nothing else was told.
fn letters(events: &[Value], town: &Town) {
    let mut expected = BTreeMap::<(String, String, String), i64>::new();
    let mut tell = |to: &str, what: &str, place: String| {
        *expected.entry((format!("{to}@example.jp"), what.to_owned(), place)).or_default() += 1;
    };
    for life in lives(&town.writers) {
        for done in &life.done {
            let Some((what, outward)) = done.asked.what.letter() else { continue };
            let to = if outward { PLACES[life.place].0 } else { ORIGIN };
            let place = match done.asked.what {
                What::Withdraw => format!("/sheets/{}", life.sheet_id()),
                _ => format!("/relays/{}", life.relay_id().unwrap()),
            };
            tell(to, what, place);
        }
    }
    let mut reminded = BTreeSet::new();
    for event in events.iter().filter(|event| event["kind"] == "relay.overdue") {
        let relay = subject(event);
        let life = lives(&town.writers).find(|life| life.relay_id() == Some(&relay)).expect("a relay");
        tell(PLACES[life.place].0, "期限を過ぎたつなぎがあります", format!("/relays/{relay}"));
        assert!(reminded.insert(relay), "reminded twice");
    }
    // Letters with the same Message-ID are copies of one letter, so everything else in them must be equal.
    let letters: BTreeSet<_> = town.post.letters().into_iter().collect();
    let ids: BTreeSet<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
    assert_eq!(ids.len(), letters.len(), "one Message-ID for two letters");
    for letter in letters {
        *expected.entry((letter.to, letter.what, letter.place)).or_default() -= 1;
    }
    expected.retain(|_, difference| *difference != 0);
    assert!(
        expected.is_empty(),
        "notices that never went out (positive), letters of what never was (negative): {expected:?}"
    );
}
