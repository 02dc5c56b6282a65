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
            "kind": "final", "outcome": "done", "result": null, "text": null, "contact_made_on": null, "next_relay_ids": [],
            "reported_at": own["report"]["reported_at"], "confirmed_at": null
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

    fn a_relay_takes_reports_until_the_last_one(service) {
        let (counter, receiver, sheet_id, asked) = accepted(&service, true);
        let tasks = |client: &Client| -> Vec<String> {
            let all: Value = client.get("/api/v1/tasks").ok();
            let of_it = all["items"].as_array().unwrap().iter().filter(|it| it["relay_id"] == asked["id"]);
            of_it.map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
        };
        let interim = json!({"kind": "interim", "result": "unreachable", "text": "三度訪ねました。"});
        let first = moved(&receiver, &asked, "report", &interim);
        assert_eq!((&first["state"], &first["report"]["outcome"]), (&json!("accepted"), &json!("continuing")));
        assert_eq!(first["revision"].as_u64(), Some(3));
        // It is told like every report; that nobody was reached yet is nothing for the manager.
        assert_eq!(service.send_mail().len(), 1);
        assert_eq!((tasks(&counter), tasks(&receiver)), (vec!["relay_confirm".to_owned()], vec!["relay_report".to_owned()]));
        let sheet = counter.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((&sheet["state"], &sheet["content"]["history"][0]["report_text"]), (&json!("in_support"), &json!("三度訪ねました。")));
        // Nobody was met: what was promised stands.
        let due = |client: &Client| client.get("/api/v1/tasks?kind=relay_report").ok()["items"][0]["due"].clone();
        let promised = due(&receiver);
        service.set_clock("2026-11-24T09:00:00+09:00");
        let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        // The sender ticks it off, and the relay goes on.
        let ticked = moved(&counter, &asked, "confirm", &json!({}));
        assert_eq!((&ticked["state"], &ticked["confirmed_at"]), (&json!("accepted"), &Value::Null));
        assert!(ticked["reports"][0]["confirmed_at"].is_string());
        assert_eq!((tasks(&counter), tasks(&receiver)), (vec![], vec!["relay_report".to_owned()]));
        let again = counter.step(&format!("{}/confirm", relay_path(&asked)), &json!({}), &crate::forms::etag(&ticked));
        assert_eq!(again.problem(409, "invalid-transition")["state"], "accepted");
        assert_eq!(due(&receiver), promised);
        let met = json!({"kind": "interim", "result": "support_started", "contact_made_on": "2026-11-20"});
        moved(&receiver, &asked, "report", &met);
        assert_ne!(due(&receiver), promised);
        let last = moved(&receiver, &asked, "report", &json!({"result": "application_received", "text": "申請しました。"}));
        assert_eq!((&last["state"], &last["report"]["kind"]), (&json!("reported"), &json!("final")));
        // A program that knows one report sees the newest.
        let results: Vec<_> = last["reports"].as_array().unwrap().iter().map(|it| it["result"].clone()).collect();
        assert_eq!((results, &last["report"]), (vec![json!("unreachable"), json!("support_started"), json!("application_received")], &last["reports"][2]));
        assert_eq!(tasks(&counter), ["relay_confirm"]);
        let closed = moved(&counter, &asked, "confirm", &json!({}));
        assert!(closed["state"] == "closed" && closed["reports"].as_array().unwrap().iter().all(|it| it["confirmed_at"].is_string()));
        assert!(tasks(&counter).is_empty() && tasks(&receiver).is_empty());
    }

    fn a_relay_keeps_a_place_for_the_last_report(service) {
        let (_, receiver, _, asked) = accepted(&service, true);
        for _ in 0..29 {
            moved(&receiver, &asked, "report", &json!({"kind": "interim", "result": "other"}));
        }
        let full = receiver.get(&relay_path(&asked)).ok();
        let report = |kind: &str| {
            let body = json!({"kind": kind, "result": "other"});
            receiver.step(&format!("{}/report", relay_path(&asked)), &body, &crate::forms::etag(&full))
        };
        assert_eq!(report("interim").problem(422, "invalid-input")["errors"][0]["code"], "too_many");
        assert_eq!(report("final").ok()["state"], "reported");
    }

    fn without_a_permission_no_words_of_an_interim_report_go_back(service) {
        let (counter, receiver, _, asked) = accepted(&service, false);
        let open = receiver.get(&relay_path(&asked)).ok();
        let body = json!({"kind": "interim", "result": "other", "text": "伝えてはいけないことです。"});
        let refused = receiver.step(&format!("{}/report", relay_path(&asked)), &body, &crate::forms::etag(&open)).problem(403, "consent-refused");
        assert_eq!(refused["refusals"][0]["clause"], "report_back_not_allowed");
        moved(&receiver, &asked, "report", &json!({"kind": "interim", "result": "unreachable"}));
        let told = counter.get(&relay_path(&asked)).ok()["reports"][0].clone();
        assert_eq!((&told["outcome"], &told["result"], &told["text"]), (&json!("continuing"), &Value::Null, &Value::Null));
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
