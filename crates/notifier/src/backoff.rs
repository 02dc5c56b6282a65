//! When to try again.

use domain::ids::Chance;

/// The most attempts to send a mail; after them it is given up.
pub const MAX_ATTEMPTS: u32 = 12;

const FIRST_SECONDS: i64 = 30;
const LONGEST_SECONDS: i64 = 3600;

/// Seconds until the next attempt after `attempts` of them. The wait is 30 s, doubled each time, at most an hour; of that, chance takes
/// between half and all, so that mails which failed together do not come back together. `None` after the last attempt.
pub(crate) fn seconds(attempts: u32, chance: &dyn Chance) -> Option<i64> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let doubled = 1_i64.checked_shl(attempts.saturating_sub(1)).unwrap_or(i64::MAX);
    let whole = FIRST_SECONDS.saturating_mul(doubled).min(LONGEST_SECONDS);
    let half = whole / 2;
    let mut random = [0; 4];
    chance.fill(&mut random);
    Some(half + i64::from(u32::from_le_bytes(random)) * (whole - half + 1) / (1_i64 << 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Chance for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn the_wait_doubles_up_to_an_hour_and_then_ends() {
        let longest: Vec<_> = (1..=13).map(|attempts| seconds(attempts, &Always(255))).collect();
        let expected = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600].map(Some);
        assert_eq!(longest[..11], expected);
        assert_eq!(longest[11..], [None, None]);
    }

    #[test]
    fn chance_takes_at_most_half_of_the_wait_away() {
        assert_eq!(seconds(1, &Always(0)), Some(15));
        assert_eq!(seconds(9, &Always(0)), Some(1800));
        assert!((1801..3600).contains(&seconds(9, &Always(128)).unwrap()));
    }
}
