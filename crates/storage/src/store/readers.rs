use super::{Context, StoreError};
use crate::connection::{Conn, Role, Trouble, Watch};
use crate::keys::Keyring;
use crate::measure::{ReaderCounts, ReaderNumbers};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// What a reading closure gets.
pub struct ReadTx<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) keys: &'a Keyring,
}

/// A closure that waits for a connection, with its types erased.
pub(crate) trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
    /// Returns `true` when the closure panicked.
    fn run(&mut self, tx: &mut ReadTx<'_>) -> bool;
    /// Replaces the result of the closure by `error`.
    fn fail(&mut self, error: StoreError);
    fn answer(self: Box<Self>);
}

pub(crate) struct Query<T, E, F> {
    query: F,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Query<T, E, F> {
    pub(crate) fn new(query: F, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self { query, result: None, answer }
    }
}

impl<T, E, F> Job for Query<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&mut ReadTx<'_>) -> Result<T, E> + Send,
{
    fn abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, tx: &mut ReadTx<'_>) -> bool {
        // After a panic the connection is thrown away, so nothing sees the half-done work.
        let result = catch_unwind(AssertUnwindSafe(|| (self.query)(tx)));
        let panicked = result.is_err();
        self.result = Some(result.unwrap_or_else(|_| Err(StoreError::Panicked.into())));
        panicked
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

/// A few threads, each with a connection, that share one bounded queue.
pub(crate) struct Readers {
    queue: Option<SyncSender<Box<dyn Job>>>,
    threads: Vec<JoinHandle<()>>,
    counts: Arc<ReaderCounts>,
}

impl Readers {
    pub(crate) fn start(context: &Arc<Context>, count: usize, queue: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        let counts = Arc::new(ReaderCounts::default());
        let mut readers = Self { queue: Some(sender), threads: Vec::new(), counts: Arc::clone(&counts) };
        for number in 0..count.max(1) {
            let mut worker = Worker { context: Arc::clone(context), counts: Arc::clone(&counts), live: None };
            worker.connect()?;
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new().name(format!("reader-{number}"));
            let handle = thread.spawn(move || worker.work(&receiver));
            readers.threads.push(handle.map_err(|error| StoreError::Unavailable(error.to_string()))?);
        }
        Ok(readers)
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

    pub(crate) fn numbers(&self) -> ReaderNumbers {
        ReaderNumbers {
            size: self.threads.len() as u64,
            busy: self.counts.busy.load(Ordering::Relaxed),
            waiting: self.counts.waiting.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            join(thread);
        }
    }
}

/// Waits for a worker to finish what is queued. A closure that owns the last `Store` drops it on a worker; that thread cannot wait for
/// itself.
pub(crate) fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != std::thread::current().id() {
        let _panicked = thread.join();
    }
}

struct Worker {
    context: Arc<Context>,
    counts: Arc<ReaderCounts>,
    live: Option<(Conn, Watch)>,
}

impl Worker {
    fn connect(&mut self) -> Result<(), StoreError> {
        if self.live.is_none() {
            let mut conn = self.context.url.connect(Role::Reader)?;
            let watch = Watch::on(&mut conn);
            self.live = Some((conn, watch));
        }
        Ok(())
    }

    fn work(mut self, jobs: &Mutex<Receiver<Box<dyn Job>>>) {
        loop {
            // The lock is held during the wait: the other threads wait for the lock instead of the queue.
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(mut job) = job else { return };
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
            if job.abandoned() {
                continue;
            }
            self.counts.busy.fetch_add(1, Ordering::Relaxed);
            if self.run(job.as_mut()) == Trouble::Broken {
                // Only use shows that a connection has died while it was idle.
                self.run(job.as_mut());
            }
            self.counts.busy.fetch_sub(1, Ordering::Relaxed);
            job.answer();
        }
    }

    fn run(&mut self, job: &mut dyn Job) -> Trouble {
        if let Err(error) = self.connect() {
            job.fail(error);
            return Trouble::None;
        }
        let Some((conn, watch)) = &mut self.live else {
            return Trouble::None;
        };
        let panicked = job.run(&mut ReadTx { conn, keys: &self.context.keys });
        let trouble = watch.take();
        if panicked || trouble == Trouble::Broken {
            self.live = None;
        }
        trouble
    }
}
