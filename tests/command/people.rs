//! `tsunagu staff …` and `tsunagu client …`.

use crate::program::{Place, on_each};
use serde_json::{Value, json};

fn staff(place: &Place, login: &str, role: &str, password: &str) -> crate::program::Said {
    let arguments = ["staff", "add", "--login", login, "--name", "見本 新人", "--agency", "hoken", "--role", role];
    place.tell(&arguments, password)
}

on_each! {
    fn a_person_is_added_and_logs_in(place) {
        place.run(&["demo"]).ok();
        staff(&place, "Shin-jin.1_@x", "manager", "kasa-no-naka no neko 7\r\n").ok();
        let serving = place.serve();
        let token = serving.login("Shin-jin.1_@x", "kasa-no-naka no neko 7").unwrap();
        let session = serving.get("/api/v1/session", &token);
        assert_eq!((session["posts"][0]["role"].as_str(), session["staff"]["name"].as_str()), (Some("manager"), Some("見本 新人")));
        let said = staff(&place, "Shin-jin.1_@x", "counter", "mizuumi to tsukue\n").failed();
        assert!(said.contains("log-in name is taken"), "{said}");
        assert_eq!(serving.login("Shin-jin.1_@x", "mizuumi to tsukue"), None);
    }

    fn a_person_without_a_password_is_invited_and_one_who_forgot_it_gets_a_code(place) {
        place.run(&["demo"]).ok();
        let value = |said: &str, name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned).unwrap();
        let serving = place.serve();
        let choose = |login: &str, code: &str, password: &str| {
            let chosen = json!({"login": login, "code": code, "new_password": password});
            serving.ask("POST", "/api/v1/session/password", None, Some(chosen)).0
        };
        let invitation = value(&staff(&place, "shinjin", "counter", "\n").ok(), "code=");
        assert_eq!(choose("shinjin", &invitation, "kasa-no-naka no neko 7"), 204);
        assert!(serving.login("shinjin", "kasa-no-naka no neko 7").is_some());
        let code = value(&place.run(&["staff", "code", "SHINJIN"]).ok(), "code=");
        assert_eq!(choose("shinjin", &invitation, "mizuumi to tsukue"), 401);
        assert_eq!(choose("shinjin", &code, "mizuumi to tsukue"), 204);
        assert_eq!(serving.login("shinjin", "kasa-no-naka no neko 7"), None);
        let token = serving.login("shinjin", "mizuumi to tsukue").unwrap();
        place.run(&["staff", "disable", "shinjin"]).ok();
        assert_eq!(serving.ask("GET", "/api/v1/session", Some(&token), None).0, 401);
        assert_eq!(serving.login("shinjin", "mizuumi to tsukue"), None);
        assert!(place.run(&["staff", "disable", "shinjin"]).failed().contains("disabled already"));
        assert!(place.run(&["staff", "code", "shinjin"]).failed().contains("tsunagu staff enable"));
        place.run(&["staff", "enable", "shinjin"]).ok();
        assert!(serving.login("shinjin", "mizuumi to tsukue").is_some());
        assert!(place.run(&["staff", "code", "nobody"]).failed().contains("nobody with this log-in name"));
    }

    fn posts_are_shown_made_moved_and_ended_and_what_is_open_is_ended(place) {
        place.run(&["demo"]).ok();
        staff(&place, "shinjin", "counter", "kasa-no-naka no neko 7\n").ok();
        let serving = place.serve();
        let token = serving.login("shinjin", "kasa-no-naka no neko 7").unwrap();
        let line = |starts: &str, holds: &str| {
            let said = place.run(&["staff", "show", "shinjin"]).ok();
            said.lines().find(|line| line.starts_with(starts) && line.contains(holds)).map(str::to_owned)
        };
        assert!(line("session=", "last used").is_some());
        assert!(place.run(&["staff", "log-out", "shinjin"]).ok().contains("sessions_ended=1"));
        assert_eq!((serving.ask("GET", "/api/v1/session", Some(&token), None).0, line("session=", "")), (401, None));

        let first = line("post=", "\thoken\tcounter").unwrap();
        let first = first.split(['=', '\t']).nth(1).unwrap();
        let add = |more: &[&str]| place.run(&[&["staff", "add-post", "shinjin", "--agency", "nozei", "--role", "manager"], more].concat());
        for (more, why) in [
            (["--from", "1900-01-01"], "--from"), (["--until", "2000-01-01"], "--until"),
            (["--replaces", "01980000-0000-7000-8000-000000000000"], "no such post"),
        ] {
            let said = add(&more).failed();
            assert!(said.contains(why), "{said}");
        }
        // The new post begins on that day; the replaced one ends the day before.
        add(&["--from", "2099-04-01", "--until", "2099-12-31", "--replaces", first]).ok();
        assert!(line("post=", "\thoken\tcounter").unwrap().contains("until 2099-03-31\tcounts"));
        let second = line("post=", "\tnozei\tmanager").unwrap();
        assert!(second.contains("from 2099-04-01 until 2099-12-31\tdoes not count today"), "{second}");

        let token = serving.login("shinjin", "kasa-no-naka no neko 7").unwrap();
        place.run(&["staff", "end-post", "shinjin", first]).ok();
        assert_eq!(serving.ask("GET", "/api/v1/session", Some(&token), None).0, 401);
        assert_eq!(serving.login("shinjin", "kasa-no-naka no neko 7"), None);
        assert!(line("post=", "\thoken\tcounter").unwrap().contains("\tended "));
        assert!(place.run(&["staff", "end-post", "shinjin", first]).failed().contains("ended before"));
        let trail = place.run(&["audit", "export"]).ok();
        for kind in ["post.added", "post.ended", "session.ended"] {
            assert!(trail.contains(kind), "{kind}");
        }
    }

    fn a_department_system_gets_another_secret_and_is_shut_out(place) {
        place.run(&["demo"]).ok();
        let add = ["client", "add", "--name", "基幹システム", "--agency", "hoken", "--scope", "sheets:read"];
        let value = |said: &str, name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned).unwrap();
        let said = place.run(&add).ok();
        let (id, first) = (value(&said, "client_id="), value(&said, "client_secret="));
        let serving = place.serve();
        let second = value(&place.run(&["client", "rotate", &id]).ok(), "client_secret=");
        assert_eq!((token(&serving.url, &id, &first).0, token(&serving.url, &id, &second).0), (200, 200));
        let third = value(&place.run(&["client", "rotate", &id, "--overlap-hours", "0"]).ok(), "client_secret=");
        let statuses = [&first, &second, &third].map(|secret| token(&serving.url, &id, secret).0);
        assert_eq!(statuses, [401, 401, 200]);
        let (_, text) = token(&serving.url, &id, &third);
        let bearer = serde_json::from_str::<Value>(&text).unwrap()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(serving.ask("GET", "/api/v1/sheets", Some(&bearer), None).0, 200);
        let list = place.run(&["client", "list"]).ok();
        assert!(list.contains(&id) && list.contains("基幹システム") && list.contains("sheets:read") && !list.contains("revoked"), "{list}");
        place.run(&["client", "revoke", &id]).ok();
        assert_eq!(serving.ask("GET", "/api/v1/sheets", Some(&bearer), None).0, 401);
        assert_eq!(token(&serving.url, &id, &third).0, 401);
        assert!(place.run(&["client", "list"]).ok().contains("revoked"));
        for (arguments, why) in [(vec!["client", "revoke", &id], "revoked already"), (vec!["client", "rotate", &id], "revoked"), (vec!["client", "revoke", "x"], "no client_id")] {
            let said = place.run(&arguments).failed();
            assert!(said.contains(why), "{said}");
        }
    }

    fn a_department_system_is_added_and_gets_a_token(place) {
        place.run(&["demo"]).ok();
        let said = place.run(&["client", "add", "--name", "基幹システム", "--agency", "hoken", "--scope", "sheets:read,relays:read"]).ok();
        let lines: Vec<&str> = said.lines().collect();
        let (id, secret) = (lines[0].strip_prefix("client_id=").unwrap(), lines[1].strip_prefix("client_secret=").unwrap());
        assert_eq!((lines.len(), secret.len()), (2, 43));
        let serving = place.serve();
        let (status, text) = token(&serving.url, id, secret);
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["scope"], "sheets:read relays:read");
        let token_of = answer["access_token"].as_str().unwrap();
        assert_eq!(serving.ask("GET", "/api/v1/sheets", Some(token_of), None).0, 200);
        assert_eq!(serving.ask("GET", "/api/v1/audit/events", Some(token_of), None).0, 403);
        assert_eq!(token(&serving.url, id, "another").0, 401);
    }
}

fn token(url: &str, id: &str, secret: &str) -> (u16, String) {
    let run = std::process::Command::new("curl")
        .args(["-sS", "-w", "\n%{http_code}", "-u", &format!("{id}:{secret}"), "-d", "grant_type=client_credentials"])
        .arg(format!("{url}/oauth2/token"))
        .output()
        .expect("curl");
    let said = String::from_utf8(run.stdout).unwrap();
    let (text, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), text.to_owned())
}

#[test]
fn a_person_whom_the_api_would_refuse_is_refused() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let long = "x".repeat(129);
    let cases = [
        (staff(&place, "新人", "counter", "kasa-no-naka no neko 7\n"), "log-in name"),
        (staff(&place, "", "counter", "kasa-no-naka no neko 7\n"), "log-in name"),
        (staff(&place, "a b", "counter", "kasa-no-naka no neko 7\n"), "log-in name"),
        (staff(&place, &"x".repeat(65), "counter", "kasa-no-naka no neko 7\n"), "log-in name"),
        (staff(&place, "shinjin", "counter", "hushhush123\n"), "12 to 128 characters"),
        (staff(&place, "shinjin", "counter", &long), "12 to 128 characters"),
        (staff(&place, "shinjin", "counter", "tsunagu-2026!\n"), "a common one"),
        (staff(&place, "shinjin", "counter", "shinjin-shinjin\n"), "a common one"),
        (staff(&place, "shinjin", "mayor", "kasa-no-naka no neko 7\n"), "counter, manager, hub"),
        (
            place.tell(
                &["staff", "add", "--login", "x", "--name", "a\nb", "--agency", "hoken", "--role", "counter"],
                "kasa-no-naka no neko 7\n",
            ),
            "name: one line",
        ),
        (
            place.tell(
                &["staff", "add", "--login", "x", "--name", "見本", "--agency", "nowhere", "--role", "counter"],
                "kasa-no-naka no neko 7\n",
            ),
            "no agency \"nowhere\"",
        ),
    ];
    for (said, why) in cases {
        assert!(!said.out.contains("staff_id"), "{said:?}");
        let said = said.failed();
        assert!(said.contains(why) && !said.contains("hush"), "{said}");
    }
    let serving = place.serve();
    let admin = serving.login("admin", "tsunagu-demo").unwrap();
    assert_eq!(serving.get("/api/v1/staff?limit=200", &admin)["items"].as_array().unwrap().len(), 11);
}

#[test]
fn a_department_system_with_an_unknown_scope_or_agency_is_refused() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let add =
        |agency: &str, scope: &str| place.run(&["client", "add", "--name", "x", "--agency", agency, "--scope", scope]);
    let said = add("hoken", "sheets:read,sheets:delete").failed();
    assert!(said.contains("\"sheets:delete\" is no scope") && said.contains("sheets:write"), "{said}");
    let said = add("nowhere", "sheets:read").failed();
    assert!(said.contains("no agency \"nowhere\""), "{said}");
}

#[test]
fn nobody_can_be_added_before_there_is_an_agency() {
    let place = Place::empty();
    let said = staff(&place, "shinjin", "counter", "kasa-no-naka no neko 7\n").failed();
    assert!(said.contains("tsunagu agency import"), "{said}");
}
