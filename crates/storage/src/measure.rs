//! Counting on the hot path: plain atomics in fixed buckets, so that a request pays for a few additions only. The code that renders the
//! metrics reads them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of writes that shared one commit.
const BATCH: &[u64] = &[1, 2, 4, 8, 16, 32, 64];
/// Microseconds from asking for a write to its answer.
const MICROS: &[u64] = &[500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// How many values fell into each bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The upper bounds, ascending, each included. Values above the last bound fall into one more bucket.
    pub bounds: &'static [u64],
    /// How many values fell into each bucket by itself; one longer than `bounds`.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: u64,
}

pub(crate) struct Histogram {
    bounds: &'static [u64],
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    pub(crate) fn observe(&self, value: u64) {
        let bucket = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self) -> Distribution {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Distribution { bounds: self.bounds, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

/// What a lane counts.
pub(crate) struct LaneCounts {
    /// Writes in the queue.
    pub(crate) waiting: AtomicU64,
    /// Writes that shared one commit.
    pub(crate) batch: Histogram,
    /// Microseconds from asking to the answer.
    pub(crate) wait: Histogram,
    /// Attempts at single writes after their shared transaction was undone, mostly because others were in the way.
    pub(crate) repeats: AtomicU64,
}

impl LaneCounts {
    pub(crate) fn new() -> Self {
        Self {
            waiting: AtomicU64::new(0),
            batch: Histogram::new(BATCH),
            wait: Histogram::new(MICROS),
            repeats: AtomicU64::new(0),
        }
    }

    pub(crate) fn read(&self) -> LaneNumbers {
        LaneNumbers {
            waiting: self.waiting.load(Ordering::Relaxed),
            batch: self.batch.read(),
            wait_micros: self.wait.read(),
            repeats: self.repeats.load(Ordering::Relaxed),
        }
    }
}

/// What the read connections count.
#[derive(Default)]
pub(crate) struct ReaderCounts {
    pub(crate) busy: AtomicU64,
    pub(crate) waiting: AtomicU64,
}

/// A writer lane, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneNumbers {
    /// Writes that wait in its queue now.
    pub waiting: u64,
    /// Writes that shared one commit.
    pub batch: Distribution,
    /// Microseconds from asking for a write to its answer, which follows the commit.
    pub wait_micros: Distribution,
    /// Attempts at single writes after their shared transaction was undone, mostly because others were in the way.
    pub repeats: u64,
}

/// The read connections, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderNumbers {
    /// Connections.
    pub size: u64,
    /// Those that run a query now.
    pub busy: u64,
    /// Queries that wait for one.
    pub waiting: u64,
}

/// The store, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// The read connections.
    pub readers: ReaderNumbers,
    /// The writer lanes, in order.
    pub lanes: Vec<LaneNumbers>,
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn a_value_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 1000] {
            histogram.observe(value);
        }
        let read = histogram.read();
        assert_eq!((read.counts, read.sum), (vec![2, 2, 2], 1024));
    }
}
