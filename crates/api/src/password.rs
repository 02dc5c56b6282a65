//! Passwords: argon2id (RFC 9106), a few at a time. Without that cap a flood of log-ins would take all processors and memory.

use crate::problem::Problem;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::ids::Chance;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes that are computed at once: each takes 19 MiB and most of a processor for some 20 ms.
const AT_ONCE: usize = 2;
/// Hashes that are computed or wait: the last is done within half a second.
const PLACES: usize = 34;
/// Of these, as many as strangers may take. The others are kept for browsers that are known and for those who are logged in.
const FOR_STRANGERS: usize = 24;

/// The cap.
pub struct Passwords {
    permits: Arc<Semaphore>,
    taken: Arc<AtomicUsize>,
}

struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

// 19 MiB, two passes, one lane: OWASP's first recommendation for argon2id.
fn argon2() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| Problem::Internal(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password's hash in PHC string format, for storage.
///
/// # Errors
/// The hash cannot be computed.
pub fn hash(password: &str, chance: &dyn Chance) -> Result<String, Problem> {
    let mut salt = [0u8; 16];
    chance.fill(&mut salt);
    let hash =
        argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(|e| Problem::Internal(e.to_string()))?;
    Ok(hash.to_string())
}

/// Verified against when there is no such login, so that both take the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), taken: Arc::new(AtomicUsize::new(0)) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        places: usize,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.taken));
        if before >= places {
            return Err(Problem::Overloaded);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Problem::Overloaded)?;
        let done = actix_web::web::block(move || {
            let _held = (permit, place);
            work()
        });
        done.await.map_err(|_| Problem::Overloaded)?
    }

    /// Whether `password` belongs to `stored`; takes as long when there is no stored hash.
    pub(crate) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
        is_stranger: bool,
    ) -> Result<bool, Problem> {
        let places = if is_stranger { FOR_STRANGERS } else { PLACES };
        self.blocking(places, move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
            let hash = PasswordHash::new(&stored).map_err(|e| Problem::Internal(e.to_string()))?;
            Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: String, chance: Arc<dyn Chance>) -> Result<String, Problem> {
        self.blocking(PLACES, move || hash(&password, chance.as_ref())).await
    }
}
