//! Budgets of failed log-ins. ADR 10 gives the reasons.
//!
//! An attempt is paid for before it is let_in, so that many at once cannot slip through together. It is paid back when it succeeds or is
//! not let_in at all. `governor` cannot pay back, so the same arithmetic (GCRA) is written here: the debt of a key is stored as the instant
//! at which it is paid off.

use super::Network;
use super::elapsed::Elapsed;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most debts that are remembered, about 4 MB. Log-ins by password cannot make more before they are paid off, because at most a hundred
/// passwords a second can be hashed.
const KEYS: usize = 65_536;
/// When there are too many debts, those that are paid off are forgotten at most once in this many microseconds.
const SWEEP: u64 = 1_000_000;

/// A login or client id as a short keyed hash: people sometimes type passwords there.
pub(crate) type Account = [u8; 16];

/// A caller who tries to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A browser that has logged in to this very account before.
    Device([u8; 16]),
    /// Unknown callers who try this account from this network.
    Pair(Account, Network),
    /// All unknown callers from this network.
    Address(Network),
    /// All unknown callers who try this account.
    Account(Account),
}

impl Key {
    /// How many failures may come at once, and the seconds after which one more may.
    ///
    /// One network can add to the debt of an account only once in 300 seconds, while one failure is paid off every 60 seconds. So nobody
    /// can close an account for all strangers from one network, however long they try: it takes five networks.
    fn budget(self) -> (u64, u64) {
        match self {
            Self::Device(_) | Self::Pair(..) => (10, 300),
            // A ward office has one address, and many people there mistype in the morning.
            Self::Address(_) => (100, 5),
            // NIST SP 800-63B §5.2.2: at most 100 in a row on one account.
            Self::Account(_) => (100, 60),
        }
    }

    /// The key that all callers share for whom there is no room.
    fn crowd(self) -> Self {
        match self {
            Self::Device(_) => Self::Device([0; 16]),
            Self::Pair(..) => Self::Pair([0; 16], Network::NOWHERE),
            Self::Address(_) => Self::Address(Network::NOWHERE),
            Self::Account(_) => Self::Account([0; 16]),
        }
    }
}

/// An attempt that was paid for, with its keys.
#[must_use]
pub(crate) struct Paid {
    keys: Vec<Key>,
    /// Whether this attempt uses up a budget: if it fails, the next one is refused unread.
    pub(crate) is_last: bool,
}

/// The debts.
pub(crate) struct Attempts {
    clock: Elapsed,
    debts: Mutex<Debts>,
}

#[derive(Default)]
struct Debts {
    /// When each is paid off, in microseconds.
    until: HashMap<Key, u64>,
    swept: u64,
}

impl Attempts {
    pub(super) fn new(clock: Elapsed) -> Self {
        Self { clock, debts: Mutex::default() }
    }

    /// Takes one attempt from each budget, or from none.
    ///
    /// # Errors
    /// The seconds to wait, at least one.
    pub(crate) fn take(&self, keys: &[Key]) -> Result<Paid, u32> {
        let mut debts = self.debts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.micros();
        let keys: Vec<Key> = keys.iter().map(|key| debts.place(*key, now)).collect();
        let mut wait = 0;
        let mut is_last = false;
        for key in &keys {
            let (burst, seconds) = key.budget();
            let (most, cost) = (burst * seconds * 1_000_000, seconds * 1_000_000);
            let debt = debts.of(*key, now) + cost;
            wait = wait.max(debt.saturating_sub(most));
            is_last |= debt + cost > most;
        }
        if wait > 0 {
            return Err(u32::try_from(wait.div_ceil(1_000_000)).unwrap_or(u32::MAX));
        }
        for key in &keys {
            let until = now + debts.of(*key, now) + key.budget().1 * 1_000_000;
            debts.until.insert(*key, until);
        }
        Ok(Paid { keys, is_last })
    }

    /// Pays back a successful attempt, or one that was not let_in.
    pub(crate) fn give_back(&self, paid: &Paid) {
        let mut debts = self.debts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.micros();
        for key in &paid.keys {
            let left = debts.of(*key, now).saturating_sub(key.budget().1 * 1_000_000);
            match left {
                0 => debts.until.remove(key),
                left => debts.until.insert(*key, now + left),
            };
        }
    }
}

impl Debts {
    fn of(&self, key: Key, now: u64) -> u64 {
        self.until.get(&key).map_or(0, |until| until.saturating_sub(now))
    }

    /// The key itself, or the shared key when there is no room for another.
    fn place(&mut self, key: Key, now: u64) -> Key {
        if self.until.len() >= KEYS && now.saturating_sub(self.swept) >= SWEEP {
            self.swept = now;
            self.until.retain(|_, until| *until > now);
            self.until.shrink_to(KEYS);
        }
        if self.until.len() < KEYS || self.until.contains_key(&key) { key } else { key.crowd() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::elapsed::tests::Hand;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    fn network(n: u32) -> Network {
        IpAddr::V4(Ipv4Addr::from_bits(n)).into()
    }

    fn stranger(account: u8, from: u32) -> [Key; 3] {
        let account = [account; 16];
        [Key::Pair(account, network(from)), Key::Address(network(from)), Key::Account(account)]
    }

    fn attempts() -> (Arc<Hand>, Attempts) {
        let clock = Arc::new(Hand::default());
        (clock.clone(), Attempts::new(Elapsed::new(clock)))
    }

    #[test]
    fn ten_failures_close_one_account_for_one_network_only() {
        let (clock, attempts) = attempts();
        for n in 1..=10 {
            assert_eq!(attempts.take(&stranger(1, 1)).map(|paid| paid.is_last), Ok(n == 10));
        }
        assert_eq!(attempts.take(&stranger(1, 1)).err(), Some(300));
        assert!(attempts.take(&stranger(1, 2)).is_ok());
        assert!(attempts.take(&stranger(2, 1)).is_ok());
        assert!(attempts.take(&[Key::Device([9; 16])]).is_ok());
        clock.advance(299);
        assert_eq!(attempts.take(&stranger(1, 1)).err(), Some(1));
        clock.advance(1);
        assert!(attempts.take(&stranger(1, 1)).is_ok());
        assert_eq!(attempts.take(&stranger(1, 1)).err(), Some(300));
    }

    #[test]
    fn one_network_never_closes_an_account_for_the_others() {
        let (clock, attempts) = attempts();
        // One network tries once a second for a week; somebody else fails once an hour.
        for second in 0..7 * 86_400 {
            let _ = attempts.take(&stranger(1, 1));
            if second % 3600 == 0 {
                assert!(attempts.take(&stranger(1, 2)).is_ok(), "{second}");
            }
            clock.advance(1);
        }
    }

    #[test]
    fn many_networks_close_an_account_for_strangers_and_not_for_known_browsers() {
        let (clock, attempts) = attempts();
        let let_in = (1..1000).filter(|n| attempts.take(&stranger(1, *n)).is_ok()).count();
        assert_eq!(let_in, 100);
        assert_eq!(attempts.take(&stranger(1, 2000)).err(), Some(60));
        assert!(attempts.take(&[Key::Device([9; 16])]).is_ok());
        clock.advance(60);
        assert!(attempts.take(&stranger(1, 2000)).is_ok());
    }

    #[test]
    fn a_success_costs_nothing() {
        let (_, attempts) = attempts();
        for _ in 0..1000 {
            let paid = attempts.take(&stranger(1, 1)).ok().unwrap();
            attempts.give_back(&paid);
        }
        assert!(attempts.debts.lock().unwrap().until.is_empty());
        for _ in 0..9 {
            assert!(attempts.take(&stranger(1, 1)).is_ok());
        }
        let paid = attempts.take(&stranger(1, 1)).ok().unwrap();
        attempts.give_back(&paid);
        assert!(attempts.take(&stranger(1, 1)).is_ok());
        assert!(attempts.take(&stranger(1, 1)).is_err());
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let (clock, attempts) = attempts();
        for n in 0..200_000u32 {
            let _ = attempts.take(&[Key::Address(network(n))]);
        }
        assert!(attempts.debts.lock().unwrap().until.len() <= KEYS + 1);
        // The table is full. A caller who has a place keeps it; all others share one budget, and that is used up.
        assert!(attempts.take(&[Key::Address(network(300_000))]).is_err());
        assert!(attempts.take(&[Key::Address(network(7))]).is_ok());
        clock.advance(10);
        assert!(attempts.take(&[Key::Address(network(300_000))]).is_ok());
        assert!(attempts.debts.lock().unwrap().until.len() <= 2);
    }
}
