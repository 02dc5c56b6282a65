//! `cargo xtask fuzz-api`: schemathesis against openapi.yaml and a running service, once for every kind of caller.

use crate::install;
use crate::postgres::{Cluster, Use};
use crate::process::{Result, build_server, myself, output, run, step};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

const REQUIREMENTS: &str = "tests/fuzz/requirements.txt";

/// The callers: log-ins of the demonstration, and the invented ones of hooks.py (`round`, `client`, `nobody`). Those that write come first,
/// because they take longest, and they run on PostgreSQL, too.
const RUNS: &[(&str, Database)] = &[
    ("round", Database::Embedded),
    ("round", Database::Postgres),
    ("admin", Database::Embedded),
    ("admin", Database::Postgres),
    ("kacho", Database::Embedded),
    ("hub", Database::Embedded),
    ("client", Database::Embedded),
    ("hogo", Database::Embedded),
    ("kansa", Database::Embedded),
    ("nobody", Database::Embedded),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Database {
    Embedded,
    Postgres,
}

/// How many examples CI tries for each operation and phase.
pub(crate) const FEW: u32 = 2;
/// How many walks along the links are made for each example that was asked for: a walk is short, and most of them end early.
const WALKS: u32 = 20;
/// The same seed in every run, so that a finding of CI can be reproduced.
const SEED: &str = "20261121";

/// Fuzzes the whole API.
pub(crate) fn fuzz_api(examples: u32) -> Result {
    install::ensure(&[install::BUILD, install::POSTGRES, install::TESTS])?;
    let server = build_server()?;
    let cluster = step("PostgreSQL", || Cluster::start(Use::Tests))?;
    against(&server, &cluster, examples)
}

/// The same with a server that is already built and a cluster that already runs. Two runs at a time: each spends half its time in
/// schemathesis and half in the service.
pub(crate) fn against(server: &Path, cluster: &Cluster, examples: u32) -> Result {
    let python = step("schemathesis", python)?;
    let database = cluster.database("fuzz_round").and_then(|round| Ok((round, cluster.database("fuzz_admin")?)))?;
    let next = AtomicUsize::new(0);
    let turn = || -> Result {
        while let Some((role, place)) = RUNS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let postgres = if *role == "admin" { &database.1 } else { &database.0 };
            let database = (*place == Database::Postgres).then_some(postgres.as_str());
            step(&format!("fuzz as {role}, {place:?}"), || as_role(role, database, server, &python, examples))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(turn);
        let here = turn();
        here.and(other.join().unwrap_or_else(|_| Err("a run of schemathesis panicked".to_owned())))
    })
}

/// Runs every phase as one caller; prints the output of schemathesis only when it has found something.
fn as_role(role: &str, database: Option<&str>, server: &Path, python: &Path, examples: u32) -> Result {
    let service = Service::start(server, role, database)?;
    for (phases, examples) in [("examples,coverage,fuzzing", examples), ("stateful", examples * WALKS)] {
        let mut schemathesis = Command::new(python);
        schemathesis.args([
            "-m",
            "schemathesis.cli",
            "--config-file",
            "tests/fuzz/schemathesis.toml",
            "run",
            "openapi.yaml",
        ]);
        schemathesis.args(["--url", &service.url, "--seed", SEED, "--phases", phases]);
        schemathesis.args(["--max-examples", &examples.to_string()]);
        schemathesis.env("PYTHONPATH", "tests/fuzz").env("PYTHONDONTWRITEBYTECODE", "1");
        schemathesis.env("SCHEMATHESIS_HOOKS", "hooks").env("TSUNAGU_FUZZ_URL", &service.url);
        schemathesis.env("TSUNAGU_FUZZ_ROLE", role).env("TSUNAGU_FUZZ_SEED", SEED);
        schemathesis.env("TSUNAGU_FUZZ_CLIENT", &service.client);
        let done = schemathesis.output().map_err(|error| format!("cannot start schemathesis: {error}"))?;
        let said = String::from_utf8_lossy(&done.stdout);
        if !done.status.success() {
            let errors = String::from_utf8_lossy(&done.stderr);
            return Err(format!("schemathesis as {role} ({phases}) is not content:\n{said}\n{errors}"));
        }
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        println!("{role}, {phases}: {}", last.trim_matches([' ', '=']));
    }
    Ok(())
}

/// A service with the demonstration, on a database of its own. It stops when this is dropped.
struct Service {
    process: Child,
    url: String,
    /// `client_id:client_secret` of a department system that may do everything.
    client: String,
    directory: PathBuf,
}

impl Service {
    fn start(server: &Path, role: &str, database: Option<&str>) -> Result<Self> {
        let directory =
            std::env::temp_dir().join(format!("tsunagu-fuzz-{}-{role}-{}", std::process::id(), database.is_some()));
        let cannot = |error| format!("cannot make {}: {error}", directory.display());
        std::fs::create_dir_all(&directory).map_err(cannot)?;
        let embedded = format!("sqlite:{}", directory.join("tsunagu.db").display());
        let command = |database: &str, arguments: &[&str]| {
            let mut command = Command::new(server);
            command.args(arguments).env("TSUNAGU_DATABASE_URL", database).env_remove("TSUNAGU_MASTER_KEY_FILE");
            command.env("TSUNAGU_LISTEN", "127.0.0.1:0").env("TSUNAGU_LOG", "error,actix_http=off");
            command.env("TSUNAGU_MAIL_URL", format!("file:{}", directory.join("mail").display()));
            // These tests are about the content of the answers, so the limits on the number of requests are set out of reach.
            for who in ["PERSON", "SYSTEM", "ADDRESS"] {
                command.env(format!("TSUNAGU_REQUESTS_PER_MINUTE_{who}"), "10000000");
            }
            command
        };
        output(&mut command(&embedded, &["demo"]))?;
        let command = |arguments: &[&str]| {
            let mut command = command(database.unwrap_or(&embedded), arguments);
            if database.is_some() {
                // The key that was made beside the embedded database: with PostgreSQL, the service needs one that exists.
                command.env("TSUNAGU_MASTER_KEY_FILE", directory.join("master.key"));
            }
            command
        };
        if database.is_some() {
            output(&mut command(&["demo"]))?;
        }
        let scopes = "sheets:write,sheets:read,relays:write,relays:read,audit:read,directory:write";
        let added = ["client", "add", "--name", "fuzz", "--agency", "fukushi-marugoto", "--scope", scopes];
        let said = output(&mut command(&added))?;
        let values: Vec<&str> = said.lines().filter_map(|line| line.split_once('=')).map(|(_, value)| value).collect();
        let mut process = command(&["serve"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", server.display()))?;
        let stdout = process.stdout.take().ok_or("the server has no standard output")?;
        let line = BufReader::new(stdout)
            .lines()
            .map_while(|line| line.ok())
            .find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()));
        let url = line.ok_or("the server did not say where it listens; the reason stands above")?;
        Ok(Self { process, url, client: values.join(":"), directory })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Makes the virtual environment unless it holds the pinned packages, and returns its interpreter.
fn python() -> Result<PathBuf> {
    let target = myself()?.ancestors().nth(2).map(Path::to_owned).ok_or("this program is not in a target directory")?;
    let directory = target.join("schemathesis-venv");
    let python = directory.join("bin/python");
    let pinned =
        std::fs::read_to_string(REQUIREMENTS).map_err(|error| format!("cannot read {REQUIREMENTS}: {error}"))?;
    let present = output(Command::new(&python).args(["-m", "pip", "freeze"])).unwrap_or_default();
    if pinned.lines().any(|line| !present.lines().any(|there| there.eq_ignore_ascii_case(line))) {
        install::ensure(&[install::PYTHON])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS]))?;
    }
    Ok(python)
}
