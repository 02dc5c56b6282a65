//! Whether receivers may read: not in a database that was put back from a copy. What was taken back after the copy was made is as it was
//! before, and nobody but people knows of it.

use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::schema::in_service;
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;

/// Tables of which a copy has the form and no rows: this mark, and what would let somebody in again who was shown the door since.
pub(crate) const NOT_COPIED: &[&str] = &["in_service", "session"];

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
