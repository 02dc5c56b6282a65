//! The earliest days that a date may name, by its kind: an earlier year is a slip of the hand (0026 for 2026, 8 for 令和8年).
//!
//! Dates of birth have a floor of their own, 明治元年; see [`crate::content`].

use crate::door::FieldError;
use crate::time::Day;
use jiff::civil::date;

/// What a date says, as far as its earliest day depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// What happened with a person: received, said, consented, reached, asked for. Work that is carried over from paper into the sheet is
    /// younger than 2000, when 社会福祉法 replaced 社会福祉事業法.
    Deed,
    /// What holds of an agency or a member of staff: set up, agreed, appointed, in force. Municipalities are what they are since
    /// 地方自治法 came into force on 1947-05-03.
    Office,
}

impl Floor {
    /// The earliest day that counts.
    pub const fn first(self) -> Day {
        match self {
            Self::Deed => Day(date(2000, 1, 1)),
            Self::Office => Day(date(1947, 5, 3)),
        }
    }

    /// What is wrong with a day at `pointer`: `out_of_range` when it is earlier.
    pub fn wrong(self, pointer: &str, day: Day) -> Option<FieldError> {
        let detail = match self {
            Self::Deed => "2000年より前の日付は記録できません。年を確かめてください。",
            Self::Office => "1947年5月3日より前の日付は登録できません。年を確かめてください。",
        };
        (day < self.first()).then(|| FieldError::new(pointer, "out_of_range", detail))
    }
}
