//! The configuration: one file, and the environment, which wins.

use crate::program::Place;
use server::config::Config;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn a_broken_file_is_told_by_its_line_and_never_by_its_words() {
    let place = Place::empty();
    let broken = [
        ("database_url = \"postgres://u:hush@h/db\nlisten = \"127.0.0.1:0\"\n", 1),
        ("listen = \"127.0.0.1:0\"\ndatabase_url = postgres://u:hush@h/db\n", 2),
        ("\n\ndatabase_url = [\"postgres://u:hush@h/db\"]\n", 3),
        ("tls = \"hush\"\n", 1),
        ("tls = 'a \"hush'\n", 1),
        ("mail_url = \"smtp://u:hush@h\"\nmail_url = \"smtp://u:hush@h\"\n", 2),
        ("mail_url = \"smtp://u:hush@h\" hush\n", 1),
        ("mail_url = \"smtp://u:\\hush@h\"\n", 1),
    ];
    for (text, line) in broken {
        place.write("tsunagu.toml", text);
        let said = place.run(&["--config", "tsunagu.toml", "doctor"]).failed();
        assert!(said.starts_with(&format!("tsunagu: tsunagu.toml: line {line}: ")), "{text}: {said}");
        assert!(!said.contains("hush"), "{text}: {said}");
    }
    let said = place.run(&["--config", "nowhere.toml", "doctor"]).failed();
    assert!(said.contains("cannot read nowhere.toml"), "{said}");
}

#[test]
fn a_key_that_nobody_knows_is_refused() {
    let place = Place::empty();
    place.write("tsunagu.toml", "listen = \"127.0.0.1:0\"\ndatabse_url = \"sqlite:x.db\"\n");
    let said = place.run(&["serve", "--config", "tsunagu.toml"]).failed();
    assert!(said.contains("line 2: unknown field `databse_url`"), "{said}");
    assert!(!place.path().join("var").exists());
}

#[test]
fn the_environment_wins_over_the_file() {
    let place = Place::empty();
    place.write(
        "tsunagu.toml",
        "database_url = \"sqlite:here/of-file.db\"\nlisten = \"192.0.2.1:1\"\nmail_url = \"file:letters\"\n",
    );
    // The address of the file is nobody's here; that of the environment is used, and of the file what the environment leaves.
    let place = place.with("TSUNAGU_CONFIG", "tsunagu.toml");
    place.serve().stop();
    assert!(place.path().join("here/of-file.db").exists());
    assert!(place.path().join("here/master.key").exists());
    assert!(place.path().join("letters").is_dir());
    let place = place.with("TSUNAGU_DATABASE_URL", "sqlite:there/of-environment.db");
    place.run(&["migrate"]).ok();
    assert!(place.path().join("there/of-environment.db").exists());
    let other = Place::empty().with("TSUNAGU_LISTEN", "hush");
    assert!(other.run(&["doctor"]).failed().contains("127.0.0.1:8080"));
}

#[test]
fn the_sample_configuration_can_be_read() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/tsunagu.toml");
    let config = Config::load(Some(&sample), &BTreeMap::new()).unwrap();
    assert!(!config.is_embedded() && !config.may_create_key);
    assert!(config.database_url.contains("sslmode=verify-full"));
    assert!(config.public_url.starts_with("https://") && config.mail_url.starts_with("smtps://"));
    // The unit hands on exactly the secrets that the sample names.
    let unit = std::fs::read_to_string(sample.with_file_name("tsunagu.service")).unwrap();
    let tls = config.tls.unwrap();
    for path in [&config.master_key_file, &tls.certificate, &tls.key] {
        let name = path.strip_prefix("/run/credentials/tsunagu.service").unwrap().display();
        assert!(unit.contains(&format!("\nLoadCredential={name}:")), "{name}");
    }
}
