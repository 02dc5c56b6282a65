use crate::probe::{Eye, MARK, NOBODY, agencies, invalid_at, silent, with, without};
use serde_json::{Value, json};
use tests::on_both;

on_both! {
    fn a_session_ends_after_half_an_hour_without_use_and_after_twelve_hours(service) {
        let clerk = service.login("madoguchi");
        let until = clerk.get("/api/v1/session").ok()["expires_at"].clone();
        assert_eq!(until, "2026-11-21T00:00:00+09:00");
        service.advance_seconds(30 * 60 - 1);
        clerk.get("/api/v1/session").ok();
        service.advance_seconds(30 * 60 - 1);
        clerk.get("/api/v1/session").ok();
        service.advance_seconds(30 * 60);
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        // A session ends even when it is used all the time.
        service.set_clock("2026-11-20T12:00:00+09:00");
        let clerk = service.login("madoguchi");
        for _ in 0..(12 * 3 - 1) {
            service.advance_seconds(20 * 60);
            clerk.get("/api/v1/session").ok();
        }
        service.advance_seconds(20 * 60 - 1);
        clerk.get("/api/v1/session").ok();
        service.advance_seconds(1);
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        clerk.post("/api/v1/sheets", &json!({"state": "draft"})).problem(401, "unauthenticated");
    }

    fn a_logout_ends_one_session_at_once_and_everywhere(service) {
        let (one, other) = (service.login("madoguchi"), service.login("madoguchi"));
        let copy = service.anonymous().with_token(&one.token());
        let gone = one.delete("/api/v1/session");
        assert_eq!(gone.status, 204);
        assert!(gone.header("set-cookie").contains("Max-Age=0"));
        for client in [&one, &copy] {
            client.get("/api/v1/session").problem(401, "unauthenticated");
            client.get("/api/v1/sheets").problem(401, "unauthenticated");
            client.delete("/api/v1/session").problem(401, "unauthenticated");
        }
        other.get("/api/v1/session").ok();
    }

    fn a_failed_login_says_nothing_and_is_noted(service) {
        let auditor = service.login("kansa");
        let anyone = service.anonymous();
        let login = |login: &str, password: &str| anyone.post("/api/v1/session", &json!({"login": login, "password": password}));
        let wrong = silent(login("madoguchi", MARK)).problem(401, "unauthenticated");
        let unknown = silent(login(MARK, "tsunagu-demo")).problem(401, "unauthenticated");
        assert_eq!(wrong["detail"], unknown["detail"]);
        login("MADOGUCHI", "Tsunagu-demo").problem(401, "unauthenticated");
        login("madoguchi", "").problem(401, "unauthenticated");
        let events = auditor.get("/api/v1/audit/events?kind=session.failed").ok();
        let events = events["items"].as_array().unwrap();
        assert_eq!(events.len(), 4);
        let streams: Vec<&str> = events.iter().map(|e| e["stream"].as_str().unwrap().split(':').next().unwrap()).collect();
        assert_eq!(streams, ["agency", "agency", "service", "agency"]);
        assert!(!Value::from(events.clone()).to_string().contains(MARK));
        let form = json!({"login": "madoguchi", "password": "tsunagu-demo"});
        for (pointer, value) in [("/login", json!(1)), ("/login", json!("")), ("/login", json!("a\u{202e}")), ("/login", json!("a".repeat(101))),
            ("/password", json!(null)), ("/password", json!("a".repeat(129))), ("/otp", json!(MARK))] {
            invalid_at(anyone.post("/api/v1/session", &with(&form, pointer, value)), pointer);
        }
        invalid_at(anyone.post("/api/v1/session", &without(&form, "/password")), "/password");
        silent(anyone.post("/api/v1/session", &with(&form, &format!("/{MARK}"), json!(1)))).problem(400, "malformed");
    }

    fn a_new_post_ends_the_sessions_and_the_acting_post_decides(service) {
        let admin = service.login("admin");
        let codes = agencies(&admin);
        let clerk = service.login("madoguchi");
        let session = clerk.get("/api/v1/session").ok();
        let staff_id = session["staff"]["id"].as_str().unwrap().to_owned();
        let sheet_id = crate::forms::registered(&service, &clerk);
        let path = format!("/api/v1/staff/{staff_id}/posts");
        let form = json!({"agency_id": codes["hoken"], "role": "counter", "valid_from": "2026-11-20"});
        for (pointer, values) in [
            ("/agency_id", vec![json!(MARK), json!(NOBODY), json!(1)]), ("/role", vec![json!(MARK), json!(1), json!(null)]),
            ("/valid_from", vec![json!("2025-02-29"), json!("0026-04-01"), json!("1947-05-02"), json!("令和8年1月1日"), json!(null)]), ("/valid_until", vec![json!("2026-11-19"), json!(MARK)]),
        ] {
            for value in values {
                invalid_at(admin.post(&path, &with(&form, pointer, value)), pointer);
            }
        }
        admin.post(&format!("/api/v1/staff/{NOBODY}/posts"), &form).problem(404, "not-found");
        clerk.post(&path, &form).problem(403, "forbidden");
        clerk.get("/api/v1/session").ok();
        service.advance_seconds(1);
        let added = admin.post(&path, &form).ok();
        // Nothing changes before another person has confirmed it.
        assert_eq!(added["pending"], true);
        clerk.get("/api/v1/session").ok();
        let confirm = |post: &Value| service.login("hogo").post(&format!("{path}/{}/confirm", post["id"].as_str().unwrap()), &json!({}));
        assert_eq!(confirm(&added).ok()["pending"], false);
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        clerk.post("/api/v1/sheets", &json!({"state": "draft"})).problem(401, "unauthenticated");
        // The person acts in the first post until another is chosen.
        let clerk = service.login("madoguchi");
        let session = clerk.get("/api/v1/session").ok();
        assert_eq!(session["posts"].as_array().unwrap().len(), 2);
        assert_ne!(session["acting_post_id"], added["id"]);
        clerk.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        let choose = |post: &Value| clerk.put_plain("/api/v1/session/acting-post", &json!({"post_id": post}));
        let others = service.login("kacho").get("/api/v1/session").ok()["acting_post_id"].clone();
        for post in [json!(NOBODY), json!(MARK), json!(1), others] {
            invalid_at(choose(&post), "/post_id");
        }
        assert_eq!(choose(&added["id"]).ok()["acting_post_id"], added["id"]);
        clerk.get(&format!("/api/v1/sheets/{sheet_id}")).problem(404, "not-found");
        let made = clerk.post("/api/v1/sheets", &crate::forms::sheet(&service)).ok();
        assert_eq!(made["origin_agency_id"], json!(codes["hoken"]));
        let events = service.login("kansa").get(&format!("/api/v1/audit/events?sheet_id={}&kind=sheet.created", made["id"].as_str().unwrap())).ok();
        assert_eq!((&events["items"][0]["actor"]["post_id"], &events["items"][0]["actor"]["staff_id"]), (&added["id"], &json!(staff_id)));
        // A post that begins later, or is over, cannot be chosen.
        let later = admin.post(&path, &json!({"agency_id": codes["nozei"], "role": "manager", "valid_from": "2026-11-21", "valid_until": "2026-11-21"})).ok();
        confirm(&later).ok();
        let clerk = service.login("madoguchi");
        clerk.put_plain("/api/v1/session/acting-post", &json!({"post_id": later["id"]})).problem(422, "invalid-input");
        service.set_clock("2026-11-21T09:00:00+09:00");
        let clerk = service.login("madoguchi");
        assert_eq!(clerk.put_plain("/api/v1/session/acting-post", &json!({"post_id": later["id"]})).status, 200);
        service.set_clock("2026-11-21T23:59:00+09:00");
        let clerk = service.login("madoguchi");
        clerk.put_plain("/api/v1/session/acting-post", &json!({"post_id": later["id"]})).ok();
        service.set_clock("2026-11-22T00:00:00+09:00");
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        let kinds = Eye::of(&service).events();
        assert_eq!(kinds.iter().filter(|e| e.starts_with("post.added")).count(), 2);
    }
}
