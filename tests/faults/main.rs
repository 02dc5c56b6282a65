//! Faults: the service is killed, at random and at named points; its database is stopped or killed, or its disk is full; the mail
//! server is rude; the clock is stepped. After each fault the service starts without help, nothing acknowledged is lost, nothing is
//! half done, the trail is whole, and every notice goes out (see `check`).
//!
//! `cargo test` crashes each case once; `cargo xtask faults` spreads a number of crashes over them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

mod check;
mod clock;
mod cluster;
mod deed;
mod dice;
mod disk;
mod post_office;
mod program;
mod town;
mod writers;

use cluster::End;
use domain::time::Clock;
use post_office::Mood;
use program::until;
use std::sync::OnceLock;
use std::time::Duration;
use town::{Database, Town};

/// The number of crashes in a short run, by which those of a long run are divided.
const IN_ALL: u32 = 21;
const DAY: i64 = 24 * 3600;

#[expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask faults` says how long a run is to be, and how to repeat it"
)]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// The seed of the run.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let by_clock = server::world::SystemClock.now().as_micros().unsigned_abs();
        told("TSUNAGU_FAULTS_SEED").unwrap_or(by_clock % 1_000_000)
    })
}

/// The number of crashes of a case in this run, when it has `share` in a short run.
fn crashes(share: u32) -> u32 {
    let all = told("TSUNAGU_FAULTS_CRASHES").map_or(IN_ALL, |all| u32::try_from(all).unwrap());
    (share * all).div_ceil(IN_ALL)
}

fn killed_at_random(database: Database) {
    let mut town = Town::new(&format!("killed at random, {database:?}"), database);
    for _ in 0..crashes(1) {
        town.dies(|fault| fault.kill_soon());
        // It is killed again before it is ready: recovery itself must survive a kill.
        let starting = town.program.begin("");
        std::thread::sleep(Duration::from_millis(town.dice.below(150)));
        drop(starting);
        town.start("");
        town.is_whole();
    }
}

/// An empty directory or database becomes a service, even when its first start is killed several times.
fn killed_at_its_first_start(database: Database) {
    let mut town = Town::empty(&format!("killed at its first start, {database:?}"), database);
    for _ in 0..4 * crashes(1) {
        let starting = town.program.begin("");
        std::thread::sleep(Duration::from_millis(town.dice.below(200)));
        drop(starting);
        town.crashes += 1;
    }
    town.settle();
    town.under_load(|fault| fault.office.goes_on(5));
    town.is_whole();
}

#[test]
fn killed_at_its_first_start_sqlite() {
    killed_at_its_first_start(Database::Sqlite);
}

#[test]
fn killed_at_its_first_start_postgres() {
    killed_at_its_first_start(Database::Postgres);
}

/// The service dies at the named point when it passes there for the n-th time.
fn killed_at(point: &str, times: u64, database: Database) {
    let mut town = Town::new(&format!("killed at {point}, {database:?}"), database);
    for _ in 0..crashes(1) {
        let passed = town.dice.below(times);
        town.start(&format!("{point}={passed}*off->return"));
        town.dies(|fault| fault.service.died());
        town.start("");
        town.is_whole();
    }
}

#[test]
fn killed_at_random_sqlite() {
    killed_at_random(Database::Sqlite);
}

#[test]
fn killed_at_random_postgres() {
    killed_at_random(Database::Postgres);
}

#[test]
fn killed_before_a_commit_sqlite() {
    killed_at("before_commit", 40, Database::Sqlite);
}

#[test]
fn killed_before_a_commit_postgres() {
    killed_at("before_commit", 40, Database::Postgres);
}

#[test]
fn killed_after_a_commit_before_its_answer_sqlite() {
    killed_at("after_commit", 40, Database::Sqlite);
}

#[test]
fn killed_after_a_commit_before_its_answer_postgres() {
    killed_at("after_commit", 40, Database::Postgres);
}

#[test]
fn killed_between_sending_a_mail_and_marking_it_sqlite() {
    killed_at("after_sending", 8, Database::Sqlite);
}

#[test]
fn killed_between_sending_a_mail_and_marking_it_postgres() {
    killed_at("after_sending", 8, Database::Postgres);
}

/// The service stays up and recovers by itself. Sometimes it is killed too, as when the whole machine fails.
fn the_database_ends(end: End) {
    let mut town = Town::new(&format!("the database ends: {end:?}"), Database::Postgres);
    for _ in 0..crashes(1) {
        let crash_all = town.dice.below(3) == 0;
        let fault = |fault: &mut town::Faults<'_>| {
            fault.office.goes_on(3 + fault.dice.below(20));
            let cluster = fault.cluster.as_mut().unwrap();
            cluster.crash(end);
            if crash_all {
                fault.service.kill();
            } else if end != End::OneBackend {
                fault.office.is_put_off(5);
                let door = &fault.office.door;
                door.send("GET", "/health/ready", None, &[], None).unwrap().is_put_off();
                assert_eq!(door.send("GET", "/health/live", None, &[], None).unwrap().status, 200);
            }
            fault.cluster.as_mut().unwrap().resume();
            if !crash_all {
                fault.office.goes_on(5);
            }
        };
        if crash_all {
            town.dies(fault);
            town.start("");
        } else {
            town.endures(fault);
        }
        town.is_whole();
    }
}

#[test]
fn the_database_is_stopped_immediately() {
    the_database_ends(End::Immediate);
}

#[test]
fn the_database_is_killed() {
    the_database_ends(End::Killed);
}

#[test]
fn one_process_of_the_database_is_killed() {
    the_database_ends(End::OneBackend);
}

/// Nothing can be stored: every write is put off, and succeeds when there is room again. Sometimes the service is killed while the disk
/// is full.
fn the_disk_is_full(database: Database) {
    let mut town = Town::new(&format!("the disk is full, {database:?}"), database);
    for _ in 0..crashes(1) {
        let killed = town.dice.below(2) == 0;
        let fault = |fault: &mut town::Faults<'_>| {
            fault.office.goes_on(3 + fault.dice.below(20));
            let disk = fault.disk.unwrap();
            disk.fill();
            fault.office.is_put_off(8);
            if fault.cluster.is_none() {
                // A request that needs no write is answered. `/health/ready` may already know that writing fails, and then says only that.
                let ready = fault.office.door.send("GET", "/health/ready", None, &[], None).unwrap();
                let told: serde_json::Value = serde_json::from_str(&ready.text).unwrap();
                let in_the_way: Vec<_> =
                    told["errors"].as_array().into_iter().flatten().map(|it| &it["code"]).collect();
                assert!(ready.status == 200 || in_the_way == ["writer"], "{} {}", ready.status, ready.text);
            }
            if killed {
                fault.service.kill();
            }
            disk.free();
            // PostgreSQL ends when it cannot write its log; the operator who made room starts it again.
            if let Some(cluster) = &mut fault.cluster {
                cluster.resume();
            }
            if !killed {
                fault.office.goes_on(5);
            }
        };
        if killed {
            town.dies(fault);
            town.start("");
        } else {
            town.endures(fault);
        }
        town.is_whole();
    }
}

#[test]
fn the_disk_is_full_sqlite() {
    the_disk_is_full(Database::SqliteOnSmallDisk);
}

#[test]
fn the_disk_is_full_postgres() {
    the_disk_is_full(Database::PostgresOnSmallDisk);
}

/// The mail server is rude while all write, and this delays nobody; then the service is killed while its mails are on their way.
fn rude_mail_server(mood: Mood, database: Database) {
    let mut town = Town::new(&format!("the mail server {mood:?}, {database:?}"), database);
    for _ in 0..crashes(1) {
        town.dies(|fault| {
            fault.post.set(mood);
            until("mail is turned away", || (fault.post.turned_away() >= 3).then_some(()));
            fault.kill_soon();
        });
        town.start("");
        town.is_whole();
    }
}

#[test]
fn the_mail_server_refuses() {
    rude_mail_server(Mood::NoService, Database::Postgres);
}

#[test]
fn the_mail_server_puts_off() {
    rude_mail_server(Mood::PutsOff, Database::Sqlite);
}

#[test]
fn the_mail_server_is_a_tarpit() {
    rude_mail_server(Mood::Tarpit, Database::Sqlite);
}

#[test]
fn the_mail_server_drops_after_the_final_dot() {
    rude_mail_server(Mood::DropsAfterDot, Database::Postgres);
}

/// The clock goes a day forward: everybody is logged out, and each overdue relay is told once. Then it goes back, while mails are leased
/// and sessions are open from what is now the future: neither may last until then.
fn the_clock_is_stepped(database: Database) {
    let mut town = Town::new(&format!("the clock is stepped, {database:?}"), database);
    for _ in 0..crashes(1) {
        town.office.door.get("admin", "/api/v1/session");
        town.endures(|fault| {
            fault.office.goes_on(10);
            fault.clock.step(DAY);
            assert_eq!(fault.office.door.session_of("admin"), 401);
            fault.office.goes_on(10);
            fault.clock.step(DAY);
            fault.office.goes_on(10);
        });
        town.is_whole();
        town.start("after_sending=1*off->return");
        town.office.door.get("admin", "/api/v1/session");
        town.dies(|fault| fault.service.died());
        town.clock.step(-DAY);
        town.start("");
        assert_eq!(town.office.door.session_of("admin"), 401);
        town.under_load(|fault| fault.office.goes_on(10));
        town.is_whole();
        town.clock.step(-DAY);
        // The round of reminders runs when the service starts.
        town.start("");
        town.is_whole();
    }
}

#[test]
fn the_clock_is_stepped_sqlite() {
    the_clock_is_stepped(Database::Sqlite);
}

#[test]
fn the_clock_is_stepped_postgres() {
    the_clock_is_stepped(Database::Postgres);
}
