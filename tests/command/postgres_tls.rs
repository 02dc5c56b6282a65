//! PostgreSQL over TLS, as in production: `sslmode=verify-full`, a password, and `deploy/postgres/pg_hba.conf`.

use crate::cluster::{Cluster, PASSWORD, run};
use crate::program::Place;
use std::process::Command;

/// The errors of `migrate` and `doctor` with this URL, after a check that they do not show its password.
#[track_caller]
fn refused(url: &str) -> String {
    let place = Place::empty().with("TSUNAGU_DATABASE_URL", url).with("TSUNAGU_MASTER_KEY_FILE", "master.key");
    place.write_key("master.key", 0o600);
    let failed = place.run(&["migrate"]).failed();
    let doctor = place.run(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    let said = format!("{failed}{}{}", doctor.out, doctor.err);
    assert!(!said.contains("hush"), "{said}");
    failed
}

#[test]
fn postgresql_is_believed_only_with_the_right_certificate_in_the_right_name() {
    let cluster = Cluster::start();
    let directory = cluster.directory().display();
    let verified = format!("sslmode=verify-full&sslrootcert={directory}/authority.crt");

    let place = Place::empty()
        .with("TSUNAGU_DATABASE_URL", &cluster.url("localhost", PASSWORD, &verified))
        .with("TSUNAGU_MASTER_KEY_FILE", "master.key");
    place.write_key("master.key", 0o600);
    assert!(place.run(&["migrate"]).ok().starts_with("applied "));
    let doctor = place.run(&["doctor"]).ok();
    assert!(doctor.contains("PostgreSQL, schema up to date") && !doctor.contains("hush"), "{doctor}");
    let serving = place.serve();
    assert_eq!(serving.ask("GET", "/health/ready", None, None).0, 200);
    serving.stop();

    let by_stranger = format!("sslmode=verify-full&sslrootcert={directory}/stranger.crt");
    let said = refused(&cluster.url("localhost", PASSWORD, &by_stranger));
    assert!(said.contains("certificate verify failed"), "{said}");
    let said = refused(&cluster.url("127.0.0.1", PASSWORD, &verified));
    assert!(said.contains("does not match host name"), "{said}");
    let said = refused(&cluster.url("localhost", PASSWORD, "sslmode=disable"));
    assert!(said.contains("no encryption"), "{said}");
    let said = refused(&cluster.url("localhost", "hushhush", &verified));
    assert!(said.contains("password authentication failed"), "{said}");
    let said =
        refused(&cluster.url("localhost", PASSWORD, &format!("sslmode=verify-full&sslrootcert={directory}/none.crt")));
    assert!(said.contains("root certificate file"), "{said}");

    // As in compose.yaml, the password stands in a file and not in the URL.
    let port = cluster.port();
    let named = format!("postgres://tsunagu@localhost:{port}/tsunagu?{verified}&passfile=pgpass");
    let place = Place::empty().with("TSUNAGU_DATABASE_URL", &named).with("TSUNAGU_MASTER_KEY_FILE", "master.key");
    place.write_key("master.key", 0o600);
    place.write("pgpass", &format!("localhost:{port}:tsunagu:tsunagu:{PASSWORD}\n"));
    run(Command::new("chmod").arg("600").arg(place.path().join("pgpass")));
    assert_eq!(place.run(&["migrate"]).ok(), "nothing to do\n");
}
