//! One-time codes: an invitation for a new account, or a reset for a person who has forgotten the password. A code is shown once, to the
//! person who hands it over; only its hash is kept, and it can be used once. An administrator never knows a password.

use aws_lc_rs::digest;
use domain::account::{KeptCode, Person};
use domain::ids::Chance;
use domain::time::Instant;
use unicode_normalization::UnicodeNormalization;

/// How long an invitation can be used, in seconds: it may go to a person who begins next week.
const INVITATION_SECONDS: i64 = 7 * 24 * 3600;
/// How long a reset code for an existing account can be used, in seconds: it is handed over at once.
const RESET_SECONDS: i64 = 3600;

/// No two of these characters are read as each other: I, L, O and U are left out (Crockford's base 32).
const DIGITS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P',
    'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];
/// How many characters a code has: 80 bits. Nobody guesses them within the budgets of failed log-ins, nor from the hash.
const LENGTH: usize = 16;

/// A code in plain text. It has no `Debug`.
pub struct Code {
    /// As it is handed over: `XXXX-XXXX-XXXX-XXXX`.
    pub shown: String,
    /// What is kept of it.
    pub record: KeptCode,
}

impl Code {
    /// A new code for `staff`: an invitation as long as they have no password, else a reset.
    pub fn new(staff: &Person, now: Instant, chance: &dyn Chance) -> Self {
        let mut random = [0u8; LENGTH];
        chance.fill(&mut random);
        let digit = |byte: &u8| DIGITS.get(usize::from(byte % 32)).copied().unwrap_or_default();
        let groups = random.chunks(4).map(|group| group.iter().map(digit).collect::<String>());
        let shown = groups.collect::<Vec<_>>().join("-");
        let seconds = if staff.password_hash.is_some() { RESET_SECONDS } else { INVITATION_SECONDS };
        let record = KeptCode { hash: hash(&shown), expires_at: now.plus_seconds(seconds) };
        Self { record, shown }
    }
}

/// The hash of a code as it was typed. Case, width, spaces and hyphens do not matter; I and L are read as 1, and O as 0.
pub(crate) fn hash(typed: &str) -> [u8; 32] {
    let meant: String = typed
        .nfkc()
        .flat_map(char::to_uppercase)
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| match c {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        })
        .collect();
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, meant.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let kept = hash("0A1B-CDEF-GHJK-MNPQ");
        for typed in
            ["0a1b cdef ghjk mnpq", "OAIBCDEFGHJKMNPQ", "０ａｌｂ－ＣＤＥＦ　ghjkmnpq", " oA1b-cdef-ghjk-mnpq\n"]
        {
            assert_eq!(hash(typed), kept, "{typed:?}");
        }
        assert_ne!(hash("0A1B-CDEF-GHJK-MNPR"), kept);
    }
}
