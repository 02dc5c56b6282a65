//! Reporting back is a disclosure of its own; and a decline says whether a rule, the agency or the person refused.

use crate::forms::{consent, consented, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// An accepted relay to くらしとしごと; `may_report` is what the consent says about reporting back.
fn accepted(service: &Service, may_report: bool) -> (Client, Client, String, Value) {
    let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
    let (to, next) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
    let sheet_id = registered(service, &counter);
    let mut terms = consent(service, &[&to, &next], &["identity", "history"]);
    terms["allow_report_back"] = json!(may_report);
    let consent_id = consented(&counter, &sheet_id, &terms);
    let relay = relay(&counter, &sheet_id, &consent_id, &to, &["identity", "history"], None).ok();
    moved(&receiver, &relay, "accept", &json!({}));
    service.send_mail();
    (counter, receiver, sheet_id, relay)
}

fn report(result: &str) -> Value {
    json!({"result": result, "contact_made_on": "2026-11-20"})
}

on_both! {
    fn without_a_permission_only_whether_it_goes_on_goes_back(service) {
        let (counter, receiver, sheet_id, asked) = accepted(&service, false);
        let own = moved(&receiver, &asked, "report", &report("unreachable"));
        assert_eq!((&own["report"]["result"], &own["report"]["contact_made_on"]), (&json!("unreachable"), &json!("2026-11-20")));
        // No mail says more than that either.
        assert_eq!(service.send_mail().len(), 1);
        let back = counter.get(&relay_path(&asked)).ok();
        let told = json!({
            "outcome": "done", "result": null, "text": null, "contact_made_on": null, "next_relay_ids": [],
            "reported_at": own["report"]["reported_at"]
        });
        assert_eq!(back["report"], told);
        let sheet = counter.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        let line = &sheet["content"]["history"][0];
        assert_eq!((&line["outcome"], &line["result"], &line["report_text"]), (&json!("done"), &Value::Null, &Value::Null));
        // Agencies further down the way do not hear of it either.
        let consent_id = asked["basis"]["consent_id"].as_str().unwrap();
        let hoken = service.login("hoken");
        let other = relay(&counter, &sheet_id, consent_id, &service.agency("hoken"), &["history"], None).ok();
        let seen = moved(&hoken, &other, "accept", &json!({}));
        assert_eq!((&seen["content"]["history"][0]["outcome"], &seen["content"]["history"][0]["result"]), (&json!("done"), &Value::Null));
        for client in [&counter, &hoken] {
            for path in [format!("/api/v1/sheets/{sheet_id}/timeline"), "/api/v1/relays?box=outbox".to_owned(), format!("/api/v1/sheets/{sheet_id}")] {
                assert!(!client.get(&path).text.contains("unreachable"), "{path}");
            }
        }
        assert!(!service.login("hub").get(&relay_path(&asked)).text.contains("unreachable"));
    }

    fn with_a_permission_the_result_goes_back_and_help_that_ended_is_for_the_manager(service) {
        for (result, outcome, mails) in [
            ("support_started", "continuing", 1), ("application_received", "continuing", 1), ("passed_on", "continuing", 1), ("advice_given", "done", 1),
            ("other", "done", 1), ("person_declined", "done", 2), ("unreachable", "done", 2), ("moved_or_died", "done", 2), ("out_of_scope", "done", 2),
        ] {
            let (counter, receiver, sheet_id, asked) = accepted(&service, true);
            moved(&receiver, &asked, "report", &report(result));
            let sent = service.send_mail();
            assert_eq!(sent.len(), mails, "{result}");
            assert!(sent.iter().all(|mail| mail.header("to").contains("fukushi-marugoto@") && !mail.text().contains(result)));
            let back = counter.get(&relay_path(&asked)).ok()["report"].clone();
            assert_eq!((&back["result"], &back["outcome"], &back["contact_made_on"]), (&json!(result), &json!(outcome), &json!("2026-11-20")));
            let sheet = counter.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
            assert_eq!(sheet["content"]["history"][0]["result"], result);
        }
    }

    fn a_permission_that_was_taken_back_lets_no_more_go_back(service) {
        let (counter, receiver, _, asked) = accepted(&service, true);
        let place = format!("/api/v1/consents/{}/withdrawal", asked["basis"]["consent_id"].as_str().unwrap());
        counter.post(&place, &json!({"by": "self", "method": "oral"})).ok();
        moved(&receiver, &asked, "report", &report("moved_or_died"));
        let back = counter.get(&relay_path(&asked)).ok()["report"].clone();
        assert_eq!((&back["result"], &back["outcome"]), (&Value::Null, &json!("done")));
    }

    fn a_decline_says_who_refused(service) {
        let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &counter);
        let consent_id = consented(&counter, &sheet_id, &consent(&service, &[&to], &["identity"]));
        for (reason, by) in [
            ("not_our_remit", "rule"), ("not_eligible", "rule"), ("outside_area", "rule"), ("already_supported", "agency"), ("no_capacity", "agency"),
            ("conflict_or_safety", "agency"), ("other", "agency"), ("person_refused", "person"),
        ] {
            let asked = relay(&counter, &sheet_id, &consent_id, &to, &["identity"], None).ok();
            assert_eq!(asked["refused_by"], Value::Null);
            moved(&receiver, &asked, "decline", &json!({"reason": reason, "recommended_agency_id": service.agency("hoken")}));
            let back = counter.get(&relay_path(&asked)).ok();
            assert_eq!((&back["decline_reason"], &back["refused_by"]), (&json!(reason), &json!(by)));
        }
    }
}
