//! Rows about a sheet that is not there: the one thing that no comparison with a document finds, and no foreign key refuses (ADR 21).

use crate::schema::{
    access, address_release, attachment, closure, consent, entry, exception, receipt, relay, search_token, sheet,
    sheet_content, stop_request, task,
};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

impl ReadTx<'_> {
    /// How many rows of each table name a sheet that is not there; tables without such rows are left out.
    pub(super) fn count_strays(&mut self) -> Result<Vec<(&'static str, i64)>, StoreError> {
        let mut strays = Vec::new();
        macro_rules! of {
            ($($table:ident),+) => {$(
                let there = sheet::table.filter(sheet::id.eq($table::sheet_id));
                let count: i64 = $table::table.filter(not(exists(there))).count().get_result(self.conn)?;
                strays.push((stringify!($table), count));
            )+};
        }
        of!(
            access,
            address_release,
            attachment,
            closure,
            consent,
            entry,
            exception,
            receipt,
            relay,
            search_token,
            sheet_content,
            stop_request,
            task
        );
        strays.retain(|(_, count)| *count > 0);
        Ok(strays)
    }
}
