//! The headers of every answer about its transport, and whom to tell of a security hole.

use tests::{Database, Service};

#[test]
fn over_tls_every_answer_says_that_there_is_no_other_way() {
    let over = |url: &str| Service::start_with(Database::Sqlite, |config| config.public_url = url.to_owned());
    let service = over("https://tsunagu.example.jp");
    for path in ["/", "/health/live", "/api/v1/sheets", "/nowhere", "/.well-known/jwks.json"] {
        let answer = service.anonymous().get(path);
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    let service = over("http://127.0.0.1:8080");
    assert_eq!(service.anonymous().get("/").header("strict-transport-security"), "");
}

#[test]
fn whom_to_tell_of_a_hole_stands_where_everybody_looks_for_it() {
    let path = "/.well-known/security.txt";
    let service = Service::start(Database::Sqlite);
    service.anonymous().get(path).problem(404, "not-found");
    let service = Service::start_with(Database::Sqlite, |config| {
        config.public_url = "https://tsunagu.example.jp".to_owned();
        config.chosen.security_contact = Some("mailto:security@example.jp".to_owned());
    });
    let answer = service.anonymous().get(path);
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8".to_owned()));
    // Half a year from now, which is less than the year that RFC 9116 allows.
    let expected = "Contact: mailto:security@example.jp\nExpires: 2027-05-19T23:59:59+09:00\nPreferred-Languages: ja, en\nCanonical: https://tsunagu.example.jp/.well-known/security.txt\n";
    assert_eq!(answer.text, expected);
    service.anonymous().raw("POST", path, &[], Some(b"")).problem(404, "not-found");
}
