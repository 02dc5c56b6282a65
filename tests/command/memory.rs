//! How much memory strangers can make the process hold, measured on the process itself.

use crate::program::{Place, Serving, until};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Connections that are opened at once.
const MANY: usize = 100;
/// The most that one connection may cost, in KiB: twice 2,048 connections then cost 1 GiB, half of what systemd lets the process have. actix
/// reads 128 KiB ahead of a head that it can use, and a growing buffer may leave as much behind. See docs/limits.md.
const MOST: usize = 256;
/// When the process has not grown in this many looks, it has read everything that it will read.
const LOOKS: u32 = 50;

/// A connection that has sent these bytes, or as many as the service takes, and reads nothing.
fn sent(serving: &Serving, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(serving.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    match stream.write_all(bytes) {
        Err(e) if !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
            panic!("{e}")
        }
        _ => stream,
    }
}

/// How much the process grows at most with each connection that sends this, in KiB.
fn growth(bytes: &[u8]) -> usize {
    let serving = Place::empty().serve();
    // After this request, everything that the process makes only once has been made.
    assert_eq!(serving.ask("GET", "/api/v1/openapi.yaml", None, None).0, 200);
    let before = serving.peak();
    let held: Vec<_> = (0..MANY).map(|_| sent(&serving, bytes)).collect();
    // When the process grows no more, it has read from all connections.
    let (mut peak, mut looks) = (before, 0);
    until("the end of growing", || {
        let now = serving.peak();
        looks = if now == peak { looks + 1 } else { 0 };
        peak = now;
        (looks == LOOKS).then_some(())
    });
    assert_eq!(serving.ask("GET", "/health/live", None, None).0, 200);
    let after = serving.peak();
    drop(held);
    (after - before) / MANY
}

#[test]
fn a_connection_of_a_stranger_costs_little_however_much_it_sends_and_leaves_unread() {
    let head = |size: usize| format!("GET /health/live HTTP/1.1\r\nhost: x\r\ncookie: {}", "a".repeat(size));
    let document = "GET /api/v1/openapi.yaml HTTP/1.1\r\nhost: x\r\n\r\n";
    let heads = format!("{}\r\n\r\n", head(100 << 10)).repeat(20);
    for (what, bytes) in [
        ("a head that does not end", head(126 << 10)),
        ("answers that are not read", document.repeat(20)),
        ("heads that wait for an answer that is not read", format!("{document}{heads}")),
    ] {
        let grown = growth(bytes.as_bytes());
        assert!(grown <= MOST, "{what}: {grown} KiB");
    }
}
