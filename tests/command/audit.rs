//! `tsunagu audit export`, `tsunagu audit verify` and its exit codes, and `tsunagu openapi`.

use crate::agency::first_import;
use crate::program::{Place, on_each};

on_each! {
    fn an_export_verifies_and_a_changed_one_does_not(place) {
        first_import(&place);
        for login in ["a", "b"] {
            let arguments = ["staff", "add", "--login", login, "--name", "見本", "--agency", "fukushi", "--role", "counter"];
            place.tell(&arguments, "a long enough password\n").ok();
        }
        place.run(&["staff", "disable", "a"]).ok();
        let export = place.run(&["audit", "export"]).ok();
        let lines: Vec<&str> = export.lines().collect();
        assert_eq!(lines.len(), 7, "{export}");
        let verify = |text: &str| {
            place.write("events.ndjson", text);
            let said = place.run(&["audit", "verify", "events.ndjson"]);
            assert_eq!(place.tell(&["audit", "verify", "-"], text).out, said.out);
            (said.code, said.out)
        };
        let (code, said) = verify(&export);
        assert_eq!(code, 0, "{said}");
        assert!(said.starts_with("sound: 7 events in 6 streams"), "{said}");

        // One hexadecimal digit of the last staff id changes.
        let (at, _) = export.rmatch_indices("staff_id").next().unwrap();
        let mut changed = export.clone().into_bytes();
        let digit = &mut changed[at + 20];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let (code, said) = verify(std::str::from_utf8(&changed).unwrap());
        assert!((code, said.starts_with("tampered: event ")) == (1, true), "{code} {said}");

        let without = |gone: &str| lines.iter().filter(|line| **line != gone).map(|line| format!("{line}\n")).collect::<String>();
        let first = lines.iter().find(|line| line.contains("staff.created")).unwrap();
        let (code, said) = verify(&without(first));
        assert!((code, said.starts_with("incomplete: ")) == (2, true), "{code} {said}");
    }
}

#[test]
fn what_is_no_export_is_unusable() {
    let place = Place::empty();
    place.write("poem.txt", "古池や\n");
    place.write("nothing", "");
    for file in ["poem.txt", "nothing", "nowhere"] {
        let said = place.run(&["audit", "verify", file]);
        assert_eq!((said.code, said.out.starts_with("unusable: ")), (4, true), "{said:?}");
    }
    // Without a file it verifies nothing, and exits with a code that is no verdict.
    assert_eq!(place.run(&["audit", "verify"]).code, 64);
    assert_eq!(place.run(&["audit", "verify", "--help"]).code, 0);
    // It needs no database, so it creates none.
    assert!(!place.path().join("var").exists());
}

#[test]
fn the_openapi_document_is_the_committed_one() {
    // It ignores a configuration that cannot be read.
    let place = Place::empty().with("TSUNAGU_CONFIG", "nowhere.toml").with("TSUNAGU_DATABASE_URL", "nonsense");
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml")).unwrap();
    assert!(place.run(&["openapi"]).ok() == committed, "run `cargo xtask openapi`");
}
