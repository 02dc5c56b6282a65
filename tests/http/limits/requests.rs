use super::retry_after;
use std::num::NonZeroU32;
use tests::{Database, Service};

fn few(per_minute: u32) -> Service {
    let per_minute = NonZeroU32::new(per_minute).unwrap();
    Service::start_with(Database::Sqlite, |config| {
        config.limits.person_per_minute = per_minute;
        config.limits.system_per_minute = per_minute;
        config.limits.address_per_minute = per_minute;
    })
}

#[test]
fn a_person_may_ask_so_often_in_a_minute_and_hinders_nobody_else() {
    let service = few(6);
    let clerk = service.login("madoguchi");
    let again = service.login("madoguchi");
    for n in 0..6 {
        // All sessions of a person share one limit.
        let client = if n % 2 == 0 { &clerk } else { &again };
        client.get("/api/v1/sheets").ok();
    }
    assert_eq!(retry_after(clerk.get("/api/v1/sheets")), 10);
    assert_eq!(retry_after(again.post("/api/v1/sheets", &serde_json::json!({"state": "draft"}))), 10);
    service.login("kacho").get("/api/v1/sheets").ok();
    service.advance_seconds(9);
    assert_eq!(retry_after(clerk.get("/api/v1/sheets")), 1);
    service.advance_seconds(1);
    clerk.get("/api/v1/sheets").ok();
    assert_eq!(retry_after(clerk.get("/api/v1/sheets")), 10);
    // A clock that is set back makes nobody wait longer. (If it goes back by more than a minute, tokens from that future end.)
    service.advance_seconds(-30);
    assert_eq!(retry_after(clerk.get("/api/v1/sheets")), 10);
}

#[test]
fn a_system_may_ask_so_often_in_a_minute() {
    let service = few(6);
    let config = service.config.clone();
    let scopes = ["sheets:read".to_owned()];
    let made = std::thread::spawn(move || {
        server::add_client(&config, "試験システム".to_owned(), "hoken".to_owned(), &scopes).ok().unwrap()
    });
    let made = made.join().unwrap();
    let basic = format!("Basic {}", crate::probe::base64(format!("{}:{}", made.id, made.secret).as_bytes()));
    let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let token = service.anonymous().raw("POST", "/oauth2/token", &headers, Some(b"grant_type=client_credentials")).ok();
    let system = service.anonymous().with_token(token["access_token"].as_str().unwrap());
    for _ in 0..6 {
        system.get("/api/v1/sheets").ok();
    }
    assert_eq!(retry_after(system.get("/api/v1/sheets")), 10);
}

#[test]
fn an_address_without_a_log_in_may_ask_so_often_and_health_always() {
    let service = few(6);
    let anyone = service.anonymous();
    let from = |address: &str, path: &str| anyone.raw("GET", path, &[("x-forwarded-for", address)], None);
    for n in 0..6 {
        let path = ["/api/v1/sheets", "/", "/nowhere"][n % 3];
        assert_ne!(from("192.0.2.1", path).status, 429);
    }
    assert_eq!(retry_after(from("192.0.2.1", "/api/v1/sheets")), 10);
    assert_eq!(
        retry_after(anyone.with_token("made.up.token").raw("GET", "/", &[("x-forwarded-for", "192.0.2.1")], None)),
        10
    );
    assert_eq!(from("192.0.2.2", "/").status, 200);
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(from("192.0.2.1", path).status, 200, "{path}");
    }
    service.advance_seconds(10);
    assert_eq!(from("192.0.2.1", "/").status, 200);
    // Addresses are counted but appear nowhere.
    let metrics = service.metrics();
    assert!(metrics.contains("status=\"429\"") && !metrics.contains("192.0.2"), "{metrics}");
}
