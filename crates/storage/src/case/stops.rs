//! The rows of stop requests, by which the rounds find those that wait too long.

use super::rows::StopRow;
use crate::lane::WriteTx;
use crate::prepared::{names, put, put_row};
use crate::schema::stop_request;
use crate::sql_types::{OnDay, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::case::stop::StopRequest;
use domain::ids::MunicipalityId;

names!(AddStop, ChangeStop);

impl StopRow {
    pub(crate) fn of(municipality: MunicipalityId, it: &StopRequest) -> Self {
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
        it: &StopRequest,
        new: bool,
    ) -> Result<(), StoreError> {
        put_row!(self, new, stop_request::table, StopRow::of(municipality, it), AddStop, ChangeStop);
        Ok(())
    }
}
