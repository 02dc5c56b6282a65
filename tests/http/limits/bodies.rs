use crate::probe::{Eye, silent, tcp};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tests::{Client, Database, Service};

const JSON: (&str, &str) = ("content-type", "application/json");

fn post(client: &Client, path: &str, body: &[u8]) -> tests::Answer {
    client.raw("POST", path, &[JSON, ("idempotency-key", "k")], Some(body))
}

#[test]
fn json_is_nested_thirty_two_times_at_most() {
    let service = Service::start(Database::Sqlite);
    let clerk = service.login("madoguchi");
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let codes = |answer: tests::Answer, status, name| answer.problem(status, name)["errors"][0]["code"].clone();
    // The object around the lists is one level.
    for (depth, code) in [(32, "too_deep"), (33, "too_deep"), (200_000, "too_deep"), (31, "unknown_field")] {
        let body =
            format!("{{\"state\": {}}}", nested(depth)).replace("state", if depth == 31 { "zz" } else { "state" });
        assert_eq!(codes(silent(post(&clerk, "/api/v1/sheets", body.as_bytes())), 400, "malformed"), code, "{depth}");
    }
    let objects = "{\"a\":".repeat(33);
    assert_eq!(codes(post(&clerk, "/api/v1/sheets/search", objects.as_bytes()), 400, "malformed"), "too_deep");
    // Brackets within a text do not count.
    let text = json!({"state": "draft", "content": {"health": {"note": format!("\\\"{}", "[{".repeat(100))}}});
    post(&clerk, "/api/v1/sheets", text.to_string().as_bytes()).ok();
}

#[test]
fn a_compressed_body_is_refused_unread() {
    let service = Service::start(Database::Sqlite);
    let clerk = service.login("madoguchi");
    // `{}` by gzip.
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, identity", "ZZmarkerZZ"] {
        let headers = [JSON, ("idempotency-key", "k"), ("content-encoding", coding)];
        let answer = clerk.raw("POST", "/api/v1/sheets/search", &headers, Some(&gzip));
        silent(answer).problem(415, "unsupported-media-type");
    }
    let headers = [JSON, ("content-encoding", "identity")];
    clerk.raw("POST", "/api/v1/sheets/search", &headers, Some(br#"{"number": "R8-000001"}"#)).ok();
}

#[test]
fn long_addresses_and_heads_are_refused() {
    let service = Service::start(Database::Sqlite);
    let anyone = service.anonymous();
    anyone.get(&format!("/api/nowhere?{}", "a".repeat(8000))).problem(404, "not-found");
    silent(anyone.get(&format!("/api/nowhere?ZZmarkerZZ{}", "a".repeat(8192)))).problem(414, "uri-too-long");
    let cookie = |size: usize| "a".repeat(size);
    anyone.raw("GET", "/api/nowhere", &[("cookie", &cookie(30_000))], None).problem(404, "not-found");
    anyone.raw("GET", "/api/nowhere", &[("cookie", &cookie(33_000))], None).problem(431, "headers-too-large");
    // Beyond 128 KiB, or 96 headers, actix answers before the application sees the request.
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", cookie(200_000));
    assert!(tcp(&service, huge.as_bytes()).starts_with("HTTP/1.1 431 "));
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = tcp(&service, format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n").as_bytes());
    assert!(many.starts_with("HTTP/1.1 431 "), "{many}");
}

#[test]
fn a_body_that_trickles_is_not_waited_for() {
    let service = Service::start(Database::Sqlite);
    let clerk = service.login("madoguchi");
    let eye = Eye::of(&service);
    let before = eye.all();
    let address = service.url.strip_prefix("http://").unwrap();
    let head = |how: &str| {
        let token = clerk.token();
        format!(
            "POST /api/v1/sheets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\nidempotency-key: k\r\n{how}\r\n\r\n"
        )
    };
    let trickling: Vec<_> = ["content-length: 1000", "transfer-encoding: chunked"]
        .into_iter()
        .map(|how| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(head(how).as_bytes()).unwrap();
            let mut writer = stream.try_clone().unwrap();
            let piece: &[u8] = if how.starts_with("transfer") { b"1\r\n \r\n" } else { b" " };
            std::thread::spawn(move || {
                while writer.write_all(piece).is_ok() {
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
            // Longer than anything may take.
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            std::thread::spawn(move || {
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                String::from_utf8_lossy(&answer).into_owned()
            })
        })
        .collect();
    for answer in trickling {
        let answer = answer.join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("urn:tsunagu:problem:request-timeout"), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    assert_eq!(eye.all(), before);
}

#[test]
fn a_file_may_come_slowly_but_not_as_slowly_as_its_sender_likes() {
    let service = Service::start(Database::Sqlite);
    let clerk = service.login("madoguchi");
    let sheet_id = crate::forms::registered(&service, &clerk);
    let address = service.url.strip_prefix("http://").unwrap();
    let sending = |piece: usize, pieces: usize| {
        let length = piece * pieces;
        let (token, key) = (clerk.token(), piece);
        let head = format!(
            "POST /api/v1/sheets/{sheet_id}/attachments?kind=other HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut file = b"%PDF-1.7\n".to_vec();
        file.resize(length - 6, b' ');
        file.extend(b"%%EOF\n");
        std::thread::spawn(move || {
            for piece in file.chunks(piece) {
                if stream.write_all(piece).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_secs(1));
            }
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        })
    };
    // 1040 KiB in 13 s, and as much in more than a minute.
    let (fast, slow) = (sending(80 << 10, 13), sending(16 << 10, 65));
    let fast = fast.join().unwrap();
    assert!(fast.starts_with("HTTP/1.1 201 "), "{fast}");
    let slow = slow.join().unwrap();
    assert!(slow.starts_with("HTTP/1.1 408 ") && slow.contains("urn:tsunagu:problem:request-timeout"), "{slow}");
}
