use crate::forms::{consent, consented, moved, registered, relay, relay_path};
use crate::probe::{Eye, MARK, NOBODY, agencies, relay_body, silent, with, without};
use serde_json::{Value, json};
use tests::{Client, on_both};

/// Demands that each value is refused at its place.
fn refused(client: &Client, path: &str, form: &Value, etag: Option<&str>, cases: Vec<(&str, Vec<Value>)>) {
    for (pointer, values) in cases {
        for value in values {
            let body = with(form, pointer, value.clone());
            let answer = match etag {
                Some(etag) => client.step(path, &body, etag),
                None => client.post(path, &body),
            };
            assert_eq!(answer.status, 422, "{path} {pointer} {value} {}", answer.text);
            assert_eq!(silent(answer).pointers(422, "invalid-input"), [pointer], "{path} {value}");
        }
    }
    let body = with(form, &format!("/{MARK}"), json!(1));
    let answer = match etag {
        Some(etag) => client.step(path, &body, etag),
        None => client.post(path, &body),
    };
    assert_eq!(silent(answer).pointers(400, "malformed"), [""], "{path}");
}

fn code() -> Vec<Value> {
    vec![json!(MARK), json!(""), json!(1), json!(null), json!({})]
}

fn id() -> Vec<Value> {
    vec![json!(MARK), json!(1), json!(NOBODY)]
}

fn words(most: usize) -> Vec<Value> {
    vec![json!(""), json!(" \n"), json!("a\u{202e}"), json!("a\u{0}"), json!("あ".repeat(most + 1)), json!(1)]
}

on_both! {
    fn a_relay_that_does_not_hold_is_refused_at_its_place(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let foreign = registered(&service, &clerk);
        let foreign = consented(&clerk, &foreign, &consent(&service, &[&to], &["identity"]));
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let path = format!("/api/v1/sheets/{sheet_id}/relays");
        let ask = json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral", "basis": {"consent_id": consent_id}});
        let digest = clerk.post(&format!("{path}/preview"), &ask).ok()["disclosure_digest"].clone();
        let form = relay_body(&to, &consent_id, &["identity"], &digest);
        let eye = Eye::of(&service);
        let before = eye.all();
        let both = || vec![
            ("/to_agency_id", id()), ("/sections", vec![json!([]), json!("identity"), json!(vec!["identity"; 15])]), ("/sections/0", code()),
            ("/purpose", code()), ("/parent_relay_id", id()), ("/basis/consent_id", [id(), vec![json!(foreign)]].concat()),
            ("/basis", vec![json!({"consent_id": consent_id, "exception_id": NOBODY}), json!({}), json!(1)]),
        ];
        refused(&clerk, &format!("{path}/preview"), &ask, None, both());
        let mut cases = both();
        cases.extend([
            ("/request", words(1000)), ("/urgency", code()), ("/handover", code()),
            ("/reply_due", vec![json!("2026-11-19"), json!("2025-02-29"), json!("2026-13-01"), json!("令和8年12月1日"), json!(MARK), json!(1)]),
            ("/disclosure_digest", vec![json!(""), json!(1), json!("a".repeat(201))]),
        ]);
        refused(&clerk, &path, &form, None, cases);
        for pointer in ["/to_agency_id", "/sections", "/purpose", "/request", "/urgency", "/handover", "/disclosure_digest", "/basis"] {
            assert_eq!(clerk.post(&path, &without(&form, pointer)).pointers(422, "invalid-input"), [pointer]);
        }
        assert_eq!(eye.all(), before);
        // A wrong digest, or a sheet that has changed since the preview.
        silent(clerk.post(&path, &with(&form, "/disclosure_digest", json!(MARK)))).problem(409, "preview-outdated");
        let mut changed = crate::forms::sheet(&service);
        changed["content"]["identity"]["given_name"] = json!("花江");
        let etag = clerk.get(&format!("/api/v1/sheets/{sheet_id}")).etag();
        clerk.put(&format!("/api/v1/sheets/{sheet_id}"), &changed, &etag).ok();
        clerk.post(&path, &form).problem(409, "preview-outdated");
        let things = eye.things();
        assert!(things[1]["items"].as_array().unwrap().is_empty());
        assert_eq!(eye.events().iter().filter(|e| e.starts_with("relay.refused")).count(), 2);

        // The same for each move.
        let sent = relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        let path = relay_path(&sent);
        let before = eye.all();
        let refuse = |who: &Client, step: &str, form: Value, cases| refused(who, &format!("{path}/{step}"), &form, Some("\"1\""), cases);
        let day = || vec![json!("2025-02-29"), json!("令和8年1月1日"), json!(MARK), json!(1)];
        let me = clerk.get("/api/v1/session").ok()["staff"]["id"].clone();
        refuse(&kurashi, "receive", json!({}), vec![]);
        refuse(&kurashi, "accept", json!({}), vec![("/assigned_staff_id", [id(), vec![me]].concat()), ("/contact_by", [day(), vec![json!("2026-11-19")]].concat())]);
        refuse(&kurashi, "decline", json!({"reason": "other"}), vec![("/reason", code()), ("/recommended_agency_id", id()), ("/note", words(500))]);
        refuse(&kurashi, "return", json!({"missing": ["住所"], "note": "足りません。"}), vec![
            ("/note", words(500)), ("/missing", vec![json!("住所"), json!(vec!["x"; 21]), json!(["a\u{202e}"]), json!([""]), json!(["あ".repeat(101)])]),
        ]);
        refuse(&clerk, "cancel", json!({"reason": "取り下げ"}), vec![("/reason", words(500))]);
        assert_eq!(kurashi.step(&format!("{path}/decline"), &json!({"reason": "not_our_remit"}), "\"1\"").pointers(422, "invalid-input"), ["/recommended_agency_id"]);
        assert_eq!(eye.all(), before);
        moved(&kurashi, &sent, "accept", &json!({}));
        let before = eye.all();
        refused(&kurashi, &format!("{path}/report"), &json!({"result": "other"}), Some("\"2\""), vec![
            ("/result", code()), ("/text", words(4000)), ("/contact_made_on", [day(), vec![json!("2026-11-21"), json!("0026-11-20"), json!("1999-12-31")]].concat()),
            ("/next_relay_ids", vec![json!(NOBODY), json!(vec![NOBODY; 21])]), ("/next_relay_ids/0", vec![]),
        ]);
        for next in [NOBODY, sent["id"].as_str().unwrap()] {
            let body = json!({"result": "passed_on", "next_relay_ids": [next]});
            assert_eq!(kurashi.step(&format!("{path}/report"), &body, "\"2\"").pointers(422, "invalid-input"), ["/next_relay_ids/0"]);
        }
        assert_eq!(eye.all(), before);
    }

    fn an_entry_that_does_not_hold_is_refused_at_its_place(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        let eye = Eye::of(&service);
        let before = eye.all();
        let path = format!("/api/v1/sheets/{sheet_id}/entries");
        refused(&clerk, &path, &json!({"occurred_at": service.now(), "method": "phone", "text": "電話", "section": "opinion"}), None, vec![
            ("/occurred_at", vec![json!("2026-11-20T12:00:01+09:00"), json!("0026-11-20T10:00:00+09:00"), json!("1999-12-31T23:59:59+09:00"), json!("2026-11-20"), json!("令和8年1月1日"), json!(MARK), json!(null)]),
            ("/method", code()), ("/text", words(4000)), ("/section", [code(), vec![json!("history"), json!("attachments")]].concat()),
        ]);
        for step in ["closure", "reopen"] {
            refused(&clerk, &format!("/api/v1/sheets/{sheet_id}/{step}"), &json!({"reason": "x"}), Some("\"1\""), vec![("/reason", words(500))]);
        }
        refused(&service.login("kacho"), &format!("/api/v1/sheets/{sheet_id}/void"), &json!({"reason": "x"}), Some("\"1\""), vec![("/reason", words(500))]);
        assert_eq!(eye.all(), before);
        assert!(clerk.get(&path).ok()["items"].as_array().unwrap().is_empty());
    }
}
