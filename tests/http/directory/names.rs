//! The directory may change, but not what a person agreed to.

use super::change;
use crate::forms::{confirmed, consent, consented, id, registered, relay};
use base64::Engine;
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const OLD: &str = "保健センター";
const NEW: &str = "見本保健所";

/// The claims of the receipt of a consent for an agency.
fn receipt(clerk: &Client, consent_id: &str, agency_id: &str) -> Value {
    let answer = clerk.get(&format!("/api/v1/consents/{consent_id}/receipt?agency_id={agency_id}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let claims = answer.text.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn slip(clerk: &Client, sheet_id: &str) -> String {
    clerk.get(&format!("/api/v1/sheets/{sheet_id}/slip")).text
}

fn renamed(service: &Service, code: &str, from: Option<&str>) -> Value {
    change(service, code, |agency| {
        agency["name"] = json!(NEW);
        agency["kana"] = json!("ミホンホケンジョ");
        agency["name_from"] = json!(from);
    })
    .ok()
}

on_both! {
    fn evidence_shows_the_name_of_the_day_on_which_consent_was_given(service) {
        let clerk = service.login("madoguchi");
        let to = service.agency("hoken");
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        // The new name is entered today and counts in ten days: until then the old one is shown everywhere.
        let changed = renamed(&service, "hoken", Some("2026-12-01"));
        assert_eq!((&changed["name"], &changed["names"][1]["name"]), (&json!(OLD), &json!(NEW)));
        assert_eq!(changed["names"][0]["until"], "2026-12-01T00:00:00+09:00");
        assert!(!slip(&clerk, &sheet_id).contains(NEW));
        // A change of another field leaves the coming name.
        let kept = change(&service, "hoken", |agency| agency["phone"] = json!("03-0000-1111")).ok();
        assert_eq!((&kept["name"], &kept["names"]), (&json!(OLD), &changed["names"]));

        service.set_clock("2026-12-01T09:00:00+09:00");
        let clerk = service.login("madoguchi");
        assert_eq!(clerk.get(&format!("/api/v1/agencies/{to}")).ok()["name"], NEW);
        assert_eq!(service.login("hoken").get("/api/v1/session").ok()["posts"][0]["agency_name"], NEW);
        let given = clerk.get(&format!("/api/v1/consents/{consent_id}")).ok();
        assert_eq!(given["agency_names"], json!([{"agency_id": to, "name": OLD}]));
        let page = slip(&clerk, &sheet_id);
        assert_eq!(page.matches(&format!("{OLD}(現 {NEW})")).count(), 2, "{page}");
        let claims = receipt(&clerk, &consent_id, &to);
        let parties = &claims["consent_record"]["party_identification"];
        assert_eq!((&parties[1]["party_name"], &parties[1]["party_name_now"]), (&json!(OLD), &json!(NEW)));
        assert_eq!(claims["article_69"]["recipient"], format!("{OLD}(現 {NEW})"));
        assert_eq!(parties[0]["party_name_now"], Value::Null);

        // A paper of last month that is recorded today was signed under last month's name; one of today under today's name.
        let mut paper = consent(&service, &[&to], &["identity"]);
        paper["obtained_at"] = json!("2026-11-30T10:00:00+09:00");
        let late = consented(&clerk, &sheet_id, &paper);
        assert_eq!(clerk.get(&format!("/api/v1/consents/{late}")).ok()["agency_names"][0]["name"], OLD);
        assert_eq!(receipt(&clerk, &late, &to)["consent_record"]["party_identification"][1]["party_name"], OLD);
        let now = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        assert_eq!(clerk.get(&format!("/api/v1/consents/{now}")).ok()["agency_names"][0]["name"], NEW);
        assert_eq!(receipt(&clerk, &now, &to)["article_69"]["recipient"], NEW);
    }

    fn a_name_changes_at_once_or_later_but_never_before(service) {
        let clerk = service.login("madoguchi");
        let to = service.agency("hoken");
        let sheet_id = registered(&service, &clerk);
        let before = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let past = change(&service, "hoken", |agency| {
            agency["name"] = json!(NEW);
            agency["name_from"] = json!("2026-11-19");
        });
        assert_eq!(past.pointers(422, "invalid-input"), ["/name_from"]);
        service.advance_seconds(60);
        assert_eq!(renamed(&service, "hoken", None)["name"], NEW);
        // On the same day, a minute apart.
        service.advance_seconds(60);
        let after = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        for (consent_id, name) in [(before, OLD), (after, NEW)] {
            assert_eq!(clerk.get(&format!("/api/v1/consents/{consent_id}")).ok()["agency_names"][0]["name"], name);
        }
        // A coming name is taken back by a change that names a day and today's name.
        change(&service, "hoken", |agency| {
            agency["name"] = json!(OLD);
            agency["name_from"] = json!("2027-04-01");
        })
        .ok();
        let back = change(&service, "hoken", |agency| agency["name_from"] = json!("2027-04-01")).ok();
        assert_eq!((back["names"].as_array().unwrap().len(), &back["names"][1]["name"]), (2, &json!(NEW)));
    }

    fn what_a_consent_or_a_relay_names_stays_what_it_is(service) {
        let clerk = service.login("madoguchi");
        let (named, excluded, told) = (service.agency("npo-safetynet"), service.agency("byoin"), service.agency("hoken"));
        let sheet_id = registered(&service, &clerk);
        let mut terms = consent(&service, &[&named], &["identity"]);
        terms["recipients"]["classes"] = json!(["ward"]);
        terms["exclusions"] = json!([excluded]);
        let consent_id = consented(&clerk, &sheet_id, &terms);
        // The consent covers this agency by its class alone, so only the relay names it.
        relay(&clerk, &sheet_id, &consent_id, &told, &["identity"], None).ok();
        for code in ["npo-safetynet", "byoin", "hoken", "fukushi-marugoto"] {
            let refused = change(&service, code, |agency| agency["class"] = json!("other"));
            assert!(refused.text.contains("後を引き継いだ機関"), "{}", refused.text);
            assert_eq!(refused.pointers(422, "invalid-input"), ["/class"], "{code}");
        }
        // Another body is a new record, which the old one names as its successor.
        let body = json!({
            "code": "saiken", "name": "見本債権回収組合", "kana": "ミホンサイケンカイシュウクミアイ", "class": "other", "active_from": "2026-11-20"
        });
        let successor = id(service.login("admin").post("/api/v1/agencies", &body));
        let changed = change(&service, "hoken", |agency| agency["successor_id"] = json!(successor)).ok();
        assert_eq!((&changed["successor_id"], &changed["pending"]["ending"]["successor_id"]), (&Value::Null, &json!(successor)));
        let changed = confirmed(&service, &told);
        assert_eq!((&changed["successor_id"], &changed["class"], &changed["class_fixed"]), (&json!(successor), &json!("ward"), &json!(true)));
        let circle = change(&service, "saiken", |agency| agency["successor_id"] = json!(told));
        assert_eq!(circle.pointers(422, "invalid-input"), ["/successor_id"]);
        let nobody = change(&service, "saiken", |agency| agency["successor_id"] = json!("01980000-0000-7000-8000-000000000000"));
        assert_eq!(nobody.pointers(422, "invalid-input"), ["/successor_id"]);
    }
}
