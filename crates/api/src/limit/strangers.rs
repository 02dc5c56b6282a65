//! Limits how many events strangers can add to the audit trail, from which nobody can delete: one budget for all strangers together,
//! however many networks they use. Events beyond it are only counted, and the count is noted (ADR 10).

use super::elapsed::Elapsed;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many events of strangers are noted one by one in a minute; they may come all at once. When sixty people in a ward office mistype
/// within a minute, each is noted; an attack that goes on all year fills less than 20 GB.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// The budget, and the number of events beyond it.
pub(crate) struct Strangers {
    budget: RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<<Elapsed as Clock>::Instant>>,
    uncounted: AtomicU64,
}

impl Strangers {
    pub(super) fn new(clock: Elapsed) -> Self {
        Self {
            budget: RateLimiter::direct_with_clock(Quota::per_minute(A_MINUTE), clock),
            uncounted: AtomicU64::new(0),
        }
    }

    /// Whether one more event of a stranger is noted as an event of its own; if not, it is counted.
    pub(crate) fn may_be_noted(&self) -> bool {
        let may = self.budget.check().is_ok();
        if !may {
            self.uncounted.fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// How many events have only been counted since the last call.
    pub(crate) fn take_count(&self) -> u64 {
        self.uncounted.swap(0, Ordering::Relaxed)
    }

    /// Gives back a count that could not be noted.
    pub(crate) fn give_back(&self, count: u64) {
        self.uncounted.fetch_add(count, Ordering::Relaxed);
    }
}
