//! `tsunagu backup` and `tsunagu restore`: a drill under load, and the copies that must be refused.

use crate::cluster::{Cluster, PASSWORD};
use crate::program::{Place, Serving, on_each, until};
use domain::time::{Clock, Instant};
use serde_json::{Value, json};
use server::world::SystemClock;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tests::Client;

/// The system's time, `days` from now.
pub fn time(days: i64) -> Instant {
    SystemClock.now().plus_seconds(days * 24 * 3600 - 60)
}

/// A sheet with a person, as the counter registers it.
pub fn sheet() -> Value {
    json!({
        "state": "registered", "received_at": time(0).to_string(), "channel": "visit", "route": "self_visit", "visitor": null,
        "urgency": "normal", "address_secret": "none",
        "content": {
            "identity": {"family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ",
                         "birth_date": "1986-04-01", "identity_level": "verified"},
            "topics": {"codes": ["03"], "main": "03"},
            "statement": {"subject_words": "家賃が払えない。", "done_here": "聞き取った。"},
            "risk": {"flags": []}
        }
    })
}

fn consent(to: &str) -> Value {
    json!({
        "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document", "method": "signature_paper",
        "purpose": "support_referral", "sections": ["identity"], "recipients": {"agency_ids": [to], "classes": []}, "exclusions": [],
        "allow_onward": "named", "allow_report_back": true, "obtained_at": time(0).to_string(), "effective_until": time(180).date().to_string()
    })
}

pub fn agency(client: &Client) -> String {
    let list = client.get("/api/v1/agencies?limit=200").ok();
    let found = list["items"].as_array().unwrap().iter().find(|a| a["code"] == "kurashi-shigoto");
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Registers a sheet and records its consent, both acknowledged; returns the id of the sheet.
fn written(client: &Client, to: &str) -> String {
    let made = client.post("/api/v1/sheets", &sheet()).ok();
    let id = made["id"].as_str().unwrap().to_owned();
    client.post(&format!("/api/v1/sheets/{id}/consents"), &consent(to)).ok();
    id
}

/// The ids of all sheets that the clerk finds, page by page.
fn sheets(client: &Client) -> BTreeSet<String> {
    let (mut found, mut path) = (BTreeSet::new(), "/api/v1/sheets?limit=200".to_owned());
    loop {
        let page = client.get(&path).ok();
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(cursor) => path = format!("/api/v1/sheets?limit=200&after={cursor}"),
            None => return found,
        }
    }
}

/// The events of the trail, after a check that it verifies.
fn trail(place: &Place) -> Vec<Value> {
    let export = place.run(&["audit", "export"]).ok();
    let verified = place.tell(&["audit", "verify", "-"], &export);
    assert_eq!(verified.code, 0, "{verified:?}");
    export.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Demands that a restored service shows each sheet whole and as the trail tells of it, and the consents of the sheets in `before`.
fn nothing_is_half_done(place: &Place, serving: &Serving, before: &[String]) {
    let clerk = serving.client("madoguchi");
    let found = sheets(&clerk);
    for id in before {
        assert!(found.contains(id), "an acknowledged sheet is lost");
        let consents = clerk.get(&format!("/api/v1/sheets/{id}/consents")).ok();
        assert_eq!(consents["items"].as_array().unwrap().len(), 1, "an acknowledged consent is lost");
    }
    for id in &found {
        let sheet = clerk.get(&format!("/api/v1/sheets/{id}")).ok();
        assert_eq!(sheet["content"]["identity"]["family_name"], "見本");
    }
    let events = trail(place);
    let created = events.iter().filter(|event| event["kind"] == "sheet.created" || event["kind"] == "sheet.registered");
    let created: BTreeSet<String> = created.map(|event| event["sheet_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(created, found, "sheets and their events");
}

on_each! {
    fn a_copy_made_under_load_holds_what_was_acknowledged_before_and_nothing_half_done(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let clerk = serving.client("madoguchi");
        let to = agency(&clerk);
        let count = || acknowledged.lock().unwrap().len();
        // The deadline keeps a failed test from writing for ever.
        let end = std::time::Instant::now() + Duration::from_secs(120);
        let before = std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) && std::time::Instant::now() < end {
                        let id = written(&clerk, &to);
                        acknowledged.lock().unwrap().push(id);
                    }
                });
            }
            until("some writes", || (count() >= 20).then_some(()));
            let before = acknowledged.lock().unwrap().clone();
            let said = place.run(&["backup", "copy"]);
            let after = count();
            // The writers still go on: nobody was locked out for good.
            until("more writes", || (count() > after + 4).then_some(()));
            stop.store(true, Ordering::Relaxed);
            let said = said.ok();
            assert!(said.contains("The master key is not in the copy") && said.contains(place.key()), "{said}");
            before
        });
        serving.stop();
        let copy = place.path().join("copy");
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o700);
        let files = std::fs::read_dir(&copy).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
        assert_eq!(files.len(), 3, "{files:?}");
        for file in &files {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
            let bytes = std::fs::read(file).unwrap();
            assert!(!bytes.windows(6).any(|part| part == "花子".as_bytes()), "a name in {}", file.display());
        }

        let other = place.another();
        let said = other.run(&["restore", copy.to_str().unwrap()]).ok();
        assert!(said.contains("as the manifest says"), "{said}");
        let manifest: Value = serde_json::from_str(&place.read("copy/manifest.json")).unwrap();
        let events = trail(&other);
        assert_eq!(events.iter().map(|event| event["id"].as_str().unwrap()).collect::<BTreeSet<_>>().len(), events.len());
        assert!(said.contains(manifest["trail"]["heads"].as_str().unwrap()), "{said}");
        assert_eq!(manifest["trail"]["broken"], 0);
        let restored = other.serve();
        assert_eq!(restored.ask("GET", "/health/ready", None, None).0, 200);
        nothing_is_half_done(&other, &restored, &before);
        // The restored service goes on where the copy ended.
        written(&restored.client("madoguchi"), &to);
        restored.stop();
        trail(&other);
    }

    fn a_copy_that_is_not_what_was_written_is_refused_and_changes_nothing(place) {
        place.run(&["demo"]).ok();
        place.run(&["backup", "copy"]).ok();
        let other = place.another();
        let refused = |why: &str, what: &str, change: &dyn Fn(PathBuf)| {
            let bad = other.path().join("bad");
            let _ = std::fs::remove_dir_all(&bad);
            std::fs::create_dir(&bad).unwrap();
            for file in std::fs::read_dir(place.path().join("copy")).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), bad.join(file.file_name())).unwrap();
            }
            change(bad);
            let said = other.run(&["restore", "bad"]).failed();
            assert!(said.contains(why) && said.contains("nothing was restored"), "{what}: {said}");
        };
        let data = if place.path().join("copy/database.sqlite").exists() { "database.sqlite" } else { "database.pgdump" };
        for (file, why) in [(data, "damaged"), ("manifest.json", ""), ("manifest.mac", "")] {
            let size = std::fs::metadata(place.path().join("copy").join(file)).unwrap().len() as usize;
            for at in [0, size / 2, size - 2] {
                refused(why, &format!("byte {at} of {file}"), &|bad| {
                    let mut bytes = std::fs::read(bad.join(file)).unwrap();
                    bytes[at] ^= 1;
                    std::fs::write(bad.join(file), bytes).unwrap();
                });
            }
            for length in [0, size / 2, size - 2] {
                refused(why, &format!("{file} cut to {length}"), &|bad| {
                    let bytes = std::fs::read(bad.join(file)).unwrap();
                    std::fs::write(bad.join(file), &bytes[..length]).unwrap();
                });
            }
            refused(&format!("damaged ({file} is missing)"), file, &|bad| std::fs::remove_file(bad.join(file)).unwrap());
        }
        let edit = |bad: PathBuf, key: &str, value: Value| {
            let mut manifest: Value = serde_json::from_slice(&std::fs::read(bad.join("manifest.json")).unwrap()).unwrap();
            manifest[key] = value;
            std::fs::write(bad.join("manifest.json"), manifest.to_string()).unwrap();
        };
        let edits = [("made_at", json!("2020-01-01T00:00:00+09:00")), ("schema", json!([])), ("trail", Value::Null)];
        for (key, value) in edits {
            refused("manifest was changed, or the copy was made under another master key", key, &|bad| edit(bad, key, value.clone()));
        }
        refused("newer than this program (format 2)", "a newer form", &|bad| edit(bad, "format", json!(2)));

        // A key that did not make the copy, and a key file that lacks its line.
        let key = other.path().join(other.key());
        let right = std::fs::read(&key).unwrap();
        std::fs::write(&key, "v1 AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        refused("under another master key", "another key", &|_| {});
        std::fs::write(&key, "v2 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        refused("master key v1, which is not in the key file", "a key that is gone", &|_| {});
        // A newer key beside the old one does no harm.
        let both = [right.as_slice(), b"v2 AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"].concat();
        std::fs::write(&key, both).unwrap();
        // None of these touched the target: it is still empty.
        other.run(&["restore", place.path().join("copy").to_str().unwrap()]).ok();
        let said = other.run(&["restore", place.path().join("copy").to_str().unwrap()]).failed();
        assert!(said.contains("holds something already"), "{said}");
    }

    fn a_copy_of_another_schema_is_told_apart(place) {
        place.run(&["demo"]).ok();
        let newer = "insert into __diesel_schema_migrations (version) values ('99990101000001')";
        place.sql(newer, newer);
        place.run(&["backup", "newer"]).ok();
        let other = place.another();
        let copy = place.path().join("newer");
        let said = other.run(&["restore", copy.to_str().unwrap()]).failed();
        assert!(said.contains("newer than this program (schema 99990101000001)"), "{said}");
        let back = "delete from __diesel_schema_migrations where version = '99990101000001'";
        place.sql(back, back);
        place.run(&["backup", "older"]).ok();
        let copy = place.path().join("older");
        make_older(&place, &copy);
        let said = other.run(&["restore", copy.to_str().unwrap()]).ok();
        assert!(said.contains(" migrations wait for the next start") && !said.contains("\n0 migrations"), "{said}");
    }

    fn a_target_that_holds_anything_is_refused(place) {
        place.run(&["demo"]).ok();
        an_event(&place);
        place.run(&["backup", "copy"]).ok();
        let events = trail(&place).len();
        let said = place.run(&["restore", "copy"]).failed();
        assert!(said.contains("holds something already") && said.contains("nothing was restored"), "{said}");
        assert_eq!(trail(&place).len(), events);
        let other = place.another();
        other.run(&["migrate"]).ok();
        let said = other.run(&["restore", place.path().join("copy").to_str().unwrap()]).failed();
        assert!(said.contains("holds something already"), "{said}");
    }

    fn a_copy_gets_a_place_of_its_own_or_none(place) {
        // First there is no key or no schema, then the name is taken.
        let before = place.run(&["backup", "copy"]).failed();
        assert!(before.contains("key file") || before.contains("nothing to copy"), "{before}");
        assert!(!place.path().join("var").exists(), "a copy makes nothing where nothing is");
        place.run(&["demo"]).ok();
        place.write("taken", "letters");
        let said = place.run(&["backup", "taken"]).failed();
        assert!(said.contains("exists already"), "{said}");
        assert_eq!(place.read("taken"), "letters");
        let said = place.run(&["backup", "nowhere/copy"]).failed();
        assert!(said.contains("nowhere"), "{said}");
        assert_eq!(unfinished(&place), 0);
    }

    fn a_trail_that_was_tampered_with_is_told_when_it_is_copied(place) {
        place.run(&["demo"]).ok();
        an_event(&place);
        let cut = "update stream set seq = seq - 1 where name = (select min(name) from stream where seq > 0)";
        place.sql(cut, cut);
        let said = place.run(&["backup", "copy"]).failed();
        assert!(said.contains("the copy is made, but 1 streams of the audit trail"), "{said}");
        let other = place.another();
        let said = other.run(&["restore", place.path().join("copy").to_str().unwrap()]).failed();
        assert!(said.contains("1 streams of the audit trail"), "{said}");
    }
}

/// Makes an event, because the demonstration alone leaves the trail empty.
fn an_event(place: &Place) {
    let post = ["--agency", "fukushi-marugoto", "--role", "counter"];
    let arguments = [["staff", "add", "--login", "mihon"].as_slice(), &["--name", "見本"], &post].concat();
    place.tell(&arguments, "a long enough password\n").ok();
}

/// Turns a copy into one of a program that knew one migration fewer. There is only one migration yet, and a database without any cannot be
/// copied. So this removes the stamps from the copy and writes a new manifest and MAC.
fn make_older(place: &Place, copy: &Path) {
    let forget = "delete from __diesel_schema_migrations";
    if place.database().starts_with("postgres") {
        place.sql("", forget);
        let mut dump = Command::new("pg_dump");
        dump.args(["--format=custom", "--no-owner", "--no-privileges", "--dbname", &place.database(), "--file"]);
        assert!(dump.arg(copy.join("database.pgdump")).status().unwrap().success());
    }
    let mut seal = Command::new("python3");
    seal.args(["-c", SEAL_ANEW]).arg(copy).arg(place.path().join(place.key())).arg(forget);
    assert!(seal.status().unwrap().success());
}

/// The arguments are the copy, the key file and, for SQLite, a statement.
const SEAL_ANEW: &str = r"
import base64, hashlib, hmac, json, pathlib, sqlite3, sys
copy, key, statement = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
def mac(secret, text):
    return hmac.new(secret, text, hashlib.sha256).digest()
manifest = json.loads((copy / 'manifest.json').read_bytes())
data = copy / manifest['data']['file']
if manifest['database'] == 'sqlite':
    database = sqlite3.connect(data)
    database.execute(statement)
    database.commit()
    database.close()
manifest['schema'] = []
manifest['data'].update(bytes=data.stat().st_size, sha256=hashlib.sha256(data.read_bytes()).hexdigest())
text = json.dumps(manifest).encode()
version, master = key.read_text().split()
# HKDF-SHA256, as storage::keys derives the key for backups.
derived = mac(mac(b'tsunagu keyring 1', base64.b64decode(master)), b'tsunagu/1/backup\x01')
(copy / 'manifest.json').write_bytes(text)
(copy / 'manifest.mac').write_text(f'{version} {mac(derived, text).hex()}\n')
";

/// Drafts that were left behind.
fn unfinished(place: &Place) -> usize {
    let names = std::fs::read_dir(place.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".unfinished")).count()
}

#[test]
fn a_copy_goes_back_into_its_own_kind_of_database() {
    let (sqlite, postgres) = (Place::empty(), Place::postgres());
    for (from, into, copy, configured) in
        [(&sqlite, &postgres, "sqlite", "postgres"), (&postgres, &sqlite, "postgres", "sqlite")]
    {
        from.run(&["demo"]).ok();
        from.run(&["backup", "copy"]).ok();
        let other = into.another_with_key_of(from);
        let said = other.run(&["restore", from.path().join("copy").to_str().unwrap()]).failed();
        assert!(said.contains(&format!("the copy is of {copy}, the configured database is {configured}")), "{said}");
    }
}

#[test]
fn the_password_of_the_database_goes_to_no_command_line_and_no_text() {
    let cluster = Cluster::start();
    let url = cluster.url(
        "localhost",
        PASSWORD,
        &format!("sslmode=verify-full&sslrootcert={}/authority.crt", cluster.directory().display()),
    );
    let place = Place::empty().with("TSUNAGU_DATABASE_URL", &url).with("TSUNAGU_MASTER_KEY_FILE", "master.key");
    place.write_key("master.key", 0o600);
    place.run(&["demo"]).ok();
    // A script stands in front of each real program, notes its arguments, and calls the program.
    for program in ["pg_dump", "pg_restore"] {
        place.write(
            program,
            &format!("#!/bin/sh\necho \"$@\" >> {}/told\nexec /usr/bin/{program} \"$@\"\n", place.path().display()),
        );
        std::fs::set_permissions(place.path().join(program), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", place.path().display());
    let place = place.with("PATH", &path);
    let said = place.run(&["backup", "copy"]).ok();
    let told = place.read("told");
    assert!(told.contains("--snapshot=") && told.contains("sslmode=verify-full"), "{told}");
    assert!(!format!("{told}{said}").contains("hush"), "{told} {said}");
    for file in ["copy/manifest.json", "copy/manifest.mac"] {
        assert!(!place.read(file).contains("hush"));
    }
    // The error of a program that fails is shown without rows; a missing program is named.
    place.write("pg_dump", "#!/bin/sh\necho 'pg_dump: error: it broke' >&2\necho 'DETAIL: 見本 花子' >&2\nexit 1\n");
    let said = place.run(&["backup", "second"]).failed();
    assert!(said.contains("pg_dump failed: pg_dump: error: it broke") && !said.contains("花子"), "{said}");
    let place = place.with("PATH", "/nowhere");
    let said = place.run(&["backup", "third"]).failed();
    assert!(said.contains("pg_dump cannot be run") && said.contains("postgresql-client"), "{said}");
    assert!(!place.path().join("second").exists() && !place.path().join("third").exists());
    assert_eq!(unfinished(&place), 0);
}
