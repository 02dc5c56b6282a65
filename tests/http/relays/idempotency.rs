use crate::forms::{consent, consented, registered, relay_path};
use crate::probe::{Eye, agencies, ids, relay_body};
use serde_json::{Value, json};
use tests::{Client, on_both};

/// A body that can be sent, with the digest of a preview.
fn previewed(clerk: &Client, sheet_id: &str, consent_id: &str, to: &str) -> Value {
    let ask = json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral", "basis": {"consent_id": consent_id}});
    let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &ask).ok();
    relay_body(to, consent_id, &["identity"], &preview["disclosure_digest"])
}

on_both! {
    fn eight_at_once_with_one_key_send_one_relay_and_one_mail(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let body = previewed(&clerk, &sheet_id, &consent_id, &to);
        let path = format!("/api/v1/sheets/{sheet_id}/relays");
        let answers = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| clerk.post_with_key(&path, &body, "one"))).collect();
            senders.into_iter().map(|s| s.join().unwrap()).collect::<Vec<_>>()
        });
        for answer in &answers {
            assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
        }
        assert_eq!(answers.iter().filter(|a| a.header("idempotent-replayed") == "true").count(), 7);
        assert_eq!(ids(&kurashi.get("/api/v1/relays").ok()).len(), 1);
        let events = Eye::of(&service).events();
        assert_eq!(events.iter().filter(|e| e.starts_with("relay.sent")).count(), 1);
        let mails = service.send_mail();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].header("to").contains("kurashi-shigoto@"));
        // A move under one key has one effect, and is replayed although the revision has moved on.
        let relay = answers[0].json();
        let path = format!("{}/accept", relay_path(&relay));
        let headers = [("content-type", "application/json"), ("idempotency-key", "accept"), ("if-match", "\"1\"")];
        let moves = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| kurashi.raw("POST", &path, &headers, Some(b"{}")))).collect();
            senders.into_iter().map(|s| s.join().unwrap()).collect::<Vec<_>>()
        });
        for answer in &moves {
            assert_eq!((answer.status, &answer.text), (200, &moves[0].text));
        }
        assert_eq!(moves.iter().filter(|a| a.header("idempotent-replayed") == "true").count(), 7);
        assert_eq!(service.send_mail().len(), 1);
        // The same key from the sender's clerk is another key, so the request is judged anew and refused.
        clerk.raw("POST", &path, &headers, Some(b"{}")).problem(403, "forbidden");
    }

    fn an_answer_is_replayed_without_its_content_after_a_withdrawal(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let sent = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays"), &previewed(&clerk, &sheet_id, &consent_id, &to)).ok();
        let path = format!("{}/receive", relay_path(&sent));
        let headers = [("content-type", "application/json"), ("idempotency-key", "open"), ("if-match", "\"1\"")];
        assert!(kurashi.raw("POST", &path, &headers, Some(b"{}")).text.contains("見本"));
        assert!(kurashi.raw("POST", &path, &headers, Some(b"{}")).text.contains("見本"));
        clerk.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        let again = kurashi.raw("POST", &path, &headers, Some(b"{}"));
        // The key is still known: the replay has status and location, but nothing of the content.
        assert!(!again.text.contains("見本"), "{}", again.text);
        assert_eq!((again.status, again.header("idempotent-replayed").as_str()), (200, "true"));
        let again = again.json();
        assert_eq!((&again["content"], &again["request"], &again["id"]), (&json!(null), &json!(null), &sent["id"]));
    }
}
