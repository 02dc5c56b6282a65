//! Department systems in the database. The document decides; the other columns repeat parts of it for searches.

use crate::audit::{HEAD_COLUMNS, goes_on};
use crate::connection::Conn;
use crate::directory::{FoundAgency, OF_AGENCY, agency_columns, believed_page, must_be_in};
use crate::keys::Keyring;
use crate::lane::WriteTx;
use crate::locked::{Locked, StateRow, Stored, locked, read_locked, wrapped};
use crate::prepared::{names, put};
use crate::schema::{agency, client, stream};
use crate::sql_types::{At, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use domain::account::Client;
use domain::aggregate::{Aggregate, Outcome};
use domain::audit::Stream;
use domain::ids::{AgencyId, ClientId, MunicipalityId};
use domain::time::{Day, Instant};
use uuid::Uuid;

names!(AddClient, ChangeClient);

#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = client, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct ClientRow {
    pub(crate) id: Uid<ClientId>,
    municipality_id: Uid<MunicipalityId>,
    agency_id: Uid<AgencyId>,
    revoked_at: Option<At>,
    stream: String,
}

impl ClientRow {
    pub(crate) fn of(client: &Client) -> Self {
        Self {
            id: Uid(client.id),
            municipality_id: Uid(client.municipality_id),
            agency_id: Uid(client.agency_id),
            revoked_at: client.revoked_at.map(At),
            stream: client.stream().to_string(),
        }
    }
}

/// A system as it is read.
#[derive(Queryable)]
struct FoundClient {
    id: Uid<ClientId>,
    state: StateRow,
}

/// The columns of a [`FoundClient`].
macro_rules! client_columns {
    ($goes_on:expr) => {
        (client::id, (HEAD_COLUMNS.nullable(), $goes_on, client::municipality_id, client::data_key, client::document))
    };
}

impl FoundClient {
    fn locked(self, keys: &Keyring) -> Result<Locked<Client>, StoreError> {
        let id = self.id.0;
        let (thing, key, lock) = self.state.believe::<Client>(Stream::Client(id), id.0, keys)?;
        Ok(Locked { thing, key, lock, beside: () })
    }
}

impl Stored for Client {
    const TABLE: &'static str = "client";
    type Beside = ();

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn stream_of(id: Uuid) -> Stream {
        Stream::Client(ClientId(id))
    }

    fn is_there(tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
        Ok(diesel::select(exists(client::table.find(Uid(id)))).get_result(tx.conn)?)
    }

    fn read_locked(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Locked<Self>>, StoreError> {
        read_locked!(tx, id, client, client_columns!(locked!()), FoundClient)
    }

    fn write(
        tx: &mut WriteTx<'_>,
        locked: &mut Locked<Self>,
        outcome: &Outcome<Self>,
        document: Option<Vec<u8>>,
        _: Instant,
    ) -> Result<(), StoreError> {
        let Some(document) = document else { return Ok(()) };
        let (row, document) = (ClientRow::of(&outcome.thing), client::document.eq(document));
        if locked.lock.is_new() {
            must_be_in(tx.conn, outcome.thing.municipality_id, outcome.thing.agency_id)?;
            let data_key = client::data_key.eq(tx.keys.wrap(&locked.key, &wrapped::<Self>(row.id.0.0), tx.chance)?);
            put!(tx, AddClient, diesel::insert_into(client::table).values((row, data_key, document)));
        } else {
            put!(tx, ChangeClient, diesel::update(client::table.find(row.id)).set((row, document)));
        }
        Ok(())
    }
}

impl ReadTx<'_> {
    /// The department system, even a revoked one; none when its agency is no more on `today`.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when the service has not written the system or its agency so.
    pub fn find_client(&mut self, id: ClientId, today: Day) -> Result<Option<Client>, StoreError> {
        let found: Option<(FoundClient, FoundAgency)> = client::table
            .inner_join(agency::table.on(agency::id.eq(client::agency_id)))
            .left_join(stream::table.on(stream::name.eq(client::stream)))
            .left_join(OF_AGENCY.on(OF_AGENCY.field(stream::name).eq(agency::stream)))
            .filter(client::id.eq(Uid(id)))
            .select((client_columns!(goes_on!(stream::name, stream::seq)), agency_columns!(of_agency)))
            .first(self.conn)
            .optional()?;
        let Some((client, agency)) = found else { return Ok(None) };
        let (client, agency) = (client.locked(self.keys)?.thing, agency.record(self.keys)?.agency);
        if client.agency_id != agency.id {
            return Err(StoreError::Diverged(Stream::Client(id)));
        }
        Ok(Some(client).filter(|_| !agency.is_over(today)))
    }

    /// The department systems of a municipality, revoked ones included, each with the code of its agency; newest first, those before
    /// `after`.
    pub fn list_clients(
        &mut self,
        of: MunicipalityId,
        after: Option<ClientId>,
        limit: u32,
    ) -> Result<Vec<(Client, String)>, StoreError> {
        let rows = |after: Option<ClientId>, limit: u32| {
            let mut page = client::table
                .inner_join(agency::table.on(agency::id.eq(client::agency_id)))
                .left_join(stream::table.on(stream::name.eq(client::stream)))
                .filter(client::municipality_id.eq(Uid(of)))
                .select((client_columns!(goes_on!(stream::name, stream::seq)), agency::code))
                .order(client::id.desc())
                .limit(i64::from(limit))
                .into_boxed();
            if let Some(after) = after {
                page = page.filter(client::id.lt(Uid(after)));
            }
            let rows: Vec<(FoundClient, String)> = page.load(self.conn)?;
            let with_code = |(row, code): (FoundClient, String)| {
                (row.id.0, row.locked(self.keys).map(|locked| (locked.thing, code)))
            };
            Ok(rows.into_iter().map(with_code).collect())
        };
        believed_page(after, limit, rows)
    }

    /// Department systems that are not revoked and belong to an agency that is no more.
    pub fn list_clients_to_revoke(&mut self, limit: i64) -> Result<Vec<ClientId>, StoreError> {
        let ended = self.ids_of_ended_agencies()?;
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Uid<ClientId>> = client::table
            .filter(client::agency_id.eq_any(ended).and(client::revoked_at.is_null()))
            .select(client::id)
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|id| id.0).collect())
    }
}
