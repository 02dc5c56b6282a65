//! Opening a connection: the URL decides which database, the role decides what the connection may do.

#[expect(clippy::disallowed_methods, reason = "what the derive writes")]
mod conn;

pub(crate) use conn::{Conn, MultiBackend, MultiRawValue};

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sqlite::SqliteConnection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use tracing::Level;

/// Where the data is: `sqlite:PATH` or `postgres://…`. It never prints the URL, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Target);

#[derive(Clone, PartialEq, Eq)]
enum Target {
    Sqlite(PathBuf),
    Postgres(String),
}

/// Why there is no connection. It contains nothing of a PostgreSQL URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The URL is of neither kind.
    #[error("the database URL must begin with sqlite: or postgres://")]
    Scheme,
    /// `sqlite:` without a file. A database in memory would be a different one for each connection.
    #[error("sqlite: must be followed by the path of a file, such as sqlite:data/tsunagu.db")]
    Path,
    /// The database refused the connection.
    #[error("cannot open {database}: {reason}")]
    Refused {
        /// Which database, without credentials.
        database: String,
        /// What the database said, without credentials.
        reason: String,
    },
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads; the database itself refuses writes.
    Reader,
    /// A writer lane.
    Writer,
    /// Changes the schema; a statement may take long.
    Migrator,
}

impl std::str::FromStr for DatabaseUrl {
    type Err = ConnectError;

    fn from_str(url: &str) -> Result<Self, ConnectError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self(Target::Postgres(url.to_owned())));
        }
        let path = url.strip_prefix("sqlite:").ok_or(ConnectError::Scheme)?;
        // `sqlite://x` would mean the host x; `sqlite:///x` is how other tools spell the path /x.
        let hosted = path.starts_with("//") && !path.starts_with("///");
        if path.is_empty() || path == ":memory:" || path.contains('\0') || hosted {
            return Err(ConnectError::Path);
        }
        let path = if path.starts_with("///") { path.trim_start_matches("//") } else { path };
        // A relative path gets "./"; otherwise SQLite would take `file:…` for a URI.
        Ok(Self(Target::Sqlite(Path::new(if path.starts_with('/') { "/" } else { "." }).join(path))))
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

impl DatabaseUrl {
    /// Whether this is SQLite.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, Target::Sqlite(_))
    }

    /// The file of an SQLite database; none with PostgreSQL.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) => None,
        }
    }

    /// The URL of a PostgreSQL database, its password included.
    pub(crate) fn postgres(&self) -> Option<&str> {
        match &self.0 {
            Target::Sqlite(_) => None,
            Target::Postgres(url) => Some(url),
        }
    }

    pub(crate) fn connect(&self, role: Role) -> Result<Conn, ConnectError> {
        match &self.0 {
            Target::Sqlite(path) => connect_sqlite(path, role).map(Conn::Sqlite),
            Target::Postgres(url) => connect_postgres(url, role).map(Conn::Postgres),
        }
        .map_err(|reason| ConnectError::Refused { database: format!("{self:?}"), reason })
    }
}

fn connect_sqlite(path: &Path, role: Role) -> Result<SqliteConnection, String> {
    use diesel::Connection as _;
    use std::os::unix::fs::OpenOptionsExt;
    // SQLite would create a file that everybody can read; its WAL takes the mode of the file.
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.to_string()),
        _ => {}
    }
    let path = path.to_str().ok_or("the path is not UTF-8")?;
    let mut conn = SqliteConnection::establish(path).map_err(|error| error.to_string())?;
    // `busy_timeout` comes first: even journal_mode may find the file locked. `secure_delete` overwrites what is deleted, so that a
    // destroyed key is gone; `temp_store` keeps sorted personal data out of temporary files. The caches are small, because the system
    // caches the file once for all connections. SQLite's default of 1,000 pages between checkpoints stays: with more pages, the write that
    // runs into a checkpoint waits longer.
    let pragmas = match role {
        Role::Reader => "pragma busy_timeout = 5000; pragma cache_size = -2048; pragma query_only = on;",
        Role::Writer => {
            "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
             pragma cache_size = -8192; pragma secure_delete = on;"
        }
        // Foreign keys are checked at the end instead: a table that is being rebuilt does not have them for a moment.
        Role::Migrator => {
            "pragma busy_timeout = 60000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off;
             pragma secure_delete = on;"
        }
    };
    conn.batch_execute(pragmas)
        .and_then(|()| conn.batch_execute("pragma temp_store = memory; pragma trusted_schema = off;"))
        .map_err(|error| error.to_string())?;
    Ok(conn)
}

fn connect_postgres(url: &str, role: Role) -> Result<PgConnection, String> {
    use diesel::Connection as _;
    let mut full = url.to_owned();
    if !full.contains("connect_timeout=") {
        full.push_str(match full.contains('?') {
            false => "?",
            true if full.ends_with(['?', '&']) => "",
            true => "&",
        });
        full.push_str("connect_timeout=5");
    }
    let mut conn = PgConnection::establish(&full).map_err(|error| without_secrets(url, error.to_string()))?;
    // The HTTP deadline is 10 s: for SQL that takes longer, nobody waits any more, but it would hold a connection.
    let settings = match role {
        Role::Reader => "set statement_timeout = '8s'; set default_transaction_read_only = on;",
        // A lane's statements find their rows by a key, so one plan fits every value. Left to itself, PostgreSQL plans a statement with a
        // list of ids anew for each execution, which takes longer than the statement.
        Role::Writer => {
            "set statement_timeout = '8s'; set idle_in_transaction_session_timeout = '60s';
             set plan_cache_mode = force_generic_plan;"
        }
        Role::Migrator => "set statement_timeout = 0;",
    };
    conn.batch_execute(settings)
        .and_then(|()| conn.batch_execute("set application_name = 'tsunagu'; set timezone = 'UTC'"))
        .map_err(|error| error.to_string())?;
    // Diesel reports a deadlock only by its message, so we ask for English. Not every user may choose the language; see `trouble`.
    let _refused = conn.batch_execute("set lc_messages = 'C'");
    Ok(conn)
}

/// libpq repeats the parts of a URL that it cannot read, among them perhaps a mangled password. Its message passes only when it contains no
/// part of the credentials.
fn without_secrets(url: &str, message: String) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user_and_password = rest.rsplit_once('@').map_or("", |(before, _)| before);
    let password = user_and_password.split_once(':').map_or("", |(_, password)| password);
    let in_query =
        rest.split(['?', '&']).filter_map(|pair| pair.split_once('=')).filter(|(name, _)| name.contains("pass"));
    let mut secrets = in_query
        .map(|(_, value)| value)
        .chain([password])
        .flat_map(|secret| secret.split(|c: char| !c.is_alphanumeric()).chain([secret]));
    if secrets.any(|part| !part.is_empty() && message.contains(part)) {
        "the URL cannot be read, or was refused (its words are withheld, they repeat the credentials)".to_owned()
    } else {
        message
    }
}

/// What an error of the database means for the transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// None for the transaction: the statement failed, the rest stands.
    None = 0,
    /// Others were in the way; a second attempt may succeed.
    Collision = 1,
    /// The connection is gone.
    Broken = 2,
}

/// What libpq says when the server is lost in the middle of a statement. Diesel has a kind of error only for a loss before one.
const LOST: &[&str] = &[
    "server closed the connection unexpectedly",
    "could not receive data from server",
    "could not send data to server",
    "no connection to the server",
    "SSL SYSCALL error",
    "unexpected eof while reading",
];
/// Diesel has no kinds of error for 40P01 and SQLITE_BUSY.
const COLLISIONS: &[&str] = &["deadlock detected", "デッドロックを検出しました", "database is locked"];

pub(crate) fn trouble(error: &Error) -> Trouble {
    match error {
        Error::BrokenTransactionManager => Trouble::Broken,
        Error::RollbackErrorOnCommit { .. } => Trouble::Broken,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Trouble::Broken,
            DatabaseErrorKind::SerializationFailure => Trouble::Collision,
            // By the message, which neither SQLite nor our libpq ever translates.
            DatabaseErrorKind::Unknown => {
                let say = |words: &[&str]| words.iter().any(|words| information.message().contains(words));
                if say(LOST) {
                    Trouble::Broken
                } else if say(COLLISIONS) {
                    Trouble::Collision
                } else {
                    Trouble::None
                }
            }
            _ => Trouble::None,
        },
        _ => Trouble::None,
    }
}

/// PostgreSQL cancelled a statement that ran too long (57014).
pub(crate) fn timed_out(error: &Error) -> bool {
    says(error, &["due to statement timeout", "ステートメントのタイムアウト"])
}

/// The disk is full (SQLITE_FULL, 53100), or cannot be written (SQLITE_IOERR).
pub(crate) fn disk_failed(error: &Error) -> bool {
    says(
        error,
        &["database or disk is full", "disk I/O error", "No space left on device", "デバイスに空き領域がありません"],
    )
}

/// Recognizes by its message an error that has no kind in Diesel.
fn says(error: &Error, words: &[&str]) -> bool {
    let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = error else {
        return false;
    };
    words.iter().any(|words| information.message().contains(words))
}

/// Notices the trouble of every statement on a connection, even when the closure that ran it hides or renames the error.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    worst: Arc<AtomicU8>,
    failed: Arc<AtomicBool>,
}

impl Watch {
    pub(crate) fn on(conn: &mut Conn) -> Self {
        let watch = Self::default();
        diesel::Connection::set_instrumentation(conn, watch.clone());
        watch
    }

    /// The worst since the last [`Watch::take`].
    pub(crate) fn seen(&self) -> Trouble {
        match self.worst.load(Ordering::Relaxed) {
            0 => Trouble::None,
            1 => Trouble::Collision,
            _ => Trouble::Broken,
        }
    }

    /// The worst since the last call.
    pub(crate) fn take(&self) -> Trouble {
        let seen = self.seen();
        self.worst.store(0, Ordering::Relaxed);
        self.failed.store(false, Ordering::Relaxed);
        seen
    }

    /// Whether any statement failed since the last [`Watch::take`], trouble or not.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::FinishQuery { error: Some(error), .. } => {
                self.worst.fetch_max(trouble(error) as u8, Ordering::Relaxed);
                self.failed.store(true, Ordering::Relaxed);
            }
            InstrumentationEvent::StartQuery { query, .. } if tracing::enabled!(target: "storage::sql", Level::TRACE) =>
            {
                // Diesel writes the statement, then this mark, then the values; values never go into a log.
                let shown = query.to_string();
                let sql = shown.split(" -- binds:").next().unwrap_or_default();
                tracing::trace!(target: "storage::sql", sql);
            }
            _ => {}
        }
    }
}
