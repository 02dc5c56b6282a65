//! Stop notices of a case: sealed with the sheet's key, so that the answers can be read only together with the sheet.

use super::rows::StopRow;
use super::{open, seal};
use crate::keys::{Aad, DataKey};
use crate::lane::WriteTx;
use crate::schema::stop_notice;
use crate::sql_types::{OnDay, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::ids::{MunicipalityId, SheetId, StopNoticeId};
use domain::stop::StopNotice;

fn place(id: StopNoticeId) -> Aad {
    Aad::new("stop_notice", id.0, "sealed", 0)
}

impl WriteTx<'_> {
    pub(super) fn stops(&mut self, of: SheetId, key: &DataKey) -> Result<Vec<StopNotice>, StoreError> {
        let rows: Vec<(Uid<StopNoticeId>, Vec<u8>)> = stop_notice::table
            .filter(stop_notice::sheet_id.eq(Uid(of)))
            .order(stop_notice::id.asc())
            .select((stop_notice::id, stop_notice::sealed))
            .load(self.conn)?;
        rows.into_iter().map(|(id, sealed)| open(key, &place(id.0), &sealed)).collect()
    }

    pub(super) fn write_stop(
        &mut self,
        key: &DataKey,
        municipality: MunicipalityId,
        it: &StopNotice,
        new: bool,
    ) -> Result<(), StoreError> {
        let row = StopRow {
            id: Uid(it.id),
            municipality_id: Uid(municipality),
            sheet_id: Uid(it.sheet_id),
            agency_id: Uid(it.agency_id),
            rests_until: it.rests_until().map(OnDay),
            sealed: seal(self, key, &place(it.id), it)?,
        };
        if new {
            diesel::insert_into(stop_notice::table).values(&row).execute(self.conn)?;
        } else {
            diesel::update(stop_notice::table.find(row.id)).set(&row).execute(self.conn)?;
        }
        Ok(())
    }
}
