//! A sheet moves for a reader only when what that reader sees changes. This holds for its ETag, `updated_at`, `updated_since` and the revision
//! with which If-Match is compared.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path, sheet};
use crate::probe::{ids, with};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// A sheet of which くらしとしごと was told two sections; it has accepted the relay and holds the baton.
struct Case {
    origin: Client,
    reader: Client,
    path: String,
    consent_id: String,
}

impl Case {
    fn new(service: &Service) -> Self {
        let (origin, reader) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(service, &origin);
        let consent_id = consented(&origin, &sheet_id, &consent(service, &[&to], &["identity", "statement"]));
        let relay = relay(&origin, &sheet_id, &consent_id, &to, &["identity", "statement"], None).ok();
        moved(&reader, &relay, "accept", &json!({}));
        service.advance_seconds(60);
        Self { origin, reader, path: format!("/api/v1/sheets/{sheet_id}"), consent_id }
    }

    fn seen(&self, by: &Client) -> Value {
        by.get(&self.path).ok()
    }

    /// Revises the sheet: only the value at `pointer` changes.
    fn revise(&self, service: &Service, pointer: &str, value: Value) {
        let now = self.seen(&self.origin);
        let same = with(&sheet(service), "/received_at", now["received_at"].clone());
        self.origin.put(&self.path, &with(&same, pointer, value), &etag(&now)).ok();
    }

    fn found_since(&self, by: &Client, service: &Service) -> usize {
        let since = service.now().replace('+', "%2B");
        ids(&by.get(&format!("/api/v1/sheets?updated_since={since}")).ok()).len()
    }

    fn listed(&self, by: &Client) -> Value {
        by.get("/api/v1/sheets").ok()["items"][0].clone()
    }
}

on_both! {
    fn what_is_withheld_moves_nothing_and_what_is_seen_does(service) {
        let case = Case::new(&service);
        let (before, listed) = (case.seen(&case.reader), case.listed(&case.reader));
        let whole = etag(&case.seen(&case.origin));
        // Words that it is not told, a telephone number, the secrecy of the address: a change of these shows in no number and no instant.
        case.revise(&service, "/content/arrears/note", json!("別の事情"));
        case.revise(&service, "/content/contact/phones/0/number", json!("090-1111-1111"));
        case.revise(&service, "/address_secret", json!("requested"));
        assert_ne!(etag(&case.seen(&case.origin)), whole);
        assert_eq!((case.seen(&case.reader), case.listed(&case.reader)), (before.clone(), listed));
        assert_eq!((case.found_since(&case.reader, &service), case.found_since(&case.origin, &service)), (0, 1));
        // Now words change that it is told.
        service.advance_seconds(60);
        case.revise(&service, "/content/statement/wish", json!("家計を立て直したい。"));
        let now = case.seen(&case.reader);
        assert_eq!((etag(&now), &now["content_revision"]), (etag(&case.seen(&case.origin)), &now["revision"]));
        assert_ne!(now["updated_at"], before["updated_at"]);
        assert_eq!((&case.listed(&case.reader)["revision"], &case.listed(&case.reader)["updated_at"]), (&now["revision"], &now["updated_at"]));
        assert_eq!(case.found_since(&case.reader, &service), 1);
    }

    fn what_is_taken_back_moves_it_though_nobody_wrote_into_it(service) {
        let case = Case::new(&service);
        let before = case.seen(&case.reader);
        let withdrawal = json!({"by": "self", "method": "oral", "sections": ["statement"]});
        case.origin.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &withdrawal).ok();
        let now = case.seen(&case.reader);
        assert_ne!((etag(&now), &now["updated_at"]), (etag(&before), &before["updated_at"]));
        // None of the words that it sees changed.
        assert_eq!(now["content_revision"], before["content_revision"]);
        assert_eq!(case.found_since(&case.reader, &service), 1);
    }

    fn a_relay_moves_for_each_end_by_what_that_end_sees(service) {
        let (origin, kurashi, hoken) = (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"));
        let (first, second) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
        let sections = ["identity", "statement"];
        let sheet_id = registered(&service, &origin);
        let consent_id = consented(&origin, &sheet_id, &consent(&service, &[&first, &second], &sections));
        let to_first = relay(&origin, &sheet_id, &consent_id, &first, &sections, None).ok();
        moved(&kurashi, &to_first, "accept", &json!({}));
        let onward = relay(&kurashi, &sheet_id, &consent_id, &second, &sections, to_first["id"].as_str()).ok();
        moved(&hoken, &onward, "accept", &json!({}));
        let seen = |by: &Client| by.get(&relay_path(&onward)).ok();
        let listed = |by: &Client, which: &str| {
            let since = service.now().replace('+', "%2B");
            let list = by.get(&format!("/api/v1/relays?box={which}&updated_since={since}")).ok();
            list["items"].as_array().unwrap().iter().map(etag).collect::<Vec<_>>()
        };
        let taken_back = |from: &str| {
            service.advance_seconds(60);
            let withdrawal = json!({"by": "self", "method": "oral", "sections": ["statement"], "agency_ids": [from]});
            origin.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &withdrawal).ok();
        };
        // Taken back from the receiver: the sender sees as much as before.
        let (sent, received) = (seen(&kurashi), seen(&hoken));
        taken_back(&second);
        assert_eq!(seen(&kurashi), sent);
        let now = seen(&hoken);
        assert_ne!((etag(&now), &now["updated_at"]), (etag(&received), &received["updated_at"]));
        assert_eq!((listed(&kurashi, "outbox"), listed(&hoken, "inbox")), (vec![], vec![etag(&now)]));
        // Taken back from the sender: then it is the other way round.
        let received = seen(&hoken);
        taken_back(&first);
        assert_eq!(seen(&hoken), received);
        let now = seen(&kurashi);
        assert_ne!((etag(&now), &now["updated_at"]), (etag(&sent), &sent["updated_at"]));
        assert_eq!((listed(&kurashi, "outbox"), listed(&hoken, "inbox")), (vec![etag(&now)], vec![]));
        // If-Match is compared with the revision that each reader was told.
        let report = format!("{}/report", relay_path(&onward));
        let body = json!({"result": "support_started"});
        assert_ne!(etag(&received), etag(&origin.get(&relay_path(&onward)).ok()));
        hoken.step(&report, &body, "\"99\"").problem(412, "stale-revision");
        let reported = hoken.step(&report, &body, &etag(&received));
        assert_eq!((reported.status, reported.etag()), (200, etag(&seen(&hoken))), "{}", reported.text);
    }

    fn what_runs_out_moves_it_on_that_day(service) {
        let mut case = Case::new(&service);
        let relay = case.reader.get("/api/v1/relays").ok()["items"][0].clone();
        let known = (etag(&case.seen(&case.reader)), etag(&case.reader.get(&relay_path(&relay)).ok()));
        service.set_clock("2027-11-20T00:00:00+09:00");
        service.sweep();
        (case.origin, case.reader) = (service.login("madoguchi"), service.login("kurashi"));
        let (sheet, relay) = (case.seen(&case.reader), case.reader.get(&relay_path(&relay)).ok());
        assert_eq!(sheet["content"].get("statement"), None, "{sheet}");
        assert!(etag(&sheet) != known.0 && etag(&relay) != known.1);
        assert_eq!((case.found_since(&case.reader, &service), service.sweep()), (1, 0));
        // From here on no change of the sheet shows.
        case.revise(&service, "/content/statement/wish", json!("家計を立て直したい。"));
        assert_eq!(case.seen(&case.reader), sheet);
        assert_eq!(case.reader.get(&relay_path(&relay)).ok(), relay);
    }

    fn a_kept_answer_says_the_revision_that_its_reader_was_told(service) {
        let case = Case::new(&service);
        case.revise(&service, "/content/arrears/note", json!("別の事情"));
        let relay = case.reader.get("/api/v1/relays").ok()["items"][0].clone();
        moved(&case.reader, &relay, "report", &json!({"result": "support_started"}));
        moved(&case.origin, &relay, "confirm", &json!({}));
        let own = etag(&case.seen(&case.reader));
        let headers = [("content-type", "application/json"), ("idempotency-key", "closed-1"), ("if-match", own.as_str())];
        let body = json!({"reason": "支援の終結"}).to_string();
        let close = || case.reader.raw("POST", &format!("{}/closure", case.path), &headers, Some(body.as_bytes()));
        let first = close();
        assert_eq!((first.status, first.etag()), (200, etag(&first.json())), "{}", first.text);
        let withdrawal = json!({"by": "self", "method": "oral"});
        case.origin.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &withdrawal).ok();
        let again = close();
        assert_eq!((again.status, again.header("idempotent-replayed").as_str()), (200, "true"));
        assert_eq!((again.etag(), etag(&again.json())), (first.etag(), first.etag()));
        // The second answer does not tell more than the first.
        let (first, again) = (first.json(), again.json());
        assert_eq!((&again["path"], again.get("content"), &first["path"]), (&Value::Null, None, &Value::Null));
    }

    fn if_match_is_compared_with_the_number_that_the_reader_was_told(service) {
        let case = Case::new(&service);
        case.revise(&service, "/content/arrears/note", json!("別の事情"));
        let (own, whole) = (etag(&case.seen(&case.reader)), etag(&case.seen(&case.origin)));
        assert_ne!(own, whole);
        let report = case.reader.get("/api/v1/relays").ok()["items"][0].clone();
        moved(&case.reader, &report, "report", &json!({"result": "support_started"}));
        moved(&case.origin, &report, "confirm", &json!({}));
        let own = etag(&case.seen(&case.reader));
        let closure = format!("{}/closure", case.path);
        let reason = json!({"reason": "支援の終結"});
        case.reader.step(&closure, &reason, "\"99\"").problem(412, "stale-revision");
        let closed = case.reader.step(&closure, &reason, &own).ok();
        assert_eq!((&closed["state"], etag(&closed)), (&json!("closed"), etag(&case.seen(&case.reader))));
    }
}
