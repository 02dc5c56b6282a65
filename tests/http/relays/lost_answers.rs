//! A client asks again for an answer that never arrived, after the content of that answer was closed: nothing is done twice, and nothing is
//! shown.

use crate::forms::{consent, consented, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

const TOLD: [&str; 2] = ["identity", "statement"];

/// くらしとしごと works on the sheet, has relayed it onward to 保健センター, and never got the 201: the origin, the onward sender, the consent,
/// the request with its key, and the lost answer.
struct Lost {
    origin: Client,
    sender: Client,
    sheet_id: String,
    consent_id: String,
    request: Value,
    answer: Answer,
}

impl Lost {
    fn new(service: &Service) -> Self {
        let (origin, sender) = (service.login("madoguchi"), service.login("kurashi"));
        let [kurashi, hoken] = ["kurashi-shigoto", "hoken"].map(|code| service.agency(code));
        let sheet_id = registered(service, &origin);
        let consent_id = consented(&origin, &sheet_id, &consent(service, &[&kurashi, &hoken], &TOLD));
        let first = relay(&origin, &sheet_id, &consent_id, &kurashi, &TOLD, None).ok();
        moved(&sender, &first, "accept", &json!({}));
        let mut request = json!({
            "to_agency_id": hoken, "sections": TOLD, "purpose": "support_referral", "parent_relay_id": first["id"],
            "basis": {"consent_id": consent_id}
        });
        let preview = sender.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &request).ok();
        let more = json!({
            "request": "依頼のしるし", "urgency": "normal", "handover": "phoned", "disclosure_digest": preview["disclosure_digest"]
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = sender.post_with_key(&format!("/api/v1/sheets/{sheet_id}/relays"), &request, "onward-1");
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(answer.text.contains("仕事を見つけたい。"));
        Self { origin, sender, sheet_id, consent_id, request, answer }
    }

    fn again(&self, request: &Value) -> Answer {
        self.sender.post_with_key(&format!("/api/v1/sheets/{}/relays", self.sheet_id), request, "onward-1")
    }

    /// Demands the same answer without content, and that there is one relay only.
    fn is_told_without_content(&self, service: &Service) {
        let before = service.audit_kinds(&self.sheet_id);
        let again = self.again(&self.request);
        assert_eq!((again.status, again.header("idempotent-replayed").as_str()), (201, "true"), "{}", again.text);
        assert_eq!(again.header("location"), self.answer.header("location"));
        let (then, now) = (self.answer.json(), again.json());
        assert_eq!((&now["id"], &now["state"], &now["sections"]), (&then["id"], &then["state"], &then["sections"]));
        assert_eq!((&now["content"], &now["request"]), (&Value::Null, &Value::Null));
        assert!(!again.text.contains("仕事を見つけたい。") && !again.text.contains("しるし"), "{}", again.text);
        assert_eq!(service.audit_kinds(&self.sheet_id), before, "nothing was done and nothing was read");
        let sent = before.iter().filter(|kind| *kind == "relay.sent").count();
        assert_eq!(sent, 2);
        // The key stands for that request only.
        let mut other = self.request.clone();
        other["request"] = json!("別のしるし");
        self.again(&other).problem(422, "idempotency-key-reused");
    }
}

on_both! {
    fn after_a_withdrawal_of_one_section_nothing_is_relayed_twice(service) {
        let lost = Lost::new(&service);
        let withdrawal = json!({"by": "self", "method": "oral", "sections": ["statement"]});
        lost.origin.post(&format!("/api/v1/consents/{}/withdrawal", lost.consent_id), &withdrawal).ok();
        lost.is_told_without_content(&service);
    }

    fn after_a_withdrawal_of_everything_it_is_still_known(service) {
        let lost = Lost::new(&service);
        lost.origin.post(&format!("/api/v1/consents/{}/withdrawal", lost.consent_id), &json!({"by": "self", "method": "oral"})).ok();
        lost.is_told_without_content(&service);
    }

    fn who_declined_and_asks_again_declined_once(service) {
        let lost = Lost::new(&service);
        let hoken = service.login("hoken");
        let onward = lost.answer.json();
        let path = format!("{}/receive", relay_path(&onward));
        let headers = [("content-type", "application/json"), ("idempotency-key", "receive-1"), ("if-match", "\"1\"")];
        let receive = || hoken.raw("POST", &path, &headers, Some(b"{}"));
        assert!(receive().ok()["content"]["statement"].is_object());
        moved(&hoken, &onward, "decline", &json!({"reason": "no_capacity"}));
        let again = receive();
        assert_eq!((again.status, again.header("idempotent-replayed").as_str()), (200, "true"), "{}", again.text);
        assert_eq!((&again.json()["content"], &again.json()["state"]), (&Value::Null, &json!("received")));
        // The sender's own answer does not change by that.
        assert!(lost.again(&lost.request).text.contains("仕事を見つけたい。"));
    }
}
