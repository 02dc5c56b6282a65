//! Writer lanes: a thread with a connection takes every closure that waits, runs all of them in one transaction, commits once, and only
//! then answers each caller (ARCHITECTURE.md). Most closures succeed, so the batch first runs without savepoints. When one fails,
//! everything is undone, and the batch runs again with a savepoint around each closure, so that only the one that fails is undone.

use crate::connection::{Conn, Role, Trouble, Watch, trouble};
use crate::figures::{Salt, Salts};
use crate::keys::Keyring;
use crate::measure::{LaneCounts, LaneNumbers};
use crate::prepared::Waiting;
use crate::store::{Context, StoreError, join};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::{Error, QueryResult};
use domain::agency::AgencyRecord;
use domain::ids::{AgencyId, Chance};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The most attempts for a single write that others are in the way of.
const REPEATS: u32 = 3;
/// After a batch in which a closure failed, this many batches use a savepoint for each closure from the start.
const GUARDED: u32 = 32;

/// What a writing closure gets. Its first statement must lock the row that its key names.
pub struct WriteTx<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) keys: &'a Keyring,
    pub(crate) chance: &'a dyn Chance,
    pub(crate) salts: &'a Salts,
    /// Salts that this run has read or made.
    pub(crate) new_salts: Vec<Salt>,
    /// The agencies that this run has read: what it decides, it decides by one reading.
    pub(crate) known: BTreeMap<AgencyId, AgencyRecord>,
    /// Agencies that will be asked for, too: the next reading brings them along.
    pub(crate) wanted: BTreeSet<AgencyId>,
    /// Statements that wait for [`WriteTx::flush`].
    pub(crate) waiting: Vec<Waiting>,
    /// The same, of several rows each: they are executed after those, one by one.
    pub(crate) several: Vec<Waiting>,
    retry: bool,
    again: bool,
}

impl<'a> WriteTx<'a> {
    pub(crate) fn new(conn: &'a mut Conn, context: &'a Context) -> Self {
        Self {
            conn,
            keys: &context.keys,
            chance: context.chance.as_ref(),
            salts: &context.salts,
            new_salts: Vec::new(),
            known: BTreeMap::new(),
            wanted: BTreeSet::new(),
            waiting: Vec::new(),
            several: Vec::new(),
            retry: false,
            again: false,
        }
    }
}

impl WriteTx<'_> {
    /// These agencies will be asked for: the next reading brings them along.
    pub fn will_need(&mut self, agencies: impl IntoIterator<Item = AgencyId>) {
        self.wanted.extend(agencies);
    }

    /// Whether this run has asked for another one.
    pub fn is_to_run_again(&self) -> bool {
        self.retry
    }

    /// Whether an earlier run of the same closure asked to be run again.
    pub fn is_run_again(&self) -> bool {
        self.again
    }

    /// For `return Err(tx.retry().into())`: undoes this run and runs the closure once more, which then sees the row that was in the way. If
    /// the second run fails, too, the caller gets the error.
    pub fn retry(&mut self) -> StoreError {
        self.retry = true;
        StoreError::Retry
    }

    /// A step that may fail without spoiling the rest, such as an insert whose row may exist already. Without it, PostgreSQL would refuse
    /// every statement after the failed one.
    #[expect(clippy::disallowed_methods, reason = "inside the transaction of the lane this is a savepoint")]
    pub(crate) fn savepoint<T, E: From<Error>>(
        &mut self,
        step: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        diesel::Connection::transaction(self.conn, step)
    }
}

/// How one run of a closure went.
pub(crate) enum Ran {
    Well,
    Badly,
    /// The closure asked for another run.
    Retry,
}

/// A closure that waits for its lane, with its types erased.
pub(crate) trait Job: Send {
    fn key(&self) -> Uuid;
    /// When the write was asked for.
    fn since(&self) -> Instant;
    /// Whether nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran;
    /// Replaces the result of the closure by `error`.
    fn fail(&mut self, error: StoreError);
    fn answer(self: Box<Self>);
}

pub(crate) struct Task<T, E, F> {
    key: Uuid,
    since: Instant,
    work: F,
    /// Whether it has asked to be run again.
    again: bool,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Task<T, E, F> {
    pub(crate) fn new(key: Uuid, work: F, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self { key, since: Instant::now(), work, again: false, result: None, answer }
    }
}

impl<T, E, F> Job for Task<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send,
{
    fn key(&self) -> Uuid {
        self.key
    }

    fn since(&self) -> Instant {
        self.since
    }

    fn abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran {
        tx.again = self.again;
        // After a panic the savepoint or the transaction is rolled back, so nothing sees the half-done work.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)));
        let result = result.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        // What still waits would be lost.
        let is_whole = tx.waiting.is_empty() && tx.several.is_empty();
        let result = if is_whole { result } else { result.and(Err(StoreError::Panicked.into())) };
        let result = self.result.insert(result);
        self.again |= tx.retry;
        match result {
            Ok(_) => Ran::Well,
            Err(_) if tx.retry => Ran::Retry,
            Err(_) => Ran::Badly,
        }
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // A caller that has gone away needs no answer.
            let _left = self.answer.send(result);
        }
    }
}

/// The queue before a lane, and its thread.
pub(crate) struct Lane {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<LaneCounts>,
}

impl Lane {
    pub(crate) fn start(number: usize, context: &Arc<Context>, queue: usize, batch: usize) -> Result<Self, StoreError> {
        let counts = Arc::new(LaneCounts::new());
        let mut writer = Writer { context: Arc::clone(context), counts: Arc::clone(&counts), live: None, guarded: 0 };
        writer.connect()?;
        let (sender, receiver) = sync_channel(queue);
        let thread = std::thread::Builder::new().name(format!("lane-{number}"));
        let thread = thread.spawn(move || writer.work(&receiver, batch.max(1)));
        let thread = thread.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue: Some(sender), thread: Some(thread), counts })
    }

    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        // Counted before the job can be taken out; otherwise the count could fall below zero.
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        queue.try_send(job).map_err(|error| {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => StoreError::Closed,
            }
        })
    }

    pub(crate) fn numbers(&self) -> LaneNumbers {
        self.counts.read()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            join(thread);
        }
    }
}

struct Writer {
    context: Arc<Context>,
    counts: Arc<LaneCounts>,
    live: Option<(Conn, Watch)>,
    /// How many batches still use savepoints from the start.
    guarded: u32,
}

/// How one transaction ended. Unless it is `Committed`, nothing of it is stored; if the connection was lost during the commit, nobody
/// knows.
enum End {
    Committed,
    /// The only closure failed: there is nothing to commit, and its error is the answer.
    Undone,
    /// Others were in the way, or the transaction was lost: run the jobs again, one by one.
    Again,
    /// A closure that shared the transaction with others failed, or it is unclear what it left: run the batch again with savepoints.
    Guard,
    Failed(StoreError),
}

impl Writer {
    fn connect(&mut self) -> Result<(), StoreError> {
        if self.live.is_none() {
            let mut conn = self.context.url.connect(Role::Writer)?;
            let watch = Watch::on(&mut conn);
            self.live = Some((conn, watch));
        }
        Ok(())
    }

    fn work(mut self, queue: &Receiver<Box<dyn Job>>, batch: usize) {
        while let Ok(first) = queue.recv() {
            let mut jobs = vec![first];
            jobs.extend(queue.try_iter().take(batch - 1));
            self.counts.waiting.fetch_sub(jobs.len() as u64, Ordering::Relaxed);
            jobs.retain(|job| !job.abandoned());
            // Two processes that lock the same rows in the same order cannot deadlock. The sort is stable: the writes to one sheet keep
            // their order.
            jobs.sort_by_key(|job| job.key());
            if !jobs.is_empty() {
                self.settle(jobs);
            }
        }
    }

    /// Runs the batch and answers every caller in it.
    fn settle(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        self.counts.batch.observe(jobs.len() as u64);
        match self.transaction(&mut jobs) {
            End::Committed | End::Undone => {}
            End::Failed(error) => jobs.iter_mut().for_each(|job| job.fail(error.clone())),
            End::Again | End::Guard => self.one_by_one(&mut jobs),
        }
        let now = Instant::now();
        for job in jobs {
            let waited = now.saturating_duration_since(job.since()).as_micros();
            self.counts.wait.observe(u64::try_from(waited).unwrap_or(u64::MAX));
            job.answer();
        }
    }

    fn one_by_one(&mut self, jobs: &mut [Box<dyn Job>]) {
        let mut down = None;
        for job in jobs {
            if let Some(error) = &down {
                // When the database cannot be reached, one attempt is enough for all jobs.
                job.fail(StoreError::clone(error));
                continue;
            }
            let mut end = End::Again;
            for repeat in 1..=REPEATS {
                self.counts.repeats.fetch_add(1, Ordering::Relaxed);
                // Gives the other writer time to take the row that it was waiting for.
                std::thread::sleep(Duration::from_millis(10 * u64::from(repeat)));
                end = self.transaction(std::slice::from_mut(job));
                if !matches!(end, End::Again | End::Guard) {
                    break;
                }
            }
            match end {
                End::Committed | End::Undone => {}
                End::Again | End::Guard => job.fail(StoreError::Busy),
                End::Failed(error) => {
                    if matches!(error, StoreError::Unavailable(_)) {
                        down = Some(error.clone());
                    }
                    job.fail(error);
                }
            }
        }
    }

    /// One transaction around `jobs`. It never leaves a transaction open.
    fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> End {
        if let Err(error) = self.connect() {
            return End::Failed(error);
        }
        let Some((conn, watch)) = &mut self.live else {
            return End::Failed(StoreError::Closed);
        };
        watch.take();
        let mut end = if self.guarded > 0 { End::Guard } else { attempt(conn, watch, &self.context, jobs, run_bare) };
        let mut clean = unwind_to(conn, 0).is_ok();
        if matches!(end, End::Guard) && clean {
            self.guarded = self.guarded.checked_sub(1).unwrap_or(GUARDED);
            watch.take();
            end = attempt(conn, watch, &self.context, jobs, run_guarded);
            clean = unwind_to(conn, 0).is_ok();
        }
        if !clean || watch.take() == Trouble::Broken {
            self.live = None;
        }
        end
    }
}

/// What a closure has left in the transaction.
enum Left {
    /// All that it meant to leave.
    Its,
    /// The changes from before it failed.
    Remains,
    /// Nobody knows.
    Unknown,
}

/// How a closure is run inside the transaction.
type Run = fn(&mut Conn, &Watch, &Context, &mut dyn Job, &mut Vec<Salt>) -> QueryResult<Left>;

fn attempt(conn: &mut Conn, watch: &Watch, context: &Context, jobs: &mut [Box<dyn Job>], run: Run) -> End {
    if let Err(error) = begin(conn) {
        return match trouble(&error) {
            Trouble::Broken => End::Again,
            // SQLite has already waited for its `busy_timeout`.
            Trouble::Collision => End::Failed(StoreError::Busy),
            Trouble::None => End::Failed(error.into()),
        };
    }
    let alone = jobs.len() == 1;
    let mut salts = Vec::new();
    for job in jobs {
        let ran = run(conn, watch, context, job.as_mut(), &mut salts).and_then(|left| Ok((left, depth(conn)?)));
        // A closure cannot hide a collision: whatever it answered, the transaction does not hold what the closure believes.
        match (watch.seen(), ran) {
            (Trouble::None, Ok((Left::Its, 1))) => {}
            (Trouble::None, Ok((Left::Remains, _))) if alone => return End::Undone,
            (Trouble::None, Ok((Left::Remains | Left::Unknown, _))) => return End::Guard,
            (Trouble::None, Err(error)) if alone => return End::Failed(error.into()),
            // The database ended the transaction by itself, or the closure left one of its own savepoints open.
            (Trouble::None, Ok(_)) if alone => return End::Failed(Error::BrokenTransactionManager.into()),
            _ => return End::Again,
        }
    }
    #[cfg(all(feature = "failpoints", debug_assertions))]
    fail::fail_point!("before_commit", |_| std::process::abort());
    match Conn::commit_transaction(conn) {
        Ok(()) => {
            context.salts.keep(salts);
            #[cfg(all(feature = "failpoints", debug_assertions))]
            fail::fail_point!("after_commit", |_| std::process::abort());
            End::Committed
        }
        Err(error) => match trouble(&error) {
            Trouble::Broken => {
                End::Failed(StoreError::Unavailable("the connection broke during the commit".to_owned()))
            }
            Trouble::Collision => End::Again,
            Trouble::None => End::Failed(error.into()),
        },
    }
}

/// Runs one closure without a savepoint. PostgreSQL answers a commit after a failed statement as if all were well; so a failed statement
/// counts even if the closure ignored it.
fn run_bare(
    conn: &mut Conn,
    watch: &Watch,
    context: &Context,
    job: &mut dyn Job,
    salts: &mut Vec<Salt>,
) -> QueryResult<Left> {
    let mut tx = WriteTx::new(conn, context);
    let ran = job.run(&mut tx);
    salts.append(&mut tx.new_salts);
    Ok(match ran {
        Ran::Well if !watch.has_failed() && depth(conn)? == 1 => Left::Its,
        Ran::Badly => Left::Remains,
        Ran::Well | Ran::Retry => Left::Unknown,
    })
}

/// Runs one closure in a savepoint, which is kept or undone according to the closure's answer. An error means that the transaction itself
/// is in doubt.
fn run_guarded(
    conn: &mut Conn,
    _: &Watch,
    context: &Context,
    job: &mut dyn Job,
    salts: &mut Vec<Salt>,
) -> QueryResult<Left> {
    for _first_and_second in 0..2 {
        Conn::begin_transaction(conn)?;
        let mut tx = WriteTx::new(conn, context);
        let ran = job.run(&mut tx);
        let mut learned = std::mem::take(&mut tx.new_salts);
        if let Ran::Well = ran {
            match Conn::commit_transaction(conn) {
                Ok(()) => {
                    salts.append(&mut learned);
                    return Ok(Left::Its);
                }
                // On PostgreSQL a statement failed, and the closure answered as if it had not.
                Err(error) => job.fail(error.into()),
            }
        }
        // Undoes savepoints that the closure opened and did not close, as after a panic.
        unwind_to(conn, 1)?;
        if !matches!(ran, Ran::Retry) {
            break;
        }
    }
    Ok(Left::Its)
}

fn begin(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        // With a plain BEGIN, a transaction that reads first and writes later could be refused halfway.
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
}

fn depth(conn: &mut Conn) -> QueryResult<u32> {
    let status = Conn::transaction_manager_status_mut(conn);
    Ok(status.transaction_depth()?.map_or(0, |depth| depth.get()))
}

fn unwind_to(conn: &mut Conn, wanted: u32) -> QueryResult<()> {
    while depth(conn)? > wanted {
        Conn::rollback_transaction(conn)?;
    }
    Ok(())
}
