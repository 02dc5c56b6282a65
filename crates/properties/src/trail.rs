//! The verifier of exported audit trails.

use crate::canonical::only_whole_numbers;
use crate::{Fixed, forged, text};
use domain::audit::{EventDraft, EventKind, Fact, Head, Stream, Verifier, chain, hash};
use domain::ids::{AgencyId, EventId, SheetId};
use domain::time::Instant;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Lines that nobody wrote are refused, or are sound by the second set of rules below. A forged export is refused, or holds of each stream
/// a beginning of what was written.
pub(crate) fn trail(data: &[u8]) {
    let Some(sent) = text(data) else { return };
    if verdict(sent).is_some() {
        assert!(is_sound(sent), "the verifier calls sound what is not");
    }
    let written = export();
    assert_eq!(verdict(&written), Some((6, 3)));
    let forgery = forged(written.as_bytes(), data);
    if let Some(forgery) = text(&forgery)
        && verdict(forgery).is_some()
    {
        let meant = bodies(&written);
        for (stream, found) in bodies(forgery) {
            let meant = meant.get(&stream).expect("a stream that was written");
            assert!(meant.starts_with(&found), "a forged export is called sound");
        }
    }
}

fn verdict(export: &str) -> Option<(u64, usize)> {
    let mut verifier = Verifier::default();
    for line in export.lines() {
        verifier.feed(line).ok()?;
    }
    verifier.finish().ok().map(|sound| (sound.events, sound.streams))
}

/// Three streams of two events each, in turn.
fn export() -> String {
    let at = Instant::from_micros(1_795_000_000_000_000);
    let streams =
        [Stream::Sheet(SheetId::new(at, &Fixed(1))), Stream::Agency(AgencyId::new(at, &Fixed(2))), Stream::Service];
    let mut heads = [Head::EMPTY; 3];
    let mut lines = String::new();
    for round in 0..2u8 {
        for (stream, head) in streams.into_iter().zip(&mut heads) {
            let draft = EventDraft::new(EventKind::SheetRead, stream).with("revision", Fact::Count(u64::from(round)));
            let event = chain(&draft, *head, None, at, EventId::new(at, &Fixed(9)), [round; 16]);
            *head = Head { seq: event.seq, hash: event.hash };
            let inner: Value = serde_json::from_str(&event.body).expect("a body is JSON");
            let mut line = json!({"actor": {}, "body": event.body});
            for key in ["id", "stream", "seq", "kind", "at", "prev", "sheet_id"] {
                if let Some(value) = inner.get(key) {
                    line[key] = value.clone();
                }
            }
            line["hash"] = hex(&event.hash).into();
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
    }
    lines
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bodies of each stream in order, as the lines show them.
fn bodies(export: &str) -> BTreeMap<String, Vec<String>> {
    let mut bodies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in export.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of a sound export");
        let named = |key: &str| line.get(key).and_then(Value::as_str).expect("a line names it").to_owned();
        bodies.entry(named("stream")).or_default().push(named("body"));
    }
    bodies
}

/// The rules of a chain: each body hashes to its hash, has whole numbers only, and continues the one before it.
fn is_sound(export: &str) -> bool {
    let mut heads: BTreeMap<String, (u64, String)> = BTreeMap::new();
    export.lines().all(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let body = line.get("body").and_then(Value::as_str).unwrap_or_default();
        let inner: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |key: &str| inner.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let hash = hex(&hash(body));
        let (last, before) = heads.get(&text("stream")).cloned().unwrap_or((0, "0".repeat(64)));
        let continues = inner.get("seq").and_then(Value::as_u64) == Some(last + 1) && text("prev") == before;
        heads.insert(text("stream"), (last + 1, hash.clone()));
        continues && line.get("hash").and_then(Value::as_str) == Some(&hash) && only_whole_numbers(&inner)
    })
}
