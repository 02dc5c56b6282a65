//! Histories: people of several agencies act at random on few sheets, all at once, through HTTP. All calls and answers are recorded, and the
//! record is proved linearizable against the reference model of the domain ([`proof`] says how). Then two things are checked: the promise to
//! the resident, without the model ([`promise`]), and that exactly one wins when two do what only one can do ([`race`]).
//!
//! `cargo test` runs a short form against services in this process; `cargo xtask histories` runs a long one against `tsunagu serve`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

mod caller;
mod distorted;
#[allow(dead_code, reason = "written for the domain's own tests, which use all of it")]
#[path = "../../crates/domain/tests/model/excepted.rs"]
mod excepted;
mod ground;
mod matching;
#[allow(dead_code, reason = "written for the domain's own tests, which use all of it")]
#[path = "../../crates/domain/tests/model/play.rs"]
mod play;
mod player;
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "written for the tests of the command line, which use all of it"
)]
#[path = "../command/program.rs"]
mod program;
mod promise;
mod proof;
mod race;
mod record;
#[allow(dead_code, reason = "written for the domain's own tests, which use all of it")]
#[path = "../../crates/domain/tests/model/reference.rs"]
mod reference;
#[path = "../../crates/domain/tests/model/seen.rs"]
mod seen;
mod state;
#[allow(dead_code, reason = "written for the domain's own tests, which use all of it")]
#[path = "../../crates/domain/tests/model/story.rs"]
mod story;

use ground::{Ground, Setting};
use player::{Board, Player};
use race::Winners;
use record::History;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How much is done.
struct Extent {
    clients: usize,
    seed: u64,
    /// The number of calls of each client; none means until the time is up.
    calls: Option<usize>,
    time: Duration,
    /// Rounds of each race on each race course.
    rounds: usize,
    /// Whether the services are separate programs.
    programs: bool,
}

#[expect(clippy::disallowed_methods, reason = "`cargo xtask histories` says how much is to be done")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

impl Extent {
    /// A few seconds of work.
    fn short() -> Self {
        // Every run has another seed, so that it tries something new; the seed is printed.
        let seed = asked("TSUNAGU_HISTORIES_SEED").unwrap_or_else(chance);
        Self { clients: 8, seed, calls: Some(40), time: Duration::MAX, rounds: 4, programs: false }
    }

    /// The short form, unless the command asks for the long one.
    fn asked() -> Self {
        let short = Self::short();
        let Some(seconds) = asked("TSUNAGU_HISTORIES_SECONDS") else { return short };
        let clients = asked("TSUNAGU_HISTORIES_CLIENTS").map_or(short.clients, |n| usize::try_from(n).unwrap());
        let time = Duration::from_secs(seconds);
        let rounds = usize::try_from(2 * seconds).unwrap();
        Self { clients, calls: None, time, rounds, programs: true, ..short }
    }
}

/// A random number from the hash maps of the standard library.
fn chance() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish() >> 32
}

/// Everybody moves until the work is done.
fn moves(players: Vec<Player>, extent: &Extent) -> Vec<Player> {
    let board = Board::default();
    let begin = Instant::now();
    let work = |mut player: Player| {
        while extent.calls.is_none_or(|calls| player.caller.calls.len() < calls) && begin.elapsed() < extent.time {
            player.turn(&board);
        }
        player
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = players.into_iter().map(|player| scope.spawn(|| work(player))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Runs as many race courses as there are people for.
fn raced(players: Vec<Player>, rounds: usize) -> (Vec<Player>, Winners) {
    let (mut clerks, mut receivers, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for player in players {
        match player.agency {
            0 => clerks.push(player),
            1 => receivers.push(player),
            _ => others.push(player),
        }
    }
    let mut courses = Vec::new();
    while clerks.len() >= 2 && receivers.len() >= 2 {
        let one = |from: &mut Vec<Player>| from.pop().unwrap();
        courses.push([one(&mut clerks), one(&mut clerks), one(&mut receivers), one(&mut receivers)]);
    }
    assert!(!courses.is_empty(), "too few clients for a race");
    let mut winners = Winners::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            courses.into_iter().map(|players| scope.spawn(move || race::races(players, rounds))).collect();
        for thread in threads {
            let (players, won) = thread.join().unwrap();
            others.extend(players);
            winners.add(won);
        }
    });
    others.extend(clerks);
    others.extend(receivers);
    (others, winners)
}

/// Records a history. The winners also hold everything that was already wrong while it was recorded.
fn recorded(setting: Setting, extent: &Extent) -> (History, Winners) {
    let ground = if extent.programs { Ground::programs(setting) } else { Ground::here(setting) };
    let (agencies, people, players) = ground.players(extent.clients, extent.seed);
    let players = moves(players, extent);
    let (mut players, mut winners) = raced(players, extent.rounds);
    players.iter_mut().for_each(Player::ends);
    players.sort_by_key(|player| player.caller.who);
    let events = match ground.trail() {
        Ok(trail) => record::events(&trail),
        Err(error) => {
            winners.wrong.push(error);
            Vec::new()
        }
    };
    let calls = players.into_iter().flat_map(|player| player.caller.calls).collect();
    let name = setting.name().to_owned();
    let stands_still = !extent.programs;
    (History { name, seed: extent.seed, stands_still, agencies, people, calls, events }, winners)
}

/// Everything that is wrong with a history.
fn anomalies(history: &History) -> Vec<String> {
    let mut wrong = promise::broken(history);
    match proof::prove(history) {
        Ok(tally) => println!("{} (seed {}): {} calls, {tally:?}", history.name, history.seed, history.calls.len()),
        Err(more) => wrong.extend(more),
    }
    wrong
}

/// Writes the history to a file, to be checked again by `cargo xtask histories --check FILE`.
fn written(history: &History) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let directory = this.ancestors().nth(3).unwrap().join("histories");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join(format!("{}-{}.json", history.name, history.seed));
    std::fs::write(&path, serde_json::to_string(history).unwrap()).unwrap();
    path
}

fn run(setting: Setting) {
    let extent = Extent::asked();
    println!("{}: {} clients, seed {}", setting.name(), extent.clients, extent.seed);
    let (history, winners) = recorded(setting, &extent);
    println!("{}: won by the one and by the other: {:?}", setting.name(), winners.counts);
    let wrong = [winners.wrong, anomalies(&history)].concat();
    if !wrong.is_empty() {
        let path = written(&history);
        let first: Vec<&String> = wrong.iter().take(5).collect();
        panic!("seed {}, {} anomalies, history in {}: {first:#?}", extent.seed, wrong.len(), path.display());
    }
}

#[test]
fn on_sqlite_every_history_is_a_sequence() {
    run(Setting::Sqlite);
}

#[test]
fn on_postgres_every_history_is_a_sequence() {
    run(Setting::Postgres);
}

#[test]
fn two_services_on_one_postgres_are_as_one() {
    run(Setting::TwoOnOnePostgres);
}
