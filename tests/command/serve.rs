//! `tsunagu serve` and how it stops.

use crate::program::{Place, until};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

#[test]
fn without_any_configuration_it_serves_from_an_empty_directory() {
    let place = Place::empty();
    let serving = place.serve();
    assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
    assert!(place.path().join("var/tsunagu.db").exists());
    for secret in ["var/master.key", "var/tsunagu.db"] {
        let mode = std::fs::metadata(place.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    for path in ["/health/live", "/health/ready"] {
        let (status, text) = serving.ask("GET", path, None, None);
        assert_eq!(status, 200, "{path}: {text}");
    }
    let (status, page) = serving.ask("GET", "/", None, None);
    assert_eq!(status, 200);
    assert!(page.contains("つなぐ"));
    for outside in ["//", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
    assert!(page.split("src=").skip(1).all(|rest| rest.starts_with("\"/assets/")), "{page}");
    let (status, document) = serving.ask("GET", "/api/v1/openapi.yaml", None, None);
    assert_eq!((status, document.starts_with("openapi:")), (200, true));
    let took = serving.stop();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn what_it_made_is_there_at_the_next_start() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let key = place.read("var/master.key");
    let serving = place.serve();
    let token = serving.login("madoguchi", "tsunagu-demo").unwrap();
    serving.stop();
    assert_eq!(place.read("var/master.key"), key);
    // A session outlives the process; only the public URL changes, because it holds the port here.
    let serving = place.serve();
    assert_eq!(serving.ask("GET", "/api/v1/session", Some(&token), None).0, 401);
    assert!(serving.login("madoguchi", "tsunagu-demo").is_some());
}

#[test]
fn a_request_under_way_is_finished_before_it_stops() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let serving = place.serve();
    let address = serving.url.strip_prefix("http://").unwrap().to_owned();
    // A client that keeps an idle connection must not delay the stop.
    let mut idle = TcpStream::connect(&address).unwrap();
    write!(idle, "GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 1024]).unwrap() > 0);

    let body = r#"{"login":"madoguchi","password":"tsunagu-demo"}"#;
    let (first, rest) = body.split_at(20);
    let mut connection = begun(&address, "POST /api/v1/session HTTP/1.1", body);
    connection.write_all(first.as_bytes()).unwrap();
    serving.terminate();
    until("no new connections", || TcpStream::connect(&address).err());
    connection.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"csrf_token\""), "{answer}");
    let took = serving.ended();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

/// A request of which only the head has been sent: the service confirms the head itself (`100 Continue`, RFC 9110 10.1.1).
fn begun(address: &str, head: &str, body: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "{head}\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut heard = [0; 25];
    connection.read_exact(&mut heard).unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), "HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

#[test]
fn while_it_drains_idle_connections_are_closed_and_a_late_write_is_there_afterwards() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let serving = place.serve();
    let address = serving.url.strip_prefix("http://").unwrap().to_owned();
    let token = serving.login("madoguchi", "tsunagu-demo").unwrap();
    let body = r#"{"state":"draft"}"#;
    let head = format!("POST /api/v1/sheets HTTP/1.1\r\nauthorization: Bearer {token}\r\nidempotency-key: late");
    let mut write_under_way = begun(&address, &head, body);
    // Idle connections as probes and proxies keep them; several, so that each worker has some.
    let mut kept: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for connection in &mut kept {
        write!(connection, "GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(br#"{"status":"ok"}"#) {
            let mut part = [0; 1024];
            let read = connection.read(&mut part).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&part[..read]);
        }
    }

    serving.terminate();
    until("no new connections", || TcpStream::connect(&address).err());
    // A client that kept one learns at once that it must go elsewhere.
    for connection in &mut kept {
        connection.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
        assert_eq!(connection.read(&mut [0; 16]).unwrap(), 0, "closed, without another word");
    }
    write_under_way.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    write_under_way.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect(&answer).to_owned();
    let took = serving.ended();
    assert!(took < Duration::from_secs(8), "{took:?}");
    let serving = place.serve();
    let clerk = serving.client("madoguchi");
    clerk.get(&location).ok();
    serving.stop();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::empty();
    let serving = place.serve();
    let address = serving.url.strip_prefix("http://").unwrap().to_owned();
    // The body never comes: without the second signal the service would wait for it.
    let _held = begun(&address, "POST /api/v1/session HTTP/1.1", "{}");
    serving.terminate();
    until("no new connections", || TcpStream::connect(&address).err());
    let begin = std::time::Instant::now();
    serving.terminate();
    assert_eq!(serving.code(), Some(1));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// Runs the round of docs/round.md against the program itself, and checks the result.
#[test]
fn a_round_by_hand_ends_in_mails_and_in_a_trail_that_verifies() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let serving = place.serve();
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/round.md")).unwrap();
    let (_, from) = document.split_once("<!-- round: begin -->\n```sh\n").expect("the beginning mark");
    let (round, _) = from.split_once("```\n<!-- round: end -->").expect("the end mark");
    let run = Command::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{round}")])
        .env("URL", &serving.url)
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let mails = until("three mails", || {
        let files = std::fs::read_dir(place.path().join("var/mail")).ok()?;
        let texts: Vec<String> = files
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "eml"))
            .map(|file| {
                let path = file.unwrap().path();
                // Only the owner may read it.
                assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
                std::fs::read_to_string(path).unwrap()
            })
            .collect();
        (texts.len() >= 3).then_some(texts)
    });
    let to =
        |mailbox: &str| mails.iter().filter(|mail| mail.contains(&format!("To: {mailbox}@example.jp\r\n"))).count();
    assert_eq!((to("kurashi-shigoto"), to("fukushi-marugoto"), mails.len()), (1, 2, 3), "{mails:?}");

    assert_eq!(place.run(&["audit", "verify", "audit.ndjson"]).code, 0);
    serving.stop();
    let export = place.run(&["audit", "export"]).ok();
    assert!(export.starts_with(&place.read("audit.ndjson")[..200]));
    assert_eq!(place.tell(&["audit", "verify", "-"], &export).code, 0);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let place = Place::empty();
    let serving = place.serve();
    let taken = serving.url.strip_prefix("http://").unwrap().to_owned();
    let other = Place::empty().with("TSUNAGU_LISTEN", &taken);
    let said = other.run(&["serve"]).failed();
    assert!(said.contains(&format!("cannot listen on {taken}")), "{said}");
}
