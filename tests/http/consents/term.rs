//! The text that was in force on the day of the consent, and how long a consent may last.

use crate::forms::{consent, registered};
use serde_json::{Value, json};
use tests::{Client, Database, Service, on_both};

fn notice(service: &Service, title: &str, from: &str) -> String {
    let notice = json!({"title": title, "body": "見本の説明文です。", "in_force_from": from});
    service.login("admin").post("/api/v1/notices", &notice).ok()["id"].as_str().unwrap().to_owned()
}

/// Records a consent that was given on a day, lasts until a day, and names a notice.
fn given(service: &Service, clerk: &Client, at: &str, until: Value, notice_id: Value) -> tests::Answer {
    let sheet_id = registered(service, clerk);
    let mut form = consent(service, &[&service.agency("hoken")], &["identity"]);
    form["obtained_at"] = json!(at);
    form["effective_until"] = until;
    form["notice_id"] = notice_id;
    clerk.post(&format!("/api/v1/sheets/{sheet_id}/consents"), &form)
}

on_both! {
    fn a_paper_of_yesterday_was_signed_under_the_notice_of_yesterday(service) {
        let first = service.login("madoguchi").get("/api/v1/notices").ok()["items"][0]["id"].clone();
        let second = notice(&service, "新しい説明", "2026-11-21");
        service.set_clock("2026-11-21T09:00:00+09:00");
        let clerk = service.login("madoguchi");
        let (yesterday, today) = ("2026-11-20T17:00:00+09:00", "2026-11-21T08:30:00+09:00");
        let at = |at: &str, notice_id: Value| given(&service, &clerk, at, Value::Null, notice_id);
        assert_eq!(at(yesterday, Value::Null).ok()["notice_id"], first);
        assert_eq!(at(today, Value::Null).ok()["notice_id"], second);
        assert_eq!(at(yesterday, json!(second)).pointers(422, "invalid-input"), ["/notice_id"]);
        // The earlier notice may still have been lying on the desk.
        assert_eq!(at(today, first.clone()).ok()["notice_id"], first);
    }

    fn a_consent_lasts_five_years_at_most(service) {
        let clerk = service.login("madoguchi");
        let until = |day: &str| given(&service, &clerk, "2026-11-20T09:00:00+09:00", json!(day), Value::Null);
        assert_eq!(until("2031-11-20").ok()["effective_until"], "2031-11-20");
        for day in ["2031-11-21", "2099-03-31", "9999-12-31"] {
            assert_eq!(until(day).pointers(422, "invalid-input"), ["/effective_until"], "{day}");
        }
        // Neither a later nor an earlier first day makes it longer.
        for from in ["2031-01-01", "2020-04-01"] {
            let sheet_id = registered(&service, &clerk);
            let mut form = consent(&service, &[&service.agency("hoken")], &["identity"]);
            form["effective_from"] = json!(from);
            form["effective_until"] = json!("2032-01-01");
            let refused = clerk.post(&format!("/api/v1/sheets/{sheet_id}/consents"), &form);
            assert_eq!(refused.pointers(422, "invalid-input"), ["/effective_until"], "{from}");
        }
        let usual = given(&service, &clerk, "2026-11-20T09:00:00+09:00", Value::Null, Value::Null).ok();
        assert_eq!(usual["effective_until"], "2027-11-20");
    }
}

#[test]
fn how_long_a_consent_may_last_is_configured() {
    let service = Service::start_with(Database::Sqlite, |config| config.chosen.consent_years = 2);
    let clerk = service.login("madoguchi");
    let until = |day: &str| given(&service, &clerk, "2026-11-20T09:00:00+09:00", json!(day), Value::Null);
    assert_eq!(until("2028-11-20").status, 201);
    assert_eq!(until("2028-11-21").pointers(422, "invalid-input"), ["/effective_until"]);
}
