//! The configuration comes from one file and from the environment, which wins.

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
    // No machine here has the address of the file: the address of the environment is used, and everything else comes from the file.
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

/// The value of a setting of the shipped unit.
fn unit(key: &str) -> String {
    let unit = deployed("tsunagu.service");
    let mut values = unit.lines().filter_map(|line| line.strip_prefix(&format!("{key}=")));
    let value = values.next().unwrap_or_else(|| panic!("the unit has no {key}=")).to_owned();
    assert_eq!(values.next(), None, "{key} stands twice");
    value
}

fn deployed(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)).unwrap()
}

#[test]
fn unit_and_configuration_agree_on_every_place() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/tsunagu.toml");
    let config = Config::load(Some(&sample), &BTreeMap::new()).unwrap();
    let state = format!("/var/lib/{}/", unit("StateDirectory"));
    assert!(config.database_url.starts_with(&format!("sqlite:{state}")), "{}", config.database_url);
    assert!(config.mail_url.starts_with(&format!("file:{state}")), "{}", config.mail_url);
    assert_eq!(config.master_key_file, Path::new("/etc/tsunagu/master.key"));
    // A key file that is named is never created: a wrong path must not lead to a second key.
    assert!(!config.may_create_key && config.tls.is_none());
    assert_eq!(unit("ExecStart"), "/usr/local/bin/tsunagu --config /etc/tsunagu/tsunagu.toml serve");
    let user = unit("User");
    assert_eq!((user.as_str(), unit("Group")), ("tsunagu", user.clone()));
    // operation.md installs the files that the unit reads, for the same user.
    let operation = std::fs::read_to_string(sample.with_file_name("../docs/operation.md")).unwrap();
    for line in [
        format!(
            "useradd --system --user-group --home-dir /var/lib/tsunagu --no-create-home --shell /usr/sbin/nologin {user}"
        ),
        format!("install -d -m {} -o {user} -g {user} /var/lib/tsunagu", unit("StateDirectoryMode")),
        format!("install -m 0640 -g {user} tsunagu.toml /etc/tsunagu/tsunagu.toml"),
        format!("chgrp {user} /etc/tsunagu/master.key && chmod 0440 /etc/tsunagu/master.key"),
        format!("as_tsunagu() {{ runuser --user {user} -- tsunagu --config /etc/tsunagu/tsunagu.toml \"$@\"; }}"),
    ] {
        assert!(operation.lines().any(|it| it == line), "operation.md lacks: {line}");
    }
}

#[test]
fn what_the_unit_starts_and_the_commands_find_the_same_key_and_database() {
    let place = Place::empty();
    let root = place.path().display().to_string();
    for directory in ["etc/tsunagu", "var/lib/tsunagu"] {
        std::fs::create_dir_all(place.path().join(directory)).unwrap();
    }
    let moved =
        |text: String| text.replace("/var/lib/", &format!("{root}/var/lib/")).replace("/etc/", &format!("{root}/etc/"));
    place.write("etc/tsunagu/tsunagu.toml", &moved(deployed("tsunagu.toml")));
    place.write_key("etc/tsunagu/master.key", 0o440);
    let start = moved(unit("ExecStart"));
    let arguments: Vec<&str> = start.split(' ').skip(1).collect();
    let (_, config) = arguments.split_last().unwrap();
    place.run(&[config, &["demo"]].concat()).ok();
    let serving = place.serve_with(&arguments);
    serving.client("madoguchi").post("/api/v1/sheets", &serde_json::json!({"state": "draft"})).ok();
    let said = place.run(&[config, &["doctor"]].concat()).ok();
    assert!(said.contains("ok     master key of the sheets: opens the newest sheet"), "{said}");
    serving.stop();
    // No file appeared in a place that the unit would not let the service write to.
    let mut there: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["etc", "var"]);
    assert_eq!(std::fs::read_dir(place.path().join("etc/tsunagu")).unwrap().count(), 2);
    assert_eq!(std::fs::read_dir(place.path().join("var")).unwrap().count(), 1);
}
