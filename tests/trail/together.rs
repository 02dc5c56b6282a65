//! Several people at the same time, on one sheet and on many, in one service and in two on one database.

use crate::forms::{consent, consented, etag, registered, relay, relay_path, sheet};
use crate::{at_once, events, whole, winners};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{Client, Database, Service, on_both};

const SECTIONS: [&str; 3] = ["identity", "contact", "statement"];
const CODES: [&str; 7] = ["kurashi-shigoto", "hoken", "nozei", "hub", "hogo", "kansa", "admin"];

/// A registered sheet with a consent to tell seven agencies: sheet and consent.
fn ready(service: &Service, clerk: &Client, agencies: &[String]) -> (String, String) {
    let sheet_id = registered(service, clerk);
    let to: Vec<&str> = agencies.iter().map(String::as_str).collect();
    let consent_id = consented(clerk, &sheet_id, &consent(service, &to, &SECTIONS));
    (sheet_id, consent_id)
}

fn agencies(service: &Service) -> Vec<String> {
    let list = service.login("admin").get("/api/v1/agencies?limit=200").ok();
    let id = |code: &str| {
        let found = list["items"].as_array().unwrap().iter().find(|a| a["code"] == code);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    CODES.iter().map(|code| id(code)).collect()
}

fn relay_body(clerk: &Client, sheet_id: &str, consent_id: &str, to: &str) -> Value {
    let asked = json!({
        "to_agency_id": to, "sections": SECTIONS, "purpose": "support_referral", "basis": {"consent_id": consent_id}
    });
    let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok();
    json!({
        "to_agency_id": to, "sections": SECTIONS, "purpose": "support_referral", "request": "お願いします。", "urgency": "normal",
        "handover": "system", "disclosure_digest": preview["disclosure_digest"], "basis": {"consent_id": consent_id}
    })
}

/// Demands that the losers of a race were told why they lost.
fn told_why(answers: &[tests::Answer], allowed: &[u16]) {
    for answer in answers.iter().filter(|answer| answer.status >= 300) {
        assert!(allowed.contains(&answer.status), "{} {}", answer.status, answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

/// Accepting races against accepting and against cancelling, through any of `clerks` and `receivers`.
fn one_winner(service: &Service, clerks: &[Client], receivers: &[Client]) {
    let agencies = agencies(service);
    let (sheet_id, consent_id) = ready(service, &clerks[0], &agencies);
    let send = || relay(&clerks[0], &sheet_id, &consent_id, &agencies[0], &SECTIONS, None).ok();
    let sent = send();
    let accept = |relay: &Value, index: usize| {
        receivers[index % receivers.len()].step(&format!("{}/accept", relay_path(relay)), &json!({}), &etag(relay))
    };
    let answers = at_once(8, |index| accept(&sent, index));
    assert_eq!(winners(&answers), 1, "{answers:?}");
    told_why(&answers, &[409, 412]);
    for _ in 0..4 {
        let sent = send();
        let answers = at_once(8, |index| {
            if index % 2 == 0 {
                return accept(&sent, index);
            }
            let clerk = &clerks[(index / 2) % clerks.len()];
            clerk.step(&format!("{}/cancel", relay_path(&sent)), &json!({"reason": "取りやめ"}), &etag(&sent))
        });
        assert_eq!(winners(&answers), 1, "{answers:?}");
        told_why(&answers, &[409, 412]);
        let now = clerks[0].get(&relay_path(&sent)).ok();
        let winner = answers.iter().position(|answer| answer.status < 300).unwrap();
        let expected = if winner % 2 == 0 { "accepted" } else { "cancelled" };
        assert_eq!((&now["state"], &now["revision"]), (&json!(expected), &json!(2)));
    }
    // The trail has each winning move once.
    let kinds = service.audit_kinds(&sheet_id);
    let won = kinds.iter().filter(|k| *k == "relay.accepted" || *k == "relay.cancelled").count();
    assert_eq!(won, 5);
}

/// No relay goes after the withdrawal's answer; those that went before it are halted by it.
fn nothing_after_the_withdrawal(service: &Service, clerks: &[Client]) {
    let agencies = agencies(service);
    for round in 0..3 {
        let (sheet_id, consent_id) = ready(service, &clerks[0], &agencies);
        let bodies: Vec<Value> = agencies.iter().map(|to| relay_body(&clerks[0], &sheet_id, &consent_id, to)).collect();
        let answers = at_once(8, |index| {
            let clerk = &clerks[index % clerks.len()];
            if index == 7 {
                std::thread::sleep(std::time::Duration::from_millis(4 * round));
                return clerk.post(
                    &format!("/api/v1/consents/{consent_id}/withdrawal"),
                    &json!({"by": "self", "method": "oral"}),
                );
            }
            clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays"), &bodies[index])
        });
        assert!(answers[7].status < 300, "{} {}", answers[7].status, answers[7].text);
        for answer in &answers[..7] {
            if answer.status == 201 {
                let now = clerks[0].get(&relay_path(&answer.json())).ok();
                assert_eq!(now["state"], "halted", "{now}");
            } else {
                assert_eq!(answer.clone().clauses(), ["withdrawn"]);
            }
        }
        let late = clerks[0].post(&format!("/api/v1/sheets/{sheet_id}/relays"), &bodies[0]);
        assert_eq!(late.clauses(), ["withdrawn"]);
        let kinds = service.audit_kinds(&sheet_id);
        let withdrawn = kinds.iter().position(|k| k == "consent.withdrawn").unwrap();
        assert!(kinds[withdrawn..].iter().all(|k| k != "relay.sent"), "{kinds:?}");
    }
}

/// Eight write the same sheet anew from the same revision.
fn one_revision(service: &Service, clerks: &[Client]) {
    let sheet_id = registered(service, &clerks[0]);
    let path = format!("/api/v1/sheets/{sheet_id}");
    for revision in 1..4 {
        let answers = at_once(8, |index| {
            let mut body = sheet(service);
            body["content"]["opinion"] = json!({"text": format!("所見 {index}")});
            clerks[index % clerks.len()].put(&path, &body, &format!("\"{revision}\""))
        });
        assert_eq!(winners(&answers), 1, "{answers:?}");
        told_why(&answers, &[412]);
        let winner = answers.iter().position(|answer| answer.status < 300).unwrap();
        let now = clerks[0].get(&path).ok();
        assert_eq!(now["revision"], json!(revision + 1));
        assert_eq!(now["content"]["opinion"]["text"], format!("所見 {winner}"));
    }
}

/// Registers many sheets at once: their numbers run from 1 without a gap or a duplicate.
fn numbers_without_gaps(service: &Service, clerks: &[Client]) {
    let before = events(&service.audit_export()).iter().filter(|e| e["kind"] == "sheet.registered").count();
    let made = std::sync::Mutex::new(Vec::new());
    let refused = json!({"state": "registered", "content": {}});
    at_once(8, |index| {
        let clerk = &clerks[index % clerks.len()];
        let body = sheet(service);
        for _ in 0..5 {
            // A refused registration takes no number.
            assert_eq!(clerk.post("/api/v1/sheets", &refused).status, 422);
            let answer = clerk.post("/api/v1/sheets", &body);
            assert_eq!(answer.status, 201, "{}", answer.text);
            made.lock().unwrap().push(answer.json()["number"].as_str().unwrap().to_owned());
        }
        clerk.get("/api/v1/sheets")
    });
    let made = made.into_inner().unwrap();
    let numbers: BTreeSet<String> = made.iter().cloned().collect();
    let expected: BTreeSet<String> = (before + 1..=before + 40).map(|n| format!("R8-{n:06}")).collect();
    assert_eq!((made.len(), numbers), (40, expected));
}

/// The same key is sent several times at once: one request takes effect, the others get the same answer or are told to wait.
fn one_deed_a_key(service: &Service, clerks: &[Client]) {
    let body = sheet(service);
    let key = format!("once-{}", clerks.len());
    let answers = at_once(8, |index| clerks[index % clerks.len()].post_with_key("/api/v1/sheets", &body, &key));
    let ids: BTreeSet<String> =
        answers.iter().filter(|a| a.status == 201).map(|a| a.json()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1, "{answers:?}");
    told_why(&answers, &[409]);
}

on_both! {
    fn a_relay_is_accepted_once_or_cancelled_once(service) {
        let (clerk, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        one_winner(&service, &[clerk], &[receiver]);
        whole(&service);
    }

    fn no_relay_is_sent_after_a_withdrawal(service) {
        let clerk = service.login("madoguchi");
        nothing_after_the_withdrawal(&service, &[clerk]);
        whole(&service);
    }

    fn of_eight_revisions_from_one_state_one_is_kept(service) {
        let clerk = service.login("madoguchi");
        one_revision(&service, &[clerk]);
        whole(&service);
    }

    fn many_sheets_at_once_are_numbered_without_gaps(service) {
        let clerks = [service.login("madoguchi"), service.login("kurashi")];
        numbers_without_gaps(&service, &clerks);
        one_deed_a_key(&service, &clerks[..1]);
        whole(&service);
    }
}

#[test]
fn two_services_on_one_database_are_as_one() {
    let here = Service::start(Database::Postgres);
    let there = here.beside();
    assert_ne!(here.url, there.url);
    let clerks = [here.login("madoguchi"), there.login("madoguchi"), there.login("kacho")];
    let receivers = [here.login("kurashi"), there.login("kurashi")];
    one_winner(&here, &clerks, &receivers);
    nothing_after_the_withdrawal(&there, &clerks);
    one_revision(&here, &clerks);
    numbers_without_gaps(&there, &clerks);
    one_deed_a_key(&here, &clerks[..2]);
    whole(&here);
    whole(&there);
    // A session that ends at one service has ended at the other.
    let token = clerks[0].token();
    let same = there.anonymous().with_token(&token);
    assert_eq!(same.get("/api/v1/session").status, 200);
    assert!(clerks[0].delete("/api/v1/session").status < 300);
    same.get("/api/v1/session").problem(401, "unauthenticated");
}
