//! A sheet is corrected after it was relayed: the relay shows what was sent, the sheet what stands now, and a receiver that has accepted it is
//! told.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path, sheet};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const SECTIONS: [&str; 2] = ["identity", "statement"];

fn revise(service: &Service, origin: &Client, sheet_id: &str, pointer: &str, text: &str) {
    let path = format!("/api/v1/sheets/{sheet_id}");
    let form = crate::probe::with(&sheet(service), pointer, json!(text));
    origin.put(&path, &form, &etag(&origin.get(&path).ok())).ok();
}

on_both! {
    fn who_has_taken_on_what_is_corrected_is_told_and_nobody_of_what_it_was_not_told(service) {
        let (origin, kurashi, hoken) = (service.login("madoguchi"), service.login("kurashi"), service.login("hoken"));
        let [a, b] = ["kurashi-shigoto", "hoken"].map(|code| service.agency(code));
        let sheet_id = registered(&service, &origin);
        let consent_id = consented(&origin, &sheet_id, &consent(&service, &[&a, &b], &SECTIONS));
        let whole = relay(&origin, &sheet_id, &consent_id, &a, &SECTIONS, None).ok();
        let part = relay(&origin, &sheet_id, &consent_id, &b, &["identity"], None).ok();
        moved(&kurashi, &whole, "accept", &json!({}));
        moved(&hoken, &part, "accept", &json!({}));
        let seen = |reader: &Client, relay: &Value| reader.get(&relay_path(relay)).ok();
        let before = [seen(&kurashi, &whole), seen(&hoken, &part)];
        assert_eq!(before[0]["corrected_at"], Value::Null);
        service.send_mail();
        service.advance_seconds(60);
        let wish = "/content/statement/wish";
        revise(&service, &origin, &sheet_id, wish, "家計を立て直したい。");
        // The relay keeps what was sent and says that it was corrected; the sheet shows what stands now.
        let now = seen(&kurashi, &whole);
        assert_eq!((&now["content"]["statement"]["wish"], &now["corrected_at"]), (&json!("仕事を見つけたい。"), &now["updated_at"]));
        assert_ne!(etag(&now), etag(&before[0]));
        let sheet_now = kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!(sheet_now["content"]["statement"]["wish"], "家計を立て直したい。");
        let since = service.now().replace('+', "%2B");
        assert_eq!(kurashi.get(&format!("/api/v1/relays?updated_since={since}")).ok()["items"][0]["id"], whole["id"]);
        let mails = service.send_mail();
        assert_eq!(mails.len(), 1, "{:?}", mails.iter().map(tests::Mail::text).collect::<Vec<_>>());
        assert!(mails[0].header("to").contains("kurashi") && mails[0].text().contains("直されています"));
        // For an agency that was not told that section nothing moves.
        assert_eq!(seen(&hoken, &part), before[1]);
        // The receiver is told once a day, however often the sheet is saved.
        service.advance_seconds(60);
        revise(&service, &origin, &sheet_id, wish, "家計を立て直し、働きたい。");
        assert_eq!(service.send_mail().len(), 0);
        assert_eq!(seen(&kurashi, &whole)["corrected_at"], json!(seen(&kurashi, &whole)["updated_at"]));
        // An amendment with the same sections makes the relay tell the new text, too.
        let change = json!({"sections": SECTIONS, "basis": {"consent_id": consent_id}});
        let path = relay_path(&whole);
        let preview = origin.post(&format!("{path}/amend/preview"), &change).ok();
        let body = crate::probe::with(&change, "/disclosure_digest", preview["disclosure_digest"].clone());
        origin.step(&format!("{path}/amend"), &body, &etag(&seen(&origin, &whole))).ok();
        let now = seen(&kurashi, &whole);
        assert_eq!((&now["content"]["statement"]["wish"], &now["corrected_at"]), (&json!("家計を立て直し、働きたい。"), &Value::Null));
    }
}
