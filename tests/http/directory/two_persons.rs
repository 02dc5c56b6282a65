//! The class and agreement of an agency decide who may be told what: one person asks for a change, and another one makes it.

use super::{change, told};
use crate::forms::{confirmed, consent, consented, etag, registered, relay};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

fn shown(service: &Service, code: &str) -> Value {
    service.login("hogo").get(&format!("/api/v1/agencies/{}", service.agency(code))).ok()
}

fn decide(by: &Client, agency: &Value, what: &str) -> tests::Answer {
    let path = format!("/api/v1/agencies/{}/pending/{what}", agency["id"].as_str().unwrap());
    by.step(&path, &json!({}), &etag(agency))
}

fn agreement(until: &str) -> Value {
    json!({"number": "見本協定第7号", "valid_from": "2026-04-01", "valid_until": until})
}

on_both! {
    fn a_hospital_becomes_a_ward_or_gets_an_agreement_by_two_persons_only(service) {
        let asked = change(&service, "byoin", |agency| {
            agency["class"] = json!("ward");
            agency["phone"] = json!("03-0000-2222");
        })
        .ok();
        assert_eq!((&asked["class"], &asked["phone"]), (&json!("medical"), &json!("03-0000-2222")));
        assert_eq!(asked["pending"]["class"], "ward");
        assert_eq!(shown(&service, "byoin")["class"], "medical");

        // Neither the same person nor one without permission can confirm; the attempt stands in the trail.
        let admin = service.login("admin");
        decide(&admin, &asked, "confirm").problem(403, "forbidden");
        let denied = &told(&service, "access.denied")[0];
        assert_eq!((&denied["operation"], &denied["target_id"]), (&json!("confirm_agency_change"), &asked["id"]));
        for login in ["kacho", "hub", "kansa"] {
            decide(&service.login(login), &asked, "confirm").problem(403, "forbidden");
        }
        let officer = service.login("hogo");
        let path = format!("/api/v1/agencies/{}/pending/confirm", asked["id"].as_str().unwrap());
        officer.post(&path, &json!({})).problem(428, "precondition-required");
        officer.step(&path, &json!({}), "\"1\"").problem(412, "stale-revision");
        let done = decide(&officer, &asked, "confirm").ok();
        assert_eq!((&done["class"], &done["pending"]), (&json!("ward"), &Value::Null));
        assert_eq!(decide(&officer, &done, "confirm").problem(409, "invalid-transition")["state"], "nothing_pending");
        let event = &told(&service, "agency.change_confirmed")[0];
        assert_eq!((&event["class_before"], &event["class"]), (&json!("medical"), &json!("ward")));

        // An agreement waits in the same way, and may be turned down, even by the person who asked for it.
        let asked = change(&service, "hoken", |agency| agency["agreement"] = agreement("2027-03-31")).ok();
        assert_eq!((&asked["agreement"], &asked["pending"]["agreement"]), (&Value::Null, &agreement("2027-03-31")));
        let back = decide(&admin, &asked, "reject").ok();
        assert_eq!((&back["agreement"], &back["pending"]), (&Value::Null, &Value::Null));
        assert_eq!(told(&service, "agency.change_rejected").len(), 1);
    }

    fn what_gives_an_agreement_up_waits_for_nobody(service) {
        let clerk = service.login("madoguchi");
        let to = service.agency("npo-safetynet");
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let told = || relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None);
        let shorter = change(&service, "npo-safetynet", |agency| agency["agreement"]["valid_until"] = json!("2026-11-19")).ok();
        assert_eq!((&shorter["agreement"]["valid_until"], &shorter["pending"]), (&json!("2026-11-19"), &Value::Null));
        assert_eq!(told().clauses(), ["agreement_missing"]);
        let longer = change(&service, "npo-safetynet", |agency| agency["agreement"]["valid_until"] = json!("2027-03-31")).ok();
        assert_eq!((&longer["agreement"]["valid_until"], &longer["pending"]["agreement"]["valid_until"]), (&json!("2026-11-19"), &json!("2027-03-31")));
        assert_eq!(told().clauses(), ["agreement_missing"]);
        // Another field is changed in between; the waiting change goes on waiting.
        let phone = change(&service, "npo-safetynet", |agency| agency["phone"] = json!("03-0000-3333")).ok();
        assert_eq!(phone["pending"], longer["pending"]);
        confirmed(&service, &to);
        told().ok();
    }

    fn a_new_agency_is_told_nothing_before_a_second_person_knows_of_it(service) {
        let clerk = service.login("madoguchi");
        let admin = service.login("admin");
        let body = json!({"code": "shinsetsu", "name": "見本 新設課", "kana": "ミホンシンセツカ", "class": "ward", "active_from": "2026-04-01"});
        let made = admin.post("/api/v1/agencies", &body).ok();
        assert_eq!((&made["class"], &made["confirmed"], &made["pending"]["class"]), (&json!("ward"), &json!(false), &json!("ward")));
        let to = made["id"].as_str().unwrap();
        let sheet_id = registered(&service, &clerk);
        let mut terms = consent(&service, &[], &["identity"]);
        terms["recipients"]["classes"] = json!(["ward"]);
        let consent_id = consented(&clerk, &sheet_id, &terms);
        let told = || relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None);
        assert_eq!(told().clauses(), ["recipient_inactive"]);
        // An agency that was turned down stays out until it is asked for again.
        let rejected = decide(&service.login("hogo"), &made, "reject").ok();
        assert_eq!((&rejected["confirmed"], &rejected["pending"]), (&json!(false), &Value::Null));
        assert_eq!(told().clauses(), ["recipient_inactive"]);
        let again = change(&service, "shinsetsu", |_| {}).ok();
        decide(&admin, &again, "confirm").problem(403, "forbidden");
        assert_eq!(confirmed(&service, to)["confirmed"], json!(true));
        told().ok();
        // An agency that may be told nothing without an agreement needs no second person.
        let school = json!({"code": "gakko", "name": "見本学校", "kana": "ミホンガッコウ", "class": "school", "active_from": "2026-04-01"});
        let school = admin.post("/api/v1/agencies", &school).ok();
        assert_eq!((&school["confirmed"], &school["pending"]), (&json!(true), &Value::Null));
        // An import from a table does not avoid the second person either.
        let csv = "code,name,kana,class,active_from\nhyo,見本 表の課,ミホンヒョウノカ,ward,2026-04-01\n";
        let headers = [("content-type", "text/csv"), ("idempotency-key", "table")];
        admin.raw("POST", "/api/v1/agencies/import", &headers, Some(csv.as_bytes())).ok();
        assert_eq!(shown(&service, "hyo")["confirmed"], json!(false));
    }

    fn the_trail_shows_before_and_after_and_no_mailbox(service) {
        let old = shown(&service, "hoken");
        let successor = service.agency("nozei");
        change(&service, "hoken", |agency| {
            agency["mailbox"] = json!("mihon.hanako@example.jp");
            agency["name"] = json!("見本 保健所");
            agency["successor_id"] = json!(successor);
            agency["active_until"] = json!("2027-03-31");
        })
        .ok();
        change(&service, "hoken", |agency| agency["mailbox"] = old["mailbox"].clone()).ok();
        confirmed(&service, old["id"].as_str().unwrap());
        let ended = &told(&service, "agency.change_confirmed")[0];
        assert_eq!((&ended["successor_id"], &ended["successor_id_before"]), (&json!(successor), &Value::Null));
        assert_eq!((&ended["active_until"], &ended["active_until_before"]), (&json!("2027-03-31"), &Value::Null));
        let events = told(&service, "agency.changed");
        let [there, back] = events.as_slice() else { panic!("{events:?}") };
        for field in ["mailbox", "name"] {
            let (before, after) = (&there[format!("{field}_before")], &there[field]);
            assert!(before.is_string() && after.is_string() && before != after, "{field}: {there}");
        }
        // The same mailbox gives the same commitment: a person who knows a mailbox can show that it was this one.
        assert_eq!((&back["mailbox"], &back["mailbox_before"]), (&there["mailbox_before"], &there["mailbox"]));
        assert!(back.get("name").is_none() && back.get("phone_before").is_none(), "{back}");
        let export = service.audit_export();
        assert!(!export.contains("mihon.hanako") && !export.contains("保健所"), "{export}");
    }

    fn a_mail_that_is_given_up_stands_with_its_agency_until_the_mailbox_is_another(service) {
        let clerk = service.login("madoguchi");
        change(&service, "hoken", |agency| agency["mailbox"] = Value::Null).ok();
        let to = service.agency("hoken");
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        assert_eq!(shown(&service, "hoken")["mail_failed_at"], Value::Null);
        service.send_mail();
        assert_eq!(shown(&service, "hoken")["mail_failed_at"], json!(service.now()));
        // A change of another field does not clear the failure; a new mailbox does.
        let phone = change(&service, "hoken", |agency| agency["phone"] = json!("03-0000-4444")).ok();
        assert_eq!(phone["mail_failed_at"], json!(service.now()));
        let mended = change(&service, "hoken", |agency| agency["mailbox"] = json!("hoken@example.jp")).ok();
        assert_eq!(mended["mail_failed_at"], Value::Null);
    }

    fn a_mailbox_that_no_mail_can_be_addressed_to_is_refused(service) {
        let long = format!("{}@example.jp", "a".repeat(65));
        for mailbox in [
            "見本@example.jp", "mihon@例え.jp", "mihon..hanako@example.jp", ".mihon@example.jp", "mihon.@example.jp", "mihon@-example.jp",
            "mihon@example..jp", "mihon@localhost", "mihon @example.jp", "\"mi hon\"@example.jp", "mihon@[192.0.2.1]", "mihon", "@example.jp", &long,
        ] {
            let refused = change(&service, "hoken", |agency| agency["mailbox"] = json!(mailbox));
            assert_eq!(refused.pointers(422, "invalid-input"), ["/mailbox"], "{mailbox}");
        }
        // An address that was accepted gets the mail.
        let clerk = service.login("madoguchi");
        let to = service.agency("hoken");
        for mailbox in ["o'hara+tsunagu@city.example.lg.jp", "a_b-c/d=e!@xn--r8jz45g.jp", "1@2.example"] {
            change(&service, "hoken", |agency| agency["mailbox"] = json!(mailbox)).ok();
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
            relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
            let mails = service.send_mail();
            assert!(mails.iter().any(|mail| mail.header("to").contains(mailbox)), "{mailbox}");
        }
    }
}
