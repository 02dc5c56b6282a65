//! Requests in a minute for each key: GCRA by `governor`.

use super::elapsed::Elapsed;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The most keys that are remembered. A directory has fewer people; strangers with more addresses than this share one key.
const KEYS: usize = 65_536;
/// When there are too many keys, those with a full budget are forgotten at most once in this many microseconds.
const SWEEP: u64 = 1_000_000;

type States<K> = HashMapStateStore<K>;

/// A limit on the requests in a minute for each key; all requests of a minute may come at once.
pub(super) struct Rate<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, States<K>, Elapsed, NoOpMiddleware<Duration>>,
    clock: Elapsed,
    swept: AtomicU64,
    crowd: K,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    /// `crowd` is the key that all callers share for whom there is no room.
    pub(super) fn new(per_minute: NonZeroU32, clock: Elapsed, crowd: K) -> Self {
        let limiter = RateLimiter::hashmap_with_clock(Quota::per_minute(per_minute), clock.clone());
        Self { limiter, clock, swept: AtomicU64::new(0), crowd }
    }

    /// Takes one request.
    ///
    /// # Errors
    /// The seconds to wait, at least one.
    pub(super) fn take(&self, key: K) -> Result<(), u32> {
        let key = if self.has_room() { key } else { self.crowd.clone() };
        self.limiter.check_key(&key).map_err(|refused| seconds(refused.wait_time_from(self.clock.now())))
    }

    fn has_room(&self) -> bool {
        if self.limiter.len() < KEYS {
            return true;
        }
        let now = self.clock.micros();
        if now.saturating_sub(self.swept.load(Ordering::Relaxed)) >= SWEEP {
            self.swept.store(now, Ordering::Relaxed);
            self.limiter.retain_recent();
        }
        self.limiter.len() < KEYS
    }
}

/// Whole seconds, rounded up, so that a request after them is let in.
fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::elapsed::tests::Hand;
    use std::sync::Arc;

    #[test]
    fn a_minutes_requests_may_come_at_once_and_then_one_by_one() {
        let clock = Arc::new(Hand::default());
        let rate = Rate::new(NonZeroU32::new(60).unwrap(), Elapsed::new(clock.clone()), 0);
        assert!((0..60).all(|_| rate.take(1).is_ok()));
        assert_eq!(rate.take(1), Err(1));
        assert_eq!(rate.take(2), Ok(()));
        clock.advance(1);
        assert_eq!((rate.take(1), rate.take(1)), (Ok(()), Err(1)));
        // Set back by a day, the clock goes on from where it was.
        clock.advance(-86_400);
        assert_eq!(rate.take(1), Err(1));
        clock.advance(1);
        assert_eq!((rate.take(1), rate.take(1)), (Ok(()), Err(1)));
    }

    #[test]
    fn keys_are_bounded_and_forgotten_when_they_are_fresh_again() {
        let clock = Arc::new(Hand::default());
        let rate = Rate::new(NonZeroU32::new(60).unwrap(), Elapsed::new(clock.clone()), 0);
        for key in 1..=2 * KEYS {
            let _ = rate.take(key);
        }
        assert!(rate.limiter.len() <= KEYS + 1);
        assert_eq!(rate.take(3 * KEYS), Err(1));
        clock.advance(61);
        assert_eq!(rate.take(3 * KEYS), Ok(()));
        assert!(rate.limiter.len() <= 2);
    }
}
