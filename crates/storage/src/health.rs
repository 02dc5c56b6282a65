//! Small questions that are asked often: does the database answer, does it fit?

use crate::connection::Conn;
use crate::keys::{DataKey, KeyError, Keyring, missing};
use crate::locked::wrapped;
use crate::migrate;
use crate::schema::sheet;
use crate::sql_types::Uid;
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::case::Case;
use domain::ids::SheetId;

/// Unwraps the data key of the newest sheet. `None` where there is no sheet.
pub(crate) fn open_newest_sheet(conn: &mut Conn, keys: &Keyring) -> QueryResult<Option<Result<DataKey, KeyError>>> {
    let newest: Option<(Uid<SheetId>, Vec<u8>)> =
        sheet::table.order(sheet::id.desc()).select((sheet::id, sheet::data_key)).first(conn).optional()?;
    Ok(newest.map(|(id, key)| keys.unwrap_key(&key, &wrapped::<Case>(id.0.0))))
}

impl ReadTx<'_> {
    /// The stamps of the migrations that the database has, for [`migrate::compare`].
    pub fn list_schema_stamps(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(migrate::applied(self.conn)?)
    }

    /// Whether all master keys under which the database was written are here, and the data key of the newest sheet can be opened.
    pub fn keys_fit(&mut self) -> Result<bool, StoreError> {
        let newest = open_newest_sheet(self.conn, self.keys)?;
        Ok(newest.is_none_or(|opened| opened.is_ok()) && missing(self.conn, self.keys)?.is_none())
    }
}
