//! Sessions, posts and accounts that end.

use super::oauth::{client, token};
use crate::probe::{Eye, NOBODY, text};
use serde_json::{Value, json};
use tests::{Client, on_both};

const CHOSEN: &str = "kasa-no-naka no neko 7";

fn id_of(client: &Client) -> String {
    text(&client.get("/api/v1/session").ok()["staff"]["id"])
}

fn sessions(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).ok()["items"].as_array().unwrap().clone()
}

on_both! {
    fn a_person_sees_and_ends_the_own_sessions(service) {
        let one = service.login("madoguchi");
        service.advance_seconds(60);
        let other = service.login("madoguchi");
        let stranger = service.login("kacho");
        let shown = sessions(&one, "/api/v1/sessions");
        assert_eq!(shown.len(), 2);
        // The newest session comes first, and the list says which of them asks.
        assert_eq!((&shown[0]["current"], &shown[1]["current"]), (&json!(false), &json!(true)));
        let path = format!("/api/v1/sessions/{}", text(&shown[0]["id"]));
        stranger.delete(&path).problem(404, "not-found");
        other.get("/api/v1/session").ok();
        assert_eq!(one.delete(&path).status, 204);
        other.get("/api/v1/session").problem(401, "unauthenticated");
        one.delete(&path).problem(404, "not-found");
        assert_eq!(sessions(&one, "/api/v1/sessions").len(), 1);
        // An idle session is not listed any more.
        service.login("madoguchi");
        service.advance_seconds(29 * 60);
        one.get("/api/v1/session").ok();
        service.advance_seconds(60);
        assert_eq!(sessions(&one, "/api/v1/sessions").len(), 1);
    }

    fn the_administrator_ends_the_sessions_of_a_person(service) {
        let (admin, clerk) = (service.login("admin"), service.login("madoguchi"));
        let path = format!("/api/v1/staff/{}/sessions", id_of(&clerk));
        assert_eq!(sessions(&admin, &path).len(), 1);
        for login in ["madoguchi", "kacho", "hogo", "kansa", "hub"] {
            service.login(login).get(&path).problem(403, "forbidden");
            service.login(login).delete(&path).problem(403, "forbidden");
        }
        admin.get(&format!("/api/v1/staff/{NOBODY}/sessions")).problem(404, "not-found");
        clerk.get("/api/v1/session").ok();
        assert_eq!(admin.delete(&path).status, 204);
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        service.login("madoguchi").get("/api/v1/sheets").ok();
    }

    fn who_is_disabled_is_out_at_once_and_comes_back_by_two(service) {
        let (admin, clerk) = (service.login("admin"), service.login("madoguchi"));
        let staff = format!("/api/v1/staff/{}", id_of(&clerk));
        let code = admin.post(&format!("{staff}/code"), &json!({})).ok();
        for login in ["madoguchi", "kacho", "hogo"] {
            service.login(login).post(&format!("{staff}/disable"), &json!({})).problem(403, "forbidden");
        }
        admin.post(&format!("/api/v1/staff/{}/disable", id_of(&admin)), &json!({})).problem(403, "forbidden");
        assert_eq!(admin.post(&format!("{staff}/disable"), &json!({})).ok()["disabled"], true);
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        let anyone = service.anonymous();
        let form = json!({"login": "madoguchi", "password": "tsunagu-demo"});
        let refused = anyone.post("/api/v1/session", &form).problem(401, "unauthenticated");
        let wrong = anyone.post("/api/v1/session", &json!({"login": "madoguchi", "password": "kasa"})).problem(401, "unauthenticated");
        assert_eq!(refused["detail"], wrong["detail"]);
        let chosen = json!({"login": "madoguchi", "code": code["code"], "new_password": CHOSEN});
        anyone.post("/api/v1/session/password", &chosen).problem(401, "unauthenticated");
        let again = admin.post(&format!("{staff}/disable"), &json!({})).problem(409, "invalid-transition");
        assert_eq!(again["state"], "disabled");
        admin.post(&format!("{staff}/code"), &json!({})).problem(409, "invalid-transition");
        // One person alone does not let somebody in again.
        let back = admin.post(&format!("{staff}/enable"), &json!({})).ok();
        assert_eq!((&back["disabled"], &back["posts"][0]["pending"]), (&json!(false), &json!(true)));
        anyone.post("/api/v1/session", &form).problem(401, "unauthenticated");
        let confirm = format!("{staff}/posts/{}/confirm", text(&back["posts"][0]["id"]));
        admin.post(&confirm, &json!({})).problem(403, "forbidden");
        service.login("kacho").post(&confirm, &json!({})).ok();
        service.login("madoguchi").get("/api/v1/sheets").ok();
        admin.post(&format!("{staff}/enable"), &json!({})).problem(409, "invalid-transition");
        let events = Eye::of(&service).events();
        for kind in ["staff.disabled", "staff.enabled", "post.confirmed"] {
            assert_eq!(events.iter().filter(|e| e.starts_with(kind)).count(), 1, "{kind}");
        }
    }

    fn a_post_ends_at_once_or_on_a_day(service) {
        let (admin, clerk) = (service.login("admin"), service.login("zei"));
        let session = clerk.get("/api/v1/session").ok();
        let path = format!("/api/v1/staff/{}/posts/{}/end", text(&session["staff"]["id"]), text(&session["acting_post_id"]));
        service.login("kacho").post(&path, &json!({})).problem(403, "forbidden");
        service.login("madoguchi").post(&path, &json!({})).problem(403, "forbidden");
        for late in ["2026-11-19", "2020-01-01", "2026-02-30"] {
            assert_eq!(admin.post(&path, &json!({"on": late})).pointers(422, "invalid-input"), ["/on"], "{late}");
        }
        assert_eq!(admin.post(&path, &json!({"on": "2026-11-30"})).ok()["valid_until"], "2026-11-30");
        // To prolong it again takes a new post, and so two people.
        assert_eq!(admin.post(&path, &json!({"on": "2026-12-01"})).pointers(422, "invalid-input"), ["/on"]);
        clerk.get("/api/v1/sheets").ok();
        assert!(!admin.post(&path, &json!({})).ok()["ended_at"].is_null());
        clerk.get("/api/v1/sheets").problem(401, "unauthenticated");
        service.anonymous().post("/api/v1/session", &json!({"login": "zei", "password": "tsunagu-demo"})).problem(401, "unauthenticated");
        let again = admin.post(&path, &json!({})).problem(409, "invalid-transition");
        assert_eq!(again["state"], "ended");
        // A post that waits is rejected in the same way, even by the person who could have confirmed it.
        let post = json!({"agency_id": service.agency("fukushi-marugoto"), "role": "manager", "valid_from": "2026-04-01"});
        let staff = text(&session["staff"]["id"]);
        let pending = admin.post(&format!("/api/v1/staff/{staff}/posts"), &post).ok();
        let of = |deed: &str| format!("/api/v1/staff/{staff}/posts/{}/{deed}", text(&pending["id"]));
        service.login("kacho").post(&of("end"), &json!({})).ok();
        let late = service.login("hogo").post(&of("confirm"), &json!({})).problem(409, "invalid-transition");
        assert_eq!(late["state"], "ended");
    }

    fn a_new_log_in_ends_the_session_that_the_browser_holds(service) {
        let (before, elsewhere) = (service.login("madoguchi"), service.login("madoguchi"));
        let cookie = format!("tsunagu_session={}", before.token());
        let body = json!({"login": "kacho", "password": "tsunagu-demo"}).to_string();
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
        service.anonymous().raw("POST", "/api/v1/session", &headers, Some(body.as_bytes())).ok();
        before.get("/api/v1/session").problem(401, "unauthenticated");
        elsewhere.get("/api/v1/session").ok();
        // A failed log-in ends no session.
        let cookie = format!("tsunagu_session={}", elsewhere.token());
        let wrong = json!({"login": "kacho", "password": "kasa"}).to_string();
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
        service.anonymous().raw("POST", "/api/v1/session", &headers, Some(wrong.as_bytes())).problem(401, "unauthenticated");
        elsewhere.get("/api/v1/session").ok();
    }

    fn a_systems_token_is_none_in_the_cookie_of_a_browser(service) {
        let (id, secret) = client(&service, "fukushi-marugoto", "sheets:read");
        let answer = token(&service, &id, &secret, "grant_type=client_credentials").ok();
        let bearer = text(&answer["access_token"]);
        service.anonymous().with_token(&bearer).get("/api/v1/sheets").ok();
        let cookie = format!("tsunagu_session={bearer}");
        service.anonymous().raw("GET", "/api/v1/sheets", &[("cookie", &cookie)], None).problem(401, "unauthenticated");
    }
}
