//! Receipts that were issued, for the public status list: the place of each, and what the list says there now.

use crate::lane::WriteTx;
use crate::prepared::{execute, names};
use crate::schema::receipt;
use crate::sql_types::{At, Coded, Id, Moment, OnDay, Uid, coded};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::audit::EventKind;
use domain::case::Case;
use domain::case::consent::Consent;
use domain::ids::{AgencyId, ConsentId, SheetId};
use domain::receipt::ReceiptStanding;
use domain::time::{Day, Instant};
use std::collections::BTreeSet;

/// The number of places in one status list: 16 KiB at two bits each.
pub const PLACES_OF_A_LIST: i64 = 65_536;

/// A place of the status list.
pub struct ReceiptState {
    /// The place, counted from 1 across all lists.
    pub index: i64,
    /// What was done to the consent.
    pub standing: ReceiptStanding,
    /// The last day in force.
    pub until: Day,
}

/// How often an agency has read a sheet.
pub struct Reading {
    /// The agency; none for the service itself.
    pub agency_id: Option<AgencyId>,
    /// How often.
    pub times: i64,
    /// When last.
    pub last: Instant,
}

coded!(ReceiptStanding);
names!(ChangeReceipt);

#[derive(QueryableByName)]
struct ReadingRow {
    #[diesel(sql_type = diesel::sql_types::Nullable<Id>)]
    agency_id: Option<Uid<AgencyId>>,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    times: i64,
    #[diesel(sql_type = Moment)]
    last: At,
}

impl WriteTx<'_> {
    /// The place of the receipt of `consent` for `agency`; a new one if it has none yet.
    pub fn place_of_receipt(&mut self, case: &Case, consent: &Consent, agency: AgencyId) -> Result<i64, StoreError> {
        let known = receipt::table
            .filter(receipt::consent_id.eq(Uid(consent.id)).and(receipt::agency_id.eq(Uid(agency))))
            .select(receipt::idx)
            .first::<i64>(self.conn)
            .optional()?;
        if let Some(index) = known {
            return Ok(index);
        }
        let row = (
            receipt::municipality_id.eq(Uid(case.sheet.municipality_id)),
            receipt::sheet_id.eq(Uid(case.sheet.id)),
            receipt::consent_id.eq(Uid(consent.id)),
            receipt::agency_id.eq(Uid(agency)),
            receipt::standing.eq(consent.receipt_standing(agency).as_str()),
            receipt::until.eq(OnDay(consent.terms.effective_until)),
        );
        Ok(diesel::insert_into(receipt::table).values(row).returning(receipt::idx).get_result(self.conn)?)
    }

    /// Brings the receipts of changed consents up to date.
    pub(crate) fn settle_receipts(&mut self, case: &Case, changed: &BTreeSet<ConsentId>) -> Result<(), StoreError> {
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = changed.iter().map(|id| Uid(*id)).collect();
        let rows = receipt::table
            .filter(receipt::consent_id.eq_any(ids))
            .select((receipt::idx, receipt::consent_id, receipt::agency_id, receipt::standing))
            .load::<(i64, Uid<ConsentId>, Uid<AgencyId>, Coded<ReceiptStanding>)>(self.conn)?;
        for (index, consent, agency, before) in rows {
            let before = before.known("receipt", "standing", consent)?;
            let Some(consent) = case.consent(consent.0) else { continue };
            let standing = consent.receipt_standing(agency.0);
            if standing != before {
                let row = diesel::update(receipt::table.find(index));
                execute::<ChangeReceipt, _, _>(row.set(receipt::standing.eq(standing.as_str())), self.conn)?;
            }
        }
        Ok(())
    }

    /// The agencies that have read anything of a sheet.
    pub fn list_readings(&mut self, sheet: SheetId) -> Result<Vec<Reading>, StoreError> {
        // Diesel's builder cannot group for two databases at once. The kinds are our own codes, so they need no binding.
        let kinds = [EventKind::SheetRead, EventKind::RelayRead, EventKind::EntryRead].map(EventKind::as_str);
        let query = format!(
            "SELECT agency_id, count(*) AS times, max(at) AS last FROM audit_event \
             WHERE sheet_id = $1 AND kind IN ('{}') GROUP BY agency_id ORDER BY max(at)",
            kinds.join("', '")
        );
        let rows: Vec<ReadingRow> = diesel::sql_query(query).bind::<Id, _>(Uid(sheet)).load(self.conn)?;
        let reading =
            |row: ReadingRow| Reading { agency_id: row.agency_id.map(|id| id.0), times: row.times, last: row.last.0 };
        Ok(rows.into_iter().map(reading).collect())
    }
}

impl ReadTx<'_> {
    /// The places of one status list, in order; empty when there is no such list yet.
    pub fn list_receipt_states(&mut self, list: i64) -> Result<Vec<ReceiptState>, StoreError> {
        let first = list.saturating_mul(PLACES_OF_A_LIST);
        let rows = receipt::table
            .filter(receipt::idx.ge(first).and(receipt::idx.lt(first.saturating_add(PLACES_OF_A_LIST))))
            .order(receipt::idx.asc())
            .select((receipt::idx, receipt::consent_id, receipt::standing, receipt::until))
            .load::<(i64, Uid<ConsentId>, Coded<ReceiptStanding>, OnDay)>(self.conn)?;
        let state = |(index, consent, standing, until): (i64, Uid<ConsentId>, Coded<ReceiptStanding>, OnDay)| {
            let standing = standing.known("receipt", "standing", consent)?;
            Ok(ReceiptState { index, standing, until: until.0 })
        };
        rows.into_iter().map(state).collect()
    }
}
