//! Dates as people write them in Japan (和暦): read at the door, and written for people. Inside, dates are Gregorian (DS-441).

use crate::text::is_hyphen;
use jiff::civil::{Date, date};
use unicode_normalization::UnicodeNormalization;

/// The text is no date, or no date of its era. The message says what to do; it never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WarekiError {
    /// Not in a form that is read here, or a day that no calendar has (30 February).
    #[error(
        "日付として読み取れません。「令和6年4月1日」「R6.4.1」「2024/4/1」のように、実在する年月日を入力してください。"
    )]
    NotADate,
    /// The era was not in force on that day (平成31年5月1日).
    #[error(
        "元号と年月日が合いません。令和は2019年5月1日、平成は1989年1月8日、昭和は1926年12月25日、\
         大正は1912年7月30日、明治は1868年1月25日からです。分からないときは西暦で入力してください。"
    )]
    OutsideEra,
}

/// An era. Its years are calendar years; the first year begins on `first`.
pub(crate) struct Era {
    pub(crate) letter: char,
    name: &'static str,
    first: Date,
    last: Date,
}

/// Newest first. 昭和 and 大正 began on the day on which the era before them ended, so that day has two names (改元の詔書); 平成 and 令和
/// began the day after (元号を改める政令). 明治 counts from the first day of the lunar year that it renamed.
const ERAS: [Era; 5] = [
    Era { letter: 'R', name: "令和", first: date(2019, 5, 1), last: Date::MAX },
    Era { letter: 'H', name: "平成", first: date(1989, 1, 8), last: date(2019, 4, 30) },
    Era { letter: 'S', name: "昭和", first: date(1926, 12, 25), last: date(1989, 1, 7) },
    Era { letter: 'T', name: "大正", first: date(1912, 7, 30), last: date(1926, 12, 25) },
    Era { letter: 'M', name: "明治", first: date(1868, 1, 25), last: date(1912, 7, 30) },
];

/// Reads a date: `R6.4.1`, `令和6年4月1日`, `令和元年5月1日`, `2024/4/1`, `2024-04-01`, `2024年4月1日`.
///
/// Eras 明治 to 令和 or M, T, S, H, R in either case; separators `.`, `/` and hyphens; full-width digits, ㋿, spaces around the parts. A
/// year without an era has four digits. The day must lie in its era (元号法; docs/domain.md, "Dates, names, numbers"). Days of 明治 before
/// 1873-01-01, when Japan adopted the Gregorian calendar, are read as if it had been in force: those in a family register are lunar and up
/// to two months off.
pub fn parse(text: &str) -> Result<Date, WarekiError> {
    let text = text.nfkc().collect::<String>();
    let text = text.trim();
    let era = ERAS.iter().find_map(|era| Some((era, without_era(text, era)?)));
    let parts = split(era.map_or(text, |(_, rest)| rest)).ok_or(WarekiError::NotADate)?;
    let year = match era {
        Some((era, _)) => era.first.year() - 1 + era_year(parts.year).ok_or(WarekiError::NotADate)?,
        None if parts.year.len() == 4 => number(parts.year).ok_or(WarekiError::NotADate)?,
        None => return Err(WarekiError::NotADate),
    };
    let day = Date::new(year, parts.month, parts.day).map_err(|_| WarekiError::NotADate)?;
    match era {
        Some((era, _)) if day < era.first || era.last < day => Err(WarekiError::OutsideEra),
        _ => Ok(day),
    }
}

/// A date for people to read: `令和8年11月21日(土)`, with the first year of an era as 元年. Before 明治 (1868-01-25) the year is Gregorian.
/// On a day that two eras share, the newer one is written.
pub fn format(date: Date) -> String {
    use jiff::civil::Weekday;
    let year = match era_of(date) {
        Some((era, 1)) => format!("{}元", era.name),
        Some((era, year)) => format!("{}{year}", era.name),
        None => date.year().to_string(),
    };
    let weekday = match date.weekday() {
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
        Weekday::Sunday => '日',
    };
    format!("{year}年{}月{}日({weekday})", date.month(), date.day())
}

/// The era in force on a day and the year in it, from 1; none before 明治.
pub(crate) fn era_of(date: Date) -> Option<(&'static Era, i16)> {
    let era = ERAS.iter().find(|era| era.first <= date)?;
    Some((era, date.year() - era.first.year() + 1))
}

/// The Gregorian year of the year `year` of the era with this letter; none when there is no such era or the year is 0.
pub(crate) fn year_of(letter: char, year: i16) -> Option<i16> {
    let era = ERAS.iter().find(|era| era.letter == letter)?;
    (year > 0).then(|| era.first.year().checked_add(year - 1))?
}

fn without_era<'a>(text: &'a str, era: &Era) -> Option<&'a str> {
    let letters = [era.letter, era.letter.to_ascii_lowercase()];
    text.strip_prefix(era.name).or_else(|| text.strip_prefix(letters)).map(str::trim_start)
}

struct Parts<'a> {
    year: &'a str,
    month: i8,
    day: i8,
}

fn split(text: &str) -> Option<Parts<'_>> {
    let (year, month, day) = match text.split_once('年') {
        Some((year, rest)) => {
            let (month, rest) = rest.split_once('月')?;
            (year, month, rest.strip_suffix('日')?)
        }
        None => {
            let (year, rest) = text.split_once(is_separator)?;
            let (month, day) = rest.split_once(is_separator)?;
            (year, month, day)
        }
    };
    let small = |part: &str| number(part.trim()).and_then(|n| i8::try_from(n).ok());
    Some(Parts { year: year.trim(), month: small(month)?, day: small(day)? })
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | '/') || is_hyphen(c)
}

fn era_year(text: &str) -> Option<i16> {
    if text == "元" { Some(1) } else { number(text).filter(|year| (1..100).contains(year)) }
}

/// One to four ASCII digits and nothing else (`parse` alone would also take a sign).
fn number(text: &str) -> Option<i16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_date_is_read_as_people_write_it() {
        for text in [
            "R6.4.1",
            "r6.4.1",
            "Ｒ６．４．１",
            "R6/4/1",
            "R06-04-01",
            "令和6年4月1日",
            "令和６年４月１日",
            "令和 6年 4月 1日",
            "㋿6年4月1日",
            "令和6.4.1",
            "2024/4/1",
            "2024-04-01",
            "２０２４／４／１",
            "２０２４ー４ー１",
            "2024.4.1",
            "2024年4月1日",
            " 2024 / 4 / 1 ",
        ] {
            assert_eq!(parse(text), Ok(date(2024, 4, 1)), "{text}");
        }
    }

    #[test]
    fn the_first_year_of_an_era_may_be_written_as_its_origin() {
        for text in ["令和元年5月1日", "令和1年5月1日", "R元.5.1", "R1.5.1"] {
            assert_eq!(parse(text), Ok(date(2019, 5, 1)), "{text}");
        }
    }

    #[test]
    fn every_era_is_known_from_its_first_day_to_its_last() {
        for (text, expected) in [
            ("令和元年5月1日", date(2019, 5, 1)),
            ("平成31年4月30日", date(2019, 4, 30)),
            ("平成元年1月8日", date(1989, 1, 8)),
            ("昭和64年1月7日", date(1989, 1, 7)),
            ("昭和元年12月25日", date(1926, 12, 25)),
            ("大正15年12月25日", date(1926, 12, 25)),
            ("大正元年7月30日", date(1912, 7, 30)),
            ("明治45年7月30日", date(1912, 7, 30)),
            ("明治6年1月1日", date(1873, 1, 1)),
            ("明治元年1月25日", date(1868, 1, 25)),
            ("S20.8.15", date(1945, 8, 15)),
            ("H7.1.17", date(1995, 1, 17)),
            ("T12.9.1", date(1923, 9, 1)),
            ("M45.7.30", date(1912, 7, 30)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_day_outside_its_era_is_refused() {
        for text in [
            "令和元年4月30日",
            "平成31年5月1日",
            "平成元年1月7日",
            "昭和64年1月8日",
            "昭和元年12月24日",
            "大正15年12月26日",
            "大正元年7月29日",
            "明治45年7月31日",
            "明治元年1月24日",
            "H99.1.1",
        ] {
            assert_eq!(parse(text), Err(WarekiError::OutsideEra), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "令和",
            "令和6年",
            "令和6年4月",
            "R6",
            "令和0年5月1日",
            "令和-6年4月1日",
            "R+6.4.1",
            "R6.4.1.1",
            "R6.4.31",
            "2023/2/29",
            "2024/13/1",
            "2024/0/1",
            "24/4/1",
            "元年5月1日",
            "20240401",
            "2024/4",
            "2024 4 1",
            "2024/4/1 5",
            "R6.1 0.1",
            "慶応4年1月1日",
            "令和六年四月一日",
            "2024年4月1日頃",
            "2024/4/129",
        ] {
            assert_eq!(parse(text), Err(WarekiError::NotADate), "{text}");
        }
    }

    #[test]
    fn a_date_is_written_for_people() {
        assert_eq!(format(date(2026, 11, 21)), "令和8年11月21日(土)");
        assert_eq!(format(date(2019, 5, 1)), "令和元年5月1日(水)");
        assert_eq!(format(date(2019, 4, 30)), "平成31年4月30日(火)");
        assert_eq!(format(date(1989, 1, 7)), "昭和64年1月7日(土)");
        assert_eq!(format(date(1926, 12, 25)), "昭和元年12月25日(土)");
        assert_eq!(format(date(1868, 1, 24)), "1868年1月24日(金)");
    }

    #[test]
    fn an_error_tells_what_to_do_and_not_what_was_typed() {
        assert!(parse("平成31年12月3日").unwrap_err().to_string().starts_with("元号と年月日が合いません。"));
        assert!(!parse("平成31年12月3日").unwrap_err().to_string().contains("12月3日"));
        assert!(parse("見本").unwrap_err().to_string().contains("入力してください。"));
    }

    proptest! {
        #[test]
        fn what_is_written_for_people_is_read_back(days in 0..83_274_i32) {
            let day = date(1873, 1, 1).saturating_add(jiff::Span::new().days(days));
            prop_assert!(day <= date(2100, 12, 31));
            let written = format(day);
            let without_weekday = written.split('(').next().unwrap();
            prop_assert_eq!(parse(without_weekday), Ok(day));
            prop_assert_eq!(parse(&day.to_string()), Ok(day));
        }

        #[test]
        fn no_text_makes_parsing_fail_badly(text in "[RHSTMr令和平成元0-9０-９./年月日ー -]{0,14}") {
            let _ = parse(&text);
        }
    }
}
