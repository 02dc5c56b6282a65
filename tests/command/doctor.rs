//! `tsunagu doctor`: what is in force, what is wrong, no secret, no change.

use crate::program::{Place, on_each};
use std::os::unix::fs::PermissionsExt;

on_each! {
    fn what_is_fine_is_called_fine(place) {
        let said = place.run(&["doctor"]).ok();
        assert!(said.lines().all(|line| line.starts_with("ok     ")), "{said}");
        assert!(!place.path().join("var").exists(), "it changes nothing");
        place.run(&["demo"]).ok();
        let said = place.run(&["doctor"]).ok();
        assert!(said.contains("schema up to date") && said.contains("master.key can be read"), "{said}");
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
