//! A thing under the lock of its stream: read with one statement, and believed only if the head of the stream vouches for it.

use crate::audit::{HEAD_COLUMNS, HeadRow, StreamLock};
use crate::connection::Conn;
use crate::keys::{Aad, DataKey, KeyError, Keyring};
use crate::lane::WriteTx;
use crate::schema::{sheet, sheet_content, stream};
use crate::sql_types::{At, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::Actor;
use domain::aggregate::{Aggregate, Outcome};
use domain::audit::{EventDraft, Stream};
use domain::case::Case;
use domain::case::consent::CommitKey;
use domain::case::sheet::Document;
use domain::figure::Counting;
use domain::ids::{Chance, HouseholdId, MunicipalityId, SheetId, StopRequestId};
use domain::personal::Revealed;
use domain::time::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How an aggregate is kept: in one row of a table, whose `document` decides, beside rows that only repeat parts of it.
pub trait Stored: Aggregate + Clone + Serialize + DeserializeOwned {
    /// The table of its document.
    const TABLE: &'static str;
    /// What is read together with the document and belongs to it.
    type Beside: Default;

    /// Its id.
    fn id(&self) -> Uuid;

    /// What follows from a transition besides, before anything is written.
    ///
    /// # Errors
    /// The database refuses.
    fn complete(
        _: &mut WriteTx<'_>,
        _: &Locked<Self>,
        outcome: Outcome<Self>,
        _: Instant,
    ) -> Result<Outcome<Self>, StoreError> {
        Ok(outcome)
    }

    /// The stream of the one of that id.
    fn stream_of(id: Uuid) -> Stream;

    /// Whether its row is there.
    ///
    /// # Errors
    /// The database refuses.
    fn is_there(tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool, StoreError>;

    /// Reads its row and the head of its stream, and locks both; none when one of them is not there.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written its head or its document.
    fn read_locked(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Locked<Self>>, StoreError>;

    /// Locks and loads the one of that id; none when there is none, or when it was deleted.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written its head or its document, or has deleted one of them.
    fn lock(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Locked<Self>>, StoreError> {
        if let Some(locked) = Self::read_locked(tx, id)? {
            return Ok(Some(locked));
        }
        let (stream, is_there) = (Self::stream_of(id), Self::is_there(tx, id)?);
        match tx.try_lock_stream(stream, None)? {
            // A deleted thing leaves a stream that leads to no document.
            Some(lock) if lock.state().is_empty() && !is_there => Ok(None),
            None if !is_there => Ok(None),
            _ => Err(StoreError::Diverged(stream)),
        }
    }

    /// What is counted of a transition for figures, if anything is; `locked` is the thing as it was before.
    ///
    /// # Errors
    /// The database refuses.
    fn counted(
        _: &mut WriteTx<'_>,
        _: &Locked<Self>,
        _: &Outcome<Self>,
        _: Instant,
    ) -> Result<Option<Counting>, StoreError> {
        Ok(None)
    }

    /// Whether the transition has deleted it.
    fn is_gone(_: &Self::Changes) -> bool {
        false
    }

    /// Writes its rows. `document` is the sealed document, where it has changed; `locked` is the thing as it was before.
    ///
    /// # Errors
    /// The database refuses.
    fn write(
        tx: &mut WriteTx<'_>,
        locked: &mut Locked<Self>,
        outcome: &Outcome<Self>,
        document: Option<Vec<u8>>,
        at: Instant,
    ) -> Result<(), StoreError>;
}

/// A thing under lock, and its data key.
pub struct Locked<A: Stored = Case> {
    /// The thing as it was when the lock was taken.
    pub thing: A,
    pub(crate) key: DataKey,
    pub(crate) lock: StreamLock,
    pub(crate) beside: A::Beside,
}

impl<A: Stored> Locked<A> {
    /// The lock of a thing that is about to be made.
    pub(crate) fn of_new(thing: A, chance: &dyn Chance) -> Self {
        let lock = StreamLock::of_new(thing.stream(), Some(thing.municipality_id()));
        Self { thing, key: DataKey::new(chance), lock, beside: A::Beside::default() }
    }
}

impl Locked {
    /// The key for commitments about this sheet.
    ///
    /// # Errors
    /// The key cannot be derived.
    pub fn commit_key(&self) -> Result<CommitKey, StoreError> {
        Ok(CommitKey::new(&*self.key.commit_key()?))
    }
}

/// The version of the shape in which documents are written. A reader of a later shape reads every earlier one.
const SHAPE: u32 = 1;

/// A thing as its document holds it.
#[derive(Serialize)]
struct Written<'a, A> {
    shape: u32,
    thing: &'a A,
}

/// The same, read.
#[derive(Deserialize)]
struct Kept<A> {
    shape: u32,
    thing: A,
}

/// What a keyed digest of a document is about.
const STATE: &str = "state";

/// The document of a thing: its bytes, and their keyed digest, which the trail carries.
pub(crate) struct State {
    bytes: Zeroizing<Vec<u8>>,
    pub(crate) digest: Vec<u8>,
}

impl State {
    pub(crate) fn of<A: Stored>(thing: &A, keys: &Keyring) -> Result<Self, StoreError> {
        let bytes = json(&Written { shape: SHAPE, thing })?;
        let digest = keys.vouch(STATE, &[thing.id().as_bytes(), &bytes])?;
        Ok(Self { bytes, digest })
    }

    pub(crate) fn seal<A: Stored>(&self, id: Uuid, key: &DataKey, chance: &dyn Chance) -> Result<Vec<u8>, StoreError> {
        Ok(key.seal(&state_place::<A>(id), &self.bytes, chance)?)
    }
}

/// What is read of every aggregate: the head of its stream, whether the trail goes on beyond it, its municipality, its wrapped key and its
/// document.
#[derive(Queryable)]
pub(crate) struct StateRow {
    head: Option<HeadRow>,
    goes_on: bool,
    municipality_id: Uid<MunicipalityId>,
    data_key: Vec<u8>,
    document: Vec<u8>,
}

/// In place of [`crate::audit::goes_on`], for a reading under the lock.
macro_rules! locked {
    () => {
        false.into_sql::<diesel::sql_types::Bool>()
    };
}
pub(crate) use locked;

/// [`Stored::read_locked`] for a thing of which nothing else is read: its table, the columns, and the row that they make.
macro_rules! read_locked {
    ($tx:ident, $id:ident, $table:ident, $columns:expr, $found:ty) => {{
        let query = crate::schema::stream::table
            .inner_join($table::table.on($table::id.eq(Uid($id))))
            .filter(crate::schema::stream::name.eq(Self::stream_of($id).to_string()))
            .select($columns);
        let row: Option<$found> = match &mut *$tx.conn {
            Conn::Postgres(conn) => query.for_no_key_update().get_result(conn).optional()?,
            Conn::Sqlite(conn) => query.get_result(conn).optional()?,
        };
        row.map(|row| row.locked($tx.keys)).transpose()
    }};
}
pub(crate) use read_locked;

impl StateRow {
    /// The thing of that id, if the service has written it so.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written its head or its document.
    pub(crate) fn believe<A: Stored>(
        self,
        stream: Stream,
        id: Uuid,
        keys: &Keyring,
    ) -> Result<(A, DataKey, StreamLock), StoreError> {
        let diverged = || StoreError::Diverged(stream);
        if self.goes_on {
            return Err(diverged());
        }
        let municipality = self.municipality_id.0;
        let lock = StreamLock::of(stream, Some(municipality), self.head.ok_or_else(diverged)?, keys)?;
        // No key is lost: the service does not start without one under which something is wrapped.
        let key = keys.unwrap_key(&self.data_key, &wrapped::<A>(id)).map_err(|_| diverged())?;
        let thing: A = open_document(keys, &key, stream, id, lock.state(), &self.document)?;
        if thing.municipality_id() != municipality {
            return Err(diverged());
        }
        Ok((thing, key, lock))
    }
}

/// The thing in a document, if `digest` is the digest of it.
///
/// # Errors
/// [`StoreError::Diverged`] when it is another document, or none of ours.
pub(crate) fn open_document<A: Stored>(
    keys: &Keyring,
    key: &DataKey,
    stream: Stream,
    id: Uuid,
    digest: &[u8],
    sealed: &[u8],
) -> Result<A, StoreError> {
    let diverged = || StoreError::Diverged(stream);
    let bytes = key.open(&state_place::<A>(id), sealed).map_err(|_| diverged())?;
    if !keys.vouches(STATE, &[id.as_bytes(), &bytes], digest) {
        return Err(diverged());
    }
    let kept: Kept<A> = serde_json::from_slice(&bytes).map_err(|_| diverged())?;
    if kept.shape > SHAPE {
        // A newer program has written it, and this one would drop what it does not know.
        let code = kept.shape.to_string();
        return Err(StoreError::UnknownCode { table: A::TABLE, column: "document", row: id, code });
    }
    Ok(kept.thing)
}

pub(crate) fn wrapped<A: Stored>(id: Uuid) -> Aad {
    Aad::new(A::TABLE, id, "data_key", 0)
}

fn state_place<A: Stored>(id: Uuid) -> Aad {
    Aad::new(A::TABLE, id, "document", 0)
}

pub(crate) fn content_place(id: SheetId, revision: u32) -> Aad {
    Aad::new("sheet_content", id.0, "sealed", u64::from(revision))
}

fn json<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    Ok(Zeroizing::new(serde_json::to_vec(&Revealed(value)).map_err(|_| StoreError::Missing)?))
}

pub(crate) fn seal<T: Serialize>(
    tx: &WriteTx<'_>,
    key: &DataKey,
    place: &Aad,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    Ok(key.seal(place, &json(value)?, tx.chance)?)
}

pub(crate) fn open<T: DeserializeOwned>(key: &DataKey, place: &Aad, sealed: &[u8]) -> Result<T, StoreError> {
    let json = key.open(place, sealed)?;
    serde_json::from_slice(&json).map_err(|_| StoreError::Key(KeyError::Sealed))
}

pub(crate) fn number(value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| StoreError::Missing)
}

pub(crate) fn count(value: i32) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::Missing)
}

impl WriteTx<'_> {
    /// An id for a stop request that the service makes itself.
    pub fn new_stop(&self, at: Instant) -> StopRequestId {
        StopRequestId::new(at, self.chance)
    }

    /// An id for a household that begins with one sheet.
    pub fn new_household(&self, at: Instant) -> HouseholdId {
        HouseholdId::new(at, self.chance)
    }

    /// Locks and loads a case. When a draft is discarded, its stream stays.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written its head or its document.
    pub fn lock_case(&mut self, id: SheetId) -> Result<Option<Locked>, StoreError> {
        Case::lock(self, id.0)
    }

    pub(crate) fn read_locked_case(&mut self, id: SheetId) -> Result<Option<Locked>, StoreError> {
        let (state, content) = match self.read_case_with_content(id)? {
            Some((state, content)) => (state, Some(content)),
            // Without its content, or while another process was writing another one, the sheet is read alone.
            None => match self.read_case(id)? {
                Some(state) => (state, None),
                None => return Ok(None),
            },
        };
        let (case, key, lock) = state.believe::<Case>(Stream::Sheet(id), id.0, self.keys)?;
        self.wanted.extend(case.relays.iter().map(|relay| relay.to_agency_id));
        Ok(Some(Locked { thing: case, key, lock, beside: content }))
    }

    fn read_case_with_content(&mut self, id: SheetId) -> Result<Option<(StateRow, Vec<u8>)>, StoreError> {
        let current = sheet_content::sheet_id.eq(sheet::id).and(sheet_content::revision.eq(sheet::content_revision));
        let query = stream::table
            .inner_join(sheet::table.on(sheet::id.eq(Uid(id))))
            .inner_join(sheet_content::table.on(current))
            .filter(stream::name.eq(Stream::Sheet(id).to_string()))
            .select((
                (HEAD_COLUMNS.nullable(), locked!(), sheet::municipality_id, sheet::data_key, sheet::document),
                sheet_content::sealed,
            ));
        Ok(match &mut *self.conn {
            Conn::Postgres(conn) => query.for_no_key_update().get_result(conn).optional()?,
            Conn::Sqlite(conn) => query.get_result(conn).optional()?,
        })
    }

    fn read_case(&mut self, id: SheetId) -> Result<Option<StateRow>, StoreError> {
        let query = stream::table
            .inner_join(sheet::table.on(sheet::id.eq(Uid(id))))
            .filter(stream::name.eq(Stream::Sheet(id).to_string()))
            .select((HEAD_COLUMNS.nullable(), locked!(), sheet::municipality_id, sheet::data_key, sheet::document));
        Ok(match &mut *self.conn {
            Conn::Postgres(conn) => query.for_no_key_update().get_result(conn).optional()?,
            Conn::Sqlite(conn) => query.get_result(conn).optional()?,
        })
    }

    /// The document of a locked case as it was at `revision`: the newest kept one up to that revision, with the revision that wrote it;
    /// none when there is none.
    pub fn find_document(&mut self, locked: &Locked, revision: u32) -> Result<Option<(u32, Document)>, StoreError> {
        let sheet = &locked.thing.sheet;
        if let Some(sealed) = locked.beside.as_ref().filter(|_| revision >= sheet.content_revision) {
            return Ok(Some((sheet.content_revision, self.opened(locked, sheet.content_revision, sealed)?)));
        }
        let row: Option<(i32, Vec<u8>)> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(sheet.id)).and(sheet_content::revision.le(number(revision)?)))
            .order(sheet_content::revision.desc())
            .select((sheet_content::revision, sheet_content::sealed))
            .first(self.conn)
            .optional()?;
        let Some((revision, sealed)) = row else { return Ok(None) };
        let revision = count(revision)?;
        Ok(Some((revision, self.opened(locked, revision, &sealed)?)))
    }

    fn opened(&self, locked: &Locked, revision: u32, sealed: &[u8]) -> Result<Document, StoreError> {
        let id = locked.thing.sheet.id;
        open(&locked.key, &content_place(id, revision), sealed).map_err(|_| StoreError::Diverged(Stream::Sheet(id)))
    }

    /// Whether at least `many` of the kept revisions of a locked case came after `since`.
    pub fn has_revisions_since(&mut self, locked: &Locked, many: i64, since: Instant) -> Result<bool, StoreError> {
        let oldest: Option<At> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(locked.thing.sheet.id)))
            .order(sheet_content::revision.desc())
            .offset(many - 1)
            .select(sheet_content::created_at)
            .first(self.conn)
            .optional()?;
        Ok(oldest.is_some_and(|oldest| oldest.0 > since))
    }

    /// The last revision before `revision` that has a kept document.
    pub fn find_revision_before(&mut self, locked: &Locked, revision: u32) -> Result<Option<u32>, StoreError> {
        let earlier: Option<i32> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(locked.thing.sheet.id)))
            .filter(sheet_content::revision.lt(number(revision)?))
            .select(diesel::dsl::max(sheet_content::revision))
            .first(self.conn)?;
        earlier.map(count).transpose()
    }

    /// The current document of a locked case.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when it is not there, or does not open.
    pub fn document(&mut self, locked: &Locked) -> Result<Document, StoreError> {
        let sheet = &locked.thing.sheet;
        let found = self.find_document(locked, sheet.content_revision)?;
        let found = found.filter(|(revision, _)| *revision == sheet.content_revision);
        found.map(|(_, document)| document).ok_or(StoreError::Diverged(Stream::Sheet(sheet.id)))
    }

    /// Records events about a locked thing that does not change: that it was read, or that something was refused.
    pub fn note<A: Stored>(
        &mut self,
        locked: &mut Locked<A>,
        events: &[EventDraft],
        actor: &Actor,
    ) -> Result<(), StoreError> {
        self.append(&mut locked.lock, events, Some(actor), actor.at)
    }
}

#[cfg(test)]
mod tests;
