//! PostgreSQL over TLS, as in production: `sslmode=verify-full`, a password, and `deploy/postgres/pg_hba.conf`.

use crate::program::{Place, until};
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PASSWORD: &str = "hushhushhush";

/// A second cluster, which shows a certificate of `authority.crt` in the name `localhost` and lets nobody in without TLS.
struct Cluster {
    directory: PathBuf,
    process: Option<Child>,
    port: u16,
}

impl Cluster {
    fn start() -> Self {
        // The path of a socket is short, and its directory is the user's who runs PostgreSQL: initdb makes it.
        let directory = PathBuf::from(format!("/tmp/tsunagu-tls-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut cluster = Self { directory: directory.clone(), process: None, port };
        let made = directory.to_str().unwrap();
        run(program("initdb").args([
            "--pgdata",
            made,
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]));
        for authority in ["authority", "stranger"] {
            run(openssl(&directory, authority).args(["-subj", &format!("/CN={authority}")]));
        }
        run(openssl(&directory, "server")
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ])
            .args(["-CA", "authority.crt", "-CAkey", "authority.key"]));
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/postgres/pg_hba.conf");
        std::fs::copy(rules, directory.join("pg_hba.conf")).unwrap();

        let log = File::create(directory.join("log")).unwrap();
        let mut server = as_postgres();
        server.arg("--pdeathsig=INT").arg(programs().join("postgres")).current_dir("/");
        server.args(["-D", made, "-k", made, "-p", &port.to_string()]);
        for setting in
            ["listen_addresses=127.0.0.1", "ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "fsync=off"]
        {
            server.args(["-c", setting]);
        }
        cluster.process = Some(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        until("PostgreSQL over TLS", || TcpStream::connect(("127.0.0.1", port)).ok());
        let ready = || {
            let mut psql = Command::new("psql");
            psql.env_clear().env("PATH", "/usr/bin:/bin");
            psql.args([
                "-qX",
                "-h",
                made,
                "-p",
                &port.to_string(),
                "-U",
                "postgres",
                "-d",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
            ]);
            psql.args([
                "-c",
                &format!("create role tsunagu login password '{PASSWORD}'"),
                "-c",
                "create database tsunagu owner tsunagu",
            ]);
            psql.output().unwrap().status.success().then_some(())
        };
        until("the database", ready);
        cluster
    }

    fn url(&self, host: &str, password: &str, parameters: &str) -> String {
        format!("postgres://tsunagu:{password}@{host}:{}/tsunagu?{parameters}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // At once: nothing in it is worth a checkpoint.
            let quit = format!("kill -QUIT {}", process.id());
            let _ = Command::new("sh").args(["-c", &quit]).status();
            let _ = process.wait();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Where Debian keeps the newest PostgreSQL.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("postgresql is installed");
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest =
        versions.map(|entry| entry.unwrap().path()).filter(|path| path.join("bin/initdb").exists()).max_by_key(number);
    newest.expect("a version of PostgreSQL").join("bin")
}

/// `setpriv`, which steps down if we are root: PostgreSQL refuses to run as root, as in crates/xtask/src/postgres.rs.
fn as_postgres() -> Command {
    let mut command = Command::new("setpriv");
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command
}

fn program(name: &str) -> Command {
    let mut command = as_postgres();
    command.arg(programs().join(name)).current_dir("/");
    command
}

/// Makes a certificate with its key, as the user who may read it.
fn openssl(directory: &Path, name: &str) -> Command {
    let mut command = as_postgres();
    command.args([
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]);
    command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]).current_dir(directory);
    command
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// How `migrate` and `doctor` fail with this URL: without its password.
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
    let directory = cluster.directory.display();
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

    // As in compose.yaml: the password stands in a file, not in the URL.
    let port = cluster.port;
    let named = format!("postgres://tsunagu@localhost:{port}/tsunagu?{verified}&passfile=pgpass");
    let place = Place::empty().with("TSUNAGU_DATABASE_URL", &named).with("TSUNAGU_MASTER_KEY_FILE", "master.key");
    place.write_key("master.key", 0o600);
    place.write("pgpass", &format!("localhost:{port}:tsunagu:tsunagu:{PASSWORD}\n"));
    run(Command::new("chmod").arg("600").arg(place.path().join("pgpass")));
    assert_eq!(place.run(&["migrate"]).ok(), "nothing to do\n");
}
