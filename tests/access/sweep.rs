//! What a stranger can find out, what readers of metadata hear, and where the sight of 調整担当 ends.

use crate::calls::{NOBODY, Things, call};
use crate::expectation::{Expected, ROLES, STANDINGS, of_client, of_role, rows};
use crate::forms::{etag, moved, relay_path};
use crate::people::staffed;
use crate::told::{CODES, Told, shown, told};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{Answer, Client, on_both};

/// An answer without the parts that differ between any two requests.
pub fn essence(answer: &Answer) -> (u16, BTreeSet<(String, String)>, Value) {
    let mut body = answer.json();
    for own in ["trace_id", "instance"] {
        assert!(body.as_object_mut().unwrap().remove(own).is_some(), "{own} is missing: {}", answer.text);
    }
    let own = |name: &str| matches!(name, "date" | "content-length" | "connection" | "traceresponse");
    let headers = answer.headers.iter().filter(|(name, _)| !own(name)).cloned();
    // The order of the headers differs by chance from answer to answer.
    let headers: BTreeSet<_> = headers.collect();
    (answer.status, headers, body)
}

fn id_of(relay: &Value) -> String {
    relay["id"].as_str().unwrap().to_owned()
}

fn things(sheet: &str, [consent, deferral, stop, release, exception]: [&str; 5], relay: &str) -> Things {
    Things {
        sheet: sheet.to_owned(),
        sheet_etag: "\"1\"".to_owned(),
        consent: consent.to_owned(),
        deferral: deferral.to_owned(),
        stop: stop.to_owned(),
        release: release.to_owned(),
        relay: relay.to_owned(),
        exception: exception.to_owned(),
        agency: NOBODY.to_owned(),
        staff: NOBODY.to_owned(),
    }
}

fn is_empty(answer: Answer) {
    let page = answer.ok();
    assert_eq!(page["items"], json!([]), "{page}");
    assert!(page["next"].is_null());
}

/// Demands that `client` cannot come across the case without knowing an id.
fn finds_nothing(client: &Client, case: &Told, number: &str) {
    for list in [
        "/sheets",
        "/sheets?state=relaying",
        "/sheets?topic=03",
        "/sheets?updated_since=2020-01-01T00:00:00Z",
        "/relays",
        "/relays?box=inbox",
        "/relays?box=outbox",
        "/relays?sort=due",
        "/relays?state=sent",
    ] {
        is_empty(client.get(&format!("/api/v1{list}")));
    }
    for search in [
        json!({"kana_prefix": "インドウ"}),
        json!({"kana_prefix": "イ"}),
        json!({"kana_prefix": "いんどう"}),
        json!({"birth_date": "1971-03-09"}),
        json!({"number": number}),
        json!({"number": number, "kana_prefix": "インドウ", "birth_date": "1971-03-09"}),
    ] {
        is_empty(client.post("/api/v1/sheets/search", &search));
    }
    // The id of one thing is not accepted as the id of another.
    for id in [
        &case.sheet_id,
        &case.consent_id,
        &case.exception_id,
        &id_of(&case.waiting),
        &id_of(&case.accepted),
        &id_of(&case.declined),
    ] {
        for thing in ["sheets", "relays", "consents", "exceptions"] {
            client.get(&format!("/api/v1/{thing}/{id}")).problem(404, "not-found");
        }
    }
}

on_both! {
    fn a_stranger_cannot_tell_a_sheet_from_an_id_that_nothing_has(service) {
        let case = told(&service);
        let stranger = staffed(&service, CODES[4], &ROLES);
        let number = service.login("madoguchi").get(&format!("/api/v1/sheets/{}", case.sheet_id)).ok()["number"].clone();
        let nothing = things(NOBODY, [NOBODY; 5], NOBODY);
        let rows = rows();
        let column = STANDINGS.iter().position(|s| *s == "stranger").unwrap();
        let operations: BTreeSet<_> = rows.iter().map(|row| row.operation).collect();
        let mut compared = 0;
        let clients = ROLES.map(|role| (role, stranger.people[role].clone()));
        let clients = clients.into_iter().chain([("system", stranger.system.full.clone())]);
        for (who, client) in clients {
            for operation in &operations {
                let expected = match who {
                    "system" => of_client(&rows, operation, column),
                    role => of_role(&rows, operation, role, column),
                };
                // A role that may never do this is refused before anything is looked up; then, too, the two answers must be alike.
                let is_guess = !matches!(expected, Expected::Through)
                    && call(&service, operation, &nothing).unwrap().path.contains(NOBODY);
                if !is_guess {
                    continue;
                }
                for relay in [&case.waiting, &case.accepted, &case.declined] {
                    let hung = [&case.consent_id, &case.deferral_id, &case.stop_id, &case.release_id, &case.exception_id];
                    let real = things(&case.sheet_id, hung.map(String::as_str), &id_of(relay));
                    let real = call(&service, operation, &real).unwrap().send(&client);
                    let invented = call(&service, operation, &nothing).unwrap().send(&client);
                    assert_eq!(essence(&real), essence(&invented), "{operation} as {who}");
                    assert_eq!(shown(&real.text), [""; 0], "{operation} as {who}");
                    compared += 1;
                }
            }
            if matches!(who, "counter" | "manager" | "system") {
                finds_nothing(&client, &case, number.as_str().unwrap());
            }
        }
        assert!(compared > 400, "only {compared}");
    }

    fn a_recipient_knows_nothing_of_the_relays_to_others(service) {
        let case = told(&service);
        for (login, own) in [("kurashi", &case.accepted), ("hoken", &case.waiting), ("zei", &case.declined)] {
            let client = service.login(login);
            let unknown = essence(&client.get(&format!("/api/v1/relays/{NOBODY}")));
            for relay in [&case.accepted, &case.waiting, &case.declined] {
                let answer = client.get(&relay_path(relay));
                if relay["id"] == own["id"] {
                    answer.ok();
                } else {
                    assert_eq!(essence(&answer), unknown, "{login}");
                    for step in ["receive", "accept", "cancel", "confirm"] {
                        let path = format!("{}/{step}", relay_path(relay));
                        let body = if step == "cancel" { json!({"reason": "試験"}) } else { json!({}) };
                        client.step(&path, &body, "\"1\"").problem(404, "not-found");
                    }
                }
            }
            let listed = client.get("/api/v1/relays").ok();
            let listed: Vec<_> = listed["items"].as_array().unwrap().iter().map(|relay| relay["id"].clone()).collect();
            assert_eq!(listed, [own["id"].clone()]);
        }
    }

    fn auditor_admin_and_privacy_officer_never_hear_content(service) {
        let case = told(&service);
        let report = json!({"result": "support_started", "text": "報告のしるし"});
        moved(&service.login("kurashi"), &case.accepted, "report", &report);
        let sheet_path = format!("/api/v1/sheets/{}", case.sheet_id);
        for code in CODES {
            let agency = staffed(&service, code, &["auditor", "admin", "privacy_officer"]);
            let before = service.heard().len();
            for role in ["auditor", "admin", "privacy_officer"] {
                let client = &agency.people[role];
                let mut paths = vec![sheet_path.clone(), format!("/api/v1/consents/{}", case.consent_id)];
                paths.extend(["/revisions/1", "/revisions/2", "/timeline", "/entries", "/consents"].map(|below| format!("{sheet_path}{below}")));
                paths.extend([&case.accepted, &case.waiting, &case.declined].map(relay_path));
                paths.extend(["sheets", "relays", "audit/events", "staff", "agencies", "notices", "session"].map(|list| format!("/api/v1/{list}")));
                for path in paths {
                    client.get(&path);
                }
                for format in ["application/x-ndjson", "text/csv"] {
                    client.get_as("/api/v1/audit/events", format);
                }
                for search in [json!({"kana_prefix": "インドウ"}), json!({"birth_date": "1971-03-09"}), json!({"number": "R8-000001"})] {
                    client.post("/api/v1/sheets/search", &search).problem(403, "forbidden");
                }
            }
            let heard = &service.heard()[before..];
            assert!(heard.len() > 60, "{}", heard.len());
            for line in heard {
                assert_eq!(shown(line), [""; 0], "{code}: {line}");
            }

            let auditor = &agency.people["auditor"];
            let sheet = auditor.get(&sheet_path).ok();
            assert!(sheet.get("content").is_none() && sheet["visitor"].is_null() && sheet.get("address_secret").is_none(), "{sheet}");
            assert_eq!(sheet["number"], "R8-000001");
            for relay in [&case.accepted, &case.waiting, &case.declined] {
                let relay = auditor.get(&relay_path(relay)).ok();
                let words = ["content", "request", "note"].map(|field| relay[field].clone());
                assert_eq!(words, [Value::Null, Value::Null, Value::Null], "{relay}");
                assert!(relay["report"]["text"].is_null());
            }
            assert_eq!(auditor.get("/api/v1/sheets?topic=03").status, 422, "topics are content");
            assert_eq!(auditor.get("/api/v1/sheets").ok()["items"].as_array().unwrap().len(), 1);
        }
    }

    fn the_hub_sees_open_relays_without_content_and_nothing_of_those_that_are_over(service) {
        let case = told(&service);
        let hub = service.login("hub");
        let seen = |query: &str| -> BTreeSet<String> {
            let page = hub.get(&format!("/api/v1/relays{query}")).ok();
            page["items"].as_array().unwrap().iter().map(id_of).collect()
        };
        let unknown = essence(&hub.get(&format!("/api/v1/relays/{NOBODY}")));
        let set = |relays: &[&Value]| -> BTreeSet<String> { relays.iter().map(|relay| id_of(relay)).collect() };

        assert_eq!(seen(""), set(&[&case.accepted, &case.waiting]));
        assert_eq!(seen("?sort=due"), set(&[&case.accepted, &case.waiting]));
        for over in ["declined", "cancelled", "halted", "closed"] {
            assert_eq!(seen(&format!("?state={over}")), set(&[]), "{over}");
        }
        assert_eq!(seen("?box=inbox"), set(&[]));
        for relay in [&case.accepted, &case.waiting] {
            let relay = hub.get(&relay_path(relay)).ok();
            assert!(relay["content"].is_null() && relay["request"].is_null(), "{relay}");
            assert_eq!(relay["number"], "R8-000001");
            assert_eq!(shown(&relay.to_string()), [""; 0]);
        }
        assert_eq!(essence(&hub.get(&relay_path(&case.declined))), unknown);
        // A hub that sees the relay does not see the sheet.
        hub.get(&format!("/api/v1/sheets/{}", case.sheet_id)).problem(404, "not-found");
        is_empty(hub.get("/api/v1/sheets"));
        is_empty(hub.post("/api/v1/sheets/search", &json!({"kana_prefix": "インドウ"})));

        // A reported relay is still open, and the hub may confirm it, without seeing the words of the report. Then it is gone.
        moved(&service.login("kurashi"), &case.accepted, "report", &json!({"result": "support_started", "text": "報告のしるし"}));
        let reported = hub.get(&relay_path(&case.accepted)).ok();
        assert_eq!((&reported["state"], &reported["report"]["text"]), (&json!("reported"), &Value::Null));
        let confirmed = hub.step(&format!("{}/confirm", relay_path(&case.accepted)), &json!({}), &etag(&reported)).ok();
        assert_eq!((&confirmed["state"], shown(&confirmed.to_string())), (&json!("closed"), vec![]));
        assert_eq!(essence(&hub.get(&relay_path(&case.accepted))), unknown);
        assert_eq!(seen(""), set(&[&case.waiting]));

        // A returned relay is still open, a cancelled one is gone.
        let returned = moved(&service.login("hoken"), &case.waiting, "return", &json!({"missing": ["電話"], "note": "辞退のしるし"}));
        assert_eq!(seen("?state=returned"), set(&[&returned]));
        assert!(hub.get(&relay_path(&returned)).ok()["note"].is_null());
        moved(&service.login("madoguchi"), &case.waiting, "cancel", &json!({"reason": "試験のため"}));
        assert_eq!(essence(&hub.get(&relay_path(&case.waiting))), unknown);
        assert_eq!(seen(""), set(&[]));
    }
}
