//! `/health/ready` says why the service is not ready, by a code and in Japanese, and tells nothing of its internals; `/health/live` is not
//! affected.

use crate::cluster::{Cluster, PASSWORD};
use crate::program::{Place, Serving, on_each, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The codes of what is in the way; none when the service is ready.
#[track_caller]
fn reasons(serving: &Serving) -> Vec<String> {
    assert_eq!(serving.ask("GET", "/health/live", None, None).0, 200);
    let (status, text) = serving.ask("GET", "/health/ready", None, None);
    if status == 200 {
        return Vec::new();
    }
    assert_eq!(status, 503, "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["type"], "urn:tsunagu:problem:not-ready", "{text}");
    for inside in ["postgres", "sqlite", "/tmp", "127.0.0.1", "hush", "connection"] {
        assert!(!text.contains(inside), "{inside} in {text}");
    }
    let errors = problem["errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["detail"].as_str().unwrap().ends_with("。")), "{text}");
    errors.iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

on_each! {
    fn a_schema_of_another_program_is_named(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        assert_eq!(reasons(&serving), Vec::<String>::new());
        let newer = "insert into __diesel_schema_migrations (version) values ('99990101000001')";
        place.sql(newer, newer);
        assert_eq!(reasons(&serving), ["schema_newer"]);
        // There is only one migration yet, so a database that is behind has none.
        let older = "delete from __diesel_schema_migrations";
        place.sql(older, older);
        assert_eq!(reasons(&serving), ["schema_older"]);
        serving.stop();
    }

    fn a_master_key_that_opens_no_sheet_is_named(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        let clerk = serving.client("madoguchi");
        clerk.post("/api/v1/sheets", &json!({"state": "draft"})).ok();
        assert_eq!(reasons(&serving), Vec::<String>::new());
        serving.stop();
        std::fs::write(place.path().join(place.key()), "v1 AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        let serving = place.serve();
        assert_eq!(reasons(&serving), ["key"]);
        serving.stop();
        let said = place.run(&["doctor"]).out;
        assert!(said.contains("WRONG  master key of the sheets:"), "{said}");
        assert!(said.contains("WRONG  master keys in use: master key v1 is another one"), "{said}");
    }

    fn a_line_that_is_lost_from_the_key_file_is_named_though_the_newest_sheet_opens(place) {
        place.run(&["demo"]).ok();
        let key = place.path().join(place.key());
        let first = std::fs::read_to_string(&key).unwrap();
        let second = "v2 AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
        let registered = |serving: &Serving| serving.client("madoguchi").post("/api/v1/sheets", &crate::backup::sheet()).ok();
        let serving = place.serve();
        let old = registered(&serving)["id"].as_str().unwrap().to_owned();
        serving.stop();
        std::fs::write(&key, format!("{first}{second}")).unwrap();
        let serving = place.serve();
        registered(&serving);
        assert_eq!(reasons(&serving), Vec::<String>::new());
        serving.stop();
        // The key file has two lines: first the older one is lost, then the newer.
        for (left, lost) in [(second, "v1"), (first.as_str(), "v2")] {
            std::fs::write(&key, left).unwrap();
            let serving = place.serve();
            assert_eq!(reasons(&serving), ["key"], "{lost}");
            serving.stop();
            let said = place.run(&["doctor"]);
            let told = format!("WRONG  master keys in use: master key {lost} is missing: put the line back");
            assert!(said.code == 1 && said.out.contains(&told), "{said:?}");
        }
        // The failed checks left nothing behind that would stay wrong.
        std::fs::write(&key, format!("{first}{second}")).unwrap();
        let serving = place.serve();
        assert_eq!(reasons(&serving), Vec::<String>::new());
        serving.client("madoguchi").get(&format!("/api/v1/sheets/{old}")).ok();
        serving.stop();
        assert!(place.run(&["doctor"]).out.contains("ok     master keys in use: all are in the key file"));
    }
}

/// Holds a lock in the database until it is told to let go.
struct Holder(std::process::Child);

impl Holder {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "held");
        Self(child)
    }

    fn release(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_writer_that_gets_no_turn_is_named_on_sqlite() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let serving = place.serve();
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\nc.execute('begin immediate')\nprint('held', flush=True)\nsys.stdin.read()\nc.execute('rollback')";
    let holder = Holder::start(Command::new("python3").args(["-c", script]).arg(place.path().join("var/tsunagu.db")));
    assert_eq!(reasons(&serving), ["writer"]);
    holder.release();
    until("it is ready again", || reasons(&serving).is_empty().then_some(()));
    serving.stop();
}

#[test]
fn reads_that_get_no_turn_are_named_on_postgresql() {
    let place = Place::postgres();
    place.run(&["demo"]).ok();
    let serving = place.serve();
    // psql reads on while its transaction holds the table.
    let lock = "begin; lock table __diesel_schema_migrations in access exclusive mode;\n\\echo held\n";
    let script = format!("{{ printf '%s' '{lock}'; cat; }} | psql -qX -d '{}'", place.database());
    let holder = Holder::start(Command::new("sh").args(["-c", &script]));
    assert_eq!(reasons(&serving), ["busy"]);
    holder.release();
    until("it is ready again", || reasons(&serving).is_empty().then_some(()));
    serving.stop();
}

#[test]
fn a_database_that_is_gone_is_named_and_its_return_is_noticed() {
    let mut cluster = Cluster::start();
    let parameters = format!("sslmode=verify-full&sslrootcert={}/authority.crt", cluster.directory().display());
    let place = Place::empty()
        .with("TSUNAGU_DATABASE_URL", &cluster.url("localhost", PASSWORD, &parameters))
        .with("TSUNAGU_METRICS_LISTEN", "127.0.0.1:0")
        .with("TSUNAGU_MASTER_KEY_FILE", "master.key");
    place.write_key("master.key", 0o600);
    let mut serving = place.serve();
    assert_eq!(reasons(&serving), Vec::<String>::new());
    cluster.stop();
    assert_eq!(reasons(&serving), ["database", "writer"]);
    // `/metrics` still answers, without the numbers that only the database knows.
    let text = serving.metrics();
    assert!(text.contains("\ntsunagu_database_answers 0\n") && !text.contains("tsunagu_outbox_waiting"), "{text}");
    cluster.serve();
    until("it is ready again", || reasons(&serving).is_empty().then_some(()));
    serving.stop();
}
