//! What closes later: replays, words, the records of consents, voided sheets, agreements that ended.

use crate::forms::{consent, consented, etag, id, moved, registered, relay, relay_path, sheet};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const SECTIONS: [&str; 2] = ["identity", "statement"];

/// A relay from the counter to くらしとしごと, with the clients of both.
fn sent(service: &Service) -> (Client, Client, String, Value) {
    let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
    let to = service.agency("kurashi-shigoto");
    let sheet_id = registered(service, &counter);
    let consent_id = consented(&counter, &sheet_id, &consent(service, &[&to], &SECTIONS));
    let relay = relay(&counter, &sheet_id, &consent_id, &to, &SECTIONS, None).ok();
    (counter, receiver, sheet_id, relay)
}

on_both! {
    fn a_replay_is_a_reading_and_shows_nothing_once_the_consent_has_run_out(service) {
        let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &counter);
        let mut form = consent(&service, &[&to], &SECTIONS);
        form["effective_until"] = json!("2026-11-21");
        let consent_id = consented(&counter, &sheet_id, &form);
        let relay = relay(&counter, &sheet_id, &consent_id, &to, &SECTIONS, None).ok();
        let path = format!("{}/receive", relay_path(&relay));
        let headers = [("idempotency-key", "once"), ("if-match", "\"1\""), ("content-type", "application/json")];
        let send = |client: &Client| client.raw("POST", &path, &headers, Some(b"{}"));
        let first = send(&receiver);
        assert_eq!(first.json()["content"]["identity"]["family_name"], "見本");
        let read = |service: &Service| service.audit_kinds(&sheet_id).iter().filter(|k| *k == "relay.read").count();
        let before = read(&service);
        let again = send(&receiver);
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true".to_owned(), &first.text));
        assert_eq!(read(&service), before + 1);
        // A kept answer is judged by what its reader may see, not by its age.
        service.set_clock("2026-11-21T23:59:59+09:00");
        assert_eq!(send(&service.login("kurashi")).text, first.text);
        service.set_clock("2026-11-22T00:00:00+09:00");
        let later = send(&service.login("kurashi")).ok();
        assert_eq!((&later["state"], &later["content"], &later["request"]), (&json!("received"), &Value::Null, &Value::Null));
    }

    fn a_discarded_draft_does_not_come_back_by_its_key(service) {
        let counter = service.login("madoguchi");
        let mut draft = sheet(&service);
        draft["state"] = json!("draft");
        let first = counter.post_with_key("/api/v1/sheets", &draft, "draft").ok();
        let place = format!("/api/v1/sheets/{}", first["id"].as_str().unwrap());
        assert_eq!(counter.delete(&place).status, 204);
        let second = counter.post_with_key("/api/v1/sheets", &draft, "draft");
        assert_eq!(second.header("idempotent-replayed"), "");
        assert_ne!(second.ok()["id"], first["id"]);
        counter.get(&place).problem(404, "not-found");
    }

    fn a_draft_is_not_even_the_auditors_business(service) {
        let counter = service.login("madoguchi");
        let draft = id(counter.post("/api/v1/sheets", &json!({"state": "draft"})));
        let auditor = service.login("kansa");
        auditor.get(&format!("/api/v1/sheets/{draft}")).problem(404, "not-found");
        assert_eq!(auditor.get("/api/v1/sheets").ok()["items"], json!([]));
    }

    fn a_voided_sheet_ends_what_waits_and_shows_no_words(service) {
        let (_, receiver, sheet_id, relay) = sent(&service);
        let manager = service.login("kacho");
        let path = format!("/api/v1/sheets/{sheet_id}");
        let now = manager.get(&path).ok();
        let voided = manager.step(&format!("{path}/void"), &json!({"reason": "別の人のシートだったため"}), &etag(&now)).ok();
        assert_eq!((&voided["state"], &voided["content"]), (&json!("voided"), &json!({})));
        let seen = receiver.get(&relay_path(&relay)).ok();
        assert_eq!((&seen["state"], &seen["request"], &seen["content"]), (&json!("cancelled"), &Value::Null, &Value::Null));
        assert_eq!(manager.get(&format!("{path}/entries")).ok()["items"], json!([]));
        let found = manager.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミホン"})).ok();
        assert_eq!(found["items"], json!([]));
        service.advance_seconds(60 * 24 * 3600);
        assert_eq!(service.sweep(), 0);
    }

    fn a_recipient_sees_of_consents_only_what_concerns_it(service) {
        let (counter, receiver, sheet_id, relay) = sent(&service);
        moved(&receiver, &relay, "accept", &json!({}));
        let (own, other) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
        let mut wider = consent(&service, &[&own, &other], &["identity"]);
        wider["given_by"] = json!({"kind": "legal_representative", "name": "見本 月子", "authority_document": "見本の委任状", "capacity_note": "見本の注記", "subject_intent": "agrees"});
        wider["exclusions"] = json!([service.agency("nozei")]);
        let second = consented(&counter, &sheet_id, &wider);
        let third = consented(&counter, &sheet_id, &consent(&service, &[&other], &["identity"]));

        let list = receiver.get(&format!("/api/v1/sheets/{sheet_id}/consents")).ok();
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|c| &c["id"]).collect();
        assert_eq!(ids, [&json!(third), &relay["basis"]["consent_id"]]);
        assert_eq!(list["items"][0]["recipients"]["agency_ids"], json!([]));
        receiver.get(&format!("/api/v1/consents/{second}")).problem(404, "not-found");
        let whole = counter.get(&format!("/api/v1/consents/{second}")).ok();
        assert_eq!((&whole["given_by"]["name"], whole["exclusions"].as_array().unwrap().len()), (&json!("見本 月子"), 1));
    }

    fn content_closes_on_the_day_after_an_agreement_ends(service) {
        let (admin, counter, npo) = (service.login("admin"), service.login("madoguchi"), service.login("npo"));
        let to = service.agency("npo-safetynet");
        let sheet_id = registered(&service, &counter);
        let consent_id = consented(&counter, &sheet_id, &consent(&service, &[&to], &SECTIONS));
        let relay = relay(&counter, &sheet_id, &consent_id, &to, &SECTIONS, None).ok();
        assert!(moved(&npo, &relay, "accept", &json!({}))["content"]["identity"].is_object());
        let place = format!("/api/v1/agencies/{to}");
        let mut agency = admin.get(&place).ok();
        let at = etag(&agency);
        agency["agreement"]["valid_until"] = json!("2026-11-20");
        for key in ["id", "revision"] {
            agency.as_object_mut().unwrap().remove(key);
        }
        admin.put(&place, &agency, &at).ok();
        assert!(npo.get(&relay_path(&relay)).ok()["content"]["identity"].is_object());
        service.set_clock("2026-11-21T00:00:00+09:00");
        let npo = service.login("npo");
        assert_eq!(npo.get(&relay_path(&relay)).ok()["content"], Value::Null);
        assert_eq!(npo.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["content"], json!({}));
    }

    fn a_preview_shows_the_history_that_would_go(service) {
        let (counter, _, sheet_id, first) = sent(&service);
        let to = service.agency("hoken");
        let consent_id = consented(&counter, &sheet_id, &consent(&service, &[&to], &["identity", "history"]));
        let asked = json!({
            "to_agency_id": to, "sections": ["identity", "history"], "purpose": "support_referral", "basis": {"consent_id": consent_id}
        });
        let preview = counter.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok();
        assert_eq!(preview["disclosure"]["history"][0]["relay_id"], first["id"]);
    }

    fn numbers_like_a_my_number_are_warned_of_wherever_words_are_written(service) {
        let (counter, receiver, sheet_id, relay) = sent(&service);
        let entry = json!({"occurred_at": service.now(), "method": "phone", "text": "番号は123456789018とのこと。", "section": "statement"});
        let entry = counter.post(&format!("/api/v1/sheets/{sheet_id}/entries"), &entry).ok();
        assert_eq!((&entry["warnings"][0]["pointer"], &entry["warnings"][0]["code"]), (&json!("/text"), &json!("my_number")));
        moved(&receiver, &relay, "accept", &json!({}));
        let reported = moved(&receiver, &relay, "report", &json!({"result": "other", "text": "1234 5678 9018"}));
        assert_eq!(reported["warnings"][0]["pointer"], "/report/text");
        assert_eq!(relay["warnings"], json!([]));
    }

    fn accepting_needs_no_body(service) {
        let (_, receiver, _, relay) = sent(&service);
        let headers = [("idempotency-key", "bare"), ("if-match", "\"1\"")];
        let accepted = receiver.raw("POST", &format!("{}/accept", relay_path(&relay)), &headers, None);
        assert_eq!(accepted.ok()["state"], "accepted");
    }
}
