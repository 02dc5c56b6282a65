//! The ward's calendar: open days (開庁日), in which deadlines are counted, and fiscal years (年度).

use crate::wareki;
use jiff::civil::{Date, Weekday};
use std::sync::LazyLock;

/// The national holidays 2015–2050 in order; the file names its source. Outside those years no holiday is known.
static HOLIDAYS: LazyLock<Vec<Date>> = LazyLock::new(|| {
    let rows = include_str!("../data/holidays.csv").lines().filter_map(|row| row.split_once(','));
    rows.filter_map(|(day, _name)| day.parse().ok()).collect()
});

/// Whether the offices are open: they are closed on Saturdays, Sundays, national holidays (国民の祝日に関する法律) and from 29 December to
/// 3 January (地方自治法 第4条の2, and the ward's ordinance).
pub fn is_open_day(date: Date) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let new_year = matches!((date.month(), date.day()), (12, 29..) | (1, ..=3));
    !weekend && !new_year && HOLIDAYS.binary_search(&date).is_err()
}

/// `date` if it is open, else the first open day after it. At the end of the calendar (year 9999), the last day.
pub fn next_open_day(date: Date) -> Date {
    let mut day = date;
    while !is_open_day(day) {
        let Ok(tomorrow) = day.tomorrow() else { break };
        day = tomorrow;
    }
    day
}

/// The `count`th open day after `date`, which itself is never counted (民法 第140条: the first day is left out). With 0, the same as
/// [`next_open_day`]. Never later than the end of the calendar (year 9999).
pub fn add_open_days(date: Date, count: u32) -> Date {
    let mut day = date;
    for _ in 0..count {
        let Ok(tomorrow) = day.tomorrow() else { return day };
        day = next_open_day(tomorrow);
    }
    next_open_day(day)
}

/// How many open days lie after `from`, up to and with `until`. No more than a thousand are counted, some four years.
pub fn open_days_after(from: Date, until: Date) -> u32 {
    const MOST: u32 = 1000;
    let (mut day, mut open) = (from, 0);
    while day < until && open < MOST {
        let Ok(tomorrow) = day.tomorrow() else { break };
        day = tomorrow;
        open += u32::from(is_open_day(day));
    }
    open
}

/// How many open days are left until `due`: 0 on the day itself and where only closed days are left, below 0 once it has passed.
pub fn open_days_left(today: Date, due: Date) -> i64 {
    if today <= due { i64::from(open_days_after(today, due)) } else { -i64::from(open_days_after(due, today).max(1)) }
}

/// The fiscal year in which a day lies: 1 April to 31 March, named after the year in which it begins (地方自治法 第208条).
pub fn fiscal_year(date: Date) -> i16 {
    if date.month() < 4 { date.year() - 1 } else { date.year() }
}

/// A fiscal year as sheet numbers and tables show it: 2026 is `R8`, 2018 `H30`, 2019 `R1`.
///
/// It is named after the era in force on 31 December of the year in which it begins. Years before 明治 stay Gregorian.
pub fn fiscal_year_label(fiscal_year: i16) -> String {
    let era = Date::new(fiscal_year, 12, 31).ok().and_then(wareki::era_of);
    era.map_or_else(|| fiscal_year.to_string(), |(era, year)| format!("{}{year}", era.letter))
}

/// The fiscal year of a label that [`fiscal_year_label`] writes; leading zeros are accepted, too.
pub(crate) fn fiscal_year_of_label(label: &str) -> Option<i16> {
    let plain = |year: &str| (1..=4).contains(&year.len()) && year.bytes().all(|b| b.is_ascii_digit());
    let mut rest = label.chars();
    let letter = rest.next()?;
    let year: i16 = Some(rest.as_str()).filter(|year| plain(year)).and_then(|year| year.parse().ok())?;
    let fiscal_year = wareki::year_of(letter, year)?;
    // The year in which an era ended bears the name of the next one.
    fiscal_year_label(fiscal_year).starts_with(letter).then_some(fiscal_year)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn every_row_of_the_holiday_table_is_a_day_and_they_are_in_order() {
        let rows = include_str!("../data/holidays.csv").lines().filter(|row| !row.starts_with('#'));
        assert_eq!(rows.skip(1).count(), HOLIDAYS.len());
        assert!(HOLIDAYS.is_sorted_by(|a, b| a < b));
        assert_eq!(HOLIDAYS.first(), Some(&date(2015, 1, 1)));
        assert_eq!(HOLIDAYS.last(), Some(&date(2050, 11, 23)));
        assert!((2015..=2050).all(|year| HOLIDAYS.iter().filter(|day| day.year() == year).count() >= 16));
    }

    #[test]
    fn offices_are_closed_on_weekends_holidays_and_over_the_new_year() {
        for closed in [
            date(2026, 11, 21), // Saturday
            date(2026, 11, 22), // Sunday
            date(2026, 11, 23), // 勤労感謝の日
            date(2026, 9, 22),  // 休日, between two holidays
            date(2026, 5, 6),   // 振替休日
            date(2019, 5, 1),   // 即位の日, by a special Act
            date(2026, 12, 29),
            date(2026, 12, 31),
            date(2025, 1, 1),
            date(2025, 1, 2),
            date(2025, 1, 3),
        ] {
            assert!(!is_open_day(closed), "{closed}");
        }
        for open in [date(2026, 11, 20), date(2026, 11, 24), date(2026, 12, 28), date(2027, 1, 4), date(2021, 7, 19)] {
            assert!(is_open_day(open), "{open}");
        }
    }

    #[test]
    fn the_next_open_day_is_the_day_itself_if_it_is_open() {
        assert_eq!(next_open_day(date(2026, 11, 20)), date(2026, 11, 20));
        assert_eq!(next_open_day(date(2026, 11, 21)), date(2026, 11, 24));
        assert_eq!(next_open_day(date(2026, 12, 29)), date(2027, 1, 4));
    }

    #[test]
    fn open_days_are_counted_from_the_day_after() {
        assert_eq!(add_open_days(date(2026, 11, 20), 1), date(2026, 11, 24));
        assert_eq!(add_open_days(date(2026, 11, 20), 3), date(2026, 11, 26));
        assert_eq!(add_open_days(date(2026, 11, 21), 1), date(2026, 11, 24));
        assert_eq!(add_open_days(date(2026, 12, 28), 1), date(2027, 1, 4));
        assert_eq!(add_open_days(date(2026, 4, 24), 10), date(2026, 5, 14));
        assert_eq!(add_open_days(date(2026, 11, 20), 0), date(2026, 11, 20));
        assert_eq!(add_open_days(date(2026, 11, 21), 0), date(2026, 11, 24));
    }

    #[test]
    fn what_is_late_is_late_over_a_weekend_too() {
        let friday = date(2026, 11, 20);
        for (today, left) in [
            (date(2026, 11, 18), 2),
            (friday, 0),
            (date(2026, 11, 21), -1),
            (date(2026, 11, 24), -1),
            (date(2026, 11, 25), -2),
        ] {
            assert_eq!(open_days_left(today, friday), left, "{today}");
        }
        assert_eq!(open_days_left(date(2026, 11, 21), date(2026, 11, 22)), 0);
    }

    #[test]
    fn counting_ends_at_the_end_of_the_calendar() {
        assert_eq!(add_open_days(date(9999, 12, 20), u32::MAX), Date::MAX);
    }

    #[test]
    fn a_fiscal_year_runs_from_april_to_march() {
        assert_eq!(fiscal_year(date(2024, 3, 31)), 2023);
        assert_eq!(fiscal_year(date(2024, 4, 1)), 2024);
        assert_eq!(fiscal_year(date(2024, 12, 31)), 2024);
        assert_eq!(fiscal_year(date(2025, 1, 1)), 2024);
    }

    #[test]
    fn a_fiscal_year_is_called_by_the_era_that_begins_in_it() {
        for (year, label) in [
            (2026, "R8"),
            (2019, "R1"),
            (2018, "H30"),
            (1989, "H1"),
            (1988, "S63"),
            (1926, "S1"),
            (1912, "T1"),
            (1868, "M1"),
            (1867, "1867"),
            (i16::MAX, "32767"),
        ] {
            assert_eq!(fiscal_year_label(year), label);
        }
    }

    #[test]
    fn a_fiscal_year_is_read_from_its_label() {
        for (label, year) in [("R8", 2026), ("R08", 2026), ("R1", 2019), ("H30", 2018), ("M1", 1868)] {
            assert_eq!(fiscal_year_of_label(label), Some(year), "{label}");
        }
        for label in ["", "R", "8", "2026", "H31", "R0", "X8", "R+8", "R8X", "R99999"] {
            assert_eq!(fiscal_year_of_label(label), None, "{label}");
        }
    }

    fn day() -> impl Strategy<Value = Date> {
        (0..13_000_i32).prop_map(|days| date(2015, 1, 1).saturating_add(jiff::Span::new().days(days)))
    }

    proptest! {
        #[test]
        fn a_deadline_is_open_and_exactly_so_many_open_days_away(from in day(), count in 1u32..40) {
            let deadline = add_open_days(from, count);
            prop_assert!(is_open_day(deadline));
            let open = from.tomorrow().unwrap().series(jiff::Span::new().days(1)).take_while(|d| *d <= deadline);
            prop_assert_eq!(open.filter(|d| is_open_day(*d)).count(), count as usize);
        }

        #[test]
        fn offices_are_never_closed_for_more_than_ten_days(from in day()) {
            prop_assert!(next_open_day(from) <= from.saturating_add(jiff::Span::new().days(10)));
        }
    }
}
