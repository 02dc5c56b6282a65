use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A connection to either database. (It is not called `Connection`, because that clashes with a name inside the derive.)
#[derive(diesel::MultiConnection)]
pub(crate) enum Conn {
    /// Production.
    Postgres(PgConnection),
    /// Embedded, the default.
    Sqlite(SqliteConnection),
}
