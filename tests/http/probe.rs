//! Helpers: the state that a test compares before and after, and what it looks for in answers.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use tests::{Answer, Client, Service};

/// A word that is sent as a value, key, code or header, and must never come back.
pub const MARK: &str = "ZZmarkerZZ";

/// The answer, after a check that it repeats nothing that was sent.
#[track_caller]
pub fn silent(answer: Answer) -> Answer {
    assert!(!answer.text.contains(MARK), "{}", answer.text);
    assert!(!format!("{:?}", answer.headers).contains(MARK), "{:?}", answer.headers);
    answer
}

/// A refusal with exactly one error, at this pointer.
#[track_caller]
pub fn invalid_at(answer: Answer, pointer: &str) {
    assert_eq!(silent(answer).pointers(422, "invalid-input"), [pointer]);
}

/// `base` with `value` at `pointer`; the last key or index may be new.
pub fn with(base: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = base.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match changed.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) => match list.get_mut(key.parse::<usize>().unwrap()) {
            Some(place) => *place = value,
            None => list.push(value),
        },
        other => panic!("{pointer} leads into {other}"),
    }
    changed
}

/// `base` without the value at `pointer`.
pub fn without(base: &Value, pointer: &str) -> Value {
    let mut changed = base.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    changed
}

/// Ids of agencies by their codes.
pub fn agencies(client: &Client) -> BTreeMap<String, String> {
    let list = client.get("/api/v1/agencies?limit=200").ok();
    let pair = |a: &Value| (text(&a["code"]), text(&a["id"]));
    list["items"].as_array().unwrap().iter().map(pair).collect()
}

/// A JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The content as it was sent: without the section that the service fills.
pub fn content(sheet: &Value) -> Value {
    let mut content = sheet["content"].clone();
    content.as_object_mut().unwrap().remove("history");
    content
}

/// The ids of the items of a page.
pub fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
}

/// The auditor's eye: everything that is stored, as far as it can be seen without content.
pub struct Eye(Client);

impl Eye {
    /// Logs the auditor in.
    pub fn of(service: &Service) -> Self {
        Self(service.login("kansa"))
    }

    /// The events, as `kind sheet`, without readings, log-ins and denied attempts.
    pub fn events(&self) -> Vec<String> {
        let answer = self.0.get_as("/api/v1/audit/events", "application/x-ndjson");
        assert_eq!(answer.status, 200, "{}", answer.text);
        let events = answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let said = events.map(|e| format!("{} {}", e["kind"].as_str().unwrap(), e["sheet_id"]));
        said.filter(|e| {
            !["session.", "access.", "audit.", "relay.previewed"].iter().any(|k| e.starts_with(k))
                && ![".read ", ".listed ", ".searched "].iter().any(|k| e.contains(k))
        })
        .collect()
    }

    /// Sheets and relays with their states and revisions, agencies and staff.
    pub fn things(&self) -> Vec<Value> {
        let lists = ["sheets", "relays", "agencies", "staff", "notices"];
        lists.map(|list| self.0.get(&format!("/api/v1/{list}?limit=200")).ok()).to_vec()
    }

    /// Both: events and things.
    pub fn all(&self) -> (Vec<String>, Vec<Value>) {
        (self.events(), self.things())
    }
}

/// Sends bytes as they are, and reads until the server closes.
pub fn tcp(service: &Service, request: &[u8]) -> String {
    let address = service.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Base64 (RFC 4648 §4), for `Authorization: Basic`.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

/// The paths of openapi.yaml, with their methods in capitals.
pub fn operations(client: &Client) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in client.get("/api/v1/openapi.yaml").text.lines() {
        if line == "components:" {
            break;
        }
        if let Some(path) = line.strip_prefix("  /") {
            found.push((format!("/{}", path.trim_end_matches(':')), Vec::new()));
        }
        let method = ["get", "post", "put", "delete"].into_iter().find(|m| line == format!("    {m}:"));
        if let (Some(method), Some((_, methods))) = (method, found.last_mut()) {
            methods.push(method.to_uppercase());
        }
    }
    found
}

/// A path with ids in the place of its parameters.
pub fn filled(path: &str) -> String {
    path.replace("{id}", NOBODY).replace("{n}", "1").replace("{list}", "sex")
}

/// An id that nothing has.
pub const NOBODY: &str = "01939999-9999-7999-8999-999999999999";

/// The body of a relay of the forms; digest and consent may be replaced.
pub fn relay_body(to: &str, consent: &str, sections: &[&str], digest: &Value) -> Value {
    json!({
        "to_agency_id": to, "sections": sections, "purpose": "support_referral", "request": "ご支援をお願いします。",
        "urgency": "normal", "handover": "accompanied", "disclosure_digest": digest, "basis": {"consent_id": consent}
    })
}
