//! `tsunagu doctor` says what is in force and what is wrong; it shows no secret and changes nothing.

use crate::cluster::{Cluster, PASSWORD};
use crate::program::{Place, on_each};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};

on_each! {
    fn it_changes_nothing_and_calls_fine_what_is_fine(place) {
        let said = place.run(&["doctor"]);
        assert!(!place.path().join("var").exists(), "it changes nothing");
        assert_eq!(blamed(&said.out), careless(&place), "{said:?}");
        if place.database().starts_with("postgres") {
            assert_eq!(place.sql("", "select count(*) from pg_class where relnamespace = 'public'::regnamespace"), "0");
        }
        place.run(&["demo"]).ok();
        let said = place.run(&["doctor"]);
        assert_eq!(blamed(&said.out), careless(&place), "{said:?}");
        let out = said.out;
        assert!(out.contains("schema up to date") && out.contains("master.key can be read"), "{out}");
        assert!(out.contains("ok     newest event:") && out.contains("ok     master key of the sheets:"), "{out}");
        assert!(out.lines().all(|line| line.starts_with("ok     ") || line.starts_with("WRONG  ")), "{out}");
    }

    fn a_clock_behind_the_trail_is_wrong(place) {
        place.run(&["demo"]).ok();
        let arguments = ["staff", "add", "--login", "mihon", "--name", "見本", "--agency", "fukushi-marugoto", "--role", "counter"];
        place.tell(&arguments, "a long enough password\n").ok();
        place.sql(
            "update audit_event set at = (unixepoch() + 3600) * 1000000",
            "update audit_event set at = now() + interval '1 hour'",
        );
        let said = place.run(&["doctor"]).out;
        assert!(said.contains("WRONG  newest event:") && said.contains("later than this machine's clock"), "{said}");
    }

    fn a_schema_of_a_newer_program_is_wrong(place) {
        place.run(&["demo"]).ok();
        let newer = "insert into __diesel_schema_migrations (version) values ('99990101000001')";
        place.sql(newer, newer);
        let said = place.run(&["doctor"]).out;
        assert!(said.contains("WRONG  database:") && said.contains("schema 99990101000001 is newer"), "{said}");
    }

    fn a_key_in_a_directory_that_others_write_is_wrong(place) {
        place.run(&["demo"]).ok();
        let directory = place.path().join(place.key()).parent().unwrap().to_owned();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
        let said = place.run(&["doctor"]).out;
        assert!(said.contains("WRONG  directory of the key:") && said.contains("chmod go-w"), "{said}");
    }
}

/// The things that doctor calls wrong.
fn blamed(out: &str) -> Vec<&str> {
    out.lines().filter_map(|line| line.strip_prefix("WRONG  ")?.split(':').next()).collect()
}

/// The settings that are wrong in the cluster of the tests, which is fast and not durable.
fn careless(place: &Place) -> Vec<&'static str> {
    match place.database().starts_with("postgres") {
        true => vec!["fsync", "full_page_writes", "synchronous_commit"],
        false => Vec::new(),
    }
}

/// The lines about what is wrong; the doctor has failed.
fn wrong(place: &Place) -> String {
    let said = place.run(&["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!said.out.contains("hush") && !said.err.contains("hush"), "{said:?}");
    said.out.lines().filter(|line| line.starts_with("WRONG  ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_key_that_others_may_read_is_wrong() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let key = place.path().join("var/master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = wrong(&place);
    assert!(said.starts_with("WRONG  master key:") && said.contains("chmod 600"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(place.run(&["serve"]).failed().contains("chmod 600"));
}

#[test]
fn postgresql_needs_a_key_that_is_named_and_there() {
    let place = Place::empty().with("TSUNAGU_DATABASE_URL", "postgres://u:hush@127.0.0.1:1/x");
    for command in ["doctor", "serve", "migrate"] {
        let said = place.run(&[command]).failed();
        assert!(said.contains("TSUNAGU_MASTER_KEY_FILE") && !said.contains("hush"), "{said}");
    }
    let place = place.with("TSUNAGU_MASTER_KEY_FILE", "nowhere.key");
    let said = wrong(&place);
    assert!(said.contains("WRONG  master key: key file nowhere.key"), "{said}");
    assert!(said.contains("WRONG  database: cannot open postgres://…"), "{said}");
    assert!(!place.path().join("nowhere.key").exists(), "only an embedded database makes its own key");
    assert!(place.run(&["serve"]).failed().contains("nowhere.key"));
}

#[test]
fn a_url_that_makes_no_sense_is_wrong() {
    let cases = [
        ("TSUNAGU_DATABASE_URL", "sqlite:", "database: sqlite: must be followed"),
        ("TSUNAGU_MAIL_URL", "imap://u:hush@h", "mail: the mail URL must be smtp://"),
        ("TSUNAGU_MAIL_URL", "smtp://u:hush@h:port", "mail: the mail URL must be smtp://"),
        ("TSUNAGU_MAIL_FROM", "nobody", "mail: the sender of mails"),
        ("TSUNAGU_PUBLIC_URL", "http://tsunagu.example.lg.jp", "public URL:"),
    ];
    for (name, value, why) in cases {
        let said = wrong(&Place::empty().with(name, value));
        assert!(said.starts_with(&format!("WRONG  {why}")), "{name}={value}: {said}");
    }
    let place = Place::empty().with("TSUNAGU_DATABASE_URL", "mysql://u:hush@h/x").with("TSUNAGU_MASTER_KEY_FILE", "k");
    place.write_key("k", 0o600);
    assert!(wrong(&place).contains("must begin with sqlite: or postgres://"));
}

#[test]
fn a_database_file_that_others_may_read_or_that_is_damaged_is_wrong() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let file = place.path().join("var/tsunagu.db");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = wrong(&place);
    assert!(said.starts_with("WRONG  database file:") && said.contains("chmod 600"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // This is a note and not wrong: the next start mends it.
    place.sql("pragma journal_mode = delete", "");
    let said = place.run(&["doctor"]).ok();
    assert!(said.contains("note   journal: delete"), "{said}");
    let mut bytes = std::fs::read(&file).unwrap();
    // The damaged page is not one of the first, which are needed to open the database.
    let page = bytes.len() / 4096 * 4096 - 4096;
    bytes[page..page + 4096].fill(0x55);
    std::fs::write(&file, bytes).unwrap();
    let said = wrong(&place);
    assert!(said.contains("WRONG  integrity:"), "{said}");
}

#[test]
fn no_room_and_too_few_open_files_are_wrong() {
    // A file system of the kernel has no room at all.
    let said = wrong(&Place::empty().with("TSUNAGU_MAIL_URL", "file:/proc/mail"));
    assert!(said.contains("WRONG  room for mail: 0 MB free at /proc"), "{said}");
    let said = wrong(&Place::empty().with("TSUNAGU_DATABASE_URL", "sqlite:/proc/tsunagu.db"));
    assert!(said.contains("WRONG  room for the database: 0 MB free at /proc"), "{said}");
    let place = Place::empty();
    place.write("no-directory", "");
    let said = wrong(&place.with("TSUNAGU_MAIL_URL", "file:no-directory/mail"));
    assert!(said.contains("WRONG  mail:") && said.contains("is no directory"), "{said}");
    let place = Place::empty();
    let said = place.run_under("ulimit -n 64", &["doctor"]);
    assert_eq!(blamed(&said.out), ["open files"], "{said:?}");
}

/// A mail server that answers each line with the next of these words, and remembers the lines that it gets.
fn mail_server(words: &'static [&'static str]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, told) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for word in words {
            let _ = stream.write_all(format!("{word}\r\n").as_bytes());
            let Some(Ok(line)) = lines.next() else { return };
            let _ = sender.send(line);
        }
    });
    (port, told)
}

#[test]
fn the_way_of_mail_is_tried_as_far_as_the_mail() {
    let verdict = |words, url: &dyn Fn(u16) -> String| {
        let (port, told) = mail_server(words);
        let said = Place::empty().with("TSUNAGU_MAIL_URL", &url(port)).run(&["doctor"]);
        let line = said.out.lines().find(|line| line.contains(" mail: ")).expect("a line").to_owned();
        assert!(!said.out.contains("hush"), "{said:?}");
        (line, told.iter().collect::<Vec<_>>())
    };
    let plain = |port| format!("smtp://127.0.0.1:{port}");
    let with_password = |port| format!("smtp://u:hush@127.0.0.1:{port}");
    let (line, told) = verdict(&["220 mail", "250 mail", "221 bye"], &plain);
    assert!(line.starts_with("ok     mail: goes out by smtp:"), "{line}");
    let verbs: Vec<&str> = told.iter().map(|line| &line[..4]).collect();
    assert_eq!(verbs, ["EHLO", "QUIT"], "no mail is begun");
    let (line, _) = verdict(&["554 no"], &plain);
    assert!(line.starts_with("WRONG  mail: ") && line.contains("connect_554"), "{line}");
    let (line, _) =
        verdict(&["220 mail", "250 mail", "221 bye"], &|port| format!("smtp://127.0.0.1:{port}?tls=starttls"));
    assert!(line.starts_with("WRONG  mail: "), "STARTTLS is not offered: {line}");
    let (line, _) = verdict(&["220 mail", "250 mail", "221 bye"], &with_password);
    assert!(line.starts_with("WRONG  mail: "), "AUTH is not offered: {line}");
    let (line, _) = verdict(&["220 mail", "250-mail\r\n250 AUTH PLAIN", "535 no", "221 bye"], &with_password);
    assert!(line.contains("connect_535"), "{line}");
    let (line, _) = verdict(&["220 mail", "250-mail\r\n250 AUTH PLAIN", "235 yes", "221 bye"], &with_password);
    assert!(line.starts_with("ok     mail: "), "{line}");
    let said = Place::empty().with("TSUNAGU_MAIL_URL", "smtp://127.0.0.1:1").run(&["doctor"]);
    assert_eq!(blamed(&said.out), ["mail"], "{said:?}");
}

#[test]
fn a_postgresql_that_would_lose_or_refuse_something_is_wrong() {
    let place = Place::postgres();
    place.run(&["demo"]).ok();
    let database = place.sql("", "select current_database()");
    let blamed_for = |statement: &str| {
        place.sql("", statement);
        let said = place.run(&["doctor"]).out;
        let mut blamed: Vec<String> = blamed(&said).into_iter().map(str::to_owned).collect();
        blamed.retain(|what| !careless(&place).contains(&what.as_str()));
        blamed
    };
    assert_eq!(blamed_for(&format!("alter database {database} connection limit 5")), ["connections"]);
    assert_eq!(blamed_for(&format!("alter database {database} connection limit -1")), Vec::<String>::new());
    // The server seems to have another version and another clock: functions in a schema that is searched first answer in its place.
    let before = format!("alter database {database} set search_path = before, public, pg_catalog");
    place.sql("", &format!("create schema before; {before}"));
    let clock = "create function before.clock_timestamp() returns timestamptz language sql as $$ select pg_catalog.clock_timestamp() - interval '1 minute' $$";
    assert_eq!(blamed_for(clock), ["database clock"]);
    let version = "drop function before.clock_timestamp(); create function before.current_setting(text) returns text language sql as
        $$ select case when $1 = 'server_version_num' then '140009' else pg_catalog.current_setting($1) end $$";
    assert_eq!(blamed_for(version), ["version"]);

    let name = format!("{database}_ascii");
    place.sql("", &format!("create database {name} template template0 encoding 'SQL_ASCII' locale 'C'"));
    let (server, _) = place.database().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let said = place.with("TSUNAGU_DATABASE_URL", &format!("{server}/{name}")).run(&["doctor"]).out;
    assert!(said.contains("WRONG  encoding: SQL_ASCII"), "{said}");
}

#[test]
fn a_network_without_a_checked_certificate_is_wrong() {
    let cluster = Cluster::start_with("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
    let place = |parameters: &str| {
        let url = cluster.url("db.example.jp", PASSWORD, &format!("hostaddr=127.0.0.1&{parameters}"));
        let place = Place::empty().with("TSUNAGU_DATABASE_URL", &url).with("TSUNAGU_MASTER_KEY_FILE", "master.key");
        place.write_key("master.key", 0o600);
        wrong(&place)
    };
    let said = place("sslmode=disable");
    assert!(said.starts_with("WRONG  encryption: in the clear"), "{said}");
    let said = place("sslmode=require");
    assert!(said.starts_with("WRONG  encryption: TLS, but nobody checks"), "{said}");
}
