//! Exceptions and disclosures in lists, from plain columns only: for the people who decide on them and the people who oversee them.

use crate::account::is_held;
use crate::connection::MultiBackend;
use crate::schema::{address_release, audit_event, consent, exception, post};
use crate::sql_types::{At, Coded, OnDay, Uid, coded};
use crate::store::{ReadTx, StoreError};
use crate::{StoredEvent, WriteTx};
use diesel::dsl::count_star;
use diesel::prelude::*;
use domain::account::Role;
use domain::audit::EventKind;
use domain::case::address::ReleaseState;
use domain::case::exception::{ExceptionCode, ExceptionState};
use domain::ids::{AgencyId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StaffId};
use domain::time::{Day, Instant};

coded!(ExceptionCode, ExceptionState);

/// An exception in a list: no words, no sections.
#[derive(Debug, Clone)]
pub struct ExceptionSummary {
    /// Its id.
    pub id: ExceptionId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The sheet's number.
    pub number: String,
    /// Its revision.
    pub revision: u32,
    /// Its state.
    pub state: ExceptionState,
    /// The article.
    pub code: ExceptionCode,
    /// Whether it may be used before anybody has approved it.
    pub emergency: bool,
    /// Whether the person had refused.
    pub refusal_on_file: bool,
    /// The agency that asks.
    pub requested_agency_id: AgencyId,
    /// The person who asks.
    pub requested_by: StaffId,
    /// When.
    pub requested_at: Instant,
    /// The agency to which it allows disclosure.
    pub to_agency_id: AgencyId,
    /// The relay that it was used for.
    pub relay_id: Option<RelayId>,
    /// When it was used.
    pub used_at: Option<Instant>,
    /// The day by whose end an emergency must be approved.
    pub approve_by: Option<Day>,
    /// When it last changed.
    pub updated_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = exception)]
struct SummaryRow {
    id: Uid<ExceptionId>,
    sheet_id: Uid<SheetId>,
    number: String,
    revision: i32,
    state: Coded<ExceptionState>,
    code: Coded<ExceptionCode>,
    emergency: bool,
    refusal_on_file: bool,
    requested_agency_id: Uid<AgencyId>,
    requested_by: Uid<StaffId>,
    requested_at: At,
    to_agency_id: Uid<AgencyId>,
    relay_id: Option<Uid<RelayId>>,
    used_at: Option<At>,
    approve_by: Option<OnDay>,
    updated_at: At,
}

impl SummaryRow {
    fn summary(self) -> Result<ExceptionSummary, StoreError> {
        let id = self.id;
        Ok(ExceptionSummary {
            id: id.0,
            sheet_id: self.sheet_id.0,
            number: self.number,
            revision: u32::try_from(self.revision).map_err(|_| StoreError::Missing)?,
            state: self.state.known("exception", "state", id)?,
            code: self.code.known("exception", "code", id)?,
            emergency: self.emergency,
            refusal_on_file: self.refusal_on_file,
            requested_agency_id: self.requested_agency_id.0,
            requested_by: self.requested_by.0,
            requested_at: self.requested_at.0,
            to_agency_id: self.to_agency_id.0,
            relay_id: self.relay_id.map(|id| id.0),
            used_at: self.used_at.map(|at| at.0),
            approve_by: self.approve_by.map(|day| day.0),
            updated_at: self.updated_at.0,
        })
    }
}

/// Whose exceptions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionBox {
    /// Those that an agency asked for.
    Of(AgencyId),
    /// Every exception of the municipality.
    All(MunicipalityId),
}

/// Which disclosures a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct DisclosureFilter {
    /// From this instant on.
    pub from: Option<Instant>,
    /// Until this instant, itself excluded.
    pub until: Option<Instant>,
    /// The bases that are wanted: `consent`, or codes of exceptions; empty = every basis.
    pub bases: Vec<&'static str>,
}

impl ReadTx<'_> {
    /// The sheet to which an exception belongs.
    pub fn find_sheet_of_exception(&mut self, id: ExceptionId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            exception::table.find(Uid(id)).select(exception::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
    }

    /// Exceptions, newest first.
    pub fn list_exceptions(
        &mut self,
        whose: ExceptionBox,
        state: Option<ExceptionState>,
        after: Option<ExceptionId>,
        limit: i64,
    ) -> Result<Vec<ExceptionSummary>, StoreError> {
        let mut query = exception::table
            .select(SummaryRow::as_select())
            .order(exception::id.desc())
            .limit(limit)
            .into_boxed::<MultiBackend>();
        query = match whose {
            ExceptionBox::Of(agency) => query.filter(exception::requested_agency_id.eq(Uid(agency))),
            ExceptionBox::All(municipality) => query.filter(exception::municipality_id.eq(Uid(municipality))),
        };
        if let Some(state) = state {
            query = query.filter(exception::state.eq(state.as_str()));
        }
        if let Some(after) = after {
            query = query.filter(exception::id.lt(Uid(after)));
        }
        query.load::<SummaryRow>(self.conn)?.into_iter().map(SummaryRow::summary).collect()
    }

    /// Exceptions that were used between two instants against a refusal on file, the newest use first.
    pub fn list_overridden_refusals(
        &mut self,
        municipality: MunicipalityId,
        from: Instant,
        until: Instant,
        limit: i64,
    ) -> Result<Vec<ExceptionSummary>, StoreError> {
        let rows: Vec<SummaryRow> = exception::table
            .select(SummaryRow::as_select())
            .filter(exception::municipality_id.eq(Uid(municipality)))
            .filter(exception::refusal_on_file.eq(true))
            .filter(exception::used_at.ge(At(from)).and(exception::used_at.lt(At(until))).assume_not_null())
            .order(exception::used_at.desc())
            .limit(limit)
            .load(self.conn)?;
        rows.into_iter().map(SummaryRow::summary).collect()
    }

    /// Emergencies that were used and wait for approval, the one with the earliest deadline first.
    pub fn list_used_before_approval(
        &mut self,
        municipality: MunicipalityId,
        limit: i64,
    ) -> Result<Vec<ExceptionSummary>, StoreError> {
        let rows: Vec<SummaryRow> = exception::table
            .select(SummaryRow::as_select())
            .filter(exception::waits.eq(true).and(exception::municipality_id.eq(Uid(municipality))))
            .order(exception::approve_by.asc())
            .limit(limit)
            .load(self.conn)?;
        rows.into_iter().map(SummaryRow::summary).collect()
    }

    /// Emergencies whose approval is overdue and that have not been ended for it yet, the one with the earliest deadline first.
    pub fn list_unapproved(&mut self, today: Day, limit: i64) -> Result<Vec<(SheetId, ExceptionId)>, StoreError> {
        let rows: Vec<(Uid<SheetId>, Uid<ExceptionId>)> = exception::table
            .filter(exception::waits.eq(true))
            .filter(exception::approve_by.lt(OnDay(today)).assume_not_null())
            .order(exception::approve_by.asc())
            .limit(limit)
            .select((exception::sheet_id, exception::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, exception)| (sheet.0, exception.0)).collect())
    }

    /// The events of disclosures (sent and sent again), the newest first; a page begins after the event at `(instant, position)`.
    pub fn list_disclosures(
        &mut self,
        municipality: MunicipalityId,
        filter: &DisclosureFilter,
        after: Option<(Instant, i64)>,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut query = audit_event::table
            .filter(audit_event::municipality_id.eq(Uid(municipality)))
            .order((audit_event::at.desc(), audit_event::position.desc()))
            .limit(limit)
            .into_boxed::<MultiBackend>();
        query = match filter.bases.as_slice() {
            [] => query.filter(audit_event::basis.is_not_null()),
            // For a single basis, the index gives the rows in order.
            [basis] => query.filter(audit_event::basis.eq(*basis)),
            bases => query.filter(audit_event::basis.eq_any(bases.to_vec())),
        };
        if let Some(from) = filter.from {
            query = query.filter(audit_event::at.ge(At(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(audit_event::at.lt(At(until)));
        }
        if let Some((at, position)) = after {
            // This form lets both databases start in the middle of the index.
            query = query.filter(
                audit_event::at.le(At(at)).and(audit_event::at.lt(At(at)).or(audit_event::position.lt(position))),
            );
        }
        crate::audit::load(query, self.conn)
    }

    /// How many disclosures rested on each basis between two instants.
    pub fn count_disclosures(
        &mut self,
        municipality: MunicipalityId,
        from: Instant,
        until: Instant,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        // All bases by name, so that for each one the index serves the time between the instants.
        let codes = ExceptionCode::ALL.iter().map(|code| code.as_str());
        let codes: Vec<&str> = codes.chain(["consent"]).collect();
        let rows: Vec<(Option<String>, i64)> = audit_event::table
            .filter(audit_event::municipality_id.eq(Uid(municipality)))
            .filter(audit_event::basis.eq_any(codes))
            .filter(audit_event::at.ge(At(from)).and(audit_event::at.lt(At(until))))
            .group_by(audit_event::basis)
            .select((audit_event::basis, count_star()))
            .load(self.conn)?;
        let counted = rows.into_iter().filter_map(|(basis, n)| Some((basis?, u64::try_from(n).ok()?)));
        Ok(counted.collect())
    }

    /// How many exceptions of a municipality are in each state that still needs an action.
    pub fn count_open_exceptions(
        &mut self,
        municipality: MunicipalityId,
    ) -> Result<Vec<(ExceptionState, u64)>, StoreError> {
        use ExceptionState::{Approved, Overdue, Requested, Used};
        let open = [Requested, Approved, Used, Overdue];
        let rows: Vec<(Coded<ExceptionState>, i64)> = exception::table
            .filter(exception::municipality_id.eq(Uid(municipality)))
            .filter(exception::state.eq_any(open.map(ExceptionState::as_str)))
            .group_by(exception::state)
            .select((exception::state, count_star()))
            .load(self.conn)?;
        let count = |(state, n): (Coded<ExceptionState>, i64)| {
            let state = state.known("exception", "state", Uid(uuid::Uuid::nil()))?;
            Ok((state, u64::try_from(n).unwrap_or(0)))
        };
        rows.into_iter().map(count).collect()
    }

    /// The consents among these that were invalid from the start.
    pub fn list_invalid(&mut self, of: &[ConsentId]) -> Result<Vec<ConsentId>, StoreError> {
        let of: Vec<_> = of.iter().copied().map(Uid).collect();
        let found = consent::table.filter(consent::id.eq_any(of)).filter(consent::invalid);
        let ids: Vec<Uid<ConsentId>> = found.select(consent::id).load(self.conn)?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    }

    /// The agencies to which the secret address of these sheets was ever released.
    pub fn list_released(&mut self, of: &[SheetId]) -> Result<Vec<(SheetId, AgencyId)>, StoreError> {
        let of: Vec<_> = of.iter().copied().map(Uid).collect();
        let once = [ReleaseState::Approved, ReleaseState::Revoked].map(ReleaseState::as_str);
        let found = address_release::table
            .filter(address_release::sheet_id.eq_any(of))
            .filter(address_release::state.eq_any(once))
            .select((address_release::sheet_id, address_release::to_agency_id));
        let rows: Vec<(Uid<SheetId>, Uid<AgencyId>)> = found.load(self.conn)?;
        Ok(rows.into_iter().map(|(sheet, to)| (sheet.0, to.0)).collect())
    }

    /// The events of the answers to the stop requests of these sheets. Each notice is answered once.
    pub fn list_stop_answers(&mut self, of: &[SheetId], limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let of: Vec<_> = of.iter().copied().map(Uid).collect();
        let query = audit_event::table
            .filter(audit_event::sheet_id.eq_any(of))
            .filter(audit_event::kind.eq(EventKind::StopAnswered.as_str()))
            .order(audit_event::position.desc())
            .limit(limit)
            .into_boxed::<MultiBackend>();
        crate::audit::load(query, self.conn)
    }

    /// Events of one kind between two instants, the newest first.
    pub fn list_events_of(
        &mut self,
        kind: EventKind,
        municipality: MunicipalityId,
        from: Instant,
        until: Instant,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let query = audit_event::table
            .filter(audit_event::kind.eq(kind.as_str()))
            .filter(audit_event::municipality_id.eq(Uid(municipality)))
            .filter(audit_event::at.ge(At(from)).and(audit_event::at.lt(At(until))))
            .order(audit_event::position.desc())
            .limit(limit)
            .into_boxed::<MultiBackend>();
        crate::audit::load(query, self.conn)
    }
}

impl WriteTx<'_> {
    /// The agencies of a municipality where somebody holds this role today: few.
    pub fn list_agencies_with(
        &mut self,
        role: Role,
        of: MunicipalityId,
        today: Day,
    ) -> Result<Vec<AgencyId>, StoreError> {
        let ids: Vec<Uid<AgencyId>> = post::table
            .filter(post::municipality_id.eq(Uid(of)).and(post::role.eq(role.as_str())))
            .filter(is_held(OnDay(today)))
            .select(post::agency_id)
            .distinct()
            .limit(AGENCIES)
            .load(self.conn)?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    }
}

/// The most agencies that are told of one thing.
const AGENCIES: i64 = 20;
