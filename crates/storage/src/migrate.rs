//! The schema: twin migrations for both databases, compiled in.

use crate::connection::{Conn, ConnectError, DatabaseUrl, Role};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Any number that no other program on the same database uses: "tsunagu" in ASCII.
const LOCK: i64 = 0x74_73_75_6e_61_67_75;

/// Why the schema is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused a migration; nothing of it stays.
    #[error("the migration failed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// After the migrations, rows refer to rows that do not exist; nothing of the migrations stays.
    #[error("after the migration {0} rows refer to rows that do not exist")]
    Dangling(i64),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Applies the migrations that are not applied yet, and returns their names. Safe when several processes start at once.
pub fn run(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    migrate(
        url,
        |conn| conn.run_pending_migrations(SQLITE).map(names),
        |conn| conn.run_pending_migrations(POSTGRES).map(names),
    )
}

/// Reverts every migration, newest first; all data is lost. For tests and for people who know what they do.
pub fn revert_all(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    migrate(
        url,
        |conn| conn.revert_all_migrations(SQLITE).map(names),
        |conn| conn.revert_all_migrations(POSTGRES).map(names),
    )
}

/// How a database's schema compares with this program. The stamps are those of the migrations, such as `20261129000002`, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The migrations that the database has.
    pub applied: Vec<String>,
    /// The migrations that [`run`] would apply, by name.
    pub pending: Vec<String>,
    /// The migrations that the database has and this program does not know: a newer program was here.
    pub unknown: Vec<String>,
}

/// How the schema compares. Changes nothing, and makes nothing in an empty database. The file of an SQLite database must exist.
pub fn standing(url: &DatabaseUrl) -> Result<Standing, MigrateError> {
    let applied = applied(&mut url.connect(Role::Reader)?)?;
    compare(applied)
}

/// Compares the stamps `applied` with those that this program knows.
pub fn compare(applied: Vec<String>) -> Result<Standing, MigrateError> {
    Ok(beside(applied, &known()?))
}

/// Compares the stamps `applied` with `known`, the stamp and name of each migration.
pub(crate) fn beside(applied: Vec<String>, known: &[(String, String)]) -> Standing {
    let pending = known.iter().filter(|(stamp, _)| !applied.contains(stamp)).map(|(_, name)| name.clone()).collect();
    let unknown = applied.iter().filter(|stamp| known.iter().all(|(known, _)| known != *stamp)).cloned().collect();
    Standing { applied, pending, unknown }
}

/// The stamp and name of each migration, oldest first; the twins agree.
fn known() -> Result<Vec<(String, String)>, MigrateError> {
    let all = MigrationSource::<Sqlite>::migrations(&SQLITE).map_err(MigrateError::Failed)?;
    let mut known: Vec<(String, String)> =
        all.iter().map(|one| (one.name().version().to_string(), one.name().to_string())).collect();
    known.sort();
    Ok(known)
}

/// The stamps in the database, oldest first. Diesel's own query would make its table if it is not there.
pub(crate) fn applied(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let there = match conn {
        Conn::Sqlite(_) => "select count(*) from sqlite_master where name = '__diesel_schema_migrations'",
        Conn::Postgres(_) => "select count(to_regclass('__diesel_schema_migrations'))",
    };
    let there: i64 = sql::<BigInt>(there).get_result(conn)?;
    if there == 0 {
        return Ok(Vec::new());
    }
    sql::<Text>("select version from __diesel_schema_migrations order by version").load(conn)
}

/// The names of the migrations for SQLite and for PostgreSQL; a test checks that they are equal.
pub fn twins() -> Result<(Vec<String>, Vec<String>), MigrateError> {
    fn sorted<DB: diesel::backend::Backend>(all: Vec<Box<dyn Migration<DB>>>) -> Vec<String> {
        let mut names: Vec<String> = all.iter().map(|one| one.name().to_string()).collect();
        names.sort();
        names
    }
    let sqlite = MigrationSource::<Sqlite>::migrations(&SQLITE).map_err(MigrateError::Failed)?;
    let postgres = MigrationSource::<Pg>::migrations(&POSTGRES).map_err(MigrateError::Failed)?;
    Ok((sorted(sqlite), sorted(postgres)))
}

type Answer = diesel::migration::Result<Vec<String>>;

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

/// Runs the migrations of one of the two databases under a lock that only one process can hold at a time.
#[expect(clippy::disallowed_methods, reason = "no lane exists before the schema does")]
fn migrate(
    url: &DatabaseUrl,
    sqlite: impl FnOnce(&mut SqliteConnection) -> Answer,
    postgres: impl FnOnce(&mut PgConnection) -> Answer,
) -> Result<Vec<String>, MigrateError> {
    match url.connect(Role::Migrator)? {
        // The transaction is the lock: SQLite has one writer, and its schema changes can be rolled back.
        Conn::Sqlite(mut conn) => conn.immediate_transaction(|conn| {
            let done = sqlite(conn).map_err(MigrateError::Failed)?;
            // The check reads every row that refers to another, so it runs only when something has changed, not at each start.
            if done.is_empty() {
                return Ok(done);
            }
            let check = sql::<BigInt>("select count(*) from pragma_foreign_key_check");
            let dangling: i64 = check.get_result(conn)?;
            if dangling == 0 { Ok(done) } else { Err(MigrateError::Dangling(dangling)) }
        }),
        // The lock belongs to the session, so it ends with this connection at the latest.
        Conn::Postgres(mut conn) => {
            conn.batch_execute(&format!("select pg_advisory_lock({LOCK})"))?;
            let done = postgres(&mut conn).map_err(MigrateError::Failed);
            conn.batch_execute(&format!("select pg_advisory_unlock({LOCK})"))?;
            done
        }
    }
}
