//! The earliest day that a date may name, by its kind: an earlier year is a typing error (0026 for 2026, 8 for 令和8年).
//!
//! Dates of birth have another floor, 明治元年; see [`crate::content`].

use crate::door::FieldError;
use crate::time::Day;
use jiff::civil::date;

/// The kinds of dates that have different earliest days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// What happened with a person: received, said, consented, reached, asked for. Work that is copied from paper into the sheet dates from
    /// 2000 or later, when 社会福祉法 replaced 社会福祉事業法.
    Deed,
    /// What applies to an agency or a member of staff: set up, agreed, appointed, in force. Municipalities have their present form since
    /// 地方自治法 came into force on 1947-05-03.
    Office,
}

impl Floor {
    /// The earliest day that is accepted.
    pub const fn first(self) -> Day {
        match self {
            Self::Deed => Day(date(2000, 1, 1)),
            Self::Office => Day(date(1947, 5, 3)),
        }
    }

    /// The error for a day at `pointer` that is too early: `out_of_range`.
    pub fn wrong(self, pointer: &str, day: Day) -> Option<FieldError> {
        let detail = match self {
            Self::Deed => "2000年より前の日付は記録できません。年を確かめてください。",
            Self::Office => "1947年5月3日より前の日付は登録できません。年を確かめてください。",
        };
        (day < self.first()).then(|| FieldError::new(pointer, "out_of_range", detail))
    }
}
