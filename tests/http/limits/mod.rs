//! The limits of docs/limits.md: they hold, and their answers say so.

mod bodies;
mod connections;
mod days;
mod fire;
mod logins;
mod requests;

use crate::probe::silent;
use serde_json::{Value, json};
use tests::{Answer, Service};

/// A log-in from an address, as a program sends it (no cookie) or as a browser that keeps this one.
fn login(service: &Service, from: &str, login: &str, password: &str, cookie: Option<&str>) -> Answer {
    let mut headers = vec![("content-type", "application/json"), ("x-forwarded-for", from)];
    if let Some(cookie) = cookie {
        headers.extend([("origin", "http://127.0.0.1:8080"), ("cookie", cookie)]);
    }
    let body = json!({"login": login, "password": password}).to_string();
    service.anonymous().raw("POST", "/api/v1/session", &headers, Some(body.as_bytes()))
}

/// The seconds that a refusal says to wait.
#[track_caller]
fn retry_after(answer: Answer) -> u64 {
    let seconds = answer.header("retry-after").parse().unwrap();
    silent(answer).problem(429, "too-many-requests");
    seconds
}

/// The data of the failures that were noted, oldest first.
fn failures(service: &Service, kind: &str) -> Vec<Value> {
    let events = service.audit_export();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|e| e["kind"] == kind);
    events.map(|e| serde_json::from_str::<Value>(e["body"].as_str().unwrap()).unwrap()["data"].clone()).collect()
}
