//! What `audit verify` finds in a file that was changed, and in an export of a database that was changed.

use crate::{a_round, events};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::Command;
use tests::{Service, on_both};

/// The answer of the library, which must equal that of the command line.
fn verify(service: &Service, text: &str) -> (u8, String) {
    let verified = server::verify(text.as_bytes());
    let file = service.directory().join("export.ndjson");
    std::fs::write(&file, text).unwrap();
    let (code, out) = tsunagu(&["audit", "verify", file.to_str().unwrap()]);
    assert_eq!((code, out.trim_end()), (i32::from(verified.code), verified.message.as_str()));
    (verified.code, verified.message)
}

fn tsunagu(arguments: &[&str]) -> (i32, String) {
    let this = std::env::current_exe().unwrap();
    let program = this.ancestors().nth(2).unwrap().join("tsunagu");
    let output = Command::new(program).args(arguments).output().expect("`cargo build -p server` first");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Runs a statement behind the service's back, and returns the number of rows.
fn sql(service: &Service, statement: &str) -> String {
    let url = &service.config.database_url;
    let output = match url.strip_prefix("sqlite:") {
        Some(path) => {
            let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=10); n = c.execute(sys.argv[2]).rowcount; c.commit(); print(n)";
            Command::new("python3").args(["-c", script, path, statement]).output()
        }
        None => Command::new("psql").args(["-X", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]).output(),
    }
    .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().last().unwrap().to_owned()
}

fn text(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// The same event with another nonce.
fn changed(event: &Value) -> Value {
    let body = event["body"].as_str().unwrap();
    let at = body.find("\"nonce\":\"").unwrap() + 9;
    let digit = if body.as_bytes()[at] == b'0' { "1" } else { "0" };
    let mut event = event.clone();
    event["body"] = json!(format!("{}{digit}{}", &body[..at], &body[at + 1..]));
    event
}

fn rehashed(mut event: Value) -> Value {
    let hash = domain::audit::hash(event["body"].as_str().unwrap());
    event["hash"] = json!(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    event
}

fn named(event: &Value, message: &str) -> bool {
    message.contains(event["id"].as_str().unwrap())
}

on_both! {
    fn a_changed_export_is_found_out_and_the_first_bad_event_named(service) {
        let sheet_id = a_round(&service);
        let export = service.audit_export();
        let (code, message) = verify(&service, &export);
        assert!(code == 0 && message.contains("cannot be seen"), "{code} {message}");

        let all = events(&export);
        let chain: Vec<usize> = (0..all.len()).filter(|i| all[*i]["sheet_id"] == json!(sheet_id)).collect();
        let (first, middle, next, last) = (chain[0], chain[4], chain[5], chain[chain.len() - 1]);
        let with = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut events = all.clone();
            change(&mut events);
            verify(&service, &text(&events))
        };
        let expect = |what: &str, code: u8, named_one: usize, found: (u8, String)| {
            assert!(found.0 == code && named(&all[named_one], &found.1), "{what}: {} {}", found.0, found.1);
        };
        expect("a byte of a body", 1, middle, with(&|e| e[middle] = changed(&e[middle])));
        expect("two lines swapped", 1, next, with(&|e| e.swap(middle, next)));
        expect("a line dropped", 1, next, with(&|e| drop(e.remove(middle))));
        expect("a line twice", 1, middle, with(&|e| e.insert(middle, e[middle].clone())));
        expect("the head dropped", 2, chain[1], with(&|e| drop(e.remove(first))));
        expect("the head dropped and more", 1, next, with(&|e| { e.remove(middle); e.remove(first); }));
        expect("hashed anew", 1, next, with(&|e| e[middle] = rehashed(changed(&e[middle]))));
        expect("another kind outside", 1, middle, with(&|e| e[middle]["kind"] = json!("sheet.closed")));
        expect("another time outside", 1, middle, with(&|e| e[middle]["at"] = json!("2020-01-01T00:00:00+09:00")));
        expect("another person outside", 1, middle, with(&|e| e[middle]["actor"]["staff_id"] = e[0]["id"].clone()));
        expect("another place outside", 1, middle, with(&|e| e[middle]["seq"] = json!(1)));
        let sent = chain.iter().copied().find(|i| all[*i]["kind"] == "relay.sent").unwrap();
        for member in ["relay_id", "basis"] {
            assert!(all[sent][member].is_string(), "{member} of {}", all[sent]);
            expect("gone outside", 1, sent, with(&|e| drop(e[sent].as_object_mut().unwrap().remove(member))));
            expect("another one outside", 1, sent, with(&|e| e[sent][member] = json!("c13_4")));
            expect("one outside that the body lacks", 1, first, with(&|e| e[first][member] = e[sent][member].clone()));
        }
        // One line must be one event for every reader: no field twice, nothing beside it.
        let whole = |line: usize, changed: String| {
            let lines: Vec<String> = all.iter().map(Value::to_string).collect();
            let text = [&lines[..line], &[changed], &lines[line + 1..]].concat().join("\n");
            let (code, message) = verify(&service, &text);
            assert!(code == 4 && message.contains(&format!("line {} ", line + 1)), "{code} {message}");
        };
        let line = all[middle].to_string();
        for twice in ["kind", "id", "body", "hash", "seq", "actor"] {
            whole(middle, line.replacen('{', &format!("{{\"{twice}\":{},", all[middle][twice]), 1));
        }
        let staff = &all[middle]["actor"]["staff_id"];
        whole(middle, line.replacen("\"actor\":{", &format!("\"actor\":{{\"staff_id\":{staff},"), 1));
        whole(middle, line.replacen('{', "{\"note\":\"見た人はいない\",", 1));
        expect("a first event that is a later one", 1, first, with(&|e| e[first]["prev"] = json!("00")));
        // Without a checkpoint two changes cannot be seen, and the message says so: an end that is cut off, and a last event that is made anew.
        assert_eq!(with(&|e| drop(e.remove(last))).0, 0);

        for unusable in ["", "\n\n", "no export\n", "{}\n", "[]\n", "{\"id\": 1}\n"] {
            assert_eq!(verify(&service, unusable).0, 4, "{unusable:?}");
        }
        let auditor = service.login("kansa");
        let table = auditor.get_as("/api/v1/audit/events", "text/csv").text;
        assert_eq!(verify(&service, &table).0, 4, "a table");
        let half = &export[..export.len() - 40];
        assert_eq!(verify(&service, half).0, 4, "half a line");
        assert_eq!(tsunagu(&["audit", "verify", "/nowhere/at/all"]).0, 4);
    }

    fn a_changed_database_is_found_out_by_its_export(service) {
        let sheet_id = a_round(&service);
        let all = events(&service.audit_export());
        let chain: Vec<&Value> = all.iter().filter(|e| e["sheet_id"] == json!(sheet_id)).collect();
        let of = |kind: &str| *chain.iter().find(|e| e["kind"] == kind).unwrap();
        let after = |event: &Value| *chain.iter().find(|e| e["seq"] == json!(event["seq"].as_u64().unwrap() + 1)).unwrap();
        let place = |event: &Value| format!("stream = 'sheet:{sheet_id}' and seq = {}", event["seq"]);
        let found = |expected: &Value| {
            let (code, message) = verify(&service, &service.audit_export());
            assert!(code == 1 && named(expected, &message), "{} expected: {code} {message}", expected["kind"]);
        };
        let mended = || assert_eq!(verify(&service, &service.audit_export()).0, 0);
        let update = |set: &str, event: &Value| {
            let rows = sql(&service, &format!("update audit_event set {set} where {}", place(event)));
            assert_eq!(rows, "1");
        };
        let body = |event: &Value| event["body"].as_str().unwrap().to_owned();
        let is_sqlite = service.config.database_url.starts_with("sqlite");
        let id = |hex: &str| if is_sqlite { format!("x'{hex}'") } else { format!("'{hex}'") };
        let sent = of("relay.sent");

        // An event of sending becomes one of reading: first in the body, then in the column beside it.
        update("body = replace(body, 'relay.sent', 'relay.read')", sent);
        found(sent);
        update(&format!("body = '{}'", body(sent)), sent);
        mended();
        update("kind = 'relay.read'", sent);
        found(sent);
        update("kind = 'relay.sent'", sent);
        // The columns by which disclosures are listed also stand beside the body.
        update("basis = 'p61'", sent);
        found(sent);
        update("basis = 'consent'", sent);
        mended();
        update("relay_id = null", sent);
        found(sent);
        update(&format!("relay_id = {}", id(&sent["relay_id"].as_str().unwrap().replace('-', ""))), sent);
        mended();
        // The event names another person.
        let accepted = of("relay.accepted");
        let somebody = |event: &Value| event["actor"]["staff_id"].as_str().unwrap().replace('-', "");
        update(&format!("staff_id = {}", id(&somebody(sent))), accepted);
        found(accepted);
        update(&format!("staff_id = {}", id(&somebody(accepted))), accepted);
        mended();
        // An attacker who can write to the database can also hash; but then the next event does not follow any more.
        let forged = rehashed(changed(sent));
        let bytes = |hex: &str| if is_sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
        update(&format!("body = '{}', hash = {}", body(&forged), bytes(forged["hash"].as_str().unwrap())), sent);
        found(after(sent));
        update(&format!("body = '{}', hash = {}", body(sent), bytes(sent["hash"].as_str().unwrap())), sent);
        mended();
        // An event is removed.
        assert_eq!(sql(&service, &format!("delete from audit_event where {}", place(sent))), "1");
        found(after(sent));
    }

    fn a_file_whose_chunks_were_touched_breaks_off_and_is_never_told_otherwise(service) {
        let clerk = service.login("madoguchi");
        let sheet_id = crate::registered(&service, &clerk);
        let sent = [b"%PDF-1.7\n".to_vec(), vec![0x5a; 600_000], b"\n%%EOF\n".to_vec()].concat();
        let headers = [("content-type", "application/octet-stream"), ("idempotency-key", "file")];
        let added = clerk.raw("POST", &format!("/api/v1/sheets/{sheet_id}/attachments?kind=other"), &headers, Some(&sent)).ok();
        let path = format!("/api/v1/attachments/{}", added["id"].as_str().unwrap());
        // The part of an answer that came before the connection broke off, without its head.
        let read = || {
            let mut stream = std::net::TcpStream::connect(service.url.strip_prefix("http://").unwrap()).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n", clerk.token()).unwrap();
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes);
            let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            bytes.split_off(head)
        };
        assert_eq!(read(), sent);
        for (change, kept) in [
            // The first chunk is put in the place of the second; then the last one is removed.
            ("update attachment_chunk set sealed = (select sealed from attachment_chunk where place = 0) where place = 1", 1),
            ("delete from attachment_chunk where place = 1", 1),
        ] {
            assert_eq!(sql(&service, change), "1");
            let got = read();
            assert!(got.len() <= kept << 18 && sent.starts_with(&got), "{} of {}", got.len(), sent.len());
        }
    }
}
