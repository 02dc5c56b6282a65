//! Department systems in the database: their secrets, their scopes, and the changes that wait for a second person.
//!
//! Each change compares the old value in the same statement that writes the new one, so that only one of two simultaneous changes succeeds.

use crate::connection::Conn;
use crate::directory::{digest, must_be_in};
use crate::lane::WriteTx;
use crate::schema::{agency, client};
use crate::sql_types::{At, DocOf, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::agency::Scope;
use domain::ids::{AgencyId, ClientId, MunicipalityId, StaffId};
use domain::time::{Day, Instant};
use std::collections::BTreeSet;

/// A department system (OAuth client). Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// Its id.
    pub id: ClientId,
    /// Its municipality.
    pub municipality_id: MunicipalityId,
    /// The agency it belongs to.
    pub agency_id: AgencyId,
    /// What it is called.
    pub name: String,
    /// The hash of its secret.
    pub secret_hash: [u8; 32],
    /// The hash of the secret before it, and the instant from which that one no longer counts.
    pub earlier_secret: Option<([u8; 32], Instant)>,
    /// The next secret, which counts when another person has confirmed it.
    pub next_secret: Option<NextSecret>,
    /// What it may ask for.
    pub scopes: BTreeSet<Scope>,
    /// When it was added.
    pub created_at: Instant,
    /// Who added it; none: the command line.
    pub made_by: Option<StaffId>,
    /// When another person (or the command line) confirmed it; before that it may do nothing.
    pub confirmed_at: Option<Instant>,
    /// Since when it is revoked and may do nothing.
    pub revoked_at: Option<Instant>,
}

impl ClientRecord {
    /// Whether it may do anything at all.
    pub fn counts(&self) -> bool {
        self.confirmed_at.is_some() && self.revoked_at.is_none()
    }
}

/// A secret that waits for a second person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NextSecret {
    /// The hash of the secret.
    pub hash: [u8; 32],
    /// How many seconds the secret before it still counts after the confirmation.
    pub overlap_seconds: i64,
    /// Who asked for it.
    pub asked_by: Option<StaffId>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = client, treat_none_as_default_value = false)]
struct ClientRow {
    id: Uid<ClientId>,
    municipality_id: Uid<MunicipalityId>,
    agency_id: Uid<AgencyId>,
    name: String,
    secret_hash: Vec<u8>,
    scopes: DocOf<Vec<String>>,
    created_at: At,
    revoked_at: Option<At>,
    earlier_hash: Option<Vec<u8>>,
    earlier_until: Option<At>,
    made_by: Option<Uid<StaffId>>,
    confirmed_at: Option<At>,
    next_hash: Option<Vec<u8>>,
    next_overlap: Option<i64>,
    next_by: Option<Uid<StaffId>>,
}

impl ClientRow {
    fn record(self) -> Result<ClientRecord, StoreError> {
        let row = self.id.0.0;
        let unknown = |column, code: String| StoreError::UnknownCode { table: "client", column, row, code };
        let scopes = self.scopes.0.into_iter().map(|scope| scope.parse().map_err(|_| unknown("scopes", scope)));
        let earlier_secret = match (self.earlier_hash, self.earlier_until) {
            (Some(hash), Some(until)) => Some((digest("client", "earlier_hash", row, hash)?, until.0)),
            _ => None,
        };
        let next_secret = match (self.next_hash, self.next_overlap) {
            (Some(hash), Some(overlap_seconds)) => {
                let hash = digest("client", "next_hash", row, hash)?;
                Some(NextSecret { hash, overlap_seconds, asked_by: self.next_by.map(|id| id.0) })
            }
            _ => None,
        };
        Ok(ClientRecord {
            id: self.id.0,
            municipality_id: self.municipality_id.0,
            agency_id: self.agency_id.0,
            name: self.name,
            scopes: scopes.collect::<Result<_, _>>()?,
            secret_hash: digest("client", "secret_hash", row, self.secret_hash)?,
            earlier_secret,
            next_secret,
            made_by: self.made_by.map(|id| id.0),
            confirmed_at: self.confirmed_at.map(|at| at.0),
            created_at: self.created_at.0,
            revoked_at: self.revoked_at.map(|at| at.0),
        })
    }
}

fn find_client(conn: &mut Conn, id: ClientId, today: Day) -> Result<Option<ClientRecord>, StoreError> {
    let found: Option<(ClientRow, Option<OnDay>)> = client::table
        .inner_join(agency::table.on(agency::id.eq(client::agency_id)))
        .filter(client::id.eq(Uid(id)))
        .select((client::all_columns, agency::active_until))
        .first(conn)
        .optional()?;
    let alive = found.filter(|(_, agency_ends)| agency_ends.is_none_or(|until| today <= until.0));
    alive.map(|(row, _)| row.record()).transpose()
}

impl ReadTx<'_> {
    /// The department system, even a revoked one; none when its agency is no more on `today`.
    pub fn find_client(&mut self, id: ClientId, today: Day) -> Result<Option<ClientRecord>, StoreError> {
        find_client(self.conn, id, today)
    }

    /// The department systems of a municipality, revoked ones included, each with the code of its agency; newest first, those before
    /// `after`.
    pub fn list_clients(
        &mut self,
        of: MunicipalityId,
        after: Option<ClientId>,
        limit: u32,
    ) -> Result<Vec<(ClientRecord, String)>, StoreError> {
        let mut page = client::table
            .inner_join(agency::table.on(agency::id.eq(client::agency_id)))
            .filter(client::municipality_id.eq(Uid(of)))
            .select((client::all_columns, agency::code))
            .order(client::id.desc())
            .into_boxed();
        if let Some(after) = after {
            page = page.filter(client::id.lt(Uid(after)));
        }
        let rows: Vec<(ClientRow, String)> = page.limit(i64::from(limit)).load(self.conn)?;
        rows.into_iter().map(|(row, code)| Ok((row.record()?, code))).collect()
    }
}

impl WriteTx<'_> {
    /// See [`ReadTx::find_client`].
    pub fn find_client(&mut self, id: ClientId, today: Day) -> Result<Option<ClientRecord>, StoreError> {
        find_client(self.conn, id, today)
    }

    /// Adds a department system to an agency of its municipality.
    pub fn insert_client(&mut self, record: &ClientRecord) -> Result<(), StoreError> {
        must_be_in(self.conn, record.municipality_id, record.agency_id)?;
        let row = ClientRow {
            id: Uid(record.id),
            municipality_id: Uid(record.municipality_id),
            agency_id: Uid(record.agency_id),
            name: record.name.clone(),
            secret_hash: record.secret_hash.to_vec(),
            scopes: DocOf(record.scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
            created_at: At(record.created_at),
            revoked_at: record.revoked_at.map(At),
            earlier_hash: record.earlier_secret.map(|(hash, _)| hash.to_vec()),
            earlier_until: record.earlier_secret.map(|(_, until)| At(until)),
            made_by: record.made_by.map(Uid),
            confirmed_at: record.confirmed_at.map(At),
            next_hash: record.next_secret.map(|next| next.hash.to_vec()),
            next_overlap: record.next_secret.map(|next| next.overlap_seconds),
            next_by: record.next_secret.and_then(|next| next.asked_by).map(Uid),
        };
        diesel::insert_into(client::table).values(row).execute(self.conn)?;
        Ok(())
    }

    /// Shuts a department system out. `false` when it was shut out before.
    pub fn revoke_client(&mut self, id: ClientId, now: Instant) -> Result<bool, StoreError> {
        let row = client::table.find(Uid(id)).filter(client::revoked_at.is_null());
        Ok(diesel::update(row).set(client::revoked_at.eq(At(now))).execute(self.conn)? == 1)
    }

    /// Lets a department system count. `false` when it counts already, or was revoked.
    pub fn confirm_client(&mut self, id: ClientId, now: Instant) -> Result<bool, StoreError> {
        let row =
            client::table.find(Uid(id)).filter(client::confirmed_at.is_null()).filter(client::revoked_at.is_null());
        Ok(diesel::update(row).set(client::confirmed_at.eq(At(now))).execute(self.conn)? == 1)
    }

    /// Keeps a secret that waits for a second person, in place of one that waited before. `false` when the system does not count.
    pub fn keep_next_secret(&mut self, id: ClientId, next: NextSecret) -> Result<bool, StoreError> {
        let row =
            client::table.find(Uid(id)).filter(client::confirmed_at.is_not_null()).filter(client::revoked_at.is_null());
        let set = (
            client::next_hash.eq(next.hash.to_vec()),
            client::next_overlap.eq(next.overlap_seconds),
            client::next_by.eq(next.asked_by.map(Uid)),
        );
        Ok(diesel::update(row).set(set).execute(self.conn)? == 1)
    }

    /// Lets the waiting secret count. `false` when a different one waits by now, or when the system was revoked. After `false` the caller
    /// must undo the transaction.
    pub fn confirm_next_secret(&mut self, id: ClientId, next: NextSecret, now: Instant) -> Result<bool, StoreError> {
        let row = client::table.find(Uid(id)).filter(client::next_hash.eq(next.hash.to_vec()));
        let none = (
            client::next_hash.eq(None::<Vec<u8>>),
            client::next_overlap.eq(None::<i64>),
            client::next_by.eq(None::<Uid<StaffId>>),
        );
        let waited = diesel::update(row).set(none).execute(self.conn)? == 1;
        Ok(waited && self.rotate_client(id, &next.hash, now.plus_seconds(next.overlap_seconds))?)
    }

    /// Gives a department system another secret; the earlier one counts until `earlier_until`. `false` when the system was revoked.
    pub fn rotate_client(&mut self, id: ClientId, hash: &[u8; 32], earlier_until: Instant) -> Result<bool, StoreError> {
        let row = client::table.find(Uid(id)).filter(client::revoked_at.is_null());
        let set = (
            client::earlier_hash.eq(client::secret_hash.nullable()),
            client::earlier_until.eq(At(earlier_until)),
            client::secret_hash.eq(hash.to_vec()),
        );
        Ok(diesel::update(row).set(set).execute(self.conn)? == 1)
    }
}
