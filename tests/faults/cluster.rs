//! A PostgreSQL cluster of the test's own, with the durability of production, that can be crashed and started again.

use crate::program::{kill, until};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Durable as in production, and small enough for a small file system.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "max_connections=50",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=16MB",
    "min_wal_size=2MB",
    "max_wal_size=8MB",
];

/// How a cluster ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `pg_ctl stop -m immediate`.
    Immediate,
    /// SIGKILL to the postmaster and every backend.
    Killed,
    /// SIGKILL to one backend; the postmaster then ends all others and recovers by itself.
    OneBackend,
}

pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    postmaster: Child,
}

impl Cluster {
    /// Makes a cluster in `directory`, which it removes afterwards.
    pub fn make(directory: PathBuf) -> Self {
        let programs = programs();
        let mut initdb = program(&programs, "initdb");
        initdb.arg("--pgdata").arg(&directory);
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--wal-segsize=1",
        ]);
        std::fs::create_dir_all(&directory).unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres:").arg(&directory).status().unwrap().success());
        }
        let made = initdb.output().expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let postmaster = start(&programs, &directory);
        let cluster = Self { programs, directory, postmaster };
        cluster.wait();
        cluster
    }

    /// `postgres://…/postgres`, by its socket.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.directory.to_string_lossy().replace('/', "%2F"))
    }

    /// Ends the cluster. When this returns, the cluster is down or about to recover.
    pub fn crash(&mut self, end: End) {
        match end {
            End::Immediate => {
                let mut stop = program(&self.programs, "pg_ctl");
                let stopped =
                    stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(&self.directory).output();
                assert!(stopped.unwrap().status.success());
                self.postmaster.wait().unwrap();
            }
            End::Killed => {
                let backends = children(self.postmaster.id());
                self.postmaster.kill().unwrap();
                self.postmaster.wait().unwrap();
                backends.into_iter().for_each(|backend| kill(backend, "KILL"));
            }
            End::OneBackend => {
                // Picks a backend that serves a connection: the other processes have other names.
                let named = |id: &u32| {
                    std::fs::read(format!("/proc/{id}/cmdline"))
                        .is_ok_and(|name| name.starts_with(b"postgres: postgres postgres"))
                };
                let backend = until("a backend", || children(self.postmaster.id()).into_iter().find(named));
                let before = children(self.postmaster.id());
                kill(backend, "KILL");
                // The postmaster also ends all other backends before it recovers; until it notices, it answers as if nothing had happened.
                until("the postmaster notices", || {
                    let now = children(self.postmaster.id());
                    before.iter().all(|id| !now.contains(id)).then_some(())
                });
            }
        }
    }

    /// Starts the cluster again unless it has recovered by itself, and waits until it answers.
    pub fn resume(&mut self) {
        if self.postmaster.try_wait().unwrap().is_some() {
            self.postmaster = until("PostgreSQL starts again", || {
                // The postmaster does not start while a killed backend is still ending.
                let mut postmaster = start(&self.programs, &self.directory);
                while postmaster.try_wait().unwrap().is_none() {
                    if self.answers() {
                        return Some(postmaster);
                    }
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                None
            });
        }
        self.wait();
    }

    fn answers(&self) -> bool {
        let mut asked = program(&self.programs, "pg_isready");
        asked.arg("--host").arg(&self.directory).args(["--quiet", "--username=postgres", "--dbname=postgres"]);
        asked.status().unwrap().success()
    }

    fn wait(&self) {
        until("PostgreSQL answers", || self.answers().then_some(()));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let backends = children(self.postmaster.id());
        let _ended_already = self.postmaster.kill();
        let _ = self.postmaster.wait();
        backends.into_iter().for_each(|backend| kill(backend, "KILL"));
        let _best_effort = std::fs::remove_dir_all(&self.directory);
    }
}

/// The programs of the newest version: Debian keeps those of each version apart and out of the PATH.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL").flatten().map(|entry| entry.path());
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.filter(|path| path.join("bin/postgres").exists()).max_by_key(number).expect("PostgreSQL").join("bin")
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Runs a program as the user `postgres` if we are root, because it refuses to run as root. It ends with this test.
fn program(programs: &Path, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg("--pdeathsig=INT").arg(programs.join(name)).current_dir("/").stdin(Stdio::null());
    command
}

fn start(programs: &Path, directory: &Path) -> Child {
    // The log lies beside the cluster, whose disk may be full.
    let log = directory.with_extension("log");
    let log = File::options().create(true).append(true).open(log).unwrap();
    let mut server = program(programs, "postgres");
    server.arg("-D").arg(directory).arg("-k").arg(directory);
    server.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
    server.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// The processes that `parent` started.
fn children(parent: u32) -> Vec<u32> {
    let numbers =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The state and then the parent follow the name, which may hold anything and ends with the last bracket.
        let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
        after.split_whitespace().nth(1).and_then(|id| id.parse().ok()) == Some(parent)
    };
    numbers.filter(is_child).collect()
}
