//! The rows of stop notices, by which the rounds find those that wait too long.

use super::rows::StopRow;
use crate::lane::WriteTx;
use crate::prepared::{names, put};
use crate::schema::stop_notice;
use crate::sql_types::{OnDay, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::ids::MunicipalityId;
use domain::stop::StopNotice;

names!(AddStop, ChangeStop);

impl StopRow {
    pub(crate) fn of(municipality: MunicipalityId, it: &StopNotice) -> Self {
        Self {
            id: Uid(it.id),
            municipality_id: Uid(municipality),
            sheet_id: Uid(it.sheet_id),
            agency_id: Uid(it.agency_id),
            rests_until: it.rests_until().map(OnDay),
        }
    }
}

impl WriteTx<'_> {
    pub(crate) fn write_stop(
        &mut self,
        municipality: MunicipalityId,
        it: &StopNotice,
        new: bool,
    ) -> Result<(), StoreError> {
        let row = StopRow::of(municipality, it);
        if new {
            put!(self, AddStop, diesel::insert_into(stop_notice::table).values(row));
        } else {
            put!(self, ChangeStop, diesel::update(stop_notice::table.find(row.id)).set(row));
        }
        Ok(())
    }
}
