//! Age by law: a person reaches a year of age at the end of the day before the birthday (年齢計算ニ関する法律; 民法 第143条), so the
//! birthday is the first day of that age. A person born on 29 February reaches it, in a common year, at the end of 28 February.

use crate::time::Day;
use jiff::civil::{Date, date};

/// 民法 第4条 in force since this day: a person is of age at 18. Before it, the age was 20.
const SINCE: Date = date(2022, 4, 1);

/// The first day on which a person born on `birth` is `years` old. Never later than the end of the calendar (year 9999).
pub fn first_day_aged(birth: Day, years: i16) -> Day {
    let year = birth.0.year().saturating_add(years);
    let birthday = Date::new(year, birth.0.month(), birth.0.day()).or_else(|_| Date::new(year, 3, 1));
    Day(birthday.unwrap_or(Date::MAX))
}

/// The first day on which a person born on `birth` is of age (成年).
pub fn of_age_on(birth: Day) -> Day {
    first_day_aged(birth, 18).max(Day(SINCE)).min(first_day_aged(birth, 20))
}

/// How old a person born on `birth` is on `today`; 0 before the birth.
pub fn on(birth: Day, today: Day) -> u16 {
    let years = today.0.year().saturating_sub(birth.0.year());
    let years = if is_under(birth, years, today) { years.saturating_sub(1) } else { years };
    u16::try_from(years).unwrap_or(0)
}

/// Whether a person born on `birth` is younger than `years` on `today`.
pub fn is_under(birth: Day, years: i16, today: Day) -> bool {
    today < first_day_aged(birth, years)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_age_with_eighteen_since_april_2022_and_on_the_first_of_march_when_born_on_29_february() {
        for (birth, of_age) in [
            (date(2008, 11, 25), date(2026, 11, 25)),
            (date(2012, 2, 29), date(2030, 3, 1)),
            (date(2008, 2, 28), date(2026, 2, 28)),
            (date(2008, 3, 1), date(2026, 3, 1)),
            (date(2004, 4, 1), date(2022, 4, 1)),
            (date(2004, 4, 2), date(2022, 4, 2)),
            (date(2003, 6, 1), date(2022, 4, 1)),
            (date(2002, 4, 1), date(2022, 4, 1)),
            (date(2002, 3, 31), date(2022, 3, 31)),
            (date(1960, 2, 29), date(1980, 2, 29)),
        ] {
            assert_eq!(of_age_on(Day(birth)), Day(of_age), "{birth}");
        }
    }

    #[test]
    fn an_age_changes_on_the_birthday() {
        let birth = Day(date(2012, 2, 29));
        for (today, age) in [
            (date(2012, 2, 28), 0),
            (date(2012, 2, 29), 0),
            (date(2013, 2, 28), 0),
            (date(2013, 3, 1), 1),
            (date(2026, 2, 28), 13),
            (date(2026, 3, 1), 14),
            (date(2028, 2, 29), 16),
        ] {
            assert_eq!(on(birth, Day(today)), age, "{today}");
        }
    }

    #[test]
    fn a_birthday_is_the_first_day_of_the_new_age() {
        let birth = Day(date(2012, 2, 29));
        assert!(is_under(birth, 16, Day(date(2028, 2, 28))) && !is_under(birth, 16, Day(date(2028, 2, 29))));
        assert!(is_under(birth, 15, Day(date(2027, 2, 28))) && !is_under(birth, 15, Day(date(2027, 3, 1))));
    }
}
