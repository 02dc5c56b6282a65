//! Malformed bodies: no JSON, unknown fields, doubled keys.

use crate::probe::{Eye, MARK, silent};
use serde_json::json;
use tests::on_both;

on_both! {
    fn what_nobody_can_understand_is_malformed_and_leaves_nothing(service) {
        let clerk = service.login("madoguchi");
        let draft = clerk.post("/api/v1/sheets", &json!({"state": "draft"}));
        let path = format!("/api/v1/sheets/{}", draft.json()["id"].as_str().unwrap());
        let eye = Eye::of(&service);
        let before = eye.all();
        let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
        let content = |content: &str| format!(r#"{{"state":"draft","content":{content}}}"#);
        let mut cases: Vec<(String, &str)> = vec![
            ("".into(), ""),
            ("{".into(), ""),
            (format!("{{\"state\":{MARK}}}"), ""),
            (format!("{{\"state\":\"draft\"}} {MARK}"), ""),
            ("\u{feff}{\"state\":\"draft\"}".into(), ""),
            ("{'state':'draft'}".into(), ""),
            ("{\"state\":\"draft\",}".into(), ""),
            ("{\"state\":NaN}".into(), ""),
            // Unknown fields, wherever they stand; their names come from the caller and are not repeated.
            (format!(r#"{{"state":"draft","{MARK}":1}}"#), ""),
            (format!(r#"{{"state":"draft","a`{MARK}":1}}"#), ""),
            (format!(r#"{{"state":"draft","{MARK}`, expected `state":1}}"#), ""),
            (format!(r#"{{"state":"draft","{MARK}/~":1}}"#), ""),
            (format!(r#"{{"state":"draft","{MARK}\u0000\n":1}}"#), ""),
            (format!(r#"{{"state":"draft","visitor":{{"name":"x","{MARK}":1}}}}"#), "/visitor"),
            (format!(r#"{{"state":"draft","visitor":{{"a`{MARK}":1}}}}"#), "/visitor"),
            (content(&format!(r#"{{"{MARK}":{{}}}}"#)), "/content"),
            (content(&format!(r#"{{"a`{MARK}":{{}}}}"#)), "/content"),
            (content(&format!(r#"{{"identity":{{"{MARK}":1}}}}"#)), "/content/identity"),
            (content(&format!(r#"{{"identity":{{"a`{MARK}":1}}}}"#)), "/content/identity"),
            (content(&format!(r#"{{"identity":{{"ref_ids":[{{"system":"x","id":"1","{MARK}":1}}]}}}}"#)), "/content/identity/ref_ids/0"),
            (content(&format!(r#"{{"contact":{{"phones":[{{"{MARK}":1}}]}}}}"#)), "/content/contact/phones/0"),
            (content(&format!(r#"{{"household":[{{"relation":"母"}},{{"{MARK}":1}}]}}"#)), "/content/household/1"),
            (content(&format!(r#"{{"third_party":[{{"{MARK}":1}}]}}"#)), "/content/third_party/0"),
            // Doubled keys.
            (r#"{"state":"draft","state":"draft"}"#.into(), "/state"),
            (format!(r#"{{"state":"draft","visitor":{{"name":"{MARK}","name":"{MARK}"}}}}"#), "/visitor/name"),
            (format!(r#"{{"state":"draft","visitor":null,"visitor":{{"name":"{MARK}"}}}}"#), "/visitor"),
            (content(&format!(r#"{{"identity":{{"family_name":"{MARK}","family_name":"x"}}}}"#)), "/content/identity/family_name"),
            (content(r#"{"topics":{"codes":["03"],"codes":["05"]}}"#), "/content/topics/codes"),
            (content(r#"{"identity":{"ref_ids":[{"system":"x","id":"1","id":"2"}]}}"#), "/content/identity/ref_ids/0/id"),
            // Half a surrogate pair.
            (content(r#"{"identity":{"family_name":"\ud800"}}"#), "/content/identity"),
            (content(r#"{"identity":{"family_name":"\udc00\ud800"}}"#), "/content/identity"),
            (r#"{"state":"draft","visitor":{"name":"\ud842"}}"#.into(), ""),
            (r#"{"state":"draft","\ud800":1}"#.into(), ""),
            // Depth.
            (format!("{{\"state\":\"draft\",\"content\":{}}}", deep("{\"life\":", "}", 50_000)), ""),
(content(&format!("{{\"life\":{{\"{MARK}\":{}}}}}", deep("[", "]", 100_000))), ""),
        ];
        // Doubled sections, even when one of them is empty.
        for (a, b) in [("{}", "{}"), ("null", "{}"), ("{}", "null"), ("null", "null")] {
            cases.push((content(&format!(r#"{{"identity":{a},"identity":{b}}}"#)), "/content"));
        }
        for (body, pointer) in &cases {
            let shown: String = body.chars().take(120).collect();
            let headers = [("content-type", "application/json"), ("idempotency-key", "k"), ("if-match", "\"1\"")];
            for (method, path) in [("POST", "/api/v1/sheets"), ("PUT", path.as_str())] {
                let answer = silent(clerk.raw(method, path, &headers, Some(body.as_bytes())));
                assert_eq!(answer.status, 400, "{shown} {}", answer.text);
                let found = answer.pointers(400, "malformed");
                // A doubled key is reported at its place or at its parent.
                let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                assert!(found == [*pointer] || found == [parent], "{shown} {found:?}");
            }
        }
        for bytes in [&b"{\"state\":\"draft\",\"visitor\":{\"name\":\"\xff\xfe\"}}"[..], b"{\"state\":\"draft\",\"content\":{\"health\":{\"note\":\"\xc3\x28\"}}}",
            b"{\"state\":\"draft\",\"content\":{\"health\":{\"note\":\"\xed\xa0\x80\"}}}", b"\xff"] {
            clerk.raw("POST", "/api/v1/sheets", &[("content-type", "application/json"), ("idempotency-key", "k")], Some(bytes)).problem(400, "malformed");
        }
        assert_eq!(eye.all(), before);
    }

    // serde itself would read `[…]` as a struct by the order of its fields.
    fn an_object_is_not_a_list_of_its_values(service) {
        let clerk = service.login("madoguchi");
        let eye = Eye::of(&service);
        let before = eye.all();
        for (body, pointer) in [
            (serde_json::from_str(&format!("{}{}", "[".repeat(30), "]".repeat(30))).unwrap(), ""),
            (json!([]), ""),
            (json!(["draft", null, null, null, null, null, null, null]), ""),
            (json!({"state": "draft", "visitor": [MARK, null, null, null]}), "/visitor"),
            (json!({"state": "draft", "content": {"health": [MARK]}}), "/content/health"),
            (json!({"state": "draft", "content": {"opinion": [MARK]}}), "/content/opinion"),
            (json!({"state": "draft", "content": {"household": [[MARK, "母", null, null, null, null]]}}), "/content/household/0"),
            (json!({"state": "draft", "content": []}), "/content"),
        ] {
            let found = silent(clerk.post("/api/v1/sheets", &body)).pointers(422, "invalid-input");
            assert_eq!(found, [pointer], "{body}");
        }
        assert_eq!(eye.all(), before);
    }
}
