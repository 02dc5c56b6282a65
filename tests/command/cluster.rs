//! A PostgreSQL cluster for one test: over TLS with a password, or stopped and started in the middle.

use crate::program::until;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The password of the role `tsunagu`; no program may ever show it.
pub const PASSWORD: &str = "hushhushhush";

/// A cluster for one test. It shows a certificate of `authority.crt` for the name `localhost`, keeps what it has acknowledged, and lets
/// in the clients that its rules name.
pub struct Cluster {
    directory: PathBuf,
    process: Option<Child>,
    port: u16,
}

impl Cluster {
    /// Starts it as in deploy/: over TLS only, and with a password.
    pub fn start() -> Self {
        Self::start_with(
            &std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/postgres/pg_hba.conf")).unwrap(),
        )
    }

    /// Starts it with other rules about who may connect.
    pub fn start_with(rules: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // The path of a socket must be short, and its directory must belong to the user that runs PostgreSQL, so initdb makes it.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = PathBuf::from(format!("/tmp/tsunagu-tls-{}-{number}", std::process::id()));
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
        std::fs::write(directory.join("pg_hba.conf"), rules).unwrap();
        cluster.serve();
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

    /// Starts it again after [`Cluster::stop`].
    pub fn serve(&mut self) {
        let (made, port) = (self.directory.to_str().unwrap(), self.port);
        let log = File::options().create(true).append(true).open(self.directory.join("log")).unwrap();
        let mut server = as_postgres();
        server.arg("--pdeathsig=INT").arg(programs().join("postgres")).current_dir("/");
        server.args(["-D", made, "-k", made, "-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"] {
            server.args(["-c", setting]);
        }
        self.process = Some(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        until("PostgreSQL over TLS", || TcpStream::connect(("127.0.0.1", port)).ok());
    }

    /// Ends it at once: every connection breaks.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let quit = format!("kill -QUIT {}", process.id());
            let _ = Command::new("sh").args(["-c", &quit]).status();
            let _ = process.wait();
        }
    }

    /// Where its files and certificates are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of its one database.
    pub fn url(&self, host: &str, password: &str, parameters: &str) -> String {
        format!("postgres://tsunagu:{password}@{host}:{}/tsunagu?{parameters}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its data is not worth a checkpoint.
        self.stop();
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

/// `setpriv`, which changes to another user if we are root: PostgreSQL refuses to run as root. See crates/xtask/src/postgres.rs.
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

/// Runs a command, which must succeed.
pub fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
