use crate::connection::{ConnectError, Trouble, disk_failed, timed_out, trouble};
use crate::keys::KeyError;
use diesel::result::{DatabaseErrorKind, Error};
use domain::audit::Stream;
use std::sync::Arc;
use uuid::Uuid;

/// Why the store did not do it. No message shows a value of a row, except a code that is in no list.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Too much work at once, or others were in the way for too long: try again soon (503).
    #[error("the store is busy")]
    Busy,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
    /// There is no connection. If it broke during a commit, nobody knows whether the commit happened.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The disk of the database is full or fails: when an operator has made room, the same write goes through.
    #[error("the disk of the database is full, or fails: make room on it ({0})")]
    Disk(String),
    /// A row like this exists already.
    #[error("a row like this exists already ({0})")]
    Conflict(String),
    /// The closure asked to be run again with `WriteTx::retry`, and failed the same way twice.
    #[error("the write was run again and failed again")]
    Retry,
    /// There is no such row.
    #[error("there is no such row")]
    Missing,
    /// A row holds a code that this version does not know.
    #[error("unknown code {code:?} in {table}.{column} of row {row}")]
    UnknownCode {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The id of the row.
        row: Uuid,
        /// The code.
        code: String,
    },
    /// Somebody other than the service has changed what the stream's head vouches for: the head, or the document to which its events have
    /// led. The thing is refused until an operator has looked at it; everything else goes on.
    #[error("state diverged: {0} is not what the service wrote")]
    Diverged(Stream),
    /// The closure panicked; nothing of it was stored.
    #[error("the work panicked")]
    Panicked,
    /// A key did not fit.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Anything else the database said.
    #[error("the database refused: {0}")]
    Database(Arc<Error>),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::Missing,
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, ref information) => {
                Self::Conflict(information.constraint_name().unwrap_or(information.message()).to_owned())
            }
            error if timed_out(&error) => Self::Busy,
            error if disk_failed(&error) => Self::Disk(error.to_string()),
            error => match trouble(&error) {
                Trouble::Collision => Self::Busy,
                Trouble::Broken => Self::Unavailable(error.to_string()),
                Trouble::None => Self::Database(Arc::new(error)),
            },
        }
    }
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
