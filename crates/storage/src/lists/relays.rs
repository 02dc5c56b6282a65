//! The relays of a box, by age or by due date.

use crate::case::rows::AccessRow;
use crate::case::{LabelColumns, Labelled, its_access, labelled};
use crate::connection::MultiBackend;
use crate::keys::Keyring;
use crate::schema::{access, relay, sheet};
use crate::service::receivers_read;
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use domain::case::consent::Purpose;
use domain::case::relay::{Basis, Handover, RelayState};
use domain::content::{Section, Urgency};
use domain::ids::{AgencyId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StaffId};
use domain::time::{Day, Instant};

/// A relay in a list.
#[derive(Clone)]
pub struct RelaySummary {
    /// Its id.
    pub id: RelayId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The sheet's number.
    pub number: String,
    /// Its revision.
    pub revision: u32,
    /// Its state.
    pub state: RelayState,
    /// つなぎ元.
    pub from_agency_id: AgencyId,
    /// つなぎ先.
    pub to_agency_id: AgencyId,
    /// The relay that it continues.
    pub parent_relay_id: Option<RelayId>,
    /// What is disclosed.
    pub sections: Vec<Section>,
    /// 利用目的.
    pub purpose: Purpose,
    /// 緊急度.
    pub urgency: Urgency,
    /// 引継ぎ方法.
    pub handover: Handover,
    /// What the relay rests on.
    pub basis: Basis,
    /// When it was sent.
    pub sent_at: Instant,
    /// The last day on which an answer is in time.
    pub reply_due: Day,
    /// Since when it is overdue.
    pub overdue_since: Option<Day>,
    /// When somebody was last asked to act on it.
    pub chased_on: Option<Day>,
    /// When it last changed.
    pub updated_at: Instant,
    /// The label of its sheet, for a reader whose agency has the sheet.
    pub labelled: Option<Labelled>,
}

/// Whose relays are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayBox {
    /// Sent to the agency.
    Inbox(AgencyId),
    /// Sent by the agency.
    Outbox(AgencyId),
    /// Every relay of the municipality; `open_only` leaves out those that are over.
    All {
        /// The municipality.
        municipality: MunicipalityId,
        /// Whether to list only relays that still wait for somebody.
        open_only: bool,
    },
}

/// Which relays a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct RelayFilter {
    /// In this state.
    pub state: Option<RelayState>,
    /// Changed at this instant or later.
    pub updated_since: Option<Instant>,
    /// Whether to list only relays that wait for an answer, the receiver's or, when it came back, the sender's.
    pub open: bool,
    /// Of sheets assigned to this person in the reader's agency.
    pub assigned_staff_id: Option<StaffId>,
}

/// The order, and after which relay the page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayOrder {
    /// Newest first.
    Newest {
        /// After this one.
        after: Option<RelayId>,
    },
    /// By due date.
    Due {
        /// After this one.
        after: Option<(Day, RelayId)>,
    },
}

type RelayColumns = (
    Uid<RelayId>,
    Uid<SheetId>,
    String,
    i32,
    Coded<RelayState>,
    Uid<AgencyId>,
    Uid<AgencyId>,
    Option<Uid<RelayId>>,
    DocOf<Vec<Section>>,
    Coded<Purpose>,
    Coded<Urgency>,
    Coded<Handover>,
    Option<Uid<ConsentId>>,
    Option<Uid<ExceptionId>>,
    At,
    OnDay,
    Option<OnDay>,
    Option<OnDay>,
    At,
    // The last change that the sender has seen, and the last one that the receiver has seen.
    (i32, At),
    (i32, At),
);

/// The codes of the states of which this holds.
pub(super) fn states(holds: fn(RelayState) -> bool) -> Vec<&'static str> {
    RelayState::ALL.iter().copied().filter(|state| holds(*state)).map(RelayState::as_str).collect()
}

/// The revision and time are those of the last change that the owner of the box has seen.
fn relay_summary(
    (row, label): (RelayColumns, LabelColumns),
    keys: &Keyring,
    whose: RelayBox,
) -> Result<RelaySummary, StoreError> {
    let (
        id,
        sheet_id,
        number,
        revision,
        state,
        from,
        to,
        parent,
        sections,
        purpose,
        urgency,
        handover,
        consent,
        exception,
        sent,
        due,
        over,
        chased,
        at,
        sender,
        receiver,
    ) = row;
    let (revision, at) = match whose {
        RelayBox::Inbox(_) => receiver,
        RelayBox::Outbox(_) => sender,
        RelayBox::All { .. } => (revision, at),
    };
    let basis = match (consent, exception) {
        (Some(consent), _) => Basis::Consent(consent.0),
        (None, Some(exception)) => Basis::Exception(exception.0),
        (None, None) => return Err(StoreError::Missing),
    };
    Ok(RelaySummary {
        id: id.0,
        sheet_id: sheet_id.0,
        number,
        revision: u32::try_from(revision).map_err(|_| StoreError::Missing)?,
        state: state.known("relay", "state", id)?,
        from_agency_id: from.0,
        to_agency_id: to.0,
        parent_relay_id: parent.map(|p| p.0),
        sections: sections.0,
        purpose: purpose.known("relay", "purpose", id)?,
        urgency: urgency.known("relay", "urgency", id)?,
        handover: handover.known("relay", "handover", id)?,
        basis,
        sent_at: sent.0,
        reply_due: due.0,
        overdue_since: over.map(|day| day.0),
        chased_on: chased.map(|day| day.0),
        updated_at: at.0,
        labelled: labelled(keys, label),
    })
}

impl ReadTx<'_> {
    /// Whether one of the two agencies has ever sent the other a relay.
    pub fn has_relay_between(&mut self, one: AgencyId, other: AgencyId) -> Result<bool, StoreError> {
        let sent = |from: AgencyId, to: AgencyId| {
            relay::table.filter(relay::from_agency_id.eq(Uid(from))).filter(relay::to_agency_id.eq(Uid(to)))
        };
        let there: bool = diesel::select(exists(sent(one, other))).get_result(self.conn)?;
        Ok(there || diesel::select(exists(sent(other, one))).get_result(self.conn)?)
    }

    /// Relays of a box, with what the agency `reader` has of their sheets.
    pub fn list_relays(
        &mut self,
        reader: AgencyId,
        whose: RelayBox,
        filter: &RelayFilter,
        order: RelayOrder,
        limit: i64,
    ) -> Result<Vec<RelaySummary>, StoreError> {
        let columns = (
            relay::id,
            relay::sheet_id,
            relay::number,
            relay::revision,
            relay::state,
            relay::from_agency_id,
            relay::to_agency_id,
            relay::parent_relay_id,
            relay::sections,
            relay::purpose,
            relay::urgency,
            relay::handover,
            relay::consent_id,
            relay::exception_id,
            relay::sent_at,
            relay::reply_due,
            relay::overdue_since,
            relay::chased_on,
            relay::updated_at,
            (relay::sender_revision, relay::sender_updated_at),
            (relay::receiver_revision, relay::receiver_updated_at),
        );
        let keys = self.keys;
        let label = (Option::<AccessRow>::as_select(), sheet::data_key, sheet::label);
        let mut query = relay::table
            .inner_join(sheet::table.on(sheet::id.eq(relay::sheet_id)))
            .left_join(access::table.on(its_access!(relay::sheet_id, reader)))
            .select((columns, label))
            .limit(limit)
            .into_boxed::<MultiBackend>();
        query = match whose {
            RelayBox::Inbox(agency) => query.filter(relay::to_agency_id.eq(Uid(agency)).and(receivers_read())),
            RelayBox::Outbox(agency) => {
                let query = query.filter(relay::from_agency_id.eq(Uid(agency)));
                // A relay that was passed on belongs to a receiver, so it is left out until receivers may read.
                query.filter(relay::parent_relay_id.is_null().or(receivers_read()))
            }
            RelayBox::All { municipality, open_only } => {
                let query = query.filter(relay::municipality_id.eq(Uid(municipality)));
                if open_only { query.filter(relay::state.ne_all(states(RelayState::is_over))) } else { query }
            }
        };
        if let Some(state) = filter.state {
            query = query.filter(relay::state.eq(state.as_str()));
        }
        if filter.open {
            query = query.filter(relay::state.eq_any(states(RelayState::is_open)));
        }
        if let Some(person) = filter.assigned_staff_id {
            query = query.filter(access::assigned_staff_id.eq(Uid(person)).assume_not_null());
        }
        if let Some(since) = filter.updated_since {
            query = match whose {
                RelayBox::Inbox(_) => query.filter(relay::receiver_updated_at.ge(At(since))),
                RelayBox::Outbox(_) => query.filter(relay::sender_updated_at.ge(At(since))),
                RelayBox::All { .. } => query.filter(relay::updated_at.ge(At(since))),
            };
        }
        query = match order {
            RelayOrder::Newest { after } => {
                let query = query.order(relay::id.desc());
                match after {
                    Some(after) => query.filter(relay::id.lt(Uid(after))),
                    None => query,
                }
            }
            RelayOrder::Due { after } => {
                let query = query.order((relay::reply_due.asc(), relay::id.asc()));
                match after {
                    // This form lets both databases start in the middle of the index.
                    Some((day, id)) => query.filter(
                        relay::reply_due.ge(OnDay(day)).and(relay::reply_due.gt(OnDay(day)).or(relay::id.gt(Uid(id)))),
                    ),
                    None => query,
                }
            }
        };
        let rows = query.load::<(RelayColumns, LabelColumns)>(self.conn)?;
        rows.into_iter().map(|row| relay_summary(row, keys, whose)).collect()
    }
}
