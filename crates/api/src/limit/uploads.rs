//! Places for files that come in. Each file is held in memory until it is stored, so there are few places, and nobody may take them all.

use crate::problem::Problem;
use domain::agency::Principal;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// How many files may come in at once…
const AT_ONCE: usize = 8;
/// …and how many of them from one person or one department system: the page sends one after the other.
const OF_ONE: usize = 2;
/// After how many seconds a caller who holds all of their places may try again: a file of usual size has arrived by then.
const COME_AGAIN: u32 = 5;

/// How many files are coming in, for each person or department system.
#[derive(Default)]
pub(crate) struct Uploads(Arc<Mutex<HashMap<Uuid, usize>>>);

/// A place for a file; dropping it frees the place.
pub(crate) struct Place {
    whose: Uuid,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Uploads {
    /// Takes a place for a file.
    ///
    /// # Errors
    /// 429 when this person or system has taken two, 503 when all are taken.
    pub(crate) fn take(&self, principal: &Principal) -> Result<Place, Problem> {
        let whose = match principal {
            Principal::Staff { staff_id, .. } => staff_id.0,
            Principal::Client { client_id, .. } => client_id.0,
        };
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.get(&whose).is_some_and(|own| *own >= OF_ONE) {
            return Err(Problem::TooManyRequests(COME_AGAIN));
        }
        if taken.values().sum::<usize>() >= AT_ONCE {
            return Err(Problem::Overloaded);
        }
        *taken.entry(whose).or_default() += 1;
        Ok(Place { whose, taken: Arc::clone(&self.0) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.whose) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.remove(&self.whose);
            }
        }
    }
}
