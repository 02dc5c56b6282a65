//! Files that another program scans: here a stand-in that speaks the protocol of `clamd` strictly.

use super::{attach, file, ids, pdf};
use crate::forms::registered;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use tests::{Database, Service};

/// What it finds harmful.
const HARM: &[u8] = b"ZZharmZZ";

/// What it was given.
type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

/// One session: the command, the pieces, the verdict.
fn scan(mut stream: impl Read + Write, seen: &Seen) {
    let mut command = [0; 10];
    stream.read_exact(&mut command).unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut file = Vec::new();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        match usize::try_from(u32::from_be_bytes(length)).unwrap() {
            0 => break,
            length => {
                let begin = file.len();
                file.resize(begin + length, 0);
                stream.read_exact(&mut file[begin..]).unwrap();
            }
        }
    }
    let found = file.windows(HARM.len()).any(|window| window == HARM);
    let answer: &[u8] = match file.len() {
        length if length > 1_000_000 => b"INSTREAM size limit exceeded. ERROR\0",
        _ if found => b"stream: Test.Harm-1 FOUND\0",
        _ => b"stream: OK\0",
    };
    seen.lock().unwrap().push(file);
    stream.write_all(answer).unwrap();
}

fn harmful() -> Vec<u8> {
    [b"%PDF-1.7\n", HARM, b"\n%%EOF\n"].concat()
}

#[test]
fn a_file_is_kept_when_the_scanner_finds_nothing_and_only_then() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("clamd.ctl");
    let scanner = format!("unix:{}", socket.display());
    let service =
        Service::start_with(Database::Sqlite, |config| config.chosen.scanner = Some(scanner.parse().unwrap()));
    let clerk = service.login("madoguchi");
    let sheet_id = registered(&service, &clerk);
    let kept = || ids(&clerk.get(&format!("/api/v1/sheets/{sheet_id}/attachments")).ok()).len();
    // While the scanner is away nothing is kept, and the same file can be sent again.
    let refused = attach(&clerk, &sheet_id, None, &pdf(10), "a");
    assert_eq!((refused.header("retry-after").as_str(), kept()), ("1", 0));
    refused.problem(503, "overloaded");
    let listener = UnixListener::bind(&socket).unwrap();
    let seen = Seen::default();
    let its = Arc::clone(&seen);
    std::thread::spawn(move || listener.incoming().for_each(|stream| scan(stream.unwrap(), &its)));
    let added = attach(&clerk, &sheet_id, None, &pdf(200_000), "a").ok();
    assert_eq!(seen.lock().unwrap().as_slice(), [file(&clerk, &added).bytes]);
    let refused = attach(&clerk, &sheet_id, None, &harmful(), "b");
    assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &serde_json::json!("harmful")));
    assert!(!refused.text.contains("Test.Harm"), "{}", refused.text);
    // Without a verdict the file is not taken.
    attach(&clerk, &sheet_id, None, &pdf(1_000_000), "c").problem(503, "overloaded");
    assert_eq!(kept(), 1);
}

#[test]
fn the_scanner_may_be_another_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let scanner = format!("tcp:localhost:{}", listener.local_addr().unwrap().port());
    let seen = Seen::default();
    let its = Arc::clone(&seen);
    std::thread::spawn(move || listener.incoming().for_each(|stream| scan(stream.unwrap(), &its)));
    let service =
        Service::start_with(Database::Sqlite, |config| config.chosen.scanner = Some(scanner.parse().unwrap()));
    let clerk = service.login("madoguchi");
    let sheet_id = registered(&service, &clerk);
    attach(&clerk, &sheet_id, None, &pdf(10), "a").ok();
    assert_eq!(attach(&clerk, &sheet_id, None, &harmful(), "b").status, 422);
    assert_eq!(seen.lock().unwrap().len(), 2);
}
