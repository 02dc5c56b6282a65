//! A private PostgreSQL cluster for the tests: made from the installed programs in about a second, reached only by a unix socket, removed
//! afterwards.
//!
//! Two processes share the work. The one that needs a cluster ([`Cluster`]) starts this program again as a *keeper*
//! ([`keep`]) and holds the other end of its standard input. However the first process ends, the kernel closes that pipe; the keeper then
//! sees the end of its input, stops PostgreSQL and removes the directory. So no signal needs a handler.

use crate::install;
use crate::process::{Result, myself, output, step};
use crate::python;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The variable that leads the tests to the cluster: the URL of its database `postgres`, as its superuser.
pub(crate) const VARIABLE: &str = "TSUNAGU_TEST_POSTGRES";

/// Not the temporary directory of the environment: the path of a socket may have at most 107 bytes.
const PARENT: &str = "/tmp";
const PREFIX: &str = "tsunagu-pg-";

/// What a cluster is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Quick and without durability: nothing in it outlives the tests.
    Tests,
    /// Full durability, as in production, with room for a million sheets.
    Bench,
}

impl Use {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Tests => &["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off"],
            Self::Bench => &["fsync=on", "synchronous_commit=on", "shared_buffers=1GB", "max_wal_size=8GB"],
        }
    }

    /// The directory of the cluster. Tests must not wait for a disk; a bench must, or it would measure nothing.
    fn parent(self) -> &'static str {
        match self {
            Self::Tests => PARENT,
            Self::Bench => "/var/tmp",
        }
    }
}

/// A running cluster. It is removed when this is dropped, and also when this process ends in any other way.
pub(crate) struct Cluster {
    keeper: Child,
    said: BufReader<ChildStdout>,
    url: String,
    postmaster: String,
}

impl Cluster {
    /// Starts a cluster and waits until it answers.
    pub(crate) fn start(what_for: Use) -> Result<Self> {
        let mut command = Command::new(myself()?);
        command.arg("keep-postgres");
        if what_for == Use::Bench {
            command.arg("--durable");
        }
        // In a process group of its own; otherwise Ctrl-C would end the keeper before it has cleaned up.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut keeper = command.spawn().map_err(|error| format!("cannot start the keeper of PostgreSQL: {error}"))?;
        let stdout = keeper.stdout.take().ok_or("the keeper of PostgreSQL has no standard output")?;
        let (url, postmaster) = (String::new(), String::new());
        let mut cluster = Self { keeper, said: BufReader::new(stdout), url, postmaster };
        let mut line = String::new();
        cluster.said.read_line(&mut line).map_err(|error| format!("cannot hear the keeper of PostgreSQL: {error}"))?;
        if line.is_empty() {
            return Err("PostgreSQL did not start; the reason stands above".to_owned());
        }
        let (url, postmaster) =
            line.trim_end().split_once(' ').ok_or("the keeper of PostgreSQL said something else")?;
        (cluster.url, cluster.postmaster) = (url.to_owned(), postmaster.to_owned());
        Ok(cluster)
    }

    /// The process id of the postmaster.
    pub(crate) fn postmaster(&self) -> &str {
        &self.postmaster
    }

    /// `postgres://…/postgres`; for another database of the cluster, replace the last word by its name.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes an empty database and returns its URL.
    pub(crate) fn database(&self, name: &str) -> Result<String> {
        output(
            Command::new("psql")
                .args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &self.url, "-c"])
                .arg(format!("create database {name}")),
        )?;
        let (server, _) = self.url.rsplit_once('/').ok_or("the URL of the cluster names no database")?;
        Ok(format!("{server}/{name}"))
    }

    /// Waits until the cluster stops, which happens only when something outside ends it.
    fn wait(mut self) -> Result {
        let _ = io::copy(&mut self.said, &mut io::sink());
        Err("PostgreSQL was stopped from outside".to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // `wait` first closes the keeper's standard input, which tells it to stop.
        let _ = self.keeper.wait();
    }
}

/// `cargo xtask postgres`: a cluster until Ctrl-C, for running single tests by `cargo test`.
pub(crate) fn stay() -> Result {
    install::ensure(&[install::POSTGRES, install::TESTS])?;
    let python = step("Python for the tests", python::interpreter)?;
    let cluster = step("PostgreSQL", || Cluster::start(Use::Tests))?;
    println!("In another terminal, where `cargo test -p tests NAME` then finds both (here Ctrl-C stops it):");
    println!("export {VARIABLE}='{}'", cluster.url());
    println!("export {}='{}'", python::VARIABLE, python.display());
    cluster.wait()
}

/// The keeper: makes a cluster, prints its URL and the postmaster's process id, and removes the cluster when standard input ends.
pub(crate) fn keep(what_for: Use) -> Result {
    remove_leftovers(what_for.parent());
    let directory = Path::new(what_for.parent()).join(format!("{PREFIX}{}", std::process::id()));
    let postmaster = Postmaster::start(programs()?, directory, what_for)?;
    let url = format!("postgres://postgres@{}/postgres", percent_encoded(&postmaster.directory.to_string_lossy()));
    let id = postmaster.process.as_ref().map(Child::id).unwrap_or_default();
    // If nobody reads this any more, the input has ended, too.
    let _ = writeln!(io::stdout(), "{url} {id}");
    let _ = io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}

/// The directory of PostgreSQL's newest programs: Debian keeps one for each version and puts none of them in the PATH.
pub(crate) fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let complete =
        versions.filter(|version| version.join("bin/initdb").exists() && version.join("bin/postgres").exists());
    let number = |version: &PathBuf| version.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = complete.max_by_key(number);
    newest
        .map(|version| version.join("bin"))
        .ok_or_else(|| "PostgreSQL is missing: apt-get install postgresql".to_owned())
}

struct Postmaster {
    programs: PathBuf,
    directory: PathBuf,
    process: Option<Child>,
}

impl Postmaster {
    fn start(programs: PathBuf, directory: PathBuf, what_for: Use) -> Result<Self> {
        // From here on, a drop removes the directory, even if a later line fails.
        let mut postmaster = Self { programs, directory, process: None };
        let directory = postmaster.directory.clone();
        let mut initdb = postmaster.program("initdb")?;
        initdb.arg("--pgdata").arg(&directory);
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        output(&mut initdb)?;

        let log_path = directory.join("log");
        let log = File::create(&log_path).map_err(|error| format!("cannot write {}: {error}", log_path.display()))?;
        let mut server = postmaster.program("postgres")?;
        server.arg("-D").arg(&directory).arg("-k").arg(&directory);
        let settings = ["listen_addresses=", "max_connections=200"].iter().chain(what_for.settings());
        server.args(settings.flat_map(|setting| ["-c", setting]));
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = server.spawn().map_err(|error| format!("cannot start PostgreSQL: {error}"))?;
        postmaster.process = Some(process);
        postmaster.wait_until_ready().map_err(|error| {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            format!("{error}; its log:\n{log}")
        })?;
        Ok(postmaster)
    }

    /// One of PostgreSQL's programs. It runs as the user `postgres` if we are root, because it refuses root, and it ends with this process
    /// even when this process is killed.
    fn program(&self, name: &str) -> Result<Command> {
        let mut command = Command::new("setpriv");
        if install::is_root()? {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        command.arg("--pdeathsig=INT").arg(self.programs.join(name)).current_dir("/");
        Ok(command)
    }

    fn wait_until_ready(&mut self) -> Result {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            let mut asked = self.program("pg_isready")?;
            asked.arg("--host").arg(&self.directory).args(["--username=postgres", "--dbname=postgres"]);
            if output(&mut asked).is_ok() {
                return Ok(());
            }
            if let Some(Ok(Some(status))) = self.process.as_mut().map(Child::try_wait) {
                return Err(format!("PostgreSQL ended at once ({status})"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("PostgreSQL does not answer after 30 s".to_owned())
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let stop = self
                .program("pg_ctl")
                .and_then(|mut stop| output(stop.args(["stop", "--mode=immediate", "--pgdata"]).arg(&self.directory)));
            if let Err(error) = stop {
                eprintln!("xtask: {error}");
                let _ = process.kill();
            }
            let _ = process.wait();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Removes the directories of keepers that were killed before they could do it.
fn remove_leftovers(parent: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let keeper = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if keeper.is_some_and(|id| id == std::process::id() || !Path::new("/proc").join(id.to_string()).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The path as the host of a `postgres://` URL: libpq takes a host that begins with `/` for the directory of a socket.
fn percent_encoded(path: &str) -> String {
    path.replace('%', "%25").replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn a_socket_directory_becomes_a_host() {
        assert_eq!(percent_encoded("/tmp/tsunagu-pg-1"), "%2Ftmp%2Ftsunagu-pg-1");
    }
}
