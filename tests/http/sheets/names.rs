//! A name is the person's: it comes back as it went in, byte for byte.

use crate::forms::{consent, consented, moved, relay, sheet};
use crate::probe::{agencies, content};
use serde_json::json;
use tests::on_both;

on_both! {
    fn names_are_kept_byte_for_byte(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let kurashi = service.login("kurashi");
        // 辻 with a variation sequence, 𠮷 beyond the basic plane, a compatibility ideograph, a decomposed kana, an emoji with a joiner.
        let names = ["辻\u{e0100}", "𠮷田", "\u{fa19}谷", "\u{fa1b}島", "は\u{3099}ば", "髙﨑", "👩\u{200d}👧", "O’Brien \"Q\" \\ / <b>&amp;", "㈱ｱﾞ１"];
        for name in names {
            let mut body = sheet(&service);
            body["visitor"] = json!({"name": name, "relation": name});
            body["content"]["identity"]["family_name"] = json!(name);
            body["content"]["identity"]["given_name"] = json!(name);
            body["content"]["statement"]["subject_words"] = json!(format!("{name}\n\t{name}\r\n{name}"));
            let same = |shown: &serde_json::Value| {
                assert_eq!(content(shown), body["content"], "{name}");
                assert_eq!((&shown["visitor"]["name"], &shown["visitor"]["relation"]), (&json!(name), &json!(name)));
            };
            let made = clerk.post("/api/v1/sheets", &body).ok();
            same(&made);
            let id = made["id"].as_str().unwrap();
            let path = format!("/api/v1/sheets/{id}");
            same(&clerk.get(&path).ok());
            same(&clerk.put(&path, &body, "\"1\"").ok());
            same(&clerk.get(&path).ok());
            same(&clerk.get(&format!("{path}/revisions/1")).ok());
            if name == names[0] {
                let consent_id = consented(&clerk, id, &consent(&service, &[&to], &["identity"]));
                let sent = relay(&clerk, id, &consent_id, &to, &["identity"], None).ok();
                let seen = moved(&kurashi, &sent, "receive", &json!({}));
                assert_eq!(seen["content"], json!({"identity": body["content"]["identity"]}));
            }
        }
        // A name that JSON writes with escapes is the same name.
        let escaped = sheet(&service).to_string().replace("見本", r"\u8fbb\udb40\udd00").replace("花子", r"\ud842\udfb7");
        let answer = clerk.raw("POST", "/api/v1/sheets", &[("content-type", "application/json"), ("idempotency-key", "escaped")], Some(escaped.as_bytes()));
        let identity = &answer.ok()["content"]["identity"];
        assert_eq!((&identity["family_name"], &identity["given_name"]), (&json!("辻\u{e0100}"), &json!("𠮷")));
    }

    fn a_reading_is_stored_in_full_width_katakana_and_nothing_else_moves(service) {
        let clerk = service.login("madoguchi");
        for (sent, kept) in [("みほん", "ミホン"), ("ﾐﾎﾝ", "ミホン"), ("ｶﾞｯｷｰ", "ガッキー"), ("マリア・デ ラ", "マリア・デ\u{3000}ラ"), ("ミホン", "ミホン")] {
            let mut body = sheet(&service);
            body["content"]["identity"]["kana_family"] = json!(sent);
            body["content"]["identity"]["family_name"] = json!("辻\u{e0100}みほんﾐﾎﾝ");
            let made = clerk.post("/api/v1/sheets", &body).ok();
            body["content"]["identity"]["kana_family"] = json!(kept);
            assert_eq!(content(&made), body["content"], "{sent}");
        }
    }
}
