use super::{failures, login, retry_after};
use crate::probe::{MARK, silent};
use tests::{Answer, Database, Service, on_both};

const RIGHT: &str = "tsunagu-demo";

/// The device cookie that a browser gets with its first log-in, as it sends it back.
#[track_caller]
fn device(answer: &Answer) -> String {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str());
    let cookie = set.into_iter().find(|value| value.contains("tsunagu_device_")).expect("a device cookie");
    cookie.split(';').next().unwrap().to_owned()
}

/// Logs a browser in that has no cookie yet.
fn introduce(service: &Service, from: &str, who: &str) -> String {
    let answer = login(service, from, who, RIGHT, Some(""));
    assert_eq!(answer.status, 200, "{}", answer.text);
    device(&answer)
}

on_both! {
    fn a_thousand_failures_from_one_address_keep_nobody_else_out(service) {
        let browser = introduce(&service, "192.0.2.1", "madoguchi");
        // The answers are the same whether the login exists or not.
        for (who, noted, times) in [("madoguchi", true, 1000), (MARK, false, 30)] {
            for n in 0..times {
                let answer = silent(login(&service, "192.0.2.1", who, "wrong", None));
                if n < 10 {
                    answer.problem(401, "unauthenticated");
                } else {
                    assert_eq!(retry_after(answer), 300, "{n}");
                }
            }
            let data = failures(&service, "session.failed");
            let data: Vec<_> = data.iter().filter(|data| data.get("staff_id").is_some() == noted).collect();
            let last: Vec<bool> = data.iter().map(|data| data["limited"] == true).collect();
            assert_eq!(last, [vec![false; 9], vec![true]].concat(), "{who}");
        }
        // Log-ins succeed from another address, of another person, and at the same address from a browser that has logged in before.
        assert_eq!(login(&service, "192.0.2.2", "madoguchi", RIGHT, None).status, 200);
        assert_eq!(login(&service, "192.0.2.1", "kacho", RIGHT, None).status, 200);
        assert_eq!(login(&service, "192.0.2.1", "madoguchi", RIGHT, Some(&browser)).status, 200);
        // A log-in that cannot be told from the attacker's must wait.
        assert_eq!(retry_after(login(&service, "192.0.2.1", "madoguchi", RIGHT, None)), 300);
        service.advance_seconds(299);
        assert_eq!(retry_after(login(&service, "192.0.2.1", "madoguchi", RIGHT, None)), 1);
        service.advance_seconds(1);
        assert_eq!(login(&service, "192.0.2.1", "madoguchi", RIGHT, None).status, 200);
        // That success cost nothing: one more may fail.
        login(&service, "192.0.2.1", "madoguchi", "wrong", None).problem(401, "unauthenticated");
        retry_after(login(&service, "192.0.2.1", "madoguchi", "wrong", None));
    }
}

#[test]
fn one_address_tries_many_accounts_only_so_often() {
    let service = Service::start(Database::Sqlite);
    let browser = introduce(&service, "192.0.2.1", "zei");
    for n in 0..100 {
        login(&service, "192.0.2.1", &format!("nobody{n}"), "wrong", None).problem(401, "unauthenticated");
    }
    assert_eq!(retry_after(login(&service, "192.0.2.1", "hoken", RIGHT, None)), 5);
    // The whole /64 of an IPv6 subscriber counts as one address, and the next /64 as another.
    for n in 0..10 {
        login(&service, &format!("2001:db8::{n:x}"), "hoken", "wrong", None).problem(401, "unauthenticated");
    }
    assert_eq!(retry_after(login(&service, "2001:db8::ffff", "hoken", RIGHT, None)), 300);
    assert_eq!(login(&service, "2001:db8:0:1::1", "hoken", RIGHT, None).status, 200);
    assert_eq!(login(&service, "192.0.2.1", "zei", RIGHT, Some(&browser)).status, 200);
    service.advance_seconds(5);
    assert_eq!(login(&service, "192.0.2.1", "hoken", RIGHT, None).status, 200);
}

#[test]
fn many_addresses_try_one_account_only_so_often_and_known_browsers_are_let_in() {
    let service = Service::start(Database::Sqlite);
    let browser = introduce(&service, "192.0.2.1", "madoguchi");
    for n in 0..100 {
        login(&service, &format!("198.51.100.{n}"), "madoguchi", "wrong", None).problem(401, "unauthenticated");
    }
    assert_eq!(retry_after(login(&service, "203.0.113.1", "madoguchi", RIGHT, None)), 60);
    assert_eq!(login(&service, "203.0.113.1", "madoguchi", RIGHT, Some(&browser)).status, 200);
    assert_eq!(login(&service, "203.0.113.1", "kacho", RIGHT, None).status, 200);
    // Even a known browser has only ten guesses, and its failures count for it alone.
    for _ in 0..10 {
        login(&service, "203.0.113.1", "madoguchi", "wrong", Some(&browser)).problem(401, "unauthenticated");
    }
    assert_eq!(retry_after(login(&service, "203.0.113.1", "madoguchi", RIGHT, Some(&browser))), 300);
    service.advance_seconds(60);
    assert_eq!(login(&service, "203.0.113.1", "madoguchi", RIGHT, None).status, 200);
}

#[test]
fn a_device_cookie_is_for_one_account_and_cannot_be_made_up() {
    let service = Service::start(Database::Sqlite);
    let first = login(&service, "192.0.2.1", "madoguchi", RIGHT, Some(""));
    let sets: Vec<&String> = first.headers.iter().filter(|(n, _)| n == "set-cookie").map(|(_, v)| v).collect();
    assert!(sets.len() == 2 && sets[0].starts_with("tsunagu_session="), "{sets:?}");
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/api/v1/session", "; Max-Age=34560000"] {
        assert!(sets[1].contains(part), "{sets:?}");
    }
    let own = device(&first);
    // The device cookie is set once, and only for browsers.
    let sets = |answer: Answer| answer.headers.iter().filter(|(n, _)| n == "set-cookie").count();
    assert_eq!(sets(login(&service, "192.0.2.1", "madoguchi", RIGHT, Some(&own))), 1);
    assert_eq!(sets(login(&service, "192.0.2.1", "madoguchi", RIGHT, None)), 1);
    for _ in 0..10 {
        login(&service, "192.0.2.1", "madoguchi", "wrong", None).problem(401, "unauthenticated");
    }
    let (name, value) = own.split_once('=').unwrap();
    let (others_name, others_value) =
        introduce(&service, "192.0.2.1", "kacho").split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap();
    let mut changed = value.to_owned();
    changed.replace_range(..1, if value.starts_with('A') { "B" } else { "A" });
    for cookie in [
        format!("{name}={others_value}"),
        format!("{others_name}={others_value}"),
        format!("{name}={changed}"),
        format!("{name}={}", &value[..40]),
        format!("{name}=!"),
        format!("{name}="),
    ] {
        retry_after(login(&service, "192.0.2.1", "madoguchi", RIGHT, Some(&cookie)));
    }
    assert_eq!(login(&service, "192.0.2.1", "madoguchi", RIGHT, Some(&own)).status, 200);
}

#[test]
fn over_tls_the_device_cookie_is_secure() {
    let service =
        Service::start_with(Database::Sqlite, |config| config.public_url = "https://tsunagu.example.jp".to_owned());
    let body = r#"{"login": "madoguchi", "password": "tsunagu-demo"}"#;
    let headers = [("content-type", "application/json"), ("origin", "https://tsunagu.example.jp")];
    let answer = service.anonymous().raw("POST", "/api/v1/session", &headers, Some(body.as_bytes()));
    let cookie = answer.headers.iter().find(|(_, value)| value.starts_with("__Secure-tsunagu_device_")).unwrap();
    assert!(cookie.1.contains("; Secure"), "{cookie:?}");
}

#[test]
fn an_unlisted_proxy_is_not_believed() {
    let service = Service::start_with(Database::Sqlite, |config| config.limits.trusted_proxies.clear());
    for n in 0..10 {
        login(&service, &format!("192.0.2.{n}"), "madoguchi", "wrong", None).problem(401, "unauthenticated");
    }
    assert_eq!(retry_after(login(&service, "192.0.2.99", "madoguchi", RIGHT, None)), 300);
    // A listed proxy is believed: the last entry of the header is the one that it wrote.
    let service = Service::start(Database::Sqlite);
    for n in 0..10 {
        let from = format!("192.0.2.{n}, 198.51.100.1, 127.0.0.1");
        login(&service, &from, "madoguchi", "wrong", None).problem(401, "unauthenticated");
    }
    assert_eq!(retry_after(login(&service, "192.0.2.99,198.51.100.1", "madoguchi", RIGHT, None)), 300);
    assert_eq!(login(&service, "198.51.100.1, 192.0.2.99", "madoguchi", RIGHT, None).status, 200);
}

on_both! {
    fn wrong_client_secrets_are_bounded_and_right_ones_never_refused(service) {
        let scopes = ["sheets:read".to_owned()];
        let config = service.config.clone();
        let made = std::thread::spawn(move || server::add_client(&config, "試験システム".to_owned(), "hoken".to_owned(), &scopes).ok().unwrap());
        let made = made.join().unwrap();
        let token = |secret: &str| {
            let basic = format!("Basic {}", crate::probe::base64(format!("{}:{secret}", made.id).as_bytes()));
            let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
            service.anonymous().raw("POST", "/oauth2/token", &headers, Some(b"grant_type=client_credentials"))
        };
        for n in 0..30 {
            let answer = token(MARK);
            if n < 10 {
                silent(answer).token_refused(401, "invalid_client");
            } else {
                assert_eq!(retry_after(answer), 300, "{n}");
            }
        }
        token(&made.secret).ok();
        let noted = failures(&service, "token.failed");
        assert_eq!(noted.len(), 10);
        assert_eq!(noted.iter().filter(|data| data["limited"] == true).count(), 1);
        service.advance_seconds(300);
        silent(token(MARK)).token_refused(401, "invalid_client");
    }
}

on_both! {
    fn strangers_write_so_many_events_together_however_many_networks_they_come_through(service) {
        let browser = introduce(&service, "192.0.2.1", "madoguchi");
        let flood = |from: std::ops::Range<u8>| {
            for n in from {
                // Each failure has another address and login, so no budget of a network or an account is used up.
                login(&service, &format!("198.51.100.{n}"), &format!("nobody{n}"), "wrong", None).problem(401, "unauthenticated");
            }
        };
        let token = |n: u8| {
            let basic = format!("Basic {}", crate::probe::base64(format!("{n}:wrong").as_bytes()));
            let from = format!("203.0.113.{n}");
            let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", &from)];
            service.anonymous().raw("POST", "/oauth2/token", &headers, Some(b"grant_type=client_credentials")).status
        };
        flood(0..50);
        assert!((0..20).all(|n| token(n) == 401));
        flood(50..60);
        let noted = |kind: &str| failures(&service, kind);
        assert_eq!((noted("session.failed").len(), noted("token.failed").len()), (50, 10));
        // A browser that has logged in before is no stranger.
        login(&service, "192.0.2.1", "madoguchi", "wrong", Some(&browser)).problem(401, "unauthenticated");
        assert_eq!(noted("session.failed").len(), 51);
        // Ten tokens and ten log-ins were beyond the limit: one event says so, once.
        assert_eq!(noted("failure.counted").len(), 0);
        service.sweep();
        service.sweep();
        assert_eq!(noted("failure.counted"), [serde_json::json!({"count": 20})]);
        // The budget grows by one event a second, back to sixty after a minute.
        service.advance_seconds(1);
        flood(60..62);
        assert_eq!(noted("session.failed").len(), 52);
        service.advance_seconds(60);
        flood(62..70);
        assert_eq!(noted("session.failed").len(), 60);
        service.sweep();
        assert_eq!(noted("failure.counted").last(), Some(&serde_json::json!({"count": 1})));
        let export = service.audit_export();
        assert!(export.lines().filter(|line| line.contains("failure.counted")).all(|line| line.contains(r#""stream":"service""#)));
    }
}
