use crate::probe::{MARK, base64, silent};
use serde_json::json;
use std::process::Command;
use tests::{Answer, Service, on_both};

/// Adds a client as an administrator does, and returns its id and secret.
pub(super) fn client(service: &Service, agency: &str, scopes: &str) -> (String, String) {
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

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn token(service: &Service, id: &str, secret: &str, form: &str) -> Answer {
    let basic = format!("Basic {}", base64(format!("{id}:{secret}").as_bytes()));
    let headers = [("authorization", basic.as_str()), ("content-type", FORM)];
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
        // A system may not do anything that it has no scope for, nor anything that only a person may do.
        system.get("/api/v1/audit/events").problem(403, "forbidden");
        system.post("/api/v1/agencies", &json!({})).problem(403, "forbidden");
        system.post(&format!("{path}/relays"), &json!({})).problem(403, "forbidden");
        system.step(&format!("{path}/void"), &json!({"reason": "x"}), "\"1\"").problem(403, "forbidden");
        // No scope would help with an operation for persons.
        let of_a_person = system.get("/api/v1/session");
        assert_eq!(of_a_person.header("www-authenticate"), "");
        of_a_person.problem(403, "forbidden");
        // A token has fewer scopes when fewer are asked for.
        let reading = bearer(&token(&service, &id, &secret, &format!("{grant}&scope=sheets%3Aread")).ok());
        reading.get(&path).ok();
        let refused = reading.post("/api/v1/sheets", &json!({"state": "draft"}));
        let lacking = "Bearer realm=\"tsunagu\", error=\"insufficient_scope\", scope=\"sheets:write\"";
        assert_eq!(refused.header("www-authenticate"), lacking);
        refused.problem(403, "forbidden");
        reading.get("/api/v1/relays").problem(403, "forbidden");
        // A token lasts ten minutes, and not one second more.
        service.advance_seconds(599);
        system.get(&path).ok();
        service.advance_seconds(1);
        let late = system.get(&path);
        assert_eq!(late.header("www-authenticate"), "Bearer realm=\"tsunagu\", error=\"invalid_token\"");
        late.problem(401, "unauthenticated");
        let auditor = service.login("kansa");
        assert_eq!(auditor.get("/api/v1/audit/events?kind=token.issued").ok()["items"].as_array().unwrap().len(), 2);
    }

    fn a_token_is_refused_without_right_credentials_and_a_right_form(service) {
        let (id, secret) = client(&service, "hoken", "sheets:read");
        let (other, _) = client(&service, "hoken", "sheets:read");
        let grant = "grant_type=client_credentials";
        for (id, secret) in [(id.as_str(), MARK), (id.as_str(), ""), (MARK, secret.as_str()), ("", ""), (other.as_str(), secret.as_str()),
            ("madoguchi", "tsunagu-demo"), (crate::probe::NOBODY, secret.as_str())] {
            silent(token(&service, id, secret, grant)).token_refused(401, "invalid_client");
        }
        let form = ("content-type", FORM);
        for headers in [vec![form], vec![form, ("authorization", "Basic !!!")], vec![form, ("authorization", "Bearer x")], vec![form, ("authorization", "Basic")]] {
            service.anonymous().raw("POST", "/oauth2/token", &headers, Some(grant.as_bytes())).token_refused(401, "invalid_client");
        }
        for (form, error) in [("", "invalid_request"), ("grant_type=", "invalid_request"), ("grant_type=password", "unsupported_grant_type"),
            ("grant_type=ZZmarkerZZ", "unsupported_grant_type"), ("grant_type=client_credentials&grant_type=ZZmarkerZZ", "invalid_request"),
            ("grant_type=client_credentials&scope=ZZmarkerZZ", "invalid_scope"), ("grant_type=client_credentials&scope=SHEETS%3AREAD", "invalid_scope"),
            ("grant_type=client_credentials&scope=sheets%3Aread+sheets%3Awrite", "invalid_scope")] {
            silent(token(&service, &id, &secret, form)).token_refused(400, error);
        }
        // RFC 6749 §3.2: unknown parameters are ignored, and a parameter without a value counts as left out.
        token(&service, &id, &secret, "grant_type=client_credentials&ZZmarkerZZ=1&scope=&client_secret=").ok();
        let basic = format!("Basic {}", base64(format!("{id}:{secret}").as_bytes()));
        for more in [("content-type", "application/json"), ("content-type", ""), ("content-encoding", "gzip")] {
            let headers = [("authorization", basic.as_str()), more];
            service.anonymous().raw("POST", "/oauth2/token", &headers, Some(grant.as_bytes())).token_refused(400, "invalid_request");
        }
        let failed = service.login("kansa").get("/api/v1/audit/events?kind=token.failed&limit=200").ok();
        let failed = failed["items"].as_array().unwrap();
        assert!(failed.len() >= 7 && !serde_json::Value::from(failed.clone()).to_string().contains(MARK));
    }

    fn a_client_may_say_who_it_is_in_the_form_but_not_in_both_places(service) {
        let (id, secret) = client(&service, "hoken", "sheets:read");
        let (other, _) = client(&service, "hoken", "sheets:read");
        let grant = "grant_type=client_credentials";
        let post = |form: &str| service.anonymous().raw("POST", "/oauth2/token", &[("content-type", FORM)], Some(form.as_bytes()));
        let issued = post(&format!("{grant}&client_id={id}&client_secret={secret}"));
        assert_eq!((issued.header("cache-control").as_str(), issued.header("pragma").as_str()), ("no-store", "no-cache"));
        let issued = issued.ok();
        service.anonymous().with_token(issued["access_token"].as_str().unwrap()).get("/api/v1/sheets").ok();
        for form in [format!("{grant}&client_id={id}&client_secret={MARK}"), format!("{grant}&client_id={MARK}&client_secret={secret}"),
            format!("{grant}&client_id={other}&client_secret={secret}"), format!("{grant}&client_id={id}"), format!("{grant}&client_secret={secret}"),
            format!("{grant}&client_id={id}&client_secret=")] {
            silent(post(&form)).token_refused(401, "invalid_client");
        }
        // A wrong secret in the form is noted and limited like one in the header.
        let failed = service.login("kansa").get("/api/v1/audit/events?kind=token.failed&limit=200").ok();
        assert_eq!(failed["items"].as_array().unwrap().len(), 3);
        silent(post(&format!("{grant}&client_id={id}&client_id={MARK}&client_secret={secret}"))).token_refused(400, "invalid_request");
        // A program that sends JSON is refused before it is asked who it is.
        let json = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}).to_string();
        service.anonymous().raw("POST", "/oauth2/token", &[("content-type", "application/json")], Some(json.as_bytes())).token_refused(400, "invalid_request");
        // Header and form both name a client: the same one twice, or two.
        for more in [format!("client_secret={secret}"), format!("client_id={id}&client_secret={secret}"), format!("client_id={other}"), format!("client_id={MARK}")] {
            silent(token(&service, &id, &secret, &format!("{grant}&{more}"))).token_refused(400, "invalid_request");
        }
        token(&service, &id, &secret, &format!("{grant}&client_id={id}")).ok();
    }
}
