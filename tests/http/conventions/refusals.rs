use crate::forms::{consent, consented, registered, relay, relay_path, sheet};
use crate::probe::{Eye, MARK, NOBODY, agencies, silent, tcp};
use serde_json::json;
use tests::on_both;

const JSON: (&str, &str) = ("content-type", "application/json");

on_both! {
    fn a_cookie_alone_changes_nothing(service) {
        let anyone = service.anonymous();
        let login = json!({"login": "madoguchi", "password": "tsunagu-demo"});
        let opened = anyone.post("/api/v1/session", &login);
        let cookie = opened.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let token = opened.ok()["csrf_token"].as_str().unwrap().to_owned();
        let body = json!({"state": "draft"}).to_string();
        let eye = Eye::of(&service);
        let before = eye.all();
        let post = |more: &[(&str, &str)]| {
            let mut headers = vec![("cookie", cookie.as_str()), JSON, ("idempotency-key", "k1")];
            headers.extend(more);
            anyone.raw("POST", "/api/v1/sheets", &headers, Some(body.as_bytes()))
        };
        post(&[]).problem(403, "csrf");
        silent(post(&[("x-csrf-token", MARK)])).problem(403, "csrf");
        let other = service.anonymous().post("/api/v1/session", &login).ok();
        post(&[("x-csrf-token", other["csrf_token"].as_str().unwrap())]).problem(403, "csrf");
        // The right token is refused, too, when another site's page sends it.
        silent(post(&[("x-csrf-token", &token), ("origin", "https://evil.example")])).problem(403, "csrf");
        anyone.raw("DELETE", "/api/v1/session", &[("cookie", &cookie)], None).problem(403, "csrf");
        anyone.raw("PUT", "/api/v1/session/acting-post", &[("cookie", &cookie), JSON], Some(b"{}")).problem(403, "csrf");
        assert_eq!(eye.all(), before);
        // Reading needs no token, and with the token everything works.
        anyone.raw("GET", "/api/v1/sheets", &[("cookie", &cookie)], None).ok();
        assert_eq!(post(&[("x-csrf-token", &token)]).status, 201);
        assert_eq!(anyone.raw("DELETE", "/api/v1/session", &[("cookie", &cookie), ("x-csrf-token", &token)], None).status, 204);
        post(&[("x-csrf-token", &token)]).problem(401, "unauthenticated");
        // A page of another site cannot log anybody in.
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1", MARK] {
            let answer = anyone.raw("POST", "/api/v1/session", &[JSON, ("origin", origin)], Some(login.to_string().as_bytes()));
            assert_eq!(answer.header("set-cookie"), "");
            silent(answer).problem(403, "csrf");
        }
        let own = service.url.clone();
        anyone.raw("POST", "/api/v1/session", &[JSON, ("origin", &own)], Some(login.to_string().as_bytes())).ok();
    }

    fn headers_are_demanded_and_compared(service) {
        let clerk = service.login("madoguchi");
        let eye = Eye::of(&service);
        let one = registered(&service, &clerk);
        let other = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{one}");
        let body = sheet(&service);
        // The first sheet moves to revision 2, so that the tag "1" is only that of the other sheet.
        clerk.put(&path, &body, "\"1\"").ok();
        let before = eye.all();
        let bytes = body.to_string();
        let bytes = Some(bytes.as_bytes());
        clerk.raw("PUT", &path, &[JSON], bytes).problem(428, "precondition-required");
        for tag in ["\"1\"", "\"3\"", "\"2\", \"3\"", "\"ZZmarkerZZ\"", "\"99999999999999\"", "\"-2\"", "W/\"1\"", "\"1-gzip\"", "\"2-ZZmarkerZZ\"", "\"-gzip\""] {
            silent(clerk.put(&path, &body, tag)).problem(412, "stale-revision");
        }
        for tag in ["1", "2", "*", "W/2", "w/\"2\"", "W/ \"2\"", "W/", "W/\"\"", "\"\"", "\"2", "2-gzip", MARK] {
            silent(clerk.put(&path, &body, tag)).problem(400, "malformed");
        }
        clerk.put(&path, &body, "").problem(428, "precondition-required");
        let of_the_other = clerk.get(&format!("/api/v1/sheets/{other}")).etag();
        clerk.put(&path, &body, &of_the_other).problem(412, "stale-revision");
        for step in ["closure", "reopen"] {
            let path = format!("{path}/{step}");
            let body = json!({"reason": MARK}).to_string();
            let body = Some(body.as_bytes());
            clerk.raw("POST", &path, &[JSON, ("idempotency-key", "k")], body).problem(428, "precondition-required");
            clerk.raw("POST", &path, &[JSON, ("if-match", "\"2\"")], body).problem(400, "idempotency-key-required");
            silent(clerk.step(&path, &json!({"reason": MARK}), &of_the_other)).problem(412, "stale-revision");
        }
        let long = "x".repeat(129);
        for key in ["", " ", "ZZmarkerZZ with spaces", &long] {
            let answer = clerk.raw("POST", "/api/v1/sheets", &[JSON, ("idempotency-key", key)], bytes);
            silent(answer).problem(400, "idempotency-key-required");
        }
        clerk.raw("POST", "/api/v1/sheets", &[JSON], bytes).problem(400, "idempotency-key-required");
        for media in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/problem+json", MARK] {
            let headers = [("content-type", media), ("idempotency-key", "k"), ("if-match", "\"2\"")];
            silent(clerk.raw("POST", "/api/v1/sheets", &headers, bytes)).problem(415, "unsupported-media-type");
            silent(clerk.raw("PUT", &path, &headers, bytes)).problem(415, "unsupported-media-type");
        }
        assert_eq!(eye.all(), before);
        let with_charset = [("content-type", "Application/JSON; charset=utf-8"), ("idempotency-key", "k")];
        assert_eq!(clerk.raw("POST", "/api/v1/sheets", &with_charset, bytes).status, 201);
    }

    fn a_tag_that_a_compressing_proxy_made_weak_names_the_same_revision(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}");
        let body = sheet(&service);
        // What nginx makes of a tag, what Apache makes of it, both at once, and other codings.
        let tags = ["W/\"1\"", "\"2-gzip\"", "W/\"3-gzip\"", "W/\"4-br\"", "\"5-zstd\""];
        for (before, tag) in (1..).zip(tags) {
            let changed = clerk.put(&path, &body, tag);
            assert_eq!(changed.etag(), format!("\"{}\"", before + 1), "{tag}: {}", changed.text);
            clerk.put(&path, &body, tag).problem(412, "stale-revision");
        }
        assert_eq!(clerk.step(&format!("{path}/closure"), &json!({"reason": "支援につながったため"}), "W/\"6\"").status, 200);
    }

    fn what_is_too_large_is_refused_however_it_is_sent(service) {
        let clerk = service.login("madoguchi");
        let eye = Eye::of(&service);
        let before = eye.all();
        let body = |size: usize| {
            let frame = json!({"state": "draft", "content": {"health": {"note": ""}}}).to_string();
            frame.replace("\"\"", &format!("\"{}\"", "a".repeat(size - frame.len())))
        };
        for (path, limit) in [("/api/v1/sheets", 1 << 20), ("/api/v1/session", 8 << 10), ("/api/v1/sheets/search", 256 << 10)] {
            clerk.raw("POST", path, &[JSON, ("idempotency-key", "k")], Some(body(limit + 1).as_bytes())).problem(413, "too-large");
        }
        clerk.raw("PUT", &format!("/api/v1/sheets/{NOBODY}"), &[JSON, ("if-match", "\"1\"")], Some(body((1 << 20) + 1).as_bytes())).problem(413, "too-large");
        // A body of exactly the limit is read, and then refused for its content.
        clerk.raw("POST", "/api/v1/sheets/search", &[JSON], Some(body(256 << 10).as_bytes())).problem(400, "malformed");
        // A body of exactly 1 MiB is read, and then refused because the note is too long.
        let answer = clerk.raw("POST", "/api/v1/sheets", &[JSON, ("idempotency-key", "k")], Some(body(1 << 20).as_bytes()));
        assert_eq!(answer.pointers(422, "invalid-input"), ["/content/health/note"]);
        // The size is only announced, or the body comes in chunks without a length.
        let head = format!(
            "POST /api/v1/sheets HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nidempotency-key: k\r\n",
            clerk.token()
        );
        let announced = tcp(&service, format!("{head}content-length: 1048577\r\n\r\n{{").as_bytes());
        assert!(announced.starts_with("HTTP/1.1 413 ") && announced.contains("urn:tsunagu:problem:too-large"), "{announced}");
        let mut pieces = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
        for _ in 0..65 {
            pieces.extend_from_slice(format!("4000\r\n{}\r\n", "a".repeat(0x4000)).as_bytes());
        }
        pieces.extend_from_slice(b"0\r\n\r\n");
        let chunked = tcp(&service, &pieces);
        assert!(chunked.starts_with("HTTP/1.1 413 ") && chunked.contains("urn:tsunagu:problem:too-large"), "{chunked}");
        assert_eq!(eye.all(), before);
    }

    fn ids_in_paths_are_ids(service) {
        let clerk = service.login("madoguchi");
        for path in ["sheets", "relays", "consents", "agencies"] {
            for id in ["1", "R8-000001", "zz", "01939999-9999-7999-8999-99999999999", "%00", "..%2f", "%E7%A5%9E"] {
                clerk.get(&format!("/api/v1/{path}/{id}")).problem(400, "malformed");
            }
            clerk.get(&format!("/api/v1/{path}/{NOBODY}")).problem(404, "not-found");
        }
        for n in ["x", "-1", "1.5", "99999999999"] {
            clerk.get(&format!("/api/v1/sheets/{NOBODY}/revisions/{n}")).problem(400, "malformed");
        }
        clerk.get("/api/v1/codes/nothing").problem(404, "not-found");
    }

    fn a_state_that_does_not_allow_a_move_is_named_and_the_attempt_kept(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let eye = Eye::of(&service);
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}");
        let reason = json!({"reason": MARK});
        let etag = clerk.get(&path).etag();
        let things = eye.things();
        assert_eq!(silent(clerk.step(&format!("{path}/reopen"), &reason, &etag)).problem(409, "invalid-transition")["state"], "registered");
        assert_eq!(clerk.delete(&path).problem(409, "invalid-transition")["state"], "registered");
        assert_eq!(eye.things(), things);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        let etag = clerk.get(&path).etag();
        let things = eye.things();
        assert_eq!(silent(clerk.step(&format!("{path}/closure"), &reason, &etag)).problem(409, "invalid-transition")["state"], "relaying");
        let path = relay_path(&sent);
        for (who, step, body) in [(&kurashi, "report", json!({"result": "other", "text": MARK})), (&clerk, "confirm", json!({})),
            (&clerk, "resend", json!({"disclosure_digest": MARK}))] {
            let problem = silent(who.step(&format!("{path}/{step}"), &body, "\"1\"")).problem(409, "invalid-transition");
            assert_eq!(problem["state"], "sent", "{step}");
        }
        assert_eq!(eye.things(), things);
        let refused: Vec<String> = eye.events().into_iter().filter(|e| e.contains("refused")).collect();
        let kinds = refused.iter().map(|e| e.split(' ').next().unwrap()).collect::<Vec<_>>();
        assert_eq!(kinds, ["sheet.refused", "sheet.refused", "sheet.refused", "relay.refused", "relay.refused", "relay.refused"]);
        // The moves of a relay compare the revision of the relay, not that of the sheet.
        kurashi.step(&format!("{path}/receive"), &json!({}), "\"1\"").ok();
        kurashi.step(&format!("{path}/accept"), &json!({}), "\"1\"").problem(412, "stale-revision");
        kurashi.step(&format!("{path}/accept"), &json!({}), &etag).problem(412, "stale-revision");
        kurashi.step(&format!("{path}/accept"), &json!({}), "\"2\"").ok();
    }
}
