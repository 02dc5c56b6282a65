//! After a refusal or a narrower version an earlier receiver keeps what it could see then. Everything that is written later is withheld, and
//! a task asks whether the sharing should stop.

use crate::forms::{consent, consented, etag, id, moved, registered, relay, relay_path, sheet};
use crate::probe::{ids, with};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const SECTIONS: [&str; 5] = ["identity", "contact", "topics", "statement", "history"];

/// A sheet that くらしとしごと has accepted.
struct Case {
    origin: Client,
    reader: Client,
    to: String,
    sheet: String,
    path: String,
    consent_id: String,
    relay: Value,
}

impl Case {
    fn new(service: &Service) -> Self {
        let (origin, reader) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet = registered(service, &origin);
        let consent_id = consented(&origin, &sheet, &consent(service, &[&to], &SECTIONS));
        let relay = relay(&origin, &sheet, &consent_id, &to, &SECTIONS, None).ok();
        moved(&reader, &relay, "accept", &json!({}));
        let path = format!("/api/v1/sheets/{sheet}");
        let case = Self { origin, reader, to, sheet, path, consent_id, relay };
        case.write(service, "前の経過");
        service.advance_seconds(60);
        case
    }

    fn write(&self, service: &Service, text: &str) {
        let entry = json!({"occurred_at": service.now(), "method": "phone", "text": text, "section": "statement"});
        id(self.origin.post(&format!("{}/entries", self.path), &entry));
    }

    fn decide(&self, service: &Service, form: &Value) -> Value {
        let given = self.origin.post(&format!("{}/consents", self.path), form).ok();
        service.advance_seconds(60);
        given
    }

    fn refuse(&self, service: &Service) -> Value {
        self.decide(service, &with(&consent(service, &[], &[]), "/decision", json!("refused")))
    }

    fn seen(&self) -> Value {
        self.reader.get(&self.path).ok()
    }

    fn entries(&self) -> Vec<String> {
        let list = self.reader.get(&format!("{}/entries", self.path)).ok();
        list["items"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes every section of the sheet anew.
    fn rewrite(&self, service: &Service) {
        let now = self.origin.get(&self.path).ok();
        let mut new = sheet(service);
        for (pointer, value) in [
            ("/received_at", now["received_at"].clone()),
            ("/content/identity/family_name", json!("改姓")),
            ("/content/identity/kana_family", json!("カイセイ")),
            ("/content/contact/phones/0/number", json!("090-1111-1111")),
            ("/content/topics/codes", json!(["13"])),
            ("/content/topics/main", json!("13")),
            ("/content/statement/wish", json!("あとから書いた希望")),
        ] {
            new = with(&new, pointer, value);
        }
        self.origin.put(&self.path, &new, &etag(&now)).ok();
        self.write(service, "あとの経過");
        service.advance_seconds(60);
    }

    /// Its tasks about the sharing.
    fn tasks(&self) -> Vec<Value> {
        let list = self.origin.get("/api/v1/tasks?kind=consent_narrowed").ok();
        list["items"].as_array().unwrap().clone()
    }

    fn found(&self, kana: &str) -> usize {
        ids(&self.reader.post("/api/v1/sheets/search", &json!({"kana_prefix": kana})).ok()).len()
    }
}

/// The sections in which later words are withheld.
fn narrowed(thing: &Value) -> Vec<&str> {
    let withheld = thing["withheld"].as_array().unwrap().iter();
    let narrowed = withheld.filter(|it| it["code"] == "consent_narrowed");
    narrowed
        .map(|it| {
            assert_eq!(it["reason"], "同意の縮小(その後の記載)");
            it["section"].as_str().unwrap()
        })
        .collect()
}

on_both! {
    fn after_a_refusal_an_earlier_receiver_keeps_what_it_could_see(service) {
        let case = Case::new(&service);
        let before = case.seen();
        assert_eq!((narrowed(&before), case.entries()), (vec![], vec!["前の経過".to_owned()]));
        case.refuse(&service);
        let then = case.seen();
        // Nothing is gone. The answer says at once that later words will be withheld, whether there are any or not.
        assert_eq!(then["content"], before["content"]);
        assert_eq!(narrowed(&then), ["identity", "contact", "topics", "statement", "history"]);
        assert_eq!((&then["path"], &before["path"].is_object()), (&Value::Null, &true));
        assert_ne!(etag(&then), etag(&before));
        let relay = case.reader.get(&relay_path(&case.relay)).ok();
        assert_eq!(narrowed(&relay), narrowed(&then));
        // Later words leave no trace: not in the text, a number, an instant, the entries or a list.
        let since = service.now().replace('+', "%2B");
        case.rewrite(&service);
        let again = consented(&case.origin, &case.sheet, &consent(&service, &[&service.agency("hoken")], &["identity"]));
        crate::forms::relay(&case.origin, &case.sheet, &again, &service.agency("hoken"), &["identity"], None).ok();
        let now = case.seen();
        let (mut but, mut was) = (now.clone(), then.clone());
        for of_the_whole in ["state", "consent_state", "revision", "updated_at"] {
            but[of_the_whole] = Value::Null;
            was[of_the_whole] = Value::Null;
        }
        assert_eq!(but, was);
        assert_eq!(now["content_revision"], then["content_revision"]);
        assert_eq!(case.reader.get(&relay_path(&case.relay)).ok(), relay);
        let moved = case.reader.get(&format!("/api/v1/relays?updated_since={since}")).ok();
        assert_eq!(ids(&moved), [""; 0]);
        assert_eq!(case.entries(), ["前の経過"]);
        let mails = service.send_mail();
        assert!(!mails.iter().any(|mail| mail.header("to").contains("kurashi") && mail.text().contains("直されて")));
        // A search finds the sheet neither by the present words nor by the earlier ones.
        assert_eq!((case.found("カイセイ"), case.found("ミホン")), (0, 0));
        for topic in ["13", "03"] {
            assert_eq!(ids(&case.reader.get(&format!("/api/v1/sheets?topic={topic}")).ok()), [""; 0]);
        }
        assert_eq!(ids(&case.reader.get("/api/v1/sheets").ok()), [case.sheet.as_str()]);
        // The receiver still sees what it writes itself.
        let entry = json!({"occurred_at": service.now(), "method": "phone", "text": "自分の経過", "section": "statement"});
        id(case.reader.post(&format!("{}/entries", case.path), &entry));
        assert_eq!(case.entries(), ["自分の経過", "前の経過"]);
    }

    fn a_narrower_version_keeps_back_only_what_it_does_not_allow_and_a_wider_one_ends_that(service) {
        let case = Case::new(&service);
        case.decide(&service, &consent(&service, &[&case.to], &["identity", "topics", "contact"]));
        assert_eq!(narrowed(&case.seen()), ["statement", "history"]);
        case.rewrite(&service);
        let now = case.seen();
        assert_eq!(now["content"]["identity"]["family_name"], "改姓");
        assert_ne!(now["content"]["statement"]["wish"], "あとから書いた希望");
        assert_eq!(case.found("カイセイ"), 1);
        // The receiver cannot pass on what is withheld from it, whatever the newest version allows others.
        let third = service.agency("hoken");
        case.decide(&service, &consent(&service, &[&third], &SECTIONS));
        let parent = case.relay["id"].as_str().unwrap();
        let asked = json!({
            "to_agency_id": third, "sections": ["statement"], "purpose": "support_referral", "parent_relay_id": parent
        });
        let preview = case.reader.post(&format!("{}/relays/preview", case.path), &asked).ok();
        assert_eq!((&preview["allowed"], &preview["disclosure"]), (&json!(false), &Value::Null), "{preview}");
        assert!(!preview.to_string().contains("あとから書いた希望"));
        // A version that is as wide as the first.
        let before = case.seen();
        case.decide(&service, &consent(&service, &[&case.to], &SECTIONS));
        let wide = case.seen();
        assert_eq!((narrowed(&wide), &wide["content"]["statement"]["wish"]), (vec![], &json!("あとから書いた希望")));
        assert_ne!(etag(&wide), etag(&before));
        assert_eq!(wide["content_revision"], case.origin.get(&case.path).ok()["content_revision"]);
        assert_eq!(case.entries(), ["あとの経過", "前の経過"]);
    }

    fn a_task_asks_whether_the_sharing_is_to_be_stopped(service) {
        let case = Case::new(&service);
        assert_eq!(case.tasks(), [json!(null); 0]);
        let refusal = case.refuse(&service);
        assert_eq!(refusal["still_told"], json!([case.to]));
        let tasks = case.tasks();
        assert_eq!((tasks.len(), &tasks[0]["consent_id"], &tasks[0]["sheet_id"]), (1, &refusal["id"], &json!(case.sheet)));
        // The person decides to keep the sharing.
        let path = format!("/api/v1/consents/{}/keep-sharing", refusal["id"].as_str().unwrap());
        case.reader.post(&path, &json!({})).problem(403, "forbidden");
        let kept = case.origin.post(&path, &json!({})).ok();
        assert_eq!((&kept["still_told"], kept["sharing_kept_at"].is_string()), (&json!([case.to]), true));
        assert_eq!(case.tasks(), [json!(null); 0]);
        case.origin.post(&path, &json!({})).problem(409, "invalid-transition");
        assert_eq!(service.audit_kinds(&case.sheet).iter().filter(|kind| *kind == "consent.sharing_kept").count(), 1);
        assert!(case.seen()["content"]["statement"].is_object());
        // A new refusal asks the question again, and a withdrawal answers it.
        service.advance_seconds(60);
        case.refuse(&service);
        assert_eq!(case.tasks().len(), 1);
        let withdrawal = json!({"by": "self", "method": "oral", "agency_ids": [case.to]});
        case.origin.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &withdrawal).ok();
        assert_eq!(case.tasks(), [json!(null); 0]);
        assert_eq!(case.seen()["content"], json!({}));
    }
}
