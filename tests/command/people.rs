//! `tsunagu staff add` and `tsunagu client add`.

use crate::program::{Place, on_each};
use serde_json::Value;

fn staff(place: &Place, login: &str, role: &str, password: &str) -> crate::program::Said {
    let arguments = ["staff", "add", "--login", login, "--name", "見本 新人", "--agency", "hoken", "--role", role];
    place.tell(&arguments, password)
}

on_each! {
    fn a_person_is_added_and_logs_in(place) {
        place.run(&["demo"]).ok();
        staff(&place, "Shin-jin.1_@x", "manager", "a long enough password\r\n").ok();
        let serving = place.serve();
        let token = serving.login("Shin-jin.1_@x", "a long enough password").unwrap();
        let session = serving.get("/api/v1/session", &token);
        assert_eq!((session["posts"][0]["role"].as_str(), session["staff"]["name"].as_str()), (Some("manager"), Some("見本 新人")));
        let said = staff(&place, "Shin-jin.1_@x", "counter", "another good password\n").failed();
        assert!(said.contains("log-in name is taken"), "{said}");
        assert_eq!(serving.login("Shin-jin.1_@x", "another good password"), None);
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
        (staff(&place, "新人", "counter", "a long enough password\n"), "log-in name"),
        (staff(&place, "", "counter", "a long enough password\n"), "log-in name"),
        (staff(&place, "a b", "counter", "a long enough password\n"), "log-in name"),
        (staff(&place, &"x".repeat(65), "counter", "a long enough password\n"), "log-in name"),
        (staff(&place, "shinjin", "counter", "hushhush123\n"), "12 to 128 characters"),
        (staff(&place, "shinjin", "counter", &long), "12 to 128 characters"),
        (staff(&place, "shinjin", "counter", ""), "12 to 128 characters"),
        (staff(&place, "shinjin", "mayor", "a long enough password\n"), "counter, manager, hub"),
        (
            place.tell(
                &["staff", "add", "--login", "x", "--name", "a\nb", "--agency", "hoken", "--role", "counter"],
                "a long enough password\n",
            ),
            "name: one line",
        ),
        (
            place.tell(
                &["staff", "add", "--login", "x", "--name", "見本", "--agency", "nowhere", "--role", "counter"],
                "a long enough password\n",
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
    let said = staff(&place, "shinjin", "counter", "a long enough password\n").failed();
    assert!(said.contains("tsunagu agency import"), "{said}");
}
