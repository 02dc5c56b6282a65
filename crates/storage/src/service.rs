//! Whether receivers may read. They may not in a database that was restored from a copy: what was taken back after the copy was made (a
//! consent, say) is in force there again, and only people know of the withdrawal.

use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::schema::in_service;
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;

/// The tables whose rows are not copied: the mark of this file, and the sessions, because some of them have been ended since the copy was
/// made.
pub(crate) const NOT_COPIED: &[&str] = &["in_service", "session"];

/// In a query: whether receivers may read.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn receivers_read() -> _ {
    exists(in_service::table.find(1_i32))
}

/// Whether receivers may read.
pub(crate) fn is_open(conn: &mut Conn) -> QueryResult<bool> {
    diesel::select(exists(in_service::table.find(1))).get_result(conn)
}

impl ReadTx<'_> {
    /// Whether receivers may read: not after a restore, until [`WriteTx::open_to_receivers`].
    pub fn is_open_to_receivers(&mut self) -> Result<bool, StoreError> {
        Ok(is_open(self.conn)?)
    }
}

impl WriteTx<'_> {
    /// Whether receivers may read: not after a restore, until [`WriteTx::open_to_receivers`].
    pub fn is_open_to_receivers(&mut self) -> Result<bool, StoreError> {
        Ok(is_open(self.conn)?)
    }

    /// Lets receivers read again. [`StoreError::Conflict`] when they may already.
    pub fn open_to_receivers(&mut self) -> Result<(), StoreError> {
        diesel::insert_into(in_service::table).values(in_service::id.eq(1)).execute(self.conn)?;
        Ok(())
    }
}
