//! `/api/v1/agencies`, `/api/v1/clients`, `/api/v1/postal-codes`, `/api/v1/staff`.

mod accounts;
mod clients;
mod ended;
mod import;
mod names;
mod postal_codes;
mod two_persons;

use serde_json::Value;
use tests::{Answer, Service};

/// Changes an agency as the administrator does: reads it, and writes it back with the change.
fn change(service: &Service, code: &str, with: impl FnOnce(&mut Value)) -> Answer {
    let admin = service.login("admin");
    let path = format!("/api/v1/agencies/{}", service.agency(code));
    let mut agency = admin.get(&path).ok();
    let etag = format!("\"{}\"", agency["revision"]);
    for of_the_service in ["id", "revision"] {
        agency.as_object_mut().unwrap().remove(of_the_service);
    }
    with(&mut agency);
    admin.put(&path, &agency, &etag)
}

/// The data of the events of a kind, newest last.
fn told(service: &Service, kind: &str) -> Vec<Value> {
    let export = service.audit_export();
    let events = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let body = |event: Value| serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap()["data"].clone();
    events.filter(|event| event["kind"] == kind).map(body).collect()
}
