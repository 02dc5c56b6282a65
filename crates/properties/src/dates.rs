//! Dates for people (和暦), and instants and days for programs.

use crate::text;
use domain::time::{Day, Instant};
use domain::wareki;
use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// An era's year has at most two digits: 令和99年 is the last year that is read.
const YEARS: std::ops::RangeInclusive<i16> = 1000..=2117;

/// A date that can be read is written for people and read again as the same date; so is every day. A day on the wire has one spelling.
pub(crate) fn wareki(data: &[u8]) {
    if let Some(sent) = text(data) {
        let read = wareki::parse(sent);
        if let Ok(date) = read {
            there_and_back(date);
        }
        assert_eq!(wareki::parse(&sent.nfkc().collect::<String>()), read, "the width of the figures says nothing");
        if let Ok(day) = sent.parse::<Day>() {
            assert_eq!(day.to_string(), sent, "a day on the wire has one spelling");
            assert_eq!(read, Ok(day.0), "a day of programs is a day of people");
        }
    }
    if let [a, b, month, day, ..] = *data {
        let year = YEARS.start() + i16::from_le_bytes([a, b]).rem_euclid(YEARS.end() - YEARS.start() + 1);
        let (month, day) = (i8::try_from(month % 12 + 1), i8::try_from(day % 31 + 1));
        if let Ok(date) = Date::new(year, month.expect("1 to 12"), day.expect("1 to 31")) {
            there_and_back(date);
        }
    }
}

fn there_and_back(date: Date) {
    if YEARS.contains(&date.year()) {
        let written = wareki::format(date);
        let (without_weekday, _) = written.split_once('(').expect("a weekday");
        assert_eq!(wareki::parse(without_weekday), Ok(date));
    }
}

/// Only RFC 3339 is accepted as an instant; it is written in Japan's time and read again as the same.
pub(crate) fn instant(data: &[u8]) {
    if let Some(sent) = text(data)
        && let Ok(instant) = sent.parse::<Instant>()
    {
        assert!(is_rfc_3339(sent.as_bytes()), "an instant that RFC 3339 does not know");
        let written = instant.to_string();
        assert!(written.ends_with("+09:00"));
        assert_eq!(written.parse(), Ok(instant));
    }
    if let Some(micros) = data.first_chunk::<8>() {
        let instant = Instant::from_micros(i64::from_le_bytes(*micros));
        // RFC 3339 has years of four digits.
        if (0..=9999).contains(&instant.date().year()) {
            assert_eq!(instant.to_string().parse(), Ok(instant));
            assert!(Instant::at_midnight(instant.date()) <= instant);
        }
    }
}

/// The grammar of RFC 3339 §5.6, without the bounds of its numbers except those of the offset: 23:59 either way.
fn is_rfc_3339(sent: &[u8]) -> bool {
    let shaped = |sent: &[u8], shape: &[u8]| {
        sent.len() == shape.len()
            && sent
                .iter()
                .zip(shape)
                .all(|(c, s)| if *s == b'0' { c.is_ascii_digit() } else { c.eq_ignore_ascii_case(s) })
    };
    let Some((time, rest)) = sent.split_at_checked(19) else { return false };
    let rest = match rest.split_first() {
        Some((b'.', fraction)) => {
            let digits = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        _ => rest,
    };
    let in_bounds = |offset: &[u8]| offset <= b"23:59".as_slice() && offset.get(3..) <= Some(b"59".as_slice());
    let within = rest.len() == 1 || rest.get(1..).is_some_and(in_bounds);
    shaped(time, b"0000-00-00T00:00:00")
        && within
        && (shaped(rest, b"Z") || shaped(rest, b"+00:00") || shaped(rest, b"-00:00"))
}
