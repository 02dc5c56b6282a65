//! How a case ended: in codes and words, kept for each closing, and shown as far as the reader goes.

use crate::forms::{consent, consented, etag, moved, registered, relay};
use crate::probe::{agencies, with};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

fn close(client: &Client, path: &str, outcome: &Value) -> Answer {
    let now = client.get(path).ok();
    client.step(&format!("{path}/closure"), &json!({"reason": "住まいが決まったため", "outcome": outcome}), &etag(&now))
}

fn reopen(client: &Client, path: &str) {
    let now = client.get(path).ok();
    client.step(&format!("{path}/reopen"), &json!({"reason": "再び連絡があったため"}), &etag(&now)).ok();
}

fn today(service: &Service) -> String {
    service.now()[..10].to_owned()
}

/// The person says 「解決した」, the mother 「解決していない」.
fn outcome(day: &str) -> Value {
    json!({
        "reason_code": "goals_met", "on": day, "changes": ["housing", "employed"],
        "person_answer": {"asked": true, "answer": "solved", "how": "oral", "on": day},
        "family_answer": {"relation": "parent", "answer": "not", "how": "phone", "on": day},
        "worker_view": "家賃の支払いが続いている。", "remaining": "就労の定着"
    })
}

on_both! {
    fn the_answers_of_the_person_and_of_the_family_stand_side_by_side(service) {
        let clerk = service.login("madoguchi");
        let path = format!("/api/v1/sheets/{}", registered(&service, &clerk));
        let day = today(&service);
        let closed = close(&clerk, &path, &outcome(&day)).ok();
        let shown = &closed["outcome"];
        assert_eq!(closed["state"], "closed");
        assert_eq!((&shown["reason_code"], &shown["changes"]), (&json!("goals_met"), &json!(["employed", "housing"])));
        assert_eq!((&shown["person_answer"]["answer"], &shown["family_answer"]["answer"]), (&json!("solved"), &json!("not")));
        assert_eq!((&shown["worker_view"], &shown["remaining"]), (&json!("家賃の支払いが続いている。"), &json!("就労の定着")));
        assert_eq!(&clerk.get(&path).ok()["outcome"], shown);
    }

    fn each_closing_has_its_own_and_one_in_words_only_has_none(service) {
        let clerk = service.login("madoguchi");
        let path = format!("/api/v1/sheets/{}", registered(&service, &clerk));
        close(&clerk, &path, &outcome(&today(&service))).ok();
        service.advance_seconds(60);
        reopen(&clerk, &path);
        assert_eq!(clerk.get(&path).ok()["outcome"], Value::Null);
        service.advance_seconds(60);
        assert_eq!(close(&clerk, &path, &Value::Null).ok()["outcome"], Value::Null);
        assert_eq!(clerk.get(&path).ok()["outcome"], Value::Null);
        service.advance_seconds(60);
        reopen(&clerk, &path);
        service.advance_seconds(60);
        let last = json!({"reason_code": "unreachable"});
        close(&clerk, &path, &last).ok();
        let shown = &clerk.get(&path).ok()["outcome"];
        assert_eq!((&shown["reason_code"], &shown["person_answer"]), (&json!("unreachable"), &Value::Null));
    }

    fn its_words_stay_with_the_agency_that_closed_the_sheet(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{id}");
        let to = &agencies(&clerk)["kurashi-shigoto"];
        let consent_id = consented(&clerk, &id, &consent(&service, &[to], &["identity", "statement"]));
        let sent = relay(&clerk, &id, &consent_id, to, &["identity", "statement"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        moved(&kurashi, &sent, "report", &json!({"result": "support_started"}));
        moved(&clerk, &sent, "confirm", &json!({}));
        close(&kurashi, &path, &outcome(&today(&service))).ok();
        assert_eq!(kurashi.get(&path).ok()["outcome"]["remaining"], "就労の定着");
        for reader in [&clerk, &service.login("kansa")] {
            let shown = &reader.get(&path).ok()["outcome"];
            assert_eq!((&shown["worker_view"], &shown["remaining"]), (&Value::Null, &Value::Null));
            assert_eq!(shown["person_answer"]["answer"], "solved");
        }
        let kacho = service.login("kacho");
        let now = kacho.get(&path).ok();
        kacho.step(&format!("{path}/void"), &json!({"reason": "別の人の記録だったため"}), &etag(&now)).ok();
        for reader in [&kurashi, &clerk, &service.login("kansa")] {
            let answer = reader.get(&path);
            assert!(answer.status == 404 || answer.json()["outcome"].is_null(), "{}", answer.text);
        }
    }

    fn what_does_not_hold_is_named_and_the_sheet_stays_open(service) {
        let clerk = service.login("madoguchi");
        let path = format!("/api/v1/sheets/{}", registered(&service, &clerk));
        let day = today(&service);
        let good = outcome(&day);
        let tomorrow = "2099-01-01";
        let asked = |answer: Value| with(&good, "/person_answer", answer);
        for (wrong, pointers) in [
            (with(&good, "/person_answer", Value::Null), vec!["/outcome/person_answer"]),
            (asked(json!({"asked": false})), vec!["/outcome/person_answer/not_asked"]),
            (asked(json!({"asked": true})), vec![
                "/outcome/person_answer/answer", "/outcome/person_answer/how", "/outcome/person_answer/on"
            ]),
            (asked(json!({"asked": false, "not_asked": "condition", "how": "oral"})), vec!["/outcome/person_answer/how"]),
            (asked(json!({"asked": true, "answer": "solved", "how": "oral", "on": day, "not_asked": "other"})), vec![
                "/outcome/person_answer/not_asked"
            ]),
            (with(&good, "/on", json!(tomorrow)), vec!["/outcome/on"]),
            (with(&good, "/on", json!("2001-01-01")), vec!["/outcome/on"]),
            (with(&good, "/family_answer/on", json!(tomorrow)), vec!["/outcome/family_answer/on"]),
            (with(&good, "/changes", json!(["none", "housing"])), vec!["/outcome/changes"]),
            (with(&good, "/reason_code", json!("because")), vec!["/outcome/reason_code"]),
            (with(&good, "/worker_view", json!("あ".repeat(1001))), vec!["/outcome/worker_view"]),
        ] {
            assert_eq!(close(&clerk, &path, &wrong).pointers(422, "invalid-input"), pointers, "{wrong}");
        }
        let why = json!({"reason_code": "person_wish", "person_answer": {"asked": false, "not_asked": "declined"}});
        close(&clerk, &path, &why).ok();
        assert_eq!(clerk.get(&path).ok()["outcome"]["person_answer"]["not_asked"], "declined");
    }
}
