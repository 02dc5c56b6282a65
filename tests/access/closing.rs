//! After a withdrawal, a decline, a return or a cancellation the recipient's access ends at once, in every way by which content could come,
//! including an earlier POST that is sent again under its Idempotency-Key.

use crate::forms::{consented, etag, id, moved, relay_path};
use crate::told::{entry, marked, marked_consent, sent, shown};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

/// A relay that its receiver, くらしとしごとの相談センター, has opened, and the requests by which it did.
struct Opened {
    origin: Client,
    receiver: Client,
    sheet_id: String,
    consent_id: String,
    relay: Value,
    posts: Vec<Post>,
}

/// A POST that was answered with content.
struct Post {
    path: String,
    body: Value,
    etag: String,
    key: &'static str,
}

impl Post {
    fn send(&self, client: &Client) -> Answer {
        let headers =
            [("content-type", "application/json"), ("idempotency-key", self.key), ("if-match", self.etag.as_str())];
        client.raw("POST", &self.path, &headers, Some(self.body.to_string().as_bytes()))
    }
}

impl Opened {
    fn new(service: &Service) -> Self {
        let (origin, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = id(origin.post("/api/v1/sheets", &marked(service)));
        let consent_id = consented(&origin, &sheet_id, &marked_consent(service, &[&to]));
        origin.post(&format!("/api/v1/sheets/{sheet_id}/entries"), &entry(service)).ok();
        let relay = sent(&origin, &sheet_id, &consent_id, &to);
        let mut opened = Self { origin, receiver, sheet_id, consent_id, relay, posts: Vec::new() };
        opened.step("receive", "opened-1");
        opened
    }

    /// A move of the receiver. Its answer shows content, both now and when it is sent again.
    fn step(&mut self, name: &str, key: &'static str) {
        let now = self.receiver.get(&relay_path(&self.relay)).ok();
        let post = Post { path: format!("{}/{name}", relay_path(&self.relay)), body: json!({}), etag: etag(&now), key };
        for replayed in ["", "true"] {
            let answer = post.send(&self.receiver);
            assert_eq!(answer.header("idempotent-replayed"), replayed, "{}", answer.text);
            assert!(shown(&answer.ok().to_string()).contains(&"印藤"));
        }
        self.posts.push(post);
    }

    /// Demands that nothing that was told about the person comes to the receiver in any way. Words that it wrote itself may come.
    #[track_caller]
    fn shows_nothing_more(&self, own_words: &[&str]) {
        let sheet = format!("/api/v1/sheets/{}", self.sheet_id);
        let relay = relay_path(&self.relay);
        let below = ["", "/entries", "/timeline", "/consents", "/revisions/1"].map(|below| format!("{sheet}{below}"));
        let lists = ["/api/v1/sheets", "/api/v1/sheets?topic=03", "/api/v1/relays", "/api/v1/relays?box=outbox"];
        let gets = below.into_iter().chain([relay.clone()]).chain(lists.map(str::to_owned));
        let mut answers: Vec<(String, Answer)> = gets.map(|path| (path.clone(), self.receiver.get(&path))).collect();
        for post in &self.posts {
            answers.push((format!("{} again", post.path), post.send(&self.receiver)));
        }
        for (path, answer) in answers {
            // How the consent was given is no content: an agency that works on the sheet may know it.
            let may = |marker: &&str| {
                own_words.contains(marker) || (path.ends_with("/consents") && *marker == "判断能力のしるし")
            };
            let shown: Vec<_> = shown(&answer.text).into_iter().filter(|marker| !may(marker)).collect();
            assert!(shown.is_empty(), "{path} shows {shown:?}: {} {}", answer.status, answer.text);
        }
        for search in [json!({"kana_prefix": "インドウ"}), json!({"birth_date": "1971-03-09"})] {
            let found = self.receiver.post("/api/v1/sheets/search", &search).ok();
            assert_eq!(found["items"], json!([]), "{search}");
        }
        assert_eq!(self.receiver.get("/api/v1/sheets?topic=03").ok()["items"], json!([]));
        let seen = self.receiver.get(&relay).ok();
        let content = seen["content"].as_object().map(|content| content.len());
        assert_eq!(content.unwrap_or(0), 0, "{seen}");
    }

    /// Demands that the receiver cannot reach the sheet at all.
    #[track_caller]
    fn is_gone(&self) {
        let sheet = format!("/api/v1/sheets/{}", self.sheet_id);
        for below in ["", "/entries", "/timeline", "/consents", "/revisions/1"] {
            self.receiver.get(&format!("{sheet}{below}")).problem(404, "not-found");
        }
        self.receiver
            .post(
                &format!("{sheet}/entries"),
                &json!({"occurred_at": "2026-11-20T11:00:00+09:00", "method": "phone",
            "text": "試験", "section": "statement"}),
            )
            .problem(404, "not-found");
        self.receiver.get(&format!("/api/v1/consents/{}", self.consent_id)).problem(404, "not-found");
        assert_eq!(self.receiver.get("/api/v1/sheets").ok()["items"], json!([]));
        let number = self.origin.get(&sheet).ok()["number"].clone();
        assert_eq!(self.receiver.post("/api/v1/sheets/search", &json!({"number": number})).ok()["items"], json!([]));
    }

    /// Demands that the sender still sees what it sent, and can send its own POSTs again.
    #[track_caller]
    fn stays_with_the_origin(&self) {
        let sheet = self.origin.get(&format!("/api/v1/sheets/{}", self.sheet_id)).ok();
        assert_eq!(sheet["content"]["identity"]["family_name"], "印藤");
    }

    fn withdraw(&self, body: Value) {
        self.origin.post(&format!("/api/v1/consents/{}/withdrawal", self.consent_id), &body).ok();
    }
}

on_both! {
    fn a_withdrawal_closes_what_had_been_accepted(service) {
        let mut opened = Opened::new(&service);
        opened.step("accept", "accepted-1");
        let sheet_path = format!("/api/v1/sheets/{}", opened.sheet_id);
        assert_eq!(shown(&opened.receiver.get(&format!("{sheet_path}/entries")).text), ["経過のしるし"]);
        opened.withdraw(json!({"by": "self", "method": "oral"}));
        opened.shows_nothing_more(&[]);
        let sheet = opened.receiver.get(&sheet_path).ok();
        assert_eq!((&sheet["content"], &sheet["visitor"]), (&json!({}), &Value::Null), "{sheet}");
        assert_eq!(sheet["withheld"].as_array().unwrap().len(), 14, "{sheet}");
        assert!(opened.receiver.get(&relay_path(&opened.relay)).ok()["request"].is_null());
        opened.stays_with_the_origin();
    }

    fn a_withdrawal_halts_what_had_been_opened(service) {
        let opened = Opened::new(&service);
        opened.withdraw(json!({"by": "self", "method": "phone"}));
        assert_eq!(opened.receiver.get(&relay_path(&opened.relay)).ok()["state"], "halted");
        opened.shows_nothing_more(&[]);
        opened.is_gone();
        opened.stays_with_the_origin();
    }

    fn a_withdrawal_of_sections_closes_these_and_no_others(service) {
        let mut opened = Opened::new(&service);
        opened.step("accept", "accepted-1");
        opened.withdraw(json!({"by": "self", "method": "oral", "sections": ["identity", "contact", "address"]}));
        let sheet = opened.receiver.get(&format!("/api/v1/sheets/{}", opened.sheet_id)).ok();
        assert_eq!(shown(&sheet.to_string()), ["話した言葉のしるし", "願いのしるし"]);
        for post in &opened.posts {
            let again = post.send(&opened.receiver);
            assert!(!shown(&again.text).contains(&"印藤"), "{}", again.text);
        }
        for search in [json!({"kana_prefix": "インドウ"}), json!({"birth_date": "1971-03-09"})] {
            assert_eq!(opened.receiver.post("/api/v1/sheets/search", &search).ok()["items"], json!([]));
        }
    }

    fn who_declines_sees_no_more(service) {
        let opened = Opened::new(&service);
        moved(&opened.receiver, &opened.relay, "decline", &json!({"reason": "no_capacity", "note": "辞退のしるし"}));
        opened.shows_nothing_more(&["辞退のしるし"]);
        opened.is_gone();
        opened.stays_with_the_origin();
    }

    fn who_returns_sees_the_request_and_no_more(service) {
        let opened = Opened::new(&service);
        moved(&opened.receiver, &opened.relay, "return", &json!({"missing": ["電話"], "note": "辞退のしるし"}));
        opened.shows_nothing_more(&["辞退のしるし", "依頼のしるし"]);
        opened.is_gone();
        opened.stays_with_the_origin();
    }

    fn a_cancelled_relay_shows_no_more(service) {
        let opened = Opened::new(&service);
        moved(&opened.origin, &opened.relay, "cancel", &json!({"reason": "試験のため"}));
        opened.shows_nothing_more(&[]);
        opened.is_gone();
        opened.stays_with_the_origin();
    }

    fn a_sheet_that_is_voided_shows_no_more(service) {
        let mut opened = Opened::new(&service);
        opened.step("accept", "accepted-1");
        let sheet_path = format!("/api/v1/sheets/{}", opened.sheet_id);
        let now = etag(&opened.origin.get(&sheet_path).ok());
        service.login("kacho").step(&format!("{sheet_path}/void"), &json!({"reason": "誤登録のため"}), &now).ok();
        opened.shows_nothing_more(&[]);
        opened.receiver.get(&sheet_path).problem(404, "not-found");
    }

    fn an_address_that_becomes_secret_is_not_shown_again(service) {
        let mut opened = Opened::new(&service);
        opened.step("accept", "accepted-1");
        let sheet_path = format!("/api/v1/sheets/{}", opened.sheet_id);
        assert!(shown(&opened.receiver.get(&sheet_path).text).contains(&"秘密区番地町九丁目"));
        let mut secret = marked(&service);
        secret["address_secret"] = json!("dv_measure");
        let now = etag(&opened.origin.get(&sheet_path).ok());
        opened.origin.put(&sheet_path, &secret, &now).ok();
        let relay = opened.receiver.get(&relay_path(&opened.relay));
        let answers = [opened.receiver.get(&sheet_path), relay].into_iter().chain(opened.posts.iter().map(|post| post.send(&opened.receiver)));
        for answer in answers {
            assert!(!shown(&answer.text).contains(&"秘密区番地町九丁目"), "{}", answer.text);
        }
    }

    fn a_decline_leaves_the_answers_of_other_recipients(service) {
        let mut opened = Opened::new(&service);
        opened.step("accept", "accepted-1");
        let hoken = service.agency("hoken");
        let both = [service.agency("kurashi-shigoto"), hoken.clone()];
        let consent = marked_consent(&service, &[&both[0], &both[1]]);
        let consent_id = consented(&opened.origin, &opened.sheet_id, &consent);
        let other = sent(&opened.origin, &opened.sheet_id, &consent_id, &hoken);
        moved(&service.login("hoken"), &other, "decline", &json!({"reason": "no_capacity"}));
        for post in &opened.posts {
            assert_eq!(post.send(&opened.receiver).header("idempotent-replayed"), "true", "{}", post.path);
        }
    }
}
