//! Column types that are native on both databases, and the Rust types that stand for them in rows.
//!
//! | in `table!` | PostgreSQL | SQLite | in a row |
//! | --- | --- | --- | --- |
//! | [`Id`] | `uuid` | `blob` | `Uid<SheetId>` |
//! | [`Moment`] | `timestamptz` | `integer` (microseconds) | [`At`] |
//! | [`CalendarDay`] | `date` | `text` (`YYYY-MM-DD`) | [`OnDay`] |
//! | [`Doc`] | `jsonb` | `text` | `DocOf<T>` |
//! | `Text` | `text` | `text` | `Coded<T>` |
//!
//! Rust's coherence rules keep the newtypes of `domain` from implementing Diesel's `AsExpression` here. Hence the wrappers: `Uid(id)` on
//! the way in, `row.id.0` on the way out. The values have the same order on both databases.

use crate::connection::{MultiBackend, MultiRawValue};
use crate::store::StoreError;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, HasSqlType, Integer, SqlType, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use domain::time::{Day, Instant};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::io::Write;
use uuid::Uuid;

/// An identifier: `uuid`, on SQLite a `blob` of 16 bytes.
#[derive(Debug, Clone, Copy, Default, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Id;

/// An instant: `timestamptz`, on SQLite an `integer` of microseconds since 1970.
#[derive(Debug, Clone, Copy, Default, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Moment;

/// A calendar day: `date`, on SQLite the text `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, Default, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 1082, array_oid = 1182), sqlite_type(name = "Text"))]
pub struct CalendarDay;

/// A JSON document: `jsonb`, on SQLite text. PostgreSQL refuses U+0000 in it and does not keep the order of keys, so nothing may depend on
/// either.
#[derive(Debug, Clone, Copy, Default, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct Doc;

/// An id of the domain, to and from the UUID that a column holds.
pub trait DomainId: Copy + Debug + Send + Sync + 'static {
    /// The id around `uuid`.
    fn of(uuid: Uuid) -> Self;
    /// The UUID inside.
    fn uuid(self) -> Uuid;
}

impl DomainId for Uuid {
    fn of(uuid: Uuid) -> Self {
        uuid
    }
    fn uuid(self) -> Uuid {
        self
    }
}

macro_rules! domain_ids {
    ($($name:ident),+ $(,)?) => {$(
        impl DomainId for domain::ids::$name {
            fn of(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }
    )+};
}

domain_ids! {
    MunicipalityId, AgencyId, StaffId, PostId, SessionId, ClientId, NoticeId, SheetId, ConsentId, WithdrawalId, EvidenceId, AttachmentId, ExceptionId,
    HouseholdId, RelayId, StopRequestId, AddressReleaseId, EntryId, EventId, MailId,
}

/// An id in a row: `Uid<SheetId>`; a bare `Uid` holds a [`Uuid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct Uid<T: DomainId = Uuid>(pub T);

/// An instant in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Moment)]
pub struct At(pub Instant);

/// A calendar day in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = CalendarDay)]
pub struct OnDay(pub Day);

/// A JSON document in a row, read into `T`.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Doc)]
pub struct DocOf<T: Document = serde_json::Value>(pub T);

/// What [`DocOf`] can hold.
pub trait Document: Serialize + DeserializeOwned + Debug + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Debug + Send + Sync + 'static> Document for T {}

/// Writes `ToSql` and `FromSql` for the backend of the multi-connection, which forwards to the two real backends.
macro_rules! on_both {
    ($([$($generics:tt)*] $name:ty => $sql:ident;)+) => {$(
        impl $($generics)* ToSql<$sql, MultiBackend> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value(($sql, self));
                Ok(IsNull::No)
            }
        }
        impl $($generics)* FromSql<$sql, MultiBackend> for $name {
            fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<Self, $sql>()
            }
        }
    )+};
}

macro_rules! known_to_both {
    ($($sql:ident),+) => {$(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql>(lookup)
            }
        }
    )+};
}

known_to_both!(Id, Moment, CalendarDay, Doc);
on_both! {
    [<T: DomainId>] Uid<T> => Id;
    [] At => Moment;
    [] OnDay => CalendarDay;
    [<T: Document>] DocOf<T> => Doc;
}

impl<T: DomainId> ToSql<Id, Pg> for Uid<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.uuid().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<T: DomainId> FromSql<Id, Pg> for Uid<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(T::of(Uuid::from_slice(value.as_bytes())?)))
    }
}

impl<T: DomainId> ToSql<Id, Sqlite> for Uid<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.uuid().as_bytes().to_vec());
        Ok(IsNull::No)
    }
}

impl<T: DomainId> FromSql<Id, Sqlite> for Uid<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(T::of(Uuid::from_slice(&bytes)?)))
    }
}

/// PostgreSQL counts from 2000-01-01, which is this many microseconds after 1970-01-01.
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The instant; an error when the domain would clamp it to another one.
fn instant(micros: i64) -> deserialize::Result<At> {
    let instant = Instant::from_micros(micros);
    if instant.as_micros() == micros { Ok(At(instant)) } else { Err("an instant outside the calendar".into()) }
}

impl ToSql<Moment, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.as_micros().checked_sub(PG_EPOCH_MICROS).ok_or("an instant outside the calendar")?;
        ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

impl FromSql<Moment, Pg> for At {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
        instant(micros.checked_add(PG_EPOCH_MICROS).ok_or("an instant outside the calendar")?)
    }
}

impl ToSql<Moment, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Moment, Sqlite> for At {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        instant(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)
    }
}

/// PostgreSQL counts days from here.
const PG_EPOCH_DAY: jiff::civil::Date = jiff::civil::date(2000, 1, 1);

impl ToSql<CalendarDay, Pg> for OnDay {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let days = PG_EPOCH_DAY.until(self.0.0)?.get_days();
        ToSql::<Integer, Pg>::to_sql(&days, &mut out.reborrow())
    }
}

impl FromSql<CalendarDay, Pg> for OnDay {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let days = <i32 as FromSql<Integer, Pg>>::from_sql(value)?;
        Ok(Self(Day(PG_EPOCH_DAY.checked_add(jiff::Span::new().try_days(days)?)?)))
    }
}

impl ToSql<CalendarDay, Sqlite> for OnDay {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        if self.0.0.year() < 0 {
            return Err("a year before 0 has no four digits".into());
        }
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<CalendarDay, Sqlite> for OnDay {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(<String as FromSql<Text, Sqlite>>::from_sql(value)?.parse()?))
    }
}

/// The first byte of every binary `jsonb`.
const JSONB_VERSION: u8 = 1;

impl<T: Document> ToSql<Doc, Pg> for DocOf<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<T: Document> FromSql<Doc, Pg> for DocOf<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((&JSONB_VERSION, json)) => Ok(Self(serde_json::from_slice(json)?)),
            _ => Err("not jsonb of version 1".into()),
        }
    }
}

impl<T: Document> ToSql<Doc, Sqlite> for DocOf<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: Document> FromSql<Doc, Sqlite> for DocOf<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&<String as FromSql<Text, Sqlite>>::from_sql(value)?)?))
    }
}

/// A domain enum that a `text` column stores as a code; implemented by [`coded!`].
pub trait Code: Copy + Debug + Send + Sync + 'static {
    /// The code in the column.
    fn code(self) -> &'static str;
    /// The value with this code.
    fn from_code(code: &str) -> Option<Self>;
}

/// Lets [`Coded`] hold these domain enums; they must have `as_str()` and `FromStr`.
macro_rules! coded {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::sql_types::Code for $name {
            fn code(self) -> &'static str {
                self.as_str()
            }
            fn from_code(code: &str) -> Option<Self> {
                code.parse().ok()
            }
        }
    )+};
}
pub(crate) use coded;

/// A code in a row. A code that the domain does not know is kept until [`Coded::known`] turns it into an error that names table, column and
/// row: the code that reads a row knows neither table nor id.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Coded<T: Code>(Result<T, String>);

impl<T: Code> Coded<T> {
    /// The value, or an error naming table, column and row.
    pub fn known<I: DomainId>(self, table: &'static str, column: &'static str, id: Uid<I>) -> Result<T, StoreError> {
        let row = id.0.uuid();
        self.0.map_err(|code| StoreError::UnknownCode { table, column, row, code })
    }
}

impl<T: Code> From<T> for Coded<T> {
    fn from(value: T) -> Self {
        Self(Ok(value))
    }
}

impl<T: Code, DB: Backend> ToSql<Text, DB> for Coded<T>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        match &self.0 {
            Ok(value) => value.code().to_sql(out),
            Err(code) => code.as_str().to_sql(out),
        }
    }
}

impl<T: Code, DB: Backend> FromSql<Text, DB> for Coded<T>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let code = String::from_sql(value)?;
        Ok(Self(T::from_code(&code).ok_or(code)))
    }
}
