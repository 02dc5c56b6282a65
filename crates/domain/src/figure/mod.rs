//! Facts for figures (統計): what is counted of a change, written with it and never changed. A fact holds codes and small numbers, no name, no
//! text and no id of a sheet, so that it may outlive the sheet. What was not written as a fact at the time cannot be counted later.
//!
//! A fact says on which day something happened, not at which instant: by the instant, each fact would stand beside its event in the trail,
//! and so beside its sheet.

mod case;

pub use case::{count, counts};

use crate::audit::EventKind;
use crate::content::Content;
use crate::ids::AgencyId;
use crate::kana;
use crate::personal::Personal;
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a fact says of one dimension. There is no variant for free text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mark {
    /// A yes or no.
    Is(bool),
    /// A number: days, relays, agencies.
    Number(u32),
    /// A code of one of our lists, or a topic of the municipality.
    Code(String),
    /// Several codes.
    Codes(Vec<String>),
}

/// What a fact says: dimension by dimension.
pub type Marks = BTreeMap<String, Mark>;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureFact {
    /// What happened.
    pub kind: EventKind,
    /// The agency that did it; of a relay the one that sent it, of a stop request the one that was asked.
    pub agency_id: AgencyId,
    /// The other agency: of a relay the one that received it.
    pub other_agency_id: Option<AgencyId>,
    /// In which fiscal year its person counts: a registration in that of the sheet's number, however late it is corrected.
    pub fiscal_year: i16,
    /// What is counted of it.
    pub marks: Marks,
}

/// Which facts of the same sheet no longer count. They stay; facts that count the other way are written beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TakeBack {
    /// None.
    #[default]
    Nothing,
    /// That it was registered: it is counted again, with what was corrected.
    Intake,
    /// All: it was recorded by mistake.
    Everything,
}

impl TakeBack {
    /// Whether a fact of this kind no longer counts. That copies were asked for, and what became of them, is no mistake.
    pub fn covers(self, kind: EventKind) -> bool {
        match self {
            Self::Nothing => false,
            Self::Intake => kind == EventKind::SheetRegistered,
            Self::Everything => !matches!(kind, EventKind::StopIssued | EventKind::StopAnswered),
        }
    }
}

/// What is counted of one change of a sheet.
pub struct Counting {
    /// The day.
    pub on: Day,
    /// The new facts.
    pub facts: Vec<FigureFact>,
    /// What no longer counts.
    pub take_back: TakeBack,
    /// By what one person is told from another within a fiscal year; none when that is not known, and each sheet counts as one person.
    pub person: Option<Personal<String>>,
}

/// The person's kana and date of birth, if both are known to the full.
fn person(content: &Content) -> Option<String> {
    let birth = content.birth_date()?;
    let identity = content.identity()?;
    let (family, given) = (identity.kana_family?, identity.kana_given?);
    Some(format!("{} {birth}", kana::search_key(&format!("{family}{given}"))))
}

/// The ten years of age in which a person born on `birth` is on `on`: `0-9` to `70-79`, then `80-`; `unknown`.
fn age_band(birth: Option<Day>, on: Day) -> &'static str {
    const BANDS: [(i16, &str); 8] = [
        (10, "0-9"),
        (20, "10-19"),
        (30, "20-29"),
        (40, "30-39"),
        (50, "40-49"),
        (60, "50-59"),
        (70, "60-69"),
        (80, "70-79"),
    ];
    let Some(birth) = birth else { return "unknown" };
    BANDS.iter().find(|(end, _)| crate::age::is_under(birth, *end, on)).map_or("80-", |(_, band)| band)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_band_of_age_ends_on_the_day_before_the_birthday() {
        let born = |year, month, day| Some(Day(date(year, month, day)));
        let on = Day(date(2026, 11, 29));
        for (birth, band) in [
            (born(2026, 11, 29), "0-9"),
            (born(2016, 11, 30), "0-9"),
            (born(2016, 11, 29), "10-19"),
            (born(1986, 11, 30), "30-39"),
            (born(1986, 11, 29), "40-49"),
            (born(1946, 11, 30), "70-79"),
            (born(1946, 11, 29), "80-"),
            (born(1900, 1, 1), "80-"),
            (None, "unknown"),
        ] {
            assert_eq!(age_band(birth, on), band, "{birth:?}");
        }
    }
}
