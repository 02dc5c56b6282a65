//! An amendment tells more or less of the sheet under a relay that was sent before.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

/// An accepted relay of the name, under a consent to the name and the statement.
struct Case {
    counter: Client,
    receiver: Client,
    sheet_id: String,
    consent_id: String,
    relay: Value,
}

impl Case {
    fn new(service: &Service) -> Self {
        let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(service, &counter);
        let consent_id = consented(&counter, &sheet_id, &consent(service, &[&to], &["identity", "statement"]));
        let relay = relay(&counter, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        moved(&receiver, &relay, "accept", &json!({}));
        service.send_mail();
        Self { counter, receiver, sheet_id, consent_id, relay }
    }

    fn preview(&self, sections: &[&str]) -> Value {
        let path = format!("{}/amend/preview", relay_path(&self.relay));
        self.counter.post(&path, &json!({"sections": sections, "basis": {"consent_id": self.consent_id}})).ok()
    }

    fn amend(&self, sections: &[&str], digest: &Value) -> Answer {
        let now = self.counter.get(&relay_path(&self.relay)).ok();
        let body = json!({"sections": sections, "basis": {"consent_id": self.consent_id}, "disclosure_digest": digest});
        self.counter.step(&format!("{}/amend", relay_path(&self.relay)), &body, &etag(&now))
    }

    fn seen(&self) -> Vec<String> {
        let sheet = self.receiver.get(&format!("/api/v1/sheets/{}", self.sheet_id)).ok();
        sheet["content"].as_object().unwrap().keys().cloned().collect()
    }
}

on_both! {
    fn more_goes_and_less_goes_at_once(service) {
        let case = Case::new(&service);
        assert_eq!(case.seen(), ["identity"]);
        let preview = case.preview(&["identity", "statement"]);
        assert_eq!(preview["disclosure"]["statement"]["wish"], "仕事を見つけたい。");
        case.amend(&["identity", "statement"], &json!("0")).problem(409, "preview-outdated");
        assert_eq!(case.seen(), ["identity"]);
        let amended = case.amend(&["identity", "statement"], &preview["disclosure_digest"]).ok();
        assert_eq!((&amended["state"], &amended["sections"]), (&json!("accepted"), &json!(["identity", "statement"])));
        assert_eq!(case.seen(), ["identity", "statement"]);
        assert_eq!(case.receiver.get(&relay_path(&case.relay)).ok()["content"]["statement"]["wish"], "仕事を見つけたい。");
        let mails = service.send_mail();
        assert!(mails.len() == 1 && mails[0].header("to").contains("kurashi-shigoto@"));
        assert!(!mails[0].text().contains("statement"));

        assert_eq!(case.amend(&["identity", "statement"], &preview["disclosure_digest"]).pointers(422, "invalid-input"), ["/sections"]);
        let less = case.preview(&["statement"]);
        case.amend(&["statement"], &less["disclosure_digest"]).ok();
        assert_eq!(case.seen(), ["statement"]);
        let events = service.audit_export();
        let amendments: Vec<&str> = events.lines().filter(|line| line.contains("relay.amended")).collect();
        assert_eq!(amendments.len(), 2);
        assert!(amendments[1].contains(r#"\"sections\":[\"statement\"],\"sections_before\":[\"identity\",\"statement\"]"#), "{}", amendments[1]);
    }

    fn an_amendment_passes_the_gate_again(service) {
        let case = Case::new(&service);
        let preview = case.preview(&["identity", "arrears"]);
        assert_eq!((&preview["allowed"], &preview["disclosure"]), (&json!(false), &Value::Null));
        let digest = &preview["disclosure_digest"];
        assert_eq!(case.amend(&["identity", "arrears"], digest).clauses(), ["section_not_covered"]);
        // An amendment does not bring back what the person has taken back.
        let withdrawal = json!({"by": "self", "method": "oral", "sections": ["statement"]});
        case.counter.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &withdrawal).ok();
        let digest = case.preview(&["identity", "statement"])["disclosure_digest"].clone();
        assert_eq!(case.amend(&["identity", "statement"], &digest).clauses(), ["withdrawn"]);
        assert_eq!(case.seen(), ["identity"]);
    }

    fn what_waits_is_not_narrowed_to_what_was_taken_back(service) {
        let mut case = Case::new(&service);
        let to = service.agency("kurashi-shigoto");
        case.relay = relay(&case.counter, &case.sheet_id, &case.consent_id, &to, &["identity", "statement"], None).ok();
        let withdrawal = json!({"by": "self", "method": "oral", "sections": ["statement"]});
        case.counter.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &withdrawal).ok();
        let digest = case.preview(&["statement"])["disclosure_digest"].clone();
        assert_eq!(case.amend(&["statement"], &digest).pointers(422, "invalid-input"), ["/sections"]);
        let digest = case.preview(&["identity"])["disclosure_digest"].clone();
        let narrowed = case.amend(&["identity"], &digest).ok();
        assert_eq!((&narrowed["state"], &narrowed["sections"]), (&json!("sent"), &json!(["identity"])));
    }

    fn only_the_sender_amends_and_only_what_is_not_over(service) {
        let case = Case::new(&service);
        let path = relay_path(&case.relay);
        let asked = json!({"sections": ["identity", "statement"], "basis": {"consent_id": case.consent_id}});
        case.receiver.post(&format!("{path}/amend/preview"), &asked).problem(403, "forbidden");
        service.login("hoken").post(&format!("{path}/amend/preview"), &asked).problem(404, "not-found");
        moved(&case.receiver, &case.relay, "report", &json!({"result": "advice_given"}));
        moved(&case.counter, &case.relay, "confirm", &json!({}));
        case.counter.post(&format!("{path}/amend/preview"), &asked).problem(409, "invalid-transition");
    }

    fn kept_answers_of_the_receiver_lose_what_is_not_told_any_more(service) {
        let case = Case::new(&service);
        let preview = case.preview(&["identity", "statement"]);
        case.amend(&["identity", "statement"], &preview["disclosure_digest"]).ok();
        let now = etag(&case.receiver.get(&relay_path(&case.relay)).ok());
        let headers = [("content-type", "application/json"), ("idempotency-key", "report-1"), ("if-match", now.as_str())];
        let path = format!("{}/report", relay_path(&case.relay));
        let report = || case.receiver.raw("POST", &path, &headers, Some(br#"{"result":"advice_given"}"#));
        assert!(report().ok()["content"]["statement"].is_object());
        let less = case.preview(&["identity"]);
        case.amend(&["identity"], &less["disclosure_digest"]).ok();
        assert!(!report().text.contains("仕事を見つけたい。"));
    }
}
