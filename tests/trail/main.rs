//! The audit trail is verified, tampered with, exported and written by many at once; and the mail that follows from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

use tests::forms;
mod mailing;
mod reading;
mod tampering;
mod together;

use forms::{consent, consented, moved, registered, relay};
use serde_json::{Value, json};
use std::sync::Barrier;
use tests::{Answer, Service};

/// Makes a sheet that one agency has accepted and reported on; returns its id.
fn a_round(service: &Service) -> String {
    let (madoguchi, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
    let to = service.agency("kurashi-shigoto");
    let sheet_id = registered(service, &madoguchi);
    let sections = ["identity", "contact", "statement"];
    let consent_id = consented(&madoguchi, &sheet_id, &consent(service, &[&to], &sections));
    let sent = relay(&madoguchi, &sheet_id, &consent_id, &to, &sections, None).ok();
    moved(&kurashi, &sent, "receive", &json!({}));
    moved(&kurashi, &sent, "accept", &json!({}));
    moved(&kurashi, &sent, "report", &json!({"result": "support_started", "text": "家計相談を始めました。"}));
    sheet_id
}

/// The lines of an export as events.
fn events(export: &str) -> Vec<Value> {
    export.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Does the deed `count` times at the same moment; no answer may be a failure of the server.
fn at_once(count: usize, deed: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let (start, deed) = (Barrier::new(count), &deed);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|index| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    deed(index)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for answer in &answers {
        assert!(answer.status < 500, "{} {}", answer.status, answer.text);
    }
    answers
}

/// How many succeeded.
fn winners(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status < 300).count()
}

/// Demands that the chains of everything that was written are whole.
#[track_caller]
fn whole(service: &Service) {
    let verified = server::verify(service.audit_export().as_bytes());
    assert_eq!(verified.code, 0, "{}", verified.message);
}
