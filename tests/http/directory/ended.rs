//! An agency ends: its own sheets go to its successor, what others told it does not, and no task is left without anybody to do it.

use super::change;
use crate::forms::{confirmed, consent, consented, etag, id, moved, registered, relay, relay_path, sheet};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const SECTIONS: [&str; 3] = ["identity", "topics", "statement"];

fn path(sheet_id: &str) -> String {
    format!("/api/v1/sheets/{sheet_id}")
}

/// The kinds of the tasks about a sheet that somebody has.
fn tasks(client: &Client, sheet_id: &str) -> Vec<String> {
    let tasks = client.get("/api/v1/tasks").ok();
    let tasks = tasks["items"].as_array().unwrap().iter().filter(|task| task["sheet_id"] == sheet_id);
    tasks.map(|task| task["kind"].as_str().unwrap().to_owned()).collect()
}

fn open(service: &Service, code: &str) -> Value {
    service.login("admin").get(&format!("/api/v1/agencies/{}", service.agency(code))).ok()["open"].clone()
}

/// A sheet of `from` that was told to an agency.
fn told(service: &Service, from: &Client, to: &str) -> (String, String, Value) {
    let to = service.agency(to);
    let sheet_id = registered(service, from);
    let consent_id = consented(from, &sheet_id, &consent(service, &[&to], &SECTIONS));
    let relay = relay(from, &sheet_id, &consent_id, &to, &SECTIONS, None).ok();
    (sheet_id, consent_id, relay)
}

on_both! {
    fn nothing_is_orphaned_when_an_agency_ends(service) {
        let (origin, ending, heir, third) =
            (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"), service.login("zei"));
        let (x, y) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
        // Sheets of others: one it has accepted, one it was only sent, and one whose consent was taken back.
        let (accepted, _, its) = told(&service, &origin, "kurashi-shigoto");
        moved(&ending, &its, "accept", &json!({}));
        let (waiting, _, sent) = told(&service, &origin, "kurashi-shigoto");
        let (stopped, withdrawn, opened) = told(&service, &origin, "kurashi-shigoto");
        moved(&ending, &opened, "receive", &json!({}));
        origin.post(&format!("/api/v1/consents/{withdrawn}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        // Its own sheets: one that another agency holds, one that its successor was told, and a draft.
        let (own, consent_id, passed) = told(&service, &ending, "nozei");
        moved(&third, &passed, "accept", &json!({}));
        let entry = json!({"occurred_at": service.now(), "method": "phone", "section": "statement", "text": "様子を聞いた。"});
        ending.post(&format!("{}/entries", path(&own)), &entry).ok();
        let (joined, _, inward) = told(&service, &ending, "hoken");
        moved(&heir, &inward, "accept", &json!({}));
        let draft = id(ending.post("/api/v1/sheets", &json!({"state": "draft", "content": {}})));
        // A relay onward on another agency's sheet.
        let mut terms = consent(&service, &[&x, &service.agency("nozei")], &SECTIONS);
        terms["allow_onward"] = json!("named");
        let far = registered(&service, &origin);
        let far_consent = consented(&origin, &far, &terms);
        let first = relay(&origin, &far, &far_consent, &x, &SECTIONS, None).ok();
        moved(&ending, &first, "accept", &json!({}));
        let onward = relay(&ending, &far, &far_consent, &service.agency("nozei"), &SECTIONS, first["id"].as_str()).ok();
        moved(&third, &onward, "accept", &json!({}));
        assert_eq!(third.get(&path(&far)).ok()["holder_agency_id"], json!(service.agency("nozei")));

        // The relay whose consent was taken back is halted already, so it is not counted.
        let counted = json!({"sheets": 3, "held_sheets": 1, "relays_received": 3, "relays_sent": 3, "stop_notices": 1, "exceptions": 0});
        assert_eq!(open(&service, "kurashi-shigoto"), counted);
        assert_eq!(ending.get(&format!("/api/v1/agencies/{x}")).ok()["open"], Value::Null);
        let refused = change(&service, "kurashi-shigoto", |agency| agency["active_until"] = json!("2026-11-30"));
        let problem = refused.json();
        assert_eq!(refused.pointers(422, "invalid-input"), ["/successor_id"]);
        let detail = problem["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("シート3件") && detail.contains("引き継ぐ機関を選んで"), "{detail}");
        // All that the agency was ever told goes along, so two persons decide to whom.
        let asked = change(&service, "kurashi-shigoto", |agency| {
            agency["active_until"] = json!("2026-11-30");
            agency["successor_id"] = json!(y);
        })
        .ok();
        assert_eq!((&asked["active_until"], &asked["successor_id"], &asked["open"]), (&Value::Null, &Value::Null, &counted));
        assert_eq!(asked["pending"]["ending"], json!({"active_until": "2026-11-30", "successor_id": y}));
        let confirm = format!("/api/v1/agencies/{x}/pending/confirm");
        service.login("admin").step(&confirm, &json!({}), &etag(&asked)).problem(403, "forbidden");
        let done = confirmed(&service, &x);
        assert_eq!((&done["active_until"], &done["successor_id"]), (&json!("2026-11-30"), &json!(y)));

        // On its last day nothing has changed yet.
        service.set_clock("2026-11-30T23:59:59+09:00");
        service.sweep();
        let ending = service.login("kurashi");
        assert_eq!(ending.get(&path(&accepted)).ok()["holder_agency_id"], json!(x));
        service.send_mail();
        // On the day after, its people are logged out even before a round has run.
        service.set_clock("2026-12-01T00:00:01+09:00");
        ending.get(&path(&own)).problem(401, "unauthenticated");
        let form = json!({"login": "kurashi", "password": "tsunagu-demo"});
        service.anonymous().post("/api/v1/session", &form).problem(401, "unauthenticated");
        let (origin, heir, third) = (service.login("madoguchi"), service.login("hoken"), service.login("zei"));
        heir.get(&path(&own)).problem(404, "not-found");
        service.sweep();
        assert_eq!(service.sweep(), 0);

        // What it was told goes back to the agency that told it, and not to the successor.
        assert_eq!(origin.get(&path(&accepted)).ok()["holder_agency_id"], json!(service.agency("fukushi-marugoto")));
        for (sheet_id, relay) in [(&accepted, &its), (&waiting, &sent), (&far, &first)] {
            assert_eq!(origin.get(&relay_path(relay)).ok()["state"], "halted");
            assert!(tasks(&origin, sheet_id).contains(&"relay_ended".to_owned()), "{:?}", tasks(&origin, sheet_id));
            heir.get(&path(sheet_id)).problem(404, "not-found");
            heir.get(&relay_path(relay)).problem(404, "not-found");
        }
        let mails: Vec<String> = service.send_mail().iter().filter(|mail| mail.header("to").contains("fukushi")).map(tests::Mail::text).collect();
        assert!(mails.iter().any(|mail| mail.contains("つなぎ先の機関が終わった")), "{mails:?}");
        // The successor answers for the copies: of what was taken back before, and of what closed with the agency.
        for (sheet_id, cause) in [(&stopped, "withdrawn"), (&accepted, "agency_ended")] {
            let stops = heir.get(&format!("{}/stop-notices", path(sheet_id))).ok()["items"].clone();
            assert_eq!((stops.as_array().unwrap().len(), &stops[0]["cause"]), (1, &json!(cause)), "{stops}");
            assert_eq!(tasks(&heir, sheet_id), ["stop_answer"]);
            let answer = format!("/api/v1/stop-notices/{}/answer", stops[0]["id"].as_str().unwrap());
            heir.post(&answer, &json!({"disposition": "deleted"})).ok();
        }

        // Its own sheets are the successor's, which can read, correct and close them and record withdrawals.
        let read = heir.get(&path(&own)).ok();
        assert_eq!((&read["origin_agency_id"], &read["holder_agency_id"]), (&json!(y), &json!(service.agency("nozei"))));
        assert_eq!(read["content"]["identity"]["family_name"], "見本");
        assert_eq!(heir.get(&path(&draft)).ok()["state"], "draft");
        heir.put(&path(&own), &sheet(&service), &etag(&read)).ok();
        let found = heir.post("/api/v1/sheets/search", &json!({"birth_date": "1986-04-01"})).ok();
        assert!(found["items"].as_array().unwrap().iter().any(|it| it["id"] == json!(own)), "{found}");
        let entries = third.get(&format!("{}/entries", path(&own))).ok();
        assert_eq!(entries["items"][0]["agency_id"], json!(x), "{entries}");
        moved(&third, &passed, "report", &json!({"result": "support_started"}));
        assert!(tasks(&heir, &own).contains(&"relay_confirm".to_owned()));
        let now = moved(&heir, &passed, "confirm", &json!({}));
        assert_eq!((&now["from_agency_id"], &now["sent_by_agency_id"]), (&json!(y), &json!(x)));
        heir.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        assert_eq!(third.get(&path(&own)).ok()["content"], json!({}));
        // The relay to its successor is over, and the relay that it had passed on is now looked after by the origin.
        let joined = heir.get(&path(&joined)).ok();
        assert_eq!((&joined["origin_agency_id"], &joined["state"]), (&json!(y), &json!("consented")));
        moved(&third, &onward, "report", &json!({"result": "support_started"}));
        moved(&origin, &onward, "confirm", &json!({}));
        assert_eq!(open(&service, "kurashi-shigoto"), json!({"sheets": 0, "held_sheets": 0, "relays_received": 0, "relays_sent": 0, "stop_notices": 0, "exceptions": 0}));

        // The record still says which agency told what.
        let listed = service.login("hogo").get("/api/v1/disclosures").ok();
        let by = listed["items"].as_array().unwrap().iter().find(|it| it["relay_id"] == passed["id"]).unwrap();
        assert_eq!(by["from_agency_id"], json!(x));
        let kinds = service.audit_kinds(&own);
        assert_eq!(kinds.iter().filter(|kind| *kind == "sheet.handed_over").count(), 1, "{kinds:?}");
        let export = service.audit_export();
        assert_eq!(export.matches("\"kind\":\"agency.ended\"").count(), 1);
        let verified = server::verify(export.as_bytes());
        assert_eq!(verified.code, 0, "{}", verified.message);
        // An agency that has ended does not come back.
        let again = change(&service, "kurashi-shigoto", |agency| agency["active_until"] = Value::Null);
        assert_eq!(again.pointers(422, "invalid-input"), ["/active_until"]);
    }

    fn an_agency_with_nothing_in_its_hands_ends_without_a_successor(service) {
        let clerk = service.login("zei");
        let ended = change(&service, "nozei", |agency| agency["active_until"] = json!("2026-11-20")).ok();
        assert_eq!((&ended["active_until"], &ended["pending"]), (&json!("2026-11-20"), &Value::Null));
        service.set_clock("2026-11-21T00:00:00+09:00");
        clerk.get("/api/v1/sheets").problem(401, "unauthenticated");
        // The agency, and the post of its one clerk.
        assert_eq!(service.sweep(), 2);
        let shown = service.login("admin").get(&format!("/api/v1/agencies/{}", service.agency("nozei"))).ok();
        assert_eq!(shown["ended_at"], json!(service.now()));
    }

    fn a_successor_that_may_be_told_nothing_gets_nothing(service) {
        let own = registered(&service, &service.login("kurashi"));
        // A hospital without an agreement.
        let to = service.agency("byoin");
        change(&service, "kurashi-shigoto", |agency| {
            agency["active_until"] = json!("2026-11-20");
            agency["successor_id"] = json!(to);
        })
        .ok();
        confirmed(&service, &service.agency("kurashi-shigoto"));
        service.set_clock("2026-11-21T00:00:00+09:00");
        service.sweep();
        service.login("byoin").get(&path(&own)).problem(404, "not-found");
        // Another successor is named, and the sheet goes there.
        let to = service.agency("hoken");
        change(&service, "kurashi-shigoto", |agency| agency["successor_id"] = json!(to)).ok();
        confirmed(&service, &service.agency("kurashi-shigoto"));
        service.sweep();
        assert_eq!(service.login("hoken").get(&path(&own)).ok()["origin_agency_id"], json!(to));
    }
}
