//! Passwords: which ones may be chosen, and hashing with argon2id (RFC 9106), only a few at a time. Without that cap, a flood of log-ins
//! would take all processors and all memory.

use crate::problem::Problem;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash as Phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use domain::account::PasswordHash;
use domain::ids::Chance;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

/// The fewest characters of a password.
pub const SHORTEST: u64 = 12;
/// The most characters of a password.
pub const LONGEST: u64 = 128;
/// The words that people think of first when they choose a password for this service.
const OURS: [&str; 8] = ["tsunagu", "tunagu", "つなぐ", "つなぐシート", "adachi", "足立区", "password", "パスワード"];

/// How many hashes are computed at once. Each takes 19 MiB and most of a processor for some 20 ms, so one at a time is enough for fifty
/// log-ins a second.
const AT_ONCE: usize = 1;
/// How many hashes may be computed or wait; the last of them is done within half a second.
const PLACES: usize = 24;
/// How many of these places strangers may take. The others are kept for known browsers and for people who are logged in.
const FOR_STRANGERS: usize = 16;

/// A password as it is hashed: two keyboards may send the same letters as different code points (NIST SP 800-63B §3.1.1.2).
pub fn normalised(typed: &str) -> String {
    typed.nfc().collect()
}

/// Whether a password is easy to guess: many people would choose it (common ones, sequences, repetitions), or a person who knows the `context`
/// (log-in name, names) could make it from that. The estimate, and its lists of common passwords and words, are those of zxcvbn (MIT).
pub fn is_guessable(password: &str, context: &[&str]) -> bool {
    let context: Vec<String> = context
        .iter()
        .chain(&OURS)
        .flat_map(|text| std::iter::once(*text).chain(text.split(|c: char| !c.is_alphanumeric())))
        .filter(|word| word.chars().count() > 1)
        .map(str::to_lowercase)
        .collect();
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    let folded: String = password.nfkc().collect();
    zxcvbn(&folded, &context).score() < Score::Four
}

/// Hashes passwords, with a cap on how many at once.
pub struct Passwords {
    permits: Arc<Semaphore>,
    taken: Arc<AtomicUsize>,
    /// The memory of the last hash, kept for the next one: an allocator would keep as much for every thread that has ever hashed.
    memories: Arc<Mutex<Vec<Vec<Block>>>>,
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

/// The hash that is checked when there is no such login, so that both cases take the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether `stored` is the hash of `password`.
fn is_of(password: &str, stored: &str, memory: &mut Vec<Block>) -> Result<bool, Problem> {
    let wrong = |error: String| Problem::Internal(error);
    let stored = Phc::new(stored).map_err(|e| wrong(e.to_string()))?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(wrong("a stored password without salt or hash".to_owned()));
    };
    let params = Params::try_from(&stored).map_err(|e| wrong(e.to_string()))?;
    memory.resize(params.block_count(), Block::default());
    let mut output = vec![0; expected.len()];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt.as_ref(), &mut output, memory.as_mut_slice())
        .map_err(|e| wrong(e.to_string()))?;
    // `Output` compares in constant time.
    Ok(Output::new(&output).map_err(|e| wrong(e.to_string()))? == *expected)
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), taken: Arc::default(), memories: Arc::default() }
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

    /// Whether `stored` is the hash of `password`; takes as long when there is no stored hash.
    pub(crate) async fn verify(
        &self,
        password: String,
        stored: Option<String>,
        is_stranger: bool,
    ) -> Result<bool, Problem> {
        let places = if is_stranger { FOR_STRANGERS } else { PLACES };
        let memories = Arc::clone(&self.memories);
        self.blocking(places, move || {
            let known = stored.is_some();
            let stored = stored.as_deref().unwrap_or(NOBODY);
            let free = memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = free.unwrap_or_default();
            let fits = is_of(&password, stored, &mut memory);
            memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            Ok(fits? && known)
        })
        .await
    }

    /// Hashes a new password, unless a person who knows the `context` could guess it easily.
    ///
    /// # Errors
    /// [`Problem::InvalidInput`] at `/new_password`.
    pub(crate) async fn choose(
        &self,
        password: String,
        context: Vec<String>,
        chance: Arc<dyn Chance>,
    ) -> Result<PasswordHash, Problem> {
        self.blocking(PLACES, move || {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            if is_guessable(&password, &context) {
                let detail = "よく使われるものか、氏名・ログイン名・機関名などから思いつきやすいパスワードです。関係のない言葉をいくつか並べるなどして、別のものにしてください。";
                return Err(Problem::invalid("/new_password", "guessable", detail));
            }
            Ok(PasswordHash(hash(&password, chance.as_ref())?))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_would_choose_is_guessable() {
        for password in [
            "passwordpassword",
            "password1234",
            "Password2026!",
            "P@ssw0rd1234",
            "qwertyuiop123",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "123456789012345",
            "iloveyou1234",
            "administrator",
            "tsunagu-demo",
            "tsunagu2026!",
            "つなぐつなぐつなぐつなぐ",
            "ｐａｓｓｗｏｒｄ１２３４",
        ] {
            assert!(is_guessable(password, &[]), "{password}");
        }
    }

    #[test]
    fn what_is_made_of_the_own_names_is_guessable() {
        let context = ["mihon.hanako", "見本 花子", "福祉まるごと相談課"];
        for password in
            ["mihon.hanako1", "hanako.mihon", "MihonHanako2026", "福祉まるごと相談課1", "見本花子見本花子見本花子"]
        {
            assert!(is_guessable(password, &context), "{password}");
        }
    }

    #[test]
    fn words_that_have_nothing_to_do_with_each_other_are_not() {
        for password in ["kasa-no-naka no neko 7", "mizuumi to tsukue", "雨の日に机の下で猫が鳴いた", "x9!kQ2vv#Lm0"]
        {
            assert!(!is_guessable(password, &["mihon.hanako", "見本 花子"]), "{password}");
        }
    }

    #[test]
    fn the_same_letters_are_the_same_password() {
        assert_eq!(normalised("か\u{3099}き\u{3099}"), normalised("がぎ"));
        assert_ne!(normalised("ｶﾞ"), normalised("ガ"));
    }
}
