//! The service's clock as limits need it: it only goes forward.

use domain::time::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The time since the start. When the wall clock is set back, this time stands still: otherwise a caller who is limited would stay limited
/// for as long as the clock was set back.
#[derive(Clone)]
pub(super) struct Elapsed(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// The wall clock at the last reading, in microseconds.
    last: i64,
    /// The sum of all steps forward since the start, in microseconds.
    forward: u64,
}

impl Elapsed {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let seen = Mutex::new(Seen { last: clock.now().as_micros(), forward: 0 });
        Self(Arc::new(Inner { clock, seen }))
    }

    /// Microseconds since the start.
    pub(super) fn micros(&self) -> u64 {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now().as_micros();
        seen.forward = seen.forward.saturating_add(u64::try_from(now.saturating_sub(seen.last)).unwrap_or(0));
        seen.last = now;
        seen.forward
    }
}

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(self.micros())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use domain::time::{Clock, Instant};
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A clock that is set by hand.
    #[derive(Default)]
    pub(in super::super) struct Hand(AtomicI64);

    impl Hand {
        pub(in super::super) fn advance(&self, seconds: i64) {
            self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        }
    }

    impl Clock for Hand {
        fn now(&self) -> Instant {
            Instant::from_micros(self.0.load(Ordering::SeqCst))
        }
    }
}
