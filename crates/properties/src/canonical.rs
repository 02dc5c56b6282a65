//! Canonical JSON (RFC 8785).

use domain::audit::canonical as ours;
use serde_json::Value;

/// Our canonical form equals a second implementation of RFC 8785 below, has the same value, and is its own canonical form.
pub(crate) fn canonical(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    // No event has other numbers; the verifier refuses them (see `trail`).
    if !only_whole_numbers(&value) {
        return;
    }
    let written = ours(&value);
    assert_eq!(written, reference(&value));
    let again: Value = serde_json::from_str(&written).expect("canonical JSON is JSON");
    assert_eq!(again, value);
    assert_eq!(ours(&again), written);
}

/// Whether every number is whole and below 2^53, where RFC 8785 and integers agree.
pub(crate) fn only_whole_numbers(value: &Value) -> bool {
    match value {
        Value::Number(n) => n.as_i64().is_some_and(|n| n.unsigned_abs() < 1 << 53),
        Value::Array(list) => list.iter().all(only_whole_numbers),
        Value::Object(map) => map.values().all(only_whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn reference(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.as_i64().expect("a whole number").to_string(),
        Value::String(string) => quoted(string),
        Value::Array(list) => format!("[{}]", list.iter().map(reference).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut members: Vec<(Vec<u16>, String)> = map
                .iter()
                .map(|(key, value)| (key.encode_utf16().collect(), format!("{}:{}", quoted(key), reference(value))))
                .collect();
            members.sort();
            format!("{{{}}}", members.into_iter().map(|(_, member)| member).collect::<Vec<_>>().join(","))
        }
    }
}

/// RFC 8785 §3.2.2.2.
fn quoted(string: &str) -> String {
    let mut out = String::from("\"");
    for c in string.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
