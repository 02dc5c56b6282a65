//! The only door to the data: bounded reads, and writes that share transactions.

mod error;
mod readers;

pub use error::StoreError;
pub use readers::ReadTx;
pub(crate) use readers::join;

use crate::connection::DatabaseUrl;
use crate::figures::Salts;
use crate::keys::Keyring;
use crate::lane::{Lane, Task, WriteTx};
use crate::measure::Numbers;
use domain::ids::Chance;
use readers::{Query, Readers};
use std::sync::Arc;
use tokio::sync::oneshot;
use uuid::Uuid;

/// How much may happen at once. Work that finds its queue full is refused with [`StoreError::Busy`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// Connections that read.
    pub readers: usize,
    /// Reads that wait for one of them.
    pub read_queue: usize,
    /// Writer lanes on PostgreSQL; SQLite always has one.
    pub lanes: usize,
    /// Writes that wait for each lane.
    pub write_queue: usize,
    /// Writes that share one commit.
    pub batch: usize,
}

/// The most read connections to an embedded database.
const SQLITE_READERS: usize = 4;

impl Default for Settings {
    fn default() -> Self {
        // Eight connections beat sixteen on two cores; two lanes reach what `pgbench` does.
        Self { readers: 8, read_queue: 256, lanes: 2, write_queue: 512, batch: 64 }
    }
}

/// What every worker needs.
pub(crate) struct Context {
    pub(crate) url: DatabaseUrl,
    pub(crate) keys: Keyring,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) salts: Salts,
}

/// The data of the service. Cheap to clone. When the last clone is dropped, the queued work is finished and the threads stop.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    readers: Readers,
    lanes: Vec<Lane>,
}

impl Store {
    /// Opens all connections at once, so that a wrong URL shows at the start. Does not change the schema; see [`crate::migrate`].
    pub fn open(
        url: &DatabaseUrl,
        keys: Keyring,
        chance: Arc<dyn Chance>,
        settings: &Settings,
    ) -> Result<Self, StoreError> {
        let context = Arc::new(Context { url: url.clone(), keys, chance, salts: Salts::default() });
        let lanes = if url.is_sqlite() { 1 } else { settings.lanes.max(1) };
        // The lanes come first: on SQLite they set the mode that the readers need.
        let lanes = (0..lanes)
            .map(|number| Lane::start(number, &context, settings.write_queue, settings.batch))
            .collect::<Result<_, _>>()?;
        // On SQLite a read is a call in this process: more threads than processors would only take memory.
        let readers = if url.is_sqlite() { settings.readers.min(SQLITE_READERS) } else { settings.readers };
        let readers = Readers::start(&context, readers, settings.read_queue)?;
        Ok(Self(Arc::new(Inner { context, readers, lanes })))
    }

    /// The keys.
    pub fn keys(&self) -> &Keyring {
        &self.0.context.keys
    }

    /// Runs `query` on one of the read connections. Runs it a second time when the connection turns out to be dead.
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.0.readers.submit(Box::new(Query::new(query, answer)))?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Runs `work` in a transaction that others may share, and answers after its commit. An error of one closure undoes only its own
    /// changes. `key` is the id of the sheet (or session, or municipality) whose row `work` locks first: the same key always goes to the
    /// same lane. `work` may run several times; an earlier run leaves no trace.
    pub async fn write<T, E, F>(&self, key: Uuid, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.0.lane(key)?.submit(Box::new(Task::new(key, work, answer)))?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// The present load, and distributions since the start, for metrics. Reads a few dozen atomics.
    pub fn numbers(&self) -> Numbers {
        let lanes = self.0.lanes.iter().map(Lane::numbers).collect();
        Numbers { readers: self.0.readers.numbers(), lanes }
    }

    /// Sends an empty write through every lane, one after the other, to see whether each still takes work and reaches the database.
    ///
    /// # Errors
    /// A lane is full, closed or without a connection.
    pub async fn probe_lanes(&self) -> Result<(), StoreError> {
        for lane in &self.0.lanes {
            let (answer, answered) = oneshot::channel();
            let nothing = |_: &mut WriteTx<'_>| Ok::<_, StoreError>(());
            lane.submit(Box::new(Task::new(Uuid::nil(), nothing, answer)))?;
            answered.await.unwrap_or(Err(StoreError::Closed))?;
        }
        Ok(())
    }
}

impl Inner {
    fn lane(&self, key: Uuid) -> Result<&Lane, StoreError> {
        // The last bits of a UUID are random in every version that the service makes.
        let number = usize::try_from(key.as_u128() % self.lanes.len().max(1) as u128).unwrap_or(0);
        self.lanes.get(number).ok_or(StoreError::Closed)
    }
}
