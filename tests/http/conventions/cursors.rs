use crate::forms::registered;
use crate::probe::{MARK, ids, silent};
use serde_json::json;
use tests::on_both;

on_both! {
    fn a_cursor_fits_only_its_list_reader_and_filter(service) {
        let clerk = service.login("madoguchi");
        let manager = service.login("kacho");
        let hoken = service.login("hoken");
        for _ in 0..3 {
            registered(&service, &clerk);
            registered(&service, &hoken);
        }
        let first = clerk.get("/api/v1/sheets?limit=1").ok();
        let cursor = first["next"].as_str().unwrap().to_owned();
        let wrong = |answer: tests::Answer| assert_eq!(silent(answer).pointers(422, "invalid-input"), ["/after"]);
        // The same agency can go on with the cursor, even with another page size.
        assert_eq!(ids(&manager.get(&format!("/api/v1/sheets?limit=2&after={cursor}")).ok()).len(), 2);
        // The cursor is refused from another reader, with another filter, and for another list.
        wrong(hoken.get(&format!("/api/v1/sheets?after={cursor}")));
        for filter in ["state=registered", "topic=03", "received_from=2026-01-01", "updated_since=2026-01-01T00:00:00Z"] {
            wrong(clerk.get(&format!("/api/v1/sheets?{filter}&after={cursor}")));
        }
        for list in ["relays", "tasks", "agencies", "staff", "notices"] {
            wrong(clerk.get(&format!("/api/v1/{list}?after={cursor}")));
        }
        let sheet_id = &ids(&first)[0];
        for list in ["timeline", "entries", "consents"] {
            wrong(clerk.get(&format!("/api/v1/sheets/{sheet_id}/{list}?after={cursor}")));
        }
        wrong(clerk.post(&format!("/api/v1/sheets/search?after={cursor}"), &json!({"kana_prefix": "ミ"})));
        let found = clerk.post("/api/v1/sheets/search?limit=1", &json!({"kana_prefix": "ミ"})).ok();
        let of_search = found["next"].as_str().unwrap();
        wrong(clerk.post(&format!("/api/v1/sheets/search?after={of_search}"), &json!({"kana_prefix": "ミホ"})));
        assert_eq!(ids(&clerk.post(&format!("/api/v1/sheets/search?after={of_search}"), &json!({"kana_prefix": "ミ"})).ok()).len(), 2);
        // A changed cursor is refused, whichever character was changed.
        for place in [0, 8, 15, 20, cursor.len() - 2] {
            let mut bytes = cursor.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            wrong(clerk.get(&format!("/api/v1/sheets?after={}", String::from_utf8(bytes).unwrap())));
        }
        for after in ["", "x", MARK, "AAAA", &cursor[..16], &format!("{cursor}AAAA"), "%00"] {
            wrong(clerk.get(&format!("/api/v1/sheets?after={after}")));
        }
    }

    fn queries_are_read_strictly(service) {
        let clerk = service.login("madoguchi");
        let auditor = service.login("kansa");
        for list in ["/api/v1/sheets", "/api/v1/relays", "/api/v1/tasks", "/api/v1/agencies", "/api/v1/staff", "/api/v1/notices"] {
            for limit in ["0", "201", "abc", "-1", "1.5", "", "99999999999999999999", MARK] {
                assert_eq!(silent(clerk.get(&format!("{list}?limit={limit}"))).pointers(422, "invalid-input"), ["/limit"], "{limit}");
            }
            let unknown = silent(clerk.get(&format!("{list}?{MARK}=1"))).problem(400, "malformed");
            assert_eq!((&unknown["errors"][0]["pointer"], &unknown["errors"][0]["code"]), (&"".into(), &"bad_query".into()));
            let allowed = unknown["errors"][0]["allowed"].as_array().unwrap();
            assert!(["limit", "after"].iter().all(|name| allowed.iter().any(|one| one["value"] == *name)), "{list} {allowed:?}");
            assert_eq!(silent(clerk.get(&format!("{list}?limit=1&limit=2"))).pointers(400, "malformed"), ["/limit"]);
            clerk.get(&format!("{list}?limit=200")).ok();
        }
        for query in ["state=ZZmarkerZZ", "received_from=2025-02-29", "received_until=2026-13-01", "received_from=%E4%BB%A4%E5%92%8C8%E5%B9%B41%E6%9C%881%E6%97%A5",
            "updated_since=2026-01-01", "updated_since=ZZmarkerZZ"] {
            let (name, _) = query.split_once('=').unwrap();
            assert_eq!(silent(clerk.get(&format!("/api/v1/sheets?{query}"))).pointers(422, "invalid-input"), [format!("/{name}")]);
        }
        for query in ["state=ZZmarkerZZ", "box=ZZmarkerZZ", "sort=ZZmarkerZZ", "updated_since=2026-01-01"] {
            let (name, _) = query.split_once('=').unwrap();
            assert_eq!(silent(clerk.get(&format!("/api/v1/relays?{query}"))).pointers(422, "invalid-input"), [format!("/{name}")]);
        }
        for query in ["kind=ZZmarkerZZ", "due_until=ZZmarkerZZ", "due_until=2025-02-29"] {
            let (name, _) = query.split_once('=').unwrap();
            assert_eq!(silent(clerk.get(&format!("/api/v1/tasks?{query}"))).pointers(422, "invalid-input"), [format!("/{name}")]);
        }
        for query in ["kind=ZZmarkerZZ", "from=ZZmarkerZZ", "sheet_id=ZZmarkerZZ", "number=ZZmarkerZZ", "number=%00"] {
            let (name, _) = query.split_once('=').unwrap();
            assert_eq!(silent(auditor.get(&format!("/api/v1/audit/events?{query}"))).pointers(422, "invalid-input"), [format!("/{name}")]);
        }
        // In a URL a plus sign means a space, and hardly anybody writes %2B.
        for since in ["2026-11-20T11:00:00+09:00", "2026-11-20T11:00:00%2B09:00", "2026-11-20T02:00:00Z"] {
            clerk.get(&format!("/api/v1/sheets?updated_since={since}")).ok();
            clerk.get(&format!("/api/v1/relays?updated_since={since}")).ok();
            auditor.get(&format!("/api/v1/audit/events?from={since}&until=2026-11-21T00:00:00+09:00")).ok();
        }
    }
}
