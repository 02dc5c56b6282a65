//! Who looks after the work of others sees counts: relays by receiver, sheets by person. Nobody whom a sheet is about is named.

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::agencies;
use serde_json::{Value, json};
use tests::{Client, on_both};

/// The row about this agency or person.
fn row(client: &Client, path: &str, field: &str, id: &Value) -> Value {
    let shown: Value = client.get(path).ok();
    shown["items"].as_array().unwrap().iter().find(|it| it[field] == *id).cloned().unwrap_or_default()
}

fn me(client: &Client) -> Value {
    client.get("/api/v1/session").ok()["staff"]["id"].clone()
}

on_both! {
    fn the_board_counts_relays_by_receiver(service) {
        let (clerk, kurashi, hub) = (service.login("madoguchi"), service.login("kurashi"), service.login("hub"));
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].as_str();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity"]));
        let send = || { service.advance_seconds(1); relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok() };
        let [accepted, declined, returned, _waiting] = [send(), send(), send(), send()];
        moved(&kurashi, &accepted, "accept", &json!({}));
        moved(&kurashi, &returned, "return", &json!({"missing": ["連絡先"], "note": "教えてください。"}));
        let of = |client: &Client| row(client, "/api/v1/board", "agency_id", &json!(to));
        let begun = json!({"agency_id": to, "open": 3, "unanswered": 2, "overdue": 0, "declined": 0, "answered": 1, "median_days": 0});
        assert_eq!(of(&hub), begun);
        // What came back waits for its sender: that it is late is not the receiver's doing.
        service.set_clock("2026-12-15T09:00:00+09:00");
        let (kurashi, hub, auditor) = (service.login("kurashi"), service.login("hub"), service.login("kansa"));
        moved(&kurashi, &declined, "decline", &json!({"reason": "no_capacity"}));
        let counted = of(&hub);
        assert_eq!((&counted["open"], &counted["unanswered"], &counted["declined"], &counted["answered"]), (&json!(2), &json!(1), &json!(1), &json!(2)));
        assert_eq!((&counted["overdue"], &counted["median_days"]), (&json!(1), &json!(0)));
        assert_eq!(of(&auditor), counted);
        service.login("kacho").get("/api/v1/board").problem(403, "forbidden");
        // What was sent more than a year ago is left out.
        service.set_clock("2028-01-15T09:00:00+09:00");
        assert_eq!(of(&service.login("hub")), Value::Null);
    }

    fn the_manager_sees_how_much_each_person_works_on(service) {
        let (clerk, kacho) = (service.login("madoguchi"), service.login("kacho"));
        let sheets = [registered(&service, &clerk), registered(&service, &clerk), registered(&service, &clerk)];
        let assign = |sheet: &str, form: &Value| clerk.post(&format!("/api/v1/sheets/{sheet}/assignee"), form).ok();
        assign(&sheets[1], &json!({"staff_id": me(&kacho), "reason": "workload"}));
        assign(&sheets[2], &json!({"reason": "absence"}));
        let mut terms = consent(&service, &[], &["identity"]);
        terms["decision"] = json!("refused");
        consented(&clerk, &sheets[1], &terms);
        let of = |client: &Client, person: &Value| row(client, "/api/v1/load", "staff_id", person);
        let load = |person: &Value, counts: [u64; 3]| json!({"staff_id": person, "sheets": counts[0], "tasks": counts[1], "overdue": counts[2]});
        for (person, counts) in [(me(&clerk), [1, 0, 0]), (me(&kacho), [1, 0, 0]), (Value::Null, [1, 0, 0])] {
            assert_eq!(of(&kacho, &person), load(&person, counts));
        }
        // After ten open days the refusal comes up again, and then it is late.
        service.set_clock("2026-12-25T09:00:00+09:00");
        service.sweep();
        let kacho = service.login("kacho");
        assert_eq!(of(&kacho, &me(&kacho)), load(&me(&kacho), [1, 1, 1]));
        // What was sent there and is not taken on yet is nobody's.
        let hoken = service.login("hoken");
        let here = agencies(&hoken)["fukushi-marugoto"].to_string();
        let sheet_id = registered(&service, &hoken);
        let consent_id = consented(&hoken, &sheet_id, &consent(&service, &[&here], &["identity"]));
        relay(&hoken, &sheet_id, &consent_id, &here, &["identity"], None).ok();
        assert_eq!(of(&kacho, &Value::Null), load(&Value::Null, [1, 1, 0]));
        // Other agencies have their own, and a clerk does not look over a colleague's shoulder.
        clerk.get("/api/v1/load").problem(401, "unauthenticated");
        service.login("madoguchi").get("/api/v1/load").problem(403, "forbidden");
    }
}
