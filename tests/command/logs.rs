//! The log: one line for each request, found by the trace id of its answer.

use crate::program::{Place, Serving};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use tests::{Answer, Client};

/// The lines of the log that have this trace id.
fn lines(serving: &mut Serving, trace_id: &str) -> Vec<Value> {
    let log = serving.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    lines.filter(|line| line["fields"]["trace_id"] == trace_id).map(|line| line["fields"].clone()).collect()
}

/// The trace id of an answer, from its header; a problem document has the same.
#[track_caller]
fn trace_id(answer: &Answer) -> String {
    let header = answer.header("traceresponse");
    let parts: Vec<&str> = header.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    assert_eq!(lengths, [2, 32, 16, 2], "{header}");
    if answer.header("content-type") == "application/problem+json" {
        assert_eq!(answer.json()["trace_id"], parts[1], "{}", answer.text);
    }
    parts[1].to_owned()
}

#[test]
fn every_status_is_logged_under_the_trace_id_of_its_answer() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let mut serving = place.serve();
    let clerk = serving.client("madoguchi");
    let nobody = Client::at(&serving.url, "no-token");
    let made = clerk.post("/api/v1/sheets", &json!({"state": "draft"}));
    let path = made.header("location");
    let json_type = ("content-type", "application/json");
    let key = ("idempotency-key", "k");
    let large = vec![b' '; (1 << 20) + 1];
    let answers = [
        (201, made),
        (200, clerk.get("/api/v1/session")),
        (400, clerk.raw("POST", "/api/v1/sheets", &[json_type, key], Some(b"{"))),
        (401, nobody.get("/api/v1/session")),
        (403, clerk.post("/api/v1/agencies", &json!({}))),
        (404, clerk.get("/api/v1/sheets/01900000-0000-7000-8000-000000000001")),
        (404, clerk.get("/api/v1/nowhere")),
        (405, clerk.delete("/api/v1/sheets")),
        (409, clerk.step(&format!("{path}/closure"), &json!({"reason": "終わり"}), "\"1\"")),
        (412, clerk.put(&path, &json!({"state": "draft"}), "\"9\"")),
        (413, clerk.raw("POST", "/api/v1/sheets", &[json_type, key], Some(&large))),
        (415, clerk.raw("POST", "/api/v1/sheets", &[("content-type", "text/plain"), key], Some(b"{}"))),
        (422, clerk.post("/api/v1/sheets", &json!({"state": "registered"}))),
        (428, clerk.put_plain(&path, &json!({"state": "draft"}))),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{}", answer.text);
        let id = trace_id(answer);
        let lines = lines(&mut serving, &id);
        let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
        assert_eq!(requests.len(), 1, "{status}: {lines:?}");
        assert_eq!(requests[0]["status"], json!(status), "{lines:?}");
        assert!(seen.insert(id), "an id of two requests");
    }
    // Not ready: the line says why, beside the line of the request.
    let newer = "insert into __diesel_schema_migrations (version) values ('99990101000001')";
    place.sql(newer, newer);
    let answer = nobody.get("/health/ready");
    assert_eq!(answer.status, 503);
    let id = trace_id(&answer);
    let lines = lines(&mut serving, &id);
    let reasons: Vec<&Value> = lines.iter().filter_map(|line| line.get("reasons")).collect();
    assert_eq!(reasons, [&json!("schema_newer")], "{lines:?}");
    assert!(lines.iter().any(|line| line["status"] == 503), "{lines:?}");
    serving.stop();
}

#[test]
fn a_request_that_outlives_its_deadline_is_logged_under_the_id_of_its_answer() {
    let place = Place::empty();
    let mut serving = place.serve();
    let address = serving.url.strip_prefix("http://").unwrap().to_owned();
    let mut connection = TcpStream::connect(&address).unwrap();
    // The body never comes.
    write!(connection, "POST /api/v1/session HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{{").unwrap();
    let mut answer = String::new();
    let _reset_after_the_answer = connection.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(status == 503 || status == 408, "{answer}");
    let problem: Value = serde_json::from_str(body).unwrap();
    let id = problem["trace_id"].as_str().unwrap();
    assert!(head.to_lowercase().contains(&format!("traceresponse: 00-{id}-")), "{head}");
    let lines = lines(&mut serving, id);
    assert!(lines.iter().any(|line| line["status"] == status), "{lines:?}");
    serving.stop();
}

#[test]
fn a_valid_trace_of_the_caller_goes_on_and_no_other() {
    let place = Place::empty();
    let mut serving = place.serve();
    let caller = Client::at(&serving.url, "no-token");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let ask =
        |traceparent: &str| trace_id(&caller.raw("GET", "/api/v1/session", &[("traceparent", traceparent)], None));
    let good = format!("00-{trace}-00f067aa0ba902b7-01");
    assert_eq!(ask(&good), trace);
    assert_eq!(ask(&format!("01-{trace}-00f067aa0ba902b7-01-more")), trace);
    assert_eq!(lines(&mut serving, trace).iter().filter(|line| line["status"] == 401).count(), 2);
    let zeros = "0".repeat(32);
    let bad = [
        String::new(),
        trace.to_owned(),
        format!("00-{trace}-00f067aa0ba902b7"),
        format!("00-{trace}-00f067aa0ba902b7-01-more"),
        format!("ff-{trace}-00f067aa0ba902b7-01"),
        format!("00-{zeros}-00f067aa0ba902b7-01"),
        format!("00-{trace}-0000000000000000-01"),
        format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        format!("00-{}x-00f067aa0ba902b7-01", &trace[..31]),
    ];
    for traceparent in &bad {
        let id = ask(traceparent);
        assert!(id != trace && id != zeros, "{traceparent}");
    }
    let log = serving.log();
    assert!(!log.contains("00f067aa0ba902b7"), "nothing but the trace id is taken over");
    serving.stop();
}
