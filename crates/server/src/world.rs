//! The outside world: the only clock and the only randomness of the service. All other code gets them as arguments.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use domain::ids::Chance;
use domain::time::{Clock, Instant};

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "here the clock enters")]
    fn now(&self) -> Instant {
        Instant::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// The system's randomness.
pub struct SystemChance(SystemRandom);

impl SystemChance {
    /// The generator of aws-lc.
    #[expect(clippy::disallowed_methods, reason = "here randomness enters")]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemChance {
    fn default() -> Self {
        Self::new()
    }
}

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        // aws-lc's generator does not fail once the process runs; a key or nonce of zeros must never be used.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
