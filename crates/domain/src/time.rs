//! Time as the service knows it: instants in microseconds, calendar days in Japan (JST, UTC+9, no summer time).

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The seconds in a day.
pub const DAY_SECONDS: i64 = 24 * 3600;

/// The source of time. Always an argument, so that a test can set it by hand.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}

/// An instant, in whole microseconds (what both databases keep). Written as RFC 3339 with `+09:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// The text is no RFC 3339 instant with an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant")]
pub struct NotAnInstant;

impl Instant {
    /// From microseconds since 1970-01-01T00:00:00Z; clamped to the seconds that jiff can show (years −9999–9999).
    pub fn from_micros(micros: i64) -> Self {
        // Whole seconds: jiff accepts no microseconds within its last second.
        let (min, max) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        Self(micros.clamp(min * 1_000_000, max * 1_000_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// The calendar day in Japan.
    pub fn date(self) -> Date {
        self.zoned().date()
    }

    /// Midnight in Japan at the start of `date`.
    pub fn at_midnight(date: Date) -> Self {
        let at = jst().to_timestamp(date.at(0, 0, 0, 0)).map(|t| t.as_microsecond());
        Self::from_micros(at.unwrap_or(0))
    }

    /// This instant, `seconds` later (earlier when negative).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    fn zoned(self) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(jst())
    }
}

fn jst() -> TimeZone {
    TimeZone::fixed(Offset::constant(9))
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let zoned = self.zoned();
        write!(f, "{}", zoned.timestamp().display_with_offset(zoned.offset()))
    }
}

impl std::str::FromStr for Instant {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        // jiff also reads ISO 8601 forms that RFC 3339 does not allow, so the shape is checked first.
        if !is_rfc_3339(text.as_bytes()) {
            return Err(NotAnInstant);
        }
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| NotAnInstant)?;
        let instant = Self::from_micros(timestamp.as_microsecond());
        // An offset may move the instant out of the years 0000–9999, which are all that RFC 3339 can write: it could be stored but never
        // read again.
        if (0..=9999).contains(&instant.date().year()) { Ok(instant) } else { Err(NotAnInstant) }
    }
}

/// The grammar `date-time` of RFC 3339 §5.6; whether the day and time exist is checked later.
fn is_rfc_3339(text: &[u8]) -> bool {
    let (seconds, rest) = text.split_at_checked("0000-00-00T00:00:00".len()).unwrap_or_default();
    let offset = match rest.split_first() {
        Some((b'.', rest)) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest.get(digits..).filter(|_| digits > 0).unwrap_or_default()
        }
        _ => rest,
    };
    has_shape(seconds, b"0000-00-00T00:00:00")
        && [b"Z".as_slice(), b"+00:00", b"-00:00"].iter().any(|shape| has_shape(offset, shape))
        && is_time_of_day(offset)
}

/// Whether an offset is at most 23:59 either way: its hours and minutes are those of a day (`time-numoffset`). True for `Z`, too.
fn is_time_of_day(offset: &[u8]) -> bool {
    let two = |at: usize| offset.get(at..at + 2).unwrap_or(b"00");
    two(1) <= b"23".as_slice() && two(4) <= b"59".as_slice()
}

/// Whether a text is as long as `shape`, with a digit for each `0` and, in either case, the other characters of `shape`.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte.eq_ignore_ascii_case(wanted),
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}
impl utoipa::ToSchema for Instant {}

/// A calendar day on the wire: exactly `YYYY-MM-DD` (ISO 8601, Gregorian). Era text is refused here; see [`crate::wareki`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

/// The text is no day in the form `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day")]
pub struct NotADay;

impl Day {
    /// The last day of the calendar: what stands until then stands for good.
    pub const LAST: Self = Self(jiff::civil::date(9999, 12, 31));
}

impl std::str::FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let digits = |range: std::ops::Range<usize>| {
            text.get(range).filter(|t| t.bytes().all(|b| b.is_ascii_digit())).and_then(|t| t.parse::<i16>().ok())
        };
        let shaped = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let (Some(year), Some(month), Some(day), true) = (digits(0..4), digits(5..7), digits(8..10), shaped) else {
            return Err(NotADay);
        };
        let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else {
            return Err(NotADay);
        };
        Date::new(year, month, day).map(Self).map_err(|_| NotADay)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).into()
    }
}
impl utoipa::ToSchema for Day {}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn the_ends_of_time_can_be_written() {
        assert_eq!(Instant::from_micros(i64::MAX).to_string(), "9999-12-31T07:00:00+09:00");
        assert!(Instant::from_micros(i64::MIN).to_string().starts_with("-009999-01-0"));
    }

    #[test]
    fn only_rfc_3339_is_an_instant() {
        let read = |text: &str| text.parse::<Instant>().ok().map(|instant| instant.to_string());
        for text in ["2026-11-21T09:30:00+09:00", "2026-11-21t00:30:00.000z", "2026-11-21T00:30:00-00:00"] {
            assert_eq!(read(text).as_deref(), Some("2026-11-21T09:30:00+09:00"), "{text}");
        }
        for text in [
            "2026-11-21 00:30:00Z",
            "2026-11-21T00:30Z",
            "2026-11-21T00:30:00",
            "2026-11-21T00:30:00,5Z",
            "2026-11-21T00:30:00.Z",
            "2026-11-21T00:30:00+09",
            "2026-11-21T00:30:00+0900",
            "2026-11-21T00:30:00+09:00:30",
            "2026-11-21T00:30:00+09:00[Asia/Tokyo]",
            "2026-02-30T00:30:00Z",
            "0000-01-01T00:30:00+23:59",
            "2026-11-21T00:30:00+24:00",
            "2026-11-21T00:30:00-24:00",
            "2026-11-21T00:30:00+09:60",
            "2026-11-21T00:30:00-25:59",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("2026-11-21T23:59:00+23:59").as_deref(), Some("2026-11-21T09:00:00+09:00"));
        assert_eq!(read("2026-11-20T00:31:00-23:59").as_deref(), Some("2026-11-21T09:30:00+09:00"));
    }
}
