//! Outsiders try every id that one agency was ever shown, or that the audit trail names: in every path that takes an id, in every body that
//! takes one, as a cursor and as an Idempotency-Key. Such an id must tell and do no more than an id that nothing has.

use crate::calls::{NOBODY, Things, call};
use crate::document;
use crate::expectation::ROLES;
use crate::forms::{consent, consented, moved, sheet};
use crate::people::{abroad, staffed};
use crate::sweep::essence;
use crate::told::{CODES, shown, told};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::{Answer, Client, Service, on_both};
use uuid::Uuid;

/// The most ids that are tried of those under one name: for `staff_id` in two hundred events a few are enough.
const OF_A_KIND: usize = 3;

/// Ids and cursors, by the field in which they stood.
#[derive(Default)]
struct Seen {
    ids: BTreeMap<String, BTreeSet<String>>,
    cursors: BTreeSet<String>,
}

impl Seen {
    fn look(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(field, value)| {
                    self.look(if ["id", "items"].contains(&field.as_str()) { name } else { field }, value)
                });
                if let Some(Value::String(next)) = fields.get("next") {
                    self.cursors.insert(next.clone());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(name, item)),
            Value::String(text) => {
                if text.len() == NOBODY.len() && Uuid::parse_str(text).is_ok() {
                    let kind = self.ids.entry(name.to_owned()).or_default();
                    if kind.len() < OF_A_KIND {
                        kind.insert(text.clone());
                    }
                } else if let Ok(inner @ Value::Object(_)) = serde_json::from_str(text) {
                    // The body of an audit event.
                    self.look(name, &inner);
                }
            }
            _ => {}
        }
    }
}

/// Lets `madoguchi` and `kacho` look at everything, and gathers what they and the auditor are shown.
fn seen(service: &Service, sheet_id: &str) -> Seen {
    let mut seen = Seen::default();
    let of_sheet =
        ["", "/entries", "/consents", "/timeline", "/entries?limit=1", "/consents?limit=1", "/timeline?limit=1"];
    let mut paths: Vec<String> = of_sheet.iter().map(|below| format!("/api/v1/sheets/{sheet_id}{below}")).collect();
    let lists = [
        "sheets",
        "relays?box=outbox",
        "relays?box=outbox&limit=1",
        "sheets?limit=1",
        "agencies?limit=1",
        "staff?limit=1",
        "session",
        "notices",
    ];
    paths.extend(lists.map(|list| format!("/api/v1/{list}")));
    for login in ["madoguchi", "kacho"] {
        let client = service.login(login);
        for path in &paths {
            let mut parts =
                path.split(['/', '?', '&']).filter(|part| !part.contains('=') && Uuid::parse_str(part).is_err());
            let name = parts.next_back().unwrap();
            seen.look(name, &client.get(path).ok());
        }
    }
    for event in service.audit_export().lines() {
        seen.look("event", &serde_json::from_str(event).unwrap());
    }
    seen
}

fn things(id: &str) -> Things {
    let id = id.to_owned();
    Things {
        sheet: id.clone(),
        sheet_etag: "\"1\"".to_owned(),
        consent: id.clone(),
        deferral: id.clone(),
        stop: id.clone(),
        release: id.clone(),
        relay: id.clone(),
        exception: id.clone(),
        agency: id.clone(),
        staff: id,
    }
}

/// Everything that stays the same when nothing happens: what the origin reads, and what agencies other than the origin did to the sheet.
fn state(service: &Service, sheet_id: &str) -> (Vec<String>, Vec<String>) {
    let origin = service.login("madoguchi");
    let mut texts: Vec<String> = ["", "/entries", "/consents"]
        .iter()
        .map(|below| origin.get(&format!("/api/v1/sheets/{sheet_id}{below}")).text)
        .collect();
    texts.push(origin.get("/api/v1/relays?box=outbox").text);
    let events = service.audit_export();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_sheet = events.filter(|event| event["sheet_id"] == sheet_id);
    let own = service.agency(CODES[0]);
    let others = of_sheet
        .filter(|event| event["actor"]["agency_id"] != own)
        .map(|event| event["id"].as_str().unwrap().to_owned());
    (texts, others.collect())
}

/// Callers that have no part in the case.
fn outsiders(service: &Service) -> Vec<(String, Client)> {
    let npo = staffed(service, CODES[4], &ROLES);
    let mut all: Vec<(String, Client)> =
        vec![("abroad".to_owned(), abroad(service).1), ("byoin".to_owned(), service.login("byoin"))];
    all.push(("the system of the npo".to_owned(), npo.system.full.clone()));
    // The auditor of the municipality may know of every sheet in it, 調整担当 of every open relay, 個人情報保護管理者 of every consent.
    let people = npo.people.into_iter().filter(|(role, _)| !matches!(*role, "auditor" | "hub" | "privacy_officer"));
    all.extend(people.map(|(role, client)| (format!("{role} of the npo"), client)));
    all
}

/// Demands that the answer to an id is the answer to an id that nothing has.
#[track_caller]
fn is_unknown(answer: &Answer, unknown: &Answer, place: &str) {
    assert_eq!(shown(&answer.text), [""; 0], "{place}");
    assert_eq!(essence(answer), essence(unknown), "{place}");
}

on_both! {
    fn no_id_opens_anything_to_who_has_no_part(service) {
        let case = told(&service);
        moved(&service.login("kurashi"), &case.accepted, "report", &json!({"result": "support_started", "text": "報告のしるし"}));
        service.login("madoguchi").post("/api/v1/sheets", &json!({"state": "draft", "content": {"statement": {"subject_words": "話した言葉のしるし"}}})).ok();
        let outsiders = outsiders(&service);
        let seen = seen(&service, &case.sheet_id);
        let directory: BTreeSet<&String> = ["agencies", "staff", "agency_id", "staff_id", "notices", "origin_agency_id", "to_agency_id"]
            .iter().filter_map(|name| seen.ids.get(*name)).flatten().collect();
        let ids: BTreeSet<&String> = seen.ids.values().flatten().collect();
        let kinds = ["sheets", "relays", "entries", "consents", "event", "relay_id", "consent_id", "exception_id", "staff_id", "post_id", "posts"];
        let missing: Vec<_> = kinds.iter().filter(|kind| !seen.ids.contains_key(**kind)).collect();
        assert!(missing.is_empty(), "no {missing:?} among {:?}", seen.ids.keys());
        assert!(ids.len() >= 20 && seen.cursors.len() >= 4, "{} ids, {} cursors", ids.len(), seen.cursors.len());
        let before = state(&service, &case.sheet_id);

        let with_id: Vec<_> = document::operations().into_iter().filter(|(_, operation)| operation.path.contains("{id}")).collect();
        assert!(with_id.len() >= 25, "{}", with_id.len());
        let mut tried = 0;
        for (name, client) in &outsiders {
            for (operation, documented) in &with_id {
                let unknown = call(&service, operation, &things(NOBODY)).unwrap_or_else(|| panic!("calls.rs has no {operation}")).send(client);
                assert!([403, 404].contains(&unknown.status) || documented.path.contains("agencies") || documented.path.contains("staff"), "{operation}: {}", unknown.text);
                // The privacy officer may see every exception of the municipality.
                if name.starts_with("privacy_officer") && documented.path.contains("exceptions") {
                    continue;
                }
                for id in &ids {
                    // Everybody may read the directory.
                    if directory.contains(id) && ["agencies", "staff"].iter().any(|part| documented.path.contains(part)) {
                        continue;
                    }
                    let answer = call(&service, operation, &things(id)).unwrap().send(client);
                    is_unknown(&answer, &unknown, &format!("{operation} of {id} by {name}"));
                    tried += 1;
                }
            }
        }
        println!("{tried} calls with the id of another in the path");
        assert!(tried > 3_000, "only {tried}");
        assert_eq!(state(&service, &case.sheet_id), before);
    }

    fn no_id_in_a_body_is_taken_from_another(service) {
        let case = told(&service);
        let npo = service.login("npo");
        let seen = seen(&service, &case.sheet_id);
        let before = state(&service, &case.sheet_id);
        let own = npo.post("/api/v1/sheets", &sheet(&service)).ok()["id"].as_str().unwrap().to_owned();
        let to = service.agency("hoken");
        let own_consent = consented(&npo, &own, &consent(&service, &[&to], &["identity"]));
        let relay = json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral", "basis": {"consent_id": own_consent}});
        // A valid consent would be recorded, so this one has a decision in the future, which is refused.
        let mut tomorrow = consent(&service, &[&to], &["identity"]);
        tomorrow["obtained_at"] = json!("2099-01-01T00:00:00+09:00");
        let withdrawal = json!({"by": "self", "method": "oral", "agency_ids": []});
        let places = [
            (format!("/api/v1/sheets/{own}/relays/preview"), &relay, "/basis/consent_id"),
            (format!("/api/v1/sheets/{own}/relays/preview"), &relay, "/parent_relay_id"),
            (format!("/api/v1/sheets/{own}/relays/preview"), &relay, "/to_agency_id"),
            (format!("/api/v1/sheets/{own}/consents"), &tomorrow, "/witness_staff_id"),
            (format!("/api/v1/sheets/{own}/consents"), &tomorrow, "/notice_id"),
            (format!("/api/v1/sheets/{own}/consents"), &tomorrow, "/recipients/agency_ids/0"),
            (format!("/api/v1/sheets/{own}/consents"), &tomorrow, "/exclusions/0"),
            (format!("/api/v1/consents/{own_consent}/withdrawal"), &withdrawal, "/agency_ids/0"),
        ];
        let in_directory: BTreeSet<&String> = ["agencies", "staff", "agency_id", "agency_ids", "staff_id", "notices", "notice_id", "origin_agency_id", "holder_agency_id", "to_agency_id", "from_agency_id"]
            .iter().filter_map(|name| seen.ids.get(*name)).flatten().collect();
        let foreign: Vec<_> = seen.ids.values().flatten().filter(|id| !in_directory.contains(id)).collect();
        let mut tried = 0;
        for (path, body, pointer) in places {
            let with = |id: &str| {
                let mut body = body.clone();
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                match body.pointer_mut(parent).unwrap() {
                    Value::Array(list) => *list = vec![json!(id)],
                    place => place[key] = json!(id),
                }
                npo.post(&path, &body)
            };
            let unknown = with(NOBODY);
            assert_eq!(unknown.status, 422, "{pointer}: {}", unknown.text);
            for id in &foreign {
                is_unknown(&with(id), &unknown, &format!("{pointer} {id}"));
                tried += 1;
            }
        }
        // A cursor from another agency's list is not valid in the caller's own list.
        for cursor in &seen.cursors {
            for list in ["sheets", "relays", "relays?box=outbox", "agencies", "staff", &format!("sheets/{own}/consents"), &format!("sheets/{own}/entries"), &format!("sheets/{own}/timeline")] {
                let separator = if list.contains('?') { '&' } else { '?' };
                let answer = npo.get(&format!("/api/v1/{list}{separator}after={cursor}"));
                let is_directory = ["agencies", "staff"].contains(&list) && answer.status == 200;
                assert!(is_directory || [400, 422].contains(&answer.status), "{list}: {} {}", answer.status, answer.text);
                assert_eq!(shown(&answer.text), [""; 0]);
                tried += 1;
            }
        }
        // The Idempotency-Key of another agency's request counts as a fresh one.
        let origin = service.login("madoguchi");
        let path = format!("/api/v1/sheets/{}/entries", case.sheet_id);
        let entry = crate::told::entry(&service);
        origin.post_with_key(&path, &entry, "the-key-of-the-origin").ok();
        npo.post_with_key(&path, &entry, "the-key-of-the-origin").problem(404, "not-found");
        let made = npo.post_with_key("/api/v1/sheets", &json!({"state": "draft"}), "the-key-of-the-origin");
        assert_eq!((made.status, made.header("idempotent-replayed")), (201, String::new()));
        println!("{tried} calls with the id or cursor of another");
        assert!(tried > 150, "only {tried}");
        let (texts, others) = state(&service, &case.sheet_id);
        assert_eq!((&texts[0], &texts[2..], others), (&before.0[0], &before.0[2..], before.1));
    }
}
