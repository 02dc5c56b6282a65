use crate::probe::tcp;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use tests::{Database, Service};

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends `first`, then a byte of `rest` every 200 ms, and says what was answered until the server closed.
fn slowly(service: &Service, first: &str, rest: u8) -> String {
    let mut stream = TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        while writer.write_all(&[rest]).is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&piece[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(e) => panic!("the connection stands open: {e}"),
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
    writing.join().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_head_that_trickles_is_not_waited_for() {
    let service = Service::start(Database::Sqlite);
    let answer = slowly(&service, "GET / HTTP/1.1\r\nhost: x\r\nx: ", b'a');
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn nor_is_the_second_head_of_a_connection() {
    let service = Service::start(Database::Sqlite);
    let first = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = slowly(&service, &format!("{first}GET / HTTP/1.1\r\nhost: x\r\nx: "), b'a');
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn http2_is_not_spoken() {
    let service = Service::start(Database::Sqlite);
    // The preface of RFC 9113 §3.4, with empty settings.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let answer = tcp(&service, preface);
    assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 505 "), "{answer}");
    // A client that asks to change to HTTP/2 is answered in HTTP/1.1.
    let upgrade = "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n";
    let answer = tcp(&service, upgrade.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
