//! Small questions that are asked often: does the database answer, does it fit, does the trail keep up?

use crate::connection::Conn;
use crate::keys::{DataKey, KeyError, Keyring, missing};
use crate::locked::wrapped;
use crate::migrate;
use crate::schema::{audit_pending, sheet};
use crate::sql_types::Uid;
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::case::Case;
use domain::ids::{EventId, SheetId};
use domain::time::Instant;

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

    /// When the oldest event was made that waits for its place in the Merkle tree, to the millisecond (read from its id).
    pub fn oldest_pending_event(&mut self) -> Result<Option<Instant>, StoreError> {
        let oldest: Option<Uid<EventId>> = audit_pending::table
            .order(audit_pending::event_id)
            .select(audit_pending::event_id)
            .first(self.conn)
            .optional()?;
        let made = oldest.and_then(|id| id.0.0.get_timestamp()).map(|stamp| {
            let (seconds, nanos) = stamp.to_unix();
            Instant::from_micros(
                i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000) + i64::from(nanos / 1000),
            )
        });
        Ok(made)
    }
}
