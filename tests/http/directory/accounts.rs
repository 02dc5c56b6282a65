//! People, their posts and their one-time codes: what takes two people, and what one person never knows of another.

use crate::probe::{Eye, NOBODY, text};
use serde_json::{Value, json};
use tests::{Client, on_both};

const CHOSEN: &str = "kasa-no-naka no neko 7";

fn invited(admin: &Client, login: &str, agency: &str) -> Value {
    let post = json!({"agency_id": agency, "role": "counter", "valid_from": "2026-04-01"});
    admin.post("/api/v1/staff", &json!({"login": login, "name": "見本 新人", "posts": [post]})).ok()
}

fn confirm_path(staff: &Value) -> String {
    format!("/api/v1/staff/{}/posts/{}/confirm", text(&staff["id"]), text(&staff["posts"][0]["id"]))
}

fn id_of(client: &Client) -> String {
    text(&client.get("/api/v1/session").ok()["staff"]["id"])
}

on_both! {
    fn a_post_counts_when_another_person_has_confirmed_it(service) {
        let admin = service.login("admin");
        let staff = invited(&admin, "shinjin", &service.agency("hoken"));
        assert_eq!((&staff["posts"][0]["pending"], &staff["posts"][0]["made_by_staff_id"]), (&json!(true), &json!(id_of(&admin))));
        let anyone = service.anonymous();
        let chosen = json!({"login": "shinjin", "code": staff["invitation"]["code"], "new_password": CHOSEN});
        anyone.post("/api/v1/session/password", &chosen).ok();
        let form = json!({"login": "shinjin", "password": CHOSEN});
        anyone.post("/api/v1/session", &form).problem(401, "unauthenticated");
        let path = confirm_path(&staff);
        // The administrator who made the post is one of the two already; a manager of another agency or a clerk cannot be the other.
        let refused = admin.post(&path, &json!({})).problem(403, "forbidden");
        assert!(text(&refused["detail"]).contains("加えた人"), "{refused}");
        for login in ["kacho", "madoguchi", "hoken", "kansa", "hub"] {
            service.login(login).post(&path, &json!({})).problem(403, "forbidden");
        }
        let elsewhere = path.replace(&text(&staff["posts"][0]["id"]), NOBODY);
        service.login("hogo").post(&elsewhere, &json!({})).problem(404, "not-found");
        assert_eq!(service.login("hogo").post(&path, &json!({})).ok()["pending"], false);
        let again = service.login("hogo").post(&path, &json!({})).problem(409, "invalid-transition");
        assert_eq!(again["state"], "confirmed");
        service.login_with("shinjin", CHOSEN).get("/api/v1/sheets").ok();
        let events = Eye::of(&service).events();
        assert_eq!(events.iter().filter(|e| e.starts_with("post.confirmed")).count(), 1);
    }

    fn the_manager_of_the_agency_may_be_the_second_person(service) {
        let staff = invited(&service.login("admin"), "shinjin", &service.agency("fukushi-marugoto"));
        assert_eq!(service.login("kacho").post(&confirm_path(&staff), &json!({})).ok()["pending"], false);
    }

    fn nobody_gives_himself_a_post_or_a_code(service) {
        let admin = service.login("admin");
        let own = id_of(&admin);
        let post = json!({"agency_id": service.agency("hoken"), "role": "manager", "valid_from": "2026-04-01"});
        let refused = admin.post(&format!("/api/v1/staff/{own}/posts"), &post).problem(403, "forbidden");
        assert!(text(&refused["title"]).contains("別の人"), "{refused}");
        admin.post(&format!("/api/v1/staff/{own}/code"), &json!({})).problem(403, "forbidden");
        // An administrator cannot confirm the post that he made himself.
        let staff = invited(&admin, "shinjin", &service.agency("hoken"));
        service.hire("kanri2", CHOSEN, &json!({"agency_id": service.agency("admin"), "role": "admin", "valid_from": "2026-04-01"}));
        let other = service.login_with("kanri2", CHOSEN);
        other.post(&format!("/api/v1/staff/{}/posts", text(&staff["id"])), &post).ok();
        let holder = json!({"login": "shinjin", "code": staff["invitation"]["code"], "new_password": CHOSEN});
        service.anonymous().post("/api/v1/session/password", &holder).ok();
        other.post(&confirm_path(&staff), &json!({})).ok();
        let list = admin.get(&format!("/api/v1/staff?agency_id={}", service.agency("hoken"))).ok();
        let shinjin = list["items"].as_array().unwrap().iter().find(|s| s["id"] == staff["id"]).unwrap().clone();
        let pending = shinjin["posts"].as_array().unwrap().iter().find(|p| p["pending"] == true).unwrap().clone();
        let path = format!("/api/v1/staff/{}/posts/{}/confirm", text(&staff["id"]), text(&pending["id"]));
        other.post(&path, &json!({})).problem(403, "forbidden");
        // Nor can the person who gave out the code: that person may have used it.
        admin.post(&path, &json!({})).problem(403, "forbidden");
        service.login("hogo").post(&path, &json!({})).ok();
    }

    fn a_post_that_replaces_another_ends_it_on_the_eve(service) {
        let admin = service.login("admin");
        let clerk = service.login("zei");
        let (staff_id, session) = (id_of(&clerk), clerk.get("/api/v1/session").ok());
        let old = session["acting_post_id"].clone();
        let path = format!("/api/v1/staff/{staff_id}/posts");
        let mut post = json!({"agency_id": service.agency("hoken"), "role": "counter", "valid_from": "2026-12-01", "replaces_post_id": NOBODY});
        assert_eq!(admin.post(&path, &post).pointers(422, "invalid-input"), ["/replaces_post_id"]);
        post["replaces_post_id"] = old.clone();
        service.appoint(&staff_id, &post);
        let list = admin.get(&format!("/api/v1/staff?agency_id={}", service.agency("hoken"))).ok();
        let zei = list["items"].as_array().unwrap().iter().find(|s| s["id"] == json!(staff_id)).unwrap().clone();
        let replaced = zei["posts"].as_array().unwrap().iter().find(|p| p["id"] == old).unwrap().clone();
        assert_eq!(replaced["valid_until"], "2026-11-30");
        service.set_clock("2026-12-01T09:00:00+09:00");
        let posts = service.login("zei").get("/api/v1/session").ok()["posts"].clone();
        assert_eq!(posts.as_array().unwrap().len(), 1);
        assert_eq!(posts[0]["agency_id"], json!(service.agency("hoken")));
    }

    fn a_log_in_name_is_one_in_every_case_and_width(service) {
        let admin = service.login("admin");
        let staff = invited(&admin, "Shin.Jin", &service.agency("hoken"));
        assert_eq!(staff["login"], "shin.jin");
        let post = json!({"agency_id": service.agency("hoken"), "role": "counter", "valid_from": "2026-04-01"});
        for taken in ["shin.jin", "SHIN.JIN"] {
            let form = json!({"login": taken, "name": "見本 別人", "posts": [post]});
            assert_eq!(admin.post("/api/v1/staff", &form).pointers(422, "invalid-input"), ["/login"]);
        }
        for typed in ["Madoguchi", "MADOGUCHI", "ｍａｄｏｇｕｃｈｉ"] {
            service.login(typed).get("/api/v1/session").ok();
        }
    }

    fn a_code_is_shown_once_used_once_and_runs_out(service) {
        let admin = service.login("admin");
        let post = json!({"agency_id": service.agency("hoken"), "role": "counter", "valid_from": "2026-04-01"});
        let form = json!({"login": "shinjin", "name": "見本 新人", "posts": [post]});
        let staff = admin.post_with_key("/api/v1/staff", &form, "once").ok();
        let again = admin.post_with_key("/api/v1/staff", &form, "once");
        assert_eq!(again.header("idempotent-replayed"), "true");
        let again = again.ok();
        assert_eq!((&again["id"], again.get("invitation")), (&staff["id"], None));
        let anyone = service.anonymous();
        let with = |code: &Value| anyone.post("/api/v1/session/password", &json!({"login": "shinjin", "code": code, "new_password": CHOSEN}));
        let code = &staff["invitation"]["code"];
        let wrong = with(&json!("0000-0000-0000-0000")).problem(401, "unauthenticated");
        let nobodys = json!({"login": "nobody", "code": code, "new_password": CHOSEN});
        let unknown = anyone.post("/api/v1/session/password", &nobodys).problem(401, "unauthenticated");
        assert_eq!(wrong["detail"], unknown["detail"]);
        // A newer code replaces an older one.
        let path = format!("/api/v1/staff/{}/code", text(&staff["id"]));
        let newer = admin.post(&path, &json!({})).ok();
        assert_eq!(newer["expires_at"], "2026-11-27T12:00:00+09:00");
        with(code).problem(401, "unauthenticated");
        service.advance_seconds(7 * 24 * 3600);
        with(&newer["code"]).problem(401, "unauthenticated");
        let newest = service.login("admin").post(&path, &json!({})).ok();
        with(&json!(text(&newest["code"]).to_lowercase().replace('-', " "))).ok();
        with(&newest["code"]).problem(401, "unauthenticated");
        assert!(!service.audit_export().contains(&text(&newest["code"])));
    }

    fn a_reset_ends_the_sessions_and_is_told(service) {
        let admin = service.login("admin");
        let clerk = service.login("madoguchi");
        let path = format!("/api/v1/staff/{}/code", id_of(&clerk));
        for login in ["madoguchi", "kacho", "hogo", "kansa", "hub"] {
            service.login(login).post(&path, &json!({})).problem(403, "forbidden");
        }
        admin.post(&format!("/api/v1/staff/{NOBODY}/code"), &json!({})).problem(404, "not-found");
        let code = admin.post(&path, &json!({})).ok();
        assert_eq!(code["expires_at"], "2026-11-20T13:00:00+09:00");
        // Nothing changes until the code is used.
        clerk.get("/api/v1/session").ok();
        let anyone = service.anonymous();
        let set = |password: &str| anyone.post("/api/v1/session/password", &json!({"login": "Madoguchi", "code": code["code"], "new_password": password}));
        service.send_mail();
        for guessable in ["password-1234", "madoguchi-2026", "福祉まるごと相談課1", "tsunagu-tsunagu", "見本窓子見本窓子見本窓子"] {
            assert_eq!(set(guessable).pointers(422, "invalid-input"), ["/new_password"], "{guessable}");
        }
        assert_eq!(set("short").pointers(422, "invalid-input"), ["/new_password"]);
        clerk.get("/api/v1/session").ok();
        set(CHOSEN).ok();
        clerk.get("/api/v1/session").problem(401, "unauthenticated");
        anyone.post("/api/v1/session", &json!({"login": "madoguchi", "password": "tsunagu-demo"})).problem(401, "unauthenticated");
        // The person who gave out the code may have used it. So another person confirms that its owner did, and gets a mail that something waits.
        let form = json!({"login": "madoguchi", "password": CHOSEN});
        anyone.post("/api/v1/session", &form).problem(401, "unauthenticated");
        let list = admin.get(&format!("/api/v1/staff?agency_id={}", service.agency("fukushi-marugoto"))).ok();
        let clerk = list["items"].as_array().unwrap().iter().find(|it| it["login"] == "madoguchi").unwrap().clone();
        admin.post(&confirm_path(&clerk), &json!({})).problem(403, "forbidden");
        service.login("kacho").post(&confirm_path(&clerk), &json!({})).ok();
        service.login_with("madoguchi", CHOSEN);
        let mails = service.send_mail();
        let waits = |mail: &&tests::Mail| mail.text().contains("確認を待つ職員の登録があります");
        assert_eq!(mails.iter().filter(waits).count(), 2, "the agency and the privacy officer");
        assert_eq!(mails.len(), 3);
        let mail = mails.iter().map(tests::Mail::text).find(|mail| mail.contains("一度だけの")).unwrap();
        assert!(mail.contains("一度だけのコードでパスワードが決められました") && mail.lines().any(|line| line.ends_with("/staff")), "{mail}");
        assert!(!mail.contains("見本") && !mail.contains("madoguchi"), "{mail}");
        let events = Eye::of(&service).events();
        for kind in ["code.issued", "code.used"] {
            assert_eq!(events.iter().filter(|e| e.starts_with(kind)).count(), 1, "{kind}");
        }
    }

    fn guessing_codes_is_bounded_like_guessing_passwords(service) {
        let anyone = service.anonymous();
        let guess = |n: usize| anyone.post("/api/v1/session/password", &json!({"login": "madoguchi", "code": format!("0000-{n:04}"), "new_password": CHOSEN}));
        for n in 0..10 {
            guess(n).problem(401, "unauthenticated");
        }
        guess(10).problem(429, "too-many-requests");
        // Codes and passwords of an account share one budget.
        anyone.post("/api/v1/session", &json!({"login": "madoguchi", "password": "tsunagu-demo"})).problem(429, "too-many-requests");
    }

    fn a_person_changes_the_own_password(service) {
        let (clerk, other) = (service.login("madoguchi"), service.login("madoguchi"));
        let change = |old: &str, new: &str| clerk.put_plain("/api/v1/session/password", &json!({"old_password": old, "new_password": new}));
        assert_eq!(change("tsunagu-demi", CHOSEN).pointers(422, "invalid-input"), ["/old_password"]);
        for guessable in ["tsunagu-demo", "passwordpassword", "madoguchi1234", "見本 窓子の秘密"] {
            assert_eq!(change("tsunagu-demo", guessable).pointers(422, "invalid-input"), ["/new_password"], "{guessable}");
        }
        other.get("/api/v1/session").ok();
        // One keyboard sends が as two code points, another as one.
        assert_eq!(change("tsunagu-demo", "か\u{3099}らすの窓に猫が七匹いた").status, 204);
        clerk.get("/api/v1/session").ok();
        other.get("/api/v1/session").problem(401, "unauthenticated");
        service.login_with("madoguchi", "がらすの窓に猫が七匹いた");
        let events = Eye::of(&service).events();
        assert_eq!(events.iter().filter(|e| e.starts_with("password.changed")).count(), 1);
        let export = service.audit_export();
        assert_eq!(export.lines().filter(|line| line.contains("\"kind\":\"session.failed\"")).count(), 1);
    }
}
