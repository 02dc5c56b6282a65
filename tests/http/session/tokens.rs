use crate::probe::{Eye, tcp};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::{Clock, Instant};
use serde_json::json;
use server::System;
use server::world::SystemChance;
use std::sync::{Arc, mpsc};
use tests::{Service, on_both};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Instant {
        "2026-11-20T12:00:00+09:00".parse().unwrap()
    }
}

/// The same words with the signature of a stranger's key: the session exists, and its token has the right form.
fn token_of_another_key(header: &str, payload: &str) -> String {
    let words = format!("{header}.{payload}");
    let signature = Ed25519KeyPair::generate().unwrap().sign(words.as_bytes());
    format!("{words}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Logs in at a second service, which is reached over TLS: the cookie is bound to the host.
fn cookie_over_tls(service: &Service) {
    let mut config = service.config.clone();
    config.public_url = "https://tsunagu.example.jp".to_owned();
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async move {
            let running = server::start(&config, Arc::new(Noon), Arc::new(SystemChance::new()), false).unwrap();
            sender.send((running.address, running.handle())).unwrap();
            running.serve().await.unwrap();
        });
    });
    let (address, handle) = receiver.recv().unwrap();
    let body = json!({"login": "madoguchi", "password": "tsunagu-demo"}).to_string();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    std::thread::spawn(move || System::new().block_on(handle.stop(false))).join().unwrap();
    thread.join().unwrap();
    let cookie = answer
        .lines()
        .find(|line| line.to_lowercase().starts_with("set-cookie:"))
        .unwrap_or_else(|| panic!("{answer}"));
    assert!(
        cookie.contains("__Host-tsunagu_session=") && cookie.contains("Secure") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
}

on_both! {
    fn only_a_whole_token_of_ours_opens_anything(service) {
        let clerk = service.login("madoguchi");
        let token = clerk.token();
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let other = service.login("hoken").token();
        let other: Vec<&str> = other.split('.').collect();
        // {"alg":"none","typ":"JWT"} and {"alg":"HS256","typ":"JWT"}.
        let (none, hs256) = ("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
        let changed = |text: &str, at: usize| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        let bad = [
            String::new(), "x".into(), "..".into(), format!("{header}.{payload}"), format!("{header}.{payload}."),
            format!("{none}.{payload}."), format!("{none}.{payload}.{signature}"), format!("{hs256}.{payload}.{signature}"),
            format!("{header}.{}.{signature}", other[1]), format!("{header}.{payload}.{}", other[2]),
            format!("{header}.{}.{signature}", changed(payload, 10)), format!("{header}.{payload}.{}", changed(signature, 10)),
            format!("{}.{payload}.{signature}", changed(header, 3)), format!("{token}A"), format!("{token} x"),
            token_of_another_key(header, payload),
        ];
        cookie_over_tls(&service);
        for token in &bad {
            // The answer does not say why a token is invalid: no token, a foreign one and an ended one are refused alike.
            let none = "Bearer realm=\"tsunagu\"".to_owned();
            let bad = format!("{none}, error=\"invalid_token\"");
            for (name, value, challenge) in [("authorization", format!("Bearer {token}"), if token.is_empty() { &none } else { &bad }),
                ("cookie", format!("tsunagu_session={token}"), &none)] {
                let answer = service.anonymous().raw("GET", "/api/v1/sheets", &[(name, value.as_str())], None);
                assert_eq!(answer.header("www-authenticate"), *challenge, "{token}");
                answer.problem(401, "unauthenticated");
            }
        }
        clerk.get("/api/v1/sheets").ok();
        // A good cookie does not help a bad bearer token, and a token in the address does not count.
        let headers = [("authorization", "Bearer x"), ("cookie", &format!("tsunagu_session={token}"))];
        service.anonymous().raw("GET", "/api/v1/sheets", &headers, None).problem(401, "unauthenticated");
        service.anonymous().get(&format!("/api/v1/sheets?access_token={token}")).problem(401, "unauthenticated");
        // RFC 9110 §11.1: the name of a scheme is case-insensitive.
        for scheme in ["bearer", "BEARER", "Bearer "] {
            let request = format!("GET /api/v1/sheets HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {scheme} {token}\r\n\r\n");
            let answer = tcp(&service, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200 "), "{scheme}: {answer}");
        }
        assert!(!Eye::of(&service).events().iter().any(|e| e.starts_with("sheet.created")));
    }
}
