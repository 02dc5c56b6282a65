use crate::probe::{MARK, base64, silent};
use serde_json::json;
use std::process::Command;
use tests::{Answer, Service, on_both};

/// Adds a client as an administrator does, and returns its id and secret.
fn client(service: &Service, agency: &str, scopes: &str) -> (String, String) {
    // target/debug/deps/http-… → target/debug/tsunagu
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("tsunagu");
    let done = Command::new(&program)
        .args(["client", "add", "--name", "記録システム", "--agency", agency, "--scope", scopes])
        .env("TSUNAGU_DATABASE_URL", &service.config.database_url)
        .env("TSUNAGU_MASTER_KEY_FILE", &service.config.master_key_file)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}; `cargo build` makes it", program.display()));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said} {}", String::from_utf8_lossy(&done.stderr));
    let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    (value("client_id="), value("client_secret="))
}

fn token(service: &Service, id: &str, secret: &str, form: &str) -> Answer {
    let basic = format!("Basic {}", base64(format!("{id}:{secret}").as_bytes()));
    let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    service.anonymous().raw("POST", "/oauth2/token", &headers, Some(form.as_bytes()))
}

on_both! {
    fn a_department_system_does_what_its_scopes_say(service) {
        let (id, secret) = client(&service, "fukushi-marugoto", "sheets:write,sheets:read,relays:read");
        let grant = "grant_type=client_credentials";
        let answer = token(&service, &id, &secret, grant);
        assert_eq!(answer.header("cache-control"), "no-store");
        let all = answer.ok();
        assert_eq!((&all["token_type"], &all["expires_in"]), (&json!("Bearer"), &json!(600)));
        let mut scopes: Vec<&str> = all["scope"].as_str().unwrap().split(' ').collect();
        scopes.sort_unstable();
        assert_eq!(scopes, ["relays:read", "sheets:read", "sheets:write"]);
        let bearer = |answer: &serde_json::Value| service.anonymous().with_token(answer["access_token"].as_str().unwrap());
        let system = bearer(&all);
        let made = system.post("/api/v1/sheets", &crate::forms::sheet(&service));
        assert_eq!(made.status, 201, "{}", made.text);
        let path = made.header("location");
        system.get(&path).ok();
        system.get("/api/v1/relays").ok();
        service.login("madoguchi").get(&path).ok();
        let auditor = service.login("kansa");
        let created = auditor.get("/api/v1/audit/events?kind=sheet.created").ok();
        assert_eq!(created["items"][0]["actor"]["client_id"], json!(id));
        // Not what it has no scope for, and nothing that is a person's.
        system.get("/api/v1/audit/events").problem(403, "forbidden");
        system.post("/api/v1/agencies", &json!({})).problem(403, "forbidden");
        system.post(&format!("{path}/relays"), &json!({})).problem(403, "forbidden");
        system.step(&format!("{path}/void"), &json!({"reason": "x"}), "\"1\"").problem(403, "forbidden");
        system.get("/api/v1/session").problem(403, "forbidden");
        // Fewer scopes when it asks for fewer.
        let reading = bearer(&token(&service, &id, &secret, &format!("{grant}&scope=sheets%3Aread")).ok());
        reading.get(&path).ok();
        reading.post("/api/v1/sheets", &json!({"state": "draft"})).problem(403, "forbidden");
        reading.get("/api/v1/relays").problem(403, "forbidden");
        // Ten minutes, and not one second more.
        service.advance_seconds(599);
        system.get(&path).ok();
        service.advance_seconds(1);
        system.get(&path).problem(401, "unauthenticated");
        let auditor = service.login("kansa");
        assert_eq!(auditor.get("/api/v1/audit/events?kind=token.issued").ok()["items"].as_array().unwrap().len(), 2);
    }

    fn a_token_is_refused_without_right_credentials_and_a_right_form(service) {
        let (id, secret) = client(&service, "hoken", "sheets:read");
        let (other, _) = client(&service, "hoken", "sheets:read");
        let grant = "grant_type=client_credentials";
        for (id, secret) in [(id.as_str(), MARK), (id.as_str(), ""), (MARK, secret.as_str()), ("", ""), (other.as_str(), secret.as_str()),
            ("madoguchi", "tsunagu-demo"), (crate::probe::NOBODY, secret.as_str())] {
            let answer = silent(token(&service, id, secret, grant));
            assert!(answer.header("www-authenticate").starts_with("Basic"));
            answer.problem(401, "unauthenticated");
        }
        let form = ("content-type", "application/x-www-form-urlencoded");
        for headers in [vec![form], vec![form, ("authorization", "Basic !!!")], vec![form, ("authorization", "Bearer x")], vec![form, ("authorization", "Basic")]] {
            service.anonymous().raw("POST", "/oauth2/token", &headers, Some(grant.as_bytes())).problem(401, "unauthenticated");
        }
        // client_secret_post is not offered.
        let post = format!("{grant}&client_id={id}&client_secret={secret}");
        service.anonymous().raw("POST", "/oauth2/token", &[form], Some(post.as_bytes())).problem(401, "unauthenticated");
        for (form, pointer) in [("", "/grant_type"), ("grant_type=password", "/grant_type"), ("grant_type=ZZmarkerZZ", "/grant_type"),
            ("grant_type=client_credentials&scope=ZZmarkerZZ", "/scope"), ("grant_type=client_credentials&scope=sheets%3Aread+sheets%3Awrite", "/scope"),
            ("grant_type=client_credentials&scope=SHEETS%3AREAD", "/scope")] {
            assert_eq!(silent(token(&service, &id, &secret, form)).pointers(422, "invalid-input"), [pointer], "{form}");
        }
        silent(token(&service, &id, &secret, "grant_type=client_credentials&grant_type=ZZmarkerZZ")).problem(400, "malformed");
        // RFC 6749 §3.2: what is unknown is ignored.
        token(&service, &id, &secret, "grant_type=client_credentials&ZZmarkerZZ=1").ok();
        let basic = format!("Basic {}", base64(format!("{id}:{secret}").as_bytes()));
        service.anonymous().raw("POST", "/oauth2/token", &[("authorization", &basic), ("content-type", "application/json")], Some(b"{}"))
            .problem(415, "unsupported-media-type");
        let failed = service.login("kansa").get("/api/v1/audit/events?kind=token.failed&limit=200").ok();
        let failed = failed["items"].as_array().unwrap();
        assert!(failed.len() >= 7 && !serde_json::Value::from(failed.clone()).to_string().contains(MARK));
    }
}
