//! One cell: a number of connections, each in a closed loop, for a fixed time.

use crate::Result;
use crate::process;
use serde::Serialize;
use std::time::{Duration, Instant};

/// The processes whose time is counted.
#[derive(Clone, Copy)]
pub(crate) struct Watched {
    /// The service.
    pub(crate) server: Option<u32>,
    /// PostgreSQL's postmaster; none where the database is inside the service.
    pub(crate) postmaster: Option<u32>,
}

impl Watched {
    fn times(self) -> (Duration, Duration) {
        let server = self.server.map(process::time).unwrap_or_default();
        (server, self.postmaster.map(process::time_of_family).unwrap_or_default())
    }
}

/// What was measured.
#[derive(Serialize, Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) database: &'static str,
    pub(crate) stored: u32,
    pub(crate) connections: usize,
    pub(crate) requests_per_s: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cpu_ms_server: f64,
    pub(crate) cpu_ms_database: f64,
    /// How many statements one request takes; none for a floor.
    pub(crate) statements: Option<usize>,
}

/// On which database, with how many sheets and connections.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) database: &'static str,
    pub(crate) stored: u32,
    pub(crate) connections: usize,
}

impl Row {
    /// A row from latencies in microseconds.
    pub(crate) fn of(
        name: &'static str,
        place: Place,
        mut latencies: Vec<u32>,
        elapsed: Duration,
        (server, database): (Duration, Duration),
    ) -> Result<Self> {
        latencies.sort_unstable();
        let count = latencies.len();
        if count == 0 {
            return Err(format!("{name}: nothing was measured").into());
        }
        let at = |share: f64| {
            let index = ((count as f64 * share).ceil() as usize).clamp(1, count) - 1;
            f64::from(latencies.get(index).copied().unwrap_or_default()) / 1000.0
        };
        let each = |time: Duration| time.as_secs_f64() * 1000.0 / count as f64;
        let Place { database: of, stored, connections } = place;
        Ok(Self {
            name,
            database: of,
            stored,
            connections,
            requests_per_s: count as f64 / elapsed.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            cpu_ms_server: each(server),
            cpu_ms_database: each(database),
            statements: None,
        })
    }
}

/// A worker's loop: a step returns `None` when the worker has nothing left to do.
pub(crate) trait Step: Send {
    fn step(&mut self) -> Result<Option<()>>;
}

/// Runs each worker on a thread of its own until `limit` has passed or the worker has nothing left; returns the workers.
pub(crate) fn run<W: Step>(
    name: &'static str,
    place: Place,
    watched: Watched,
    limit: Duration,
    workers: Vec<W>,
) -> Result<(Row, Vec<W>)> {
    let before = watched.times();
    let begun = Instant::now();
    let done: Vec<Result<(W, Vec<u32>)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                scope.spawn(move || {
                    let mut latencies = Vec::with_capacity(4096);
                    while begun.elapsed() < limit {
                        let sent = Instant::now();
                        match worker.step()? {
                            Some(()) => latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX)),
                            None => break,
                        }
                    }
                    Ok((worker, latencies))
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err("a worker panicked".into()))).collect()
    });
    let elapsed = begun.elapsed();
    let after = watched.times();
    let (mut workers, mut all) = (Vec::new(), Vec::new());
    for one in done {
        let (worker, latencies) = one?;
        workers.push(worker);
        all.extend(latencies);
    }
    let row = Row::of(name, place, all, elapsed, (after.0 - before.0, after.1 - before.1))?;
    Ok((row, workers))
}
