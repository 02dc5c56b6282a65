//! Releases of secret addresses.

use crate::connection::MultiBackend;
use crate::schema::{address_release, sheet};
use crate::sql_types::{At, Coded, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::case::address::ReleaseState;
use domain::ids::{AddressReleaseId, AgencyId, MunicipalityId, SheetId};
use domain::time::Instant;

/// A release of a secret address in a list: no words.
#[derive(Debug, Clone)]
pub struct ReleaseSummary {
    /// Its id.
    pub id: AddressReleaseId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The sheet's number.
    pub number: Option<String>,
    /// The agency that the release is for.
    pub to_agency_id: AgencyId,
    /// How far it has come.
    pub state: ReleaseState,
    /// When it was asked for.
    pub requested_at: Instant,
}

/// Whose releases are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releases {
    /// Of every sheet of the municipality.
    OfMunicipality(MunicipalityId),
    /// Of the sheets whose origin is the agency.
    OfOrigin(AgencyId),
}

impl ReadTx<'_> {
    /// Releases of secret addresses, newest first.
    pub fn list_releases(
        &mut self,
        whose: Releases,
        after: Option<AddressReleaseId>,
        limit: i64,
    ) -> Result<Vec<ReleaseSummary>, StoreError> {
        type Columns = (Uid<AddressReleaseId>, Uid<SheetId>, Option<String>, Uid<AgencyId>, Coded<ReleaseState>, At);
        let mut query = address_release::table
            .inner_join(sheet::table.on(sheet::id.eq(address_release::sheet_id)))
            .order(address_release::id.desc())
            .limit(limit)
            .select((
                address_release::id,
                address_release::sheet_id,
                sheet::number,
                address_release::to_agency_id,
                address_release::state,
                address_release::requested_at,
            ))
            .into_boxed::<MultiBackend>();
        query = match whose {
            Releases::OfMunicipality(of) => query.filter(address_release::municipality_id.eq(Uid(of))),
            Releases::OfOrigin(agency) => query.filter(address_release::origin_agency_id.eq(Uid(agency))),
        };
        if let Some(after) = after {
            query = query.filter(address_release::id.lt(Uid(after)));
        }
        let summary = |(id, sheet, number, to, state, at): Columns| {
            let state = state.known("address_release", "state", id)?;
            Ok(ReleaseSummary { id: id.0, sheet_id: sheet.0, number, to_agency_id: to.0, state, requested_at: at.0 })
        };
        query.load::<Columns>(self.conn)?.into_iter().map(summary).collect()
    }
}
