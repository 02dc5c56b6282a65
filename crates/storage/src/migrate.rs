//! The schema: twin migrations for both databases, compiled in.

use crate::connection::{Conn, ConnectError, DatabaseUrl, Role};
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
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
    /// Rows point nowhere after the migrations; nothing of them stays.
    #[error("after the migration {0} rows refer to rows that do not exist")]
    Dangling(i64),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Applies what is not applied yet and answers with its names. Safe when several processes start at once.
pub fn run(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    migrate(
        url,
        |conn| conn.run_pending_migrations(SQLITE).map(names),
        |conn| conn.run_pending_migrations(POSTGRES).map(names),
    )
}

/// Takes everything back, newest first, data included. For tests and for those who know what they do.
pub fn revert_all(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    migrate(
        url,
        |conn| conn.revert_all_migrations(SQLITE).map(names),
        |conn| conn.revert_all_migrations(POSTGRES).map(names),
    )
}

/// What [`run`] would apply, oldest first.
pub fn pending(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    migrate(
        url,
        |conn| conn.pending_migrations(SQLITE).map(|all| all.iter().map(|one| one.name().to_string()).collect()),
        |conn| conn.pending_migrations(POSTGRES).map(|all| all.iter().map(|one| one.name().to_string()).collect()),
    )
}

/// The names of the migrations for SQLite and for PostgreSQL; a test holds them equal.
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

/// Runs one of the two under a lock that only one process at a time can have.
#[expect(clippy::disallowed_methods, reason = "no lane exists before the schema does")]
fn migrate(
    url: &DatabaseUrl,
    sqlite: impl FnOnce(&mut SqliteConnection) -> Answer,
    postgres: impl FnOnce(&mut PgConnection) -> Answer,
) -> Result<Vec<String>, MigrateError> {
    match url.connect(Role::Migrator)? {
        // The lock is the transaction itself: SQLite has one writer, and its schema changes roll back.
        Conn::Sqlite(mut conn) => conn.immediate_transaction(|conn| {
            let done = sqlite(conn).map_err(MigrateError::Failed)?;
            let check = diesel::dsl::sql::<diesel::sql_types::BigInt>("select count(*) from pragma_foreign_key_check");
            let dangling: i64 = check.get_result(conn)?;
            if dangling == 0 { Ok(done) } else { Err(MigrateError::Dangling(dangling)) }
        }),
        // The lock belongs to the session and ends with this connection at the latest.
        Conn::Postgres(mut conn) => {
            conn.batch_execute(&format!("select pg_advisory_lock({LOCK})"))?;
            let done = postgres(&mut conn).map_err(MigrateError::Failed);
            conn.batch_execute(&format!("select pg_advisory_unlock({LOCK})"))?;
            done
        }
    }
}
