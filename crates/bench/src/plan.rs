//! The order of the run: for each database and number of stored sheets, fill the database, start the service, and measure cell by cell,
//! each floor right after the operation that it belongs to.

use crate::cell::{Job, Office, Worker};
use crate::client::{Connection, Request};
use crate::floor;
use crate::gate;
use crate::load;
use crate::mailbox;
use crate::measure::{Place, Row, Watched, run as measure};
use crate::process;
use crate::report::{self, Process};
use crate::statements::{Cast, Statement, logged};
use crate::world::World;
use crate::{Arguments, Result};
use attack::Attack;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Instant;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use storage::DatabaseUrl;
use tempfile::TempDir;
use uuid::Uuid;

/// The number of slow connections in the attack.
const SLOW: usize = 500;

/// The number of sheets in the databases whose consents have many versions.
const SHEETS_OF_MANY_VERSIONS: u32 = 500;

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "here the clock of the bench enters")]
pub(crate) fn now() -> Instant {
    Instant::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// Sizes and times of a run.
struct Scale {
    stored: Vec<u32>,
    connections: Vec<usize>,
    cell: Duration,
}

impl Scale {
    fn of(arguments: &Arguments) -> Self {
        let (stored, connections, seconds) = match arguments.quick {
            true => (vec![10_000, 200_000], vec![16, 32], 1.5),
            false => (vec![10_000, 1_000_000], vec![1, 4, 16, 32, 64], 5.0),
        };
        let or = |given: &Vec<u32>, usual| if given.is_empty() { usual } else { given.clone() };
        let connections = if arguments.connections.is_empty() { connections } else { arguments.connections.clone() };
        let cell = Duration::from_secs_f64(arguments.seconds.unwrap_or(seconds));
        Self { stored: or(&arguments.stored, stored), connections, cell }
    }
}

/// Measures everything, prints the rows one by one, and writes the file.
pub(crate) fn run(arguments: Arguments) -> Result {
    let scale = Scale::of(&arguments);
    let mut rows = Vec::new();
    let mut used = Process { binary_mb: process::size_mb(&arguments.tsunagu)?, ..Process::default() };
    println!("{}", report::HEAD);
    for &stored in &scale.stored {
        for house in houses(&arguments, stored, 1)? {
            house.measure(&scale, &mut rows, &mut used)?;
            house.tear_down()?;
        }
    }
    for (name, versions) in [("inbox_of_1", 1), ("inbox_of_10", 10), ("inbox_of_100", 100)] {
        for house in houses(&arguments, SHEETS_OF_MANY_VERSIONS, versions)? {
            house.inbox(name, &scale, &mut rows)?;
            house.tear_down()?;
        }
    }
    let gate = gate::measure(&World::new(now(), 1))?;
    report::aims(&rows, used, gate);
    let page = arguments.page.as_deref().map(report::page).transpose()?;
    match &arguments.json {
        Some(path) => report::write(path, &report::Report { rows: &rows, process: used, gate, page }),
        None => Ok(()),
    }
}

/// One house for each database, filled at the same time. That takes hardly longer than the slower of them, and nothing is measured yet.
fn houses(arguments: &Arguments, stored: u32, versions: u32) -> Result<Vec<House>> {
    let wanted = |database: &&str| arguments.database.as_deref().is_none_or(|only| only == *database);
    let houses: Vec<_> = std::thread::scope(|scope| {
        let build = |database| move || House::build(arguments, database, stored, versions).map_err(|e| e.to_string());
        let builders: Vec<_> =
            ["sqlite", "postgres"].into_iter().filter(wanted).map(|database| scope.spawn(build(database))).collect();
        builders.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let built = |house: std::thread::Result<std::result::Result<House, String>>| {
        Ok(house.map_err(|_| "whoever filled a database panicked")??)
    };
    houses.into_iter().map(built).collect()
}

/// A filled database, with everything that belongs to it.
struct House {
    tsunagu: PathBuf,
    database: &'static str,
    stored: u32,
    url: String,
    cluster: Option<(String, u32)>,
    world: Arc<World>,
    directory: TempDir,
    mailbox: SocketAddr,
}

impl House {
    fn build(arguments: &Arguments, database: &'static str, stored: u32, versions: u32) -> Result<Self> {
        // Not the temporary directory, which may be in memory: a commit must reach a disk.
        let directory = tempfile::Builder::new().prefix("tsunagu-bench-").tempdir_in("target")?;
        let cluster = (database == "postgres").then(|| (arguments.postgres.clone(), arguments.postmaster));
        let url = match &cluster {
            None => format!("sqlite:{}", directory.path().canonicalize()?.join("tsunagu.db").display()),
            Some((cluster, _)) => {
                psql(cluster, "drop database if exists bench")?;
                psql(cluster, "create database bench")?;
                let (before, _) = cluster.rsplit_once('/').ok_or("the cluster's URL names no database")?;
                format!("{before}/bench")
            }
        };
        let world = Arc::new(World::new(now(), versions));
        let begun = std::time::Instant::now();
        load::fill(&url.parse::<DatabaseUrl>()?, &directory.path().join("master.key"), &world, stored)?;
        if cluster.is_some() {
            psql(&url, "vacuum analyze")?;
            psql(&url, "checkpoint")?;
        }
        // Write out what the filling has left in memory; otherwise the first cell would wait for it.
        Command::new("sync").status()?;
        eprintln!("{database}: {stored} sheets stored after {:.0} s", begun.elapsed().as_secs_f64());
        let tsunagu = arguments.tsunagu.clone();
        Ok(Self { tsunagu, database, stored, url, cluster, world, directory, mailbox: mailbox::start()? })
    }

    fn tear_down(self) -> Result {
        match &self.cluster {
            Some((cluster, _)) => psql(cluster, "drop database bench with (force)"),
            None => Ok(()),
        }
    }

    fn measure(&self, scale: &Scale, rows: &mut Vec<Row>, used: &mut Process) -> Result {
        let logged = self.logged()?;
        let service = Service::start(self, "info", None)?;
        let office = Office::open(service.address, &self.world, self.stored)?;
        for &connections in &scale.connections {
            self.cells(&service, &office, &logged, scale.cell, connections, rows)?;
        }
        let (ready, memory) = (service.ready.as_secs_f64() * 1000.0, process::peak_memory_mb(service.child.id())?);
        eprintln!("{}: ready after {ready:.0} ms, {memory:.0} MB resident at most", self.database);
        self.attacked(&service, &office, scale.cell, rows)?;
        used.peak_memory_mb = used.peak_memory_mb.max(process::peak_memory_mb(service.child.id())?);
        used.ready_ms = used.ready_ms.max(service.ready.as_secs_f64() * 1000.0);
        Ok(())
    }

    /// Measures only the inbox, with the first number of connections.
    fn inbox(&self, name: &'static str, scale: &Scale, rows: &mut Vec<Row>) -> Result {
        let service = Service::start(self, "info", None)?;
        let office = Office::open(service.address, &self.world, self.stored)?;
        let connections = *scale.connections.first().ok_or("no connections")?;
        let place = Place { database: self.database, stored: self.stored, connections };
        let watched = Watched { server: Some(service.child.id()), postmaster: None };
        let workers = turn(office.workers(connections)?, Job::Inbox)?;
        let (_, workers) = measure("warm_up", place, watched, scale.cell / 5, workers)?;
        let (row, _) = measure(name, place, watched, scale.cell, workers)?;
        println!("{}", report::line(&row));
        rows.push(row);
        Ok(())
    }

    /// What each job executes, from the service's own log.
    fn logged(&self) -> Result<Logged> {
        let log = self.directory.path().join("log");
        let service = Service::start(self, "storage::sql=trace", Some(&log))?;
        let office = Office::open(service.address, &self.world, self.stored)?;
        let session = session_of(office.tokens.first().ok_or("nobody is logged in")?)?;
        let mut workers = office.workers(1)?;
        let mut of_jobs = BTreeMap::new();
        // The first round makes what each year and each agency needs once.
        for _first_and_second in 0..2 {
            for job in Job::ALL {
                let (_, offset) = logged(&log, 0)?;
                workers = one_step(workers, job)?;
                of_jobs.insert(job, logged(&log, offset)?.0);
            }
        }
        let cast = Cast { world: &self.world, session };
        let floor = |job| cast.statements(of_jobs.get(&job).ok_or("nothing was logged")?);
        let floors = [floor(Job::Relay)?, floor(Job::ReadRelay)?];
        Ok(Logged { counts: of_jobs.iter().map(|(job, sql)| (*job, sql.len())).collect(), floors })
    }

    fn cells(
        &self,
        service: &Service,
        office: &Arc<Office>,
        Logged { counts, floors: [relay_floor, read_floor] }: &Logged,
        limit: Duration,
        connections: usize,
        rows: &mut Vec<Row>,
    ) -> Result {
        let place = Place { database: self.database, stored: self.stored, connections };
        let watched = Watched {
            server: Some(service.child.id()),
            postmaster: self.cluster.as_ref().map(|(_, postmaster)| *postmaster),
        };
        let mut say = |row: Row| {
            println!("{}", report::line(&row));
            rows.push(row);
        };
        let mut workers = office.workers(connections)?;
        // This opens connections, fills caches and prepares statements before anything is measured.
        (_, workers) = measure("warm_up", place, watched, limit / 5, turn(workers, Job::ReadRelay)?)?;
        for job in Job::ALL {
            // Each preview is needed, by the relay that follows.
            let time = if job == Job::Preview { Duration::from_secs(600) } else { limit };
            let row;
            (row, workers) = measure(job.name(), place, watched, time, turn(workers, job)?)?;
            say(Row { statements: counts.get(&job).copied(), ..row });
            match job {
                Job::Relay => say(self.floor("relay_floor", place, watched, limit, relay_floor)?),
                Job::ReadRelay => say(self.floor("read_relay_floor", place, watched, limit, read_floor)?),
                _ => {}
            }
        }
        Ok(())
    }

    fn floor(
        &self,
        name: &'static str,
        place: Place,
        watched: Watched,
        limit: Duration,
        statements: &[Statement],
    ) -> Result<Row> {
        match self.cluster {
            Some(_) => floor::postgres(name, place, watched, limit, &self.url, statements),
            None => {
                let path = self.url.strip_prefix("sqlite:").ok_or("no path")?;
                floor::sqlite(name, place, limit, Path::new(path), statements)
            }
        }
    }

    /// Measures what a normal client notices of [`SLOW`] slow connections and a flood of passwords.
    fn attacked(&self, service: &Service, office: &Arc<Office>, limit: Duration, rows: &mut Vec<Row>) -> Result {
        let place = Place { database: self.database, stored: self.stored, connections: 1 };
        let watched = Watched { server: Some(service.child.id()), postmaster: None };
        let attack = Attack::start(service.address, SLOW);
        while attack.tally.open.load(Ordering::Relaxed) < SLOW || attack.tally.wrong.load(Ordering::Relaxed) == 0 {
            process::pause();
        }
        let workers = turn(office.workers(1)?, Job::ReadRelay)?;
        let (row, _) = measure("read_relay_attacked", place, watched, limit * 3, workers)?;
        eprintln!("{}: {:?}", self.database, attack.tally);
        println!("{}", report::line(&row));
        rows.push(row);
        Ok(())
    }
}

/// What the service's log says of the work of each job.
struct Logged {
    /// How many statements each takes, `BEGIN` and `COMMIT` included.
    counts: BTreeMap<Job, usize>,
    /// The statements of a relay and of reading one.
    floors: [Vec<Statement>; 2],
}

fn turn(workers: Vec<Worker>, job: Job) -> Result<Vec<Worker>> {
    workers.into_iter().map(|worker| worker.turn_to(job)).collect()
}

fn one_step(workers: Vec<Worker>, job: Job) -> Result<Vec<Worker>> {
    let mut workers = turn(workers, job)?;
    for worker in &mut workers {
        crate::measure::Step::step(worker)?;
    }
    Ok(workers)
}

/// The session that a token names (RFC 7519 §4.1.2).
fn session_of(token: &str) -> Result<Uuid> {
    let claims = token.split('.').nth(1).ok_or("no token")?;
    let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    Ok(claims.get("sub").and_then(serde_json::Value::as_str).ok_or("no sub")?.parse()?)
}

/// Runs one statement.
pub(crate) fn psql(url: &str, statement: &str) -> Result {
    let output = Command::new("psql").args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// The service in a process of its own, which ends when this is dropped.
struct Service {
    child: Child,
    address: SocketAddr,
    ready: Duration,
}

impl Service {
    fn start(house: &House, log_filter: &str, log: Option<&Path>) -> Result<Self> {
        let stderr = match log {
            Some(path) => Stdio::from(std::fs::File::create(path)?),
            None => Stdio::null(),
        };
        let begun = std::time::Instant::now();
        let mut child = Command::new(&house.tsunagu)
            .arg("serve")
            .env("TSUNAGU_DATABASE_URL", &house.url)
            .env("TSUNAGU_MASTER_KEY_FILE", house.directory.path().join("master.key"))
            .env("TSUNAGU_LISTEN", "127.0.0.1:0")
            .env("TSUNAGU_PUBLIC_URL", "http://127.0.0.1:0")
            .env("TSUNAGU_MAIL_URL", format!("smtp://{}", house.mailbox))
            .env("TSUNAGU_LOG", log_filter)
            // Here a few clerks do the work of a thousand.
            .env("TSUNAGU_REQUESTS_PER_MINUTE_PERSON", "100000000")
            // For the service, the attack comes from many addresses.
            .env("TSUNAGU_TRUSTED_PROXIES", "127.0.0.1")
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().unwrap_or_default().parse();
        let address = address.map_err(|_| format!("the service did not start: {line}"))?;
        let mut service = Self { child, address, ready: Duration::ZERO };
        let request = Request { method: "GET", path: "/health/ready", token: "", key: None, if_match: None, body: "" };
        Connection::open(address)?.send(&request)?.expect(200, "readiness")?;
        service.ready = begun.elapsed();
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
