//! The ETag moves only with state and content.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path, sheet};
use crate::probe::{agencies, content, with};
use serde_json::json;
use tests::on_both;

on_both! {
    fn a_tag_moves_with_state_and_content_and_not_with_reading(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{id}");
        let tag = || clerk.get(&path).etag();
        assert_eq!(tag(), "\"1\"");
        for read in ["", "/timeline", "/entries", "/consents", "/revisions/1"] {
            clerk.get(&format!("{path}{read}")).ok();
            service.login("kansa").get(&path).ok();
        }
        clerk.get("/api/v1/sheets").ok();
        clerk.post(&format!("{path}/entries"), &json!({"occurred_at": service.now(), "method": "phone", "text": "電話した。", "section": "opinion"})).ok();
        assert_eq!(tag(), "\"1\"");
        let changed = with(&sheet(&service), "/content/statement/wish", json!("引っ越したい。"));
        service.advance_seconds(7 * 60);
        let put = clerk.put(&path, &changed, "\"1\"");
        assert_eq!((put.etag().as_str(), put.ok()["revision"].as_u64()), ("\"2\"", Some(2)));
        // Consent: registered → consented; a better one leaves the state and the tag.
        let agreed = |by: &tests::Client| by.get(&path).ok()["consent_state"].clone();
        assert_eq!(agreed(&clerk), json!(null));
        let consent_id = consented(&clerk, &id, &consent(&service, &[&to], &["identity", "statement"]));
        assert_eq!(tag(), "\"3\"");
        assert_eq!((agreed(&clerk), agreed(&service.login("kansa"))), (json!("effective"), json!(null)));
        clerk.post(&format!("{path}/relays/preview"), &json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral"})).ok();
        assert_eq!(tag(), "\"3\"");
        let sent = relay(&clerk, &id, &consent_id, &to, &["identity", "statement"], None).ok();
        assert_eq!(tag(), "\"4\"");
        // The relay's own tag.
        let relay_tag = || clerk.get(&relay_path(&sent)).etag();
        for _ in 0..2 {
            kurashi.get(&relay_path(&sent)).ok();
            kurashi.get("/api/v1/relays?box=inbox").ok();
        }
        assert_eq!(relay_tag(), "\"1\"");
        moved(&kurashi, &sent, "receive", &json!({}));
        assert_eq!((relay_tag(), tag()), ("\"2\"".into(), "\"4\"".into()));
        moved(&kurashi, &sent, "accept", &json!({}));
        assert_eq!((relay_tag(), tag()), ("\"3\"".into(), "\"5\"".into()));
        moved(&kurashi, &sent, "report", &json!({"result": "advice_given"}));
        assert_eq!(relay_tag(), "\"4\"");
        let reported = tag();
        moved(&clerk, &sent, "confirm", &json!({}));
        assert_eq!((relay_tag(), tag()), ("\"5\"".into(), reported));
        let sheet_now = kurashi.get(&path).ok();
        let closed = kurashi.step(&format!("{path}/closure"), &json!({"reason": "終わり"}), &etag(&sheet_now)).ok();
        assert_ne!(closed["revision"], sheet_now["revision"]);
        // Every earlier revision reads as it was; the latest content stands under every later tag.
        assert_eq!(content(&clerk.get(&format!("{path}/revisions/1")).ok()), sheet(&service)["content"]);
        for n in 2..=closed["revision"].as_u64().unwrap() {
            let shown = clerk.get(&format!("{path}/revisions/{n}")).ok();
            assert_eq!((content(&shown), &shown["revision"], &shown["content_revision"]), (changed["content"].clone(), &json!(n), &json!(2)), "{n}");
        }
        // Each revision says when it was written, by whom, and which one stood before. Agencies that were told the sheet do not learn that.
        let me = &clerk.get("/api/v1/session").ok()["staff"]["id"];
        let first = clerk.get(&format!("{path}/revisions/1")).ok();
        assert_eq!((&first["written_at"], &first["written_by"], first.get("previous_revision")), (&first["created_at"], me, None));
        let last = clerk.get(&format!("{path}/revisions/4")).ok();
        assert_eq!((&last["written_at"], &last["written_by"], &last["previous_revision"]), (&json!("2026-11-20T12:07:00+09:00"), me, &json!(1)));
        assert_eq!((&sheet_now["written_at"], &sheet_now["written_by"]), (&json!(null), &json!(null)));
        for n in [0, closed["revision"].as_u64().unwrap() + 1] {
            clerk.get(&format!("{path}/revisions/{n}")).problem(404, "not-found");
        }
        kurashi.get(&format!("{path}/revisions/1")).problem(403, "forbidden");
    }

    fn of_two_who_write_at_once_one_must_look_again(service) {
        let clerk = service.login("madoguchi");
        let id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{id}");
        let body = sheet(&service);
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8).map(|_| scope.spawn(|| clerk.put(&path, &body, "\"1\"").status)).collect();
            writers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|s| **s == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|s| **s == 412).count(), 7, "{answers:?}");
        assert_eq!(clerk.get(&path).etag(), "\"2\"");
    }
}
