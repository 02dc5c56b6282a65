//! One case: a database, a service that is crashed and started again, an SMTP server, a clock, and writers.

use crate::clock::SteppedClock;
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::post_office::{Mood, PostOffice};
use crate::program::{Program, Serving};
use crate::writers::{Lost, Office, Writer};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

const WRITERS: u64 = 4;
const DAY: i64 = 24 * 3600;

/// Where the data lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
    /// The two databases once more, on a small file system.
    SqliteOnSmallDisk,
    PostgresOnSmallDisk,
}

pub struct Town {
    // The fields stand in the order in which they are dropped.
    pub service: Option<Serving>,
    pub cluster: Option<Cluster>,
    pub disk: Option<Disk>,
    pub program: Program,
    pub post: PostOffice,
    pub clock: Arc<SteppedClock>,
    pub office: Office,
    pub writers: Vec<Writer>,
    pub dice: Dice,
    name: String,
    seed: u64,
    pub crashes: u32,
    _directory: TempDir,
}

impl Town {
    /// Makes a town with the demonstration in it. `name` is the case, for what is printed.
    pub fn new(name: &str, database: Database) -> Self {
        let mut town = Self::empty(name, database);
        town.settle();
        town
    }

    /// Fills it with the demonstration and starts the service.
    pub fn settle(&mut self) {
        // The demonstration is made long enough ago that it is still in force when the clock goes back.
        self.clock.step(-10 * DAY);
        self.program.run(&["demo"], "");
        self.clock.step(10 * DAY);
        self.start("");
        self.office.learn();
    }

    /// Makes a town with an empty database.
    pub fn empty(name: &str, database: Database) -> Self {
        let seed = crate::seed();
        println!("{name}: TSUNAGU_FAULTS_SEED={seed}");
        let directory = tempfile::Builder::new().prefix("tsunagu-faults-").tempdir_in("/tmp").unwrap();
        // The cluster's user must be able to enter the directory.
        std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let at = |name: &str| directory.path().join(name);
        write_key(at("master.key"));
        let disk = match database {
            Database::Sqlite | Database::Postgres => None,
            Database::SqliteOnSmallDisk | Database::PostgresOnSmallDisk => Some(Disk::mount(at("disk"))),
        };
        let place = disk.as_ref().map_or(directory.path(), Disk::path);
        let cluster = match database {
            Database::Sqlite | Database::SqliteOnSmallDisk => None,
            Database::Postgres | Database::PostgresOnSmallDisk => Some(Cluster::make(place.join("pg"))),
        };
        let url = match &cluster {
            Some(cluster) => cluster.url(),
            None => format!("sqlite:{}", place.join("tsunagu.db").display()),
        };
        let clock = Arc::new(SteppedClock::new(directory.path()));
        let post = PostOffice::open();
        let own = [("TSUNAGU_DATABASE_URL".to_owned(), url), ("TSUNAGU_MAIL_URL".to_owned(), post.url())];
        let program = Program::new(directory.path(), own.into_iter().chain(clock.environment()));
        let office = Office::new(Arc::clone(&clock));
        let writers = (0..WRITERS).map(|number| Writer::new(number, seed)).collect();
        Self {
            service: None,
            cluster,
            disk,
            program,
            post,
            clock,
            office,
            writers,
            dice: Dice::new(seed, name),
            name: name.to_owned(),
            seed,
            crashes: 0,
            _directory: directory,
        }
    }

    /// Ends the service by SIGKILL if it runs, and starts it again as an operator would, without special measures. `armed` says what the
    /// failpoints do.
    pub fn start(&mut self, armed: &str) {
        self.service = None;
        let service = self.program.serve(armed);
        self.office.door.is_at(&service.url);
        self.service = Some(service);
    }

    /// Lets all write while `fault` happens to the service, which must stay up: no writer may lose an answer.
    pub fn endures(&mut self, fault: impl FnOnce(&mut Faults<'_>)) {
        self.crashes += 1;
        self.under_load(fault);
    }

    /// Lets all write while `meanwhile` happens; no writer may lose an answer.
    pub fn under_load(&mut self, meanwhile: impl FnOnce(&mut Faults<'_>)) {
        let lost = self.writes(meanwhile);
        assert!(lost.is_empty(), "an answer was lost although the service lives: {lost:?}");
    }

    /// Lets all write while `fault` ends the service.
    pub fn dies(&mut self, fault: impl FnOnce(&mut Faults<'_>)) {
        self.crashes += 1;
        let _whose_answer_was_lost = self.writes(fault);
        assert!(self.service.as_mut().is_none_or(|service| !service.is_running()), "it was to end");
        self.service = None;
    }

    fn writes(&mut self, fault: impl FnOnce(&mut Faults<'_>)) -> Vec<Lost> {
        let Self { service, cluster, disk, post, clock, office, writers, dice, .. } = self;
        let (post, clock, office) = (&*post, &**clock, &*office);
        let mut faults = Faults {
            service: service.as_mut().unwrap(),
            cluster: cluster.as_mut(),
            disk: disk.as_ref(),
            post,
            clock,
            office,
            dice,
        };
        office.under_load(writers, || fault(&mut faults))
    }

    /// Checks that everything is as it must be after a crash: see [`crate::check`].
    #[track_caller]
    pub fn is_whole(&mut self) {
        self.post.set(Mood::Takes);
        for writer in &mut self.writers {
            writer.settle(&self.office);
        }
        crate::check::whole(self);
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let unheard = self.office.done_unheard.load(Ordering::SeqCst);
        let deeds: usize = self.writers.iter().flat_map(|writer| &writer.lives).map(|life| life.done.len()).sum();
        let letters = self.post.letters().len();
        println!(
            "{}: {} crashes, {deeds} changes acknowledged, {unheard} of them carried out before their answer was lost, {letters} letters",
            self.name, self.crashes
        );
        if std::thread::panicking() {
            let log = self.program.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            println!(
                "{}: TSUNAGU_FAULTS_SEED={}; the end of the log, newest first:\n{}",
                self.name,
                self.seed,
                tail.join("\n")
            );
        }
    }
}

/// What can be done to a service under load.
pub struct Faults<'a> {
    pub service: &'a mut Serving,
    pub cluster: Option<&'a mut Cluster>,
    pub disk: Option<&'a Disk>,
    pub post: &'a PostOffice,
    pub clock: &'a SteppedClock,
    pub office: &'a Office,
    pub dice: &'a mut Dice,
}

impl Faults<'_> {
    /// SIGKILL, after some changes and a moment more.
    pub fn kill_soon(&mut self) {
        self.office.goes_on(3 + self.dice.below(30));
        // The random wait makes the kill hit anywhere within a commit.
        std::thread::sleep(std::time::Duration::from_micros(self.dice.below(20_000)));
        self.service.kill();
    }
}

fn write_key(path: PathBuf) {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(b"v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
}
