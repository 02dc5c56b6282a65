//! How the relays to one agency go, in counts: nothing about a person.

use super::RelayState;
use crate::time::Day;
use std::collections::BTreeMap;

/// How many days the board looks back. What is still open after a year is long known to whoever chases it.
const DAYS: i64 = 365;

/// The relays that were sent to one agency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Those that wait for an answer, or came back.
    pub open: u64,
    /// Those of them that the receiver has not answered.
    pub unanswered: u64,
    /// Those that the receiver has not answered although the last day is over.
    pub overdue: u64,
    /// Those that the receiver declined.
    pub declined: u64,
    /// How many were answered after how many open days.
    answers: BTreeMap<u32, u64>,
}

impl RelayCounts {
    /// The first day on which a relay was sent that is counted on `today`.
    pub fn since(today: Day) -> Day {
        Day(today.0.checked_sub(jiff::Span::new().days(DAYS)).unwrap_or(today.0))
    }

    /// Counts `n` relays in this state, which the receiver answered after this many open days, if it did.
    pub fn add(&mut self, state: RelayState, answer_days: Option<u32>, n: u64) {
        self.open += if state.is_open() { n } else { 0 };
        self.unanswered += if state.is_waiting() { n } else { 0 };
        self.declined += if state == RelayState::Declined { n } else { 0 };
        if let Some(days) = answer_days {
            *self.answers.entry(days).or_default() += n;
        }
    }

    /// Those that the receiver accepted or declined.
    pub fn answered(&self) -> u64 {
        self.answers.values().sum()
    }

    /// The fewest open days within which half of the answers came; none without an answer.
    pub fn median_days(&self) -> Option<u32> {
        let all = self.answered();
        let mut so_far = 0;
        let counted = self.answers.iter().map(|(days, n)| {
            so_far += n;
            (*days, so_far)
        });
        counted.filter(|_| all > 0).find(|(_, so_far)| so_far * 2 >= all).map(|(days, _)| days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_answers_came_within_the_median() {
        for (answers, median) in [
            (&[][..], None),
            (&[(3, 1)], Some(3)),
            (&[(0, 1), (16, 1)], Some(0)),
            (&[(1, 1), (2, 1), (9, 1)], Some(2)),
            (&[(1, 1), (5, 4)], Some(5)),
        ] {
            let mut counts = RelayCounts::default();
            for (days, n) in answers {
                counts.add(RelayState::Accepted, Some(*days), *n);
            }
            assert_eq!(counts.median_days(), median, "{answers:?}");
        }
    }
}
