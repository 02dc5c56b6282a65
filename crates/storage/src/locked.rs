//! A case under the lock of its stream: read with one statement, and believed only if the head of the stream vouches for it.

use crate::audit::{HEAD_COLUMNS, HeadRow, StreamLock};
use crate::connection::Conn;
use crate::keys::{Aad, DataKey, KeyError, Keyring};
use crate::lane::WriteTx;
use crate::schema::{sheet, sheet_content, stream};
use crate::sql_types::{At, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::Actor;
use domain::audit::{EventDraft, Stream};
use domain::case::Case;
use domain::consent::CommitKey;
use domain::ids::{Chance, MunicipalityId, SheetId, StopNoticeId};
use domain::personal::Revealed;
use domain::sheet::Document;
use domain::time::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A case under lock, and the key of its sheet.
pub struct Locked {
    /// The case as it was when the lock was taken.
    pub case: Case,
    pub(crate) key: DataKey,
    pub(crate) lock: StreamLock,
    /// The content of the sheet as it stands, sealed; none when it was not there.
    pub(crate) content: Option<Vec<u8>>,
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

/// The version of the shape in which a case is written. A reader of a later shape reads every earlier one.
const SHAPE: u32 = 1;

/// A case as its document holds it.
#[derive(Serialize)]
struct Written<'a> {
    shape: u32,
    case: &'a Case,
}

/// The same, read.
#[derive(Deserialize)]
struct Kept {
    shape: u32,
    case: Case,
}

/// What a keyed digest of a document is about.
const STATE: &str = "state";

/// The document of a case: its bytes, and their keyed digest, which the trail carries.
pub(crate) struct State {
    bytes: Zeroizing<Vec<u8>>,
    pub(crate) digest: Vec<u8>,
}

impl State {
    pub(crate) fn of(case: &Case, keys: &Keyring) -> Result<Self, StoreError> {
        let bytes = json(&Written { shape: SHAPE, case })?;
        let digest = keys.vouch(STATE, &[case.sheet.id.0.as_bytes(), &bytes])?;
        Ok(Self { bytes, digest })
    }

    pub(crate) fn seal(&self, id: SheetId, key: &DataKey, chance: &dyn Chance) -> Result<Vec<u8>, StoreError> {
        Ok(key.seal(&state_place(id), &self.bytes, chance)?)
    }
}

/// The case in a document, if `digest` is the digest of it.
///
/// # Errors
/// [`StoreError::Diverged`] when it is another document, or none of ours.
pub(crate) fn open_case(
    keys: &Keyring,
    key: &DataKey,
    id: SheetId,
    digest: &[u8],
    sealed: &[u8],
) -> Result<Case, StoreError> {
    let diverged = || StoreError::Diverged(Stream::Sheet(id));
    let bytes = key.open(&state_place(id), sealed).map_err(|_| diverged())?;
    if !keys.vouches(STATE, &[id.0.as_bytes(), &bytes], digest) {
        return Err(diverged());
    }
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|_| diverged())?;
    if kept.shape > SHAPE {
        // A newer program has written it, and this one would drop what it does not know.
        let code = kept.shape.to_string();
        return Err(StoreError::UnknownCode { table: "sheet", column: "document", row: id.0, code });
    }
    Ok(kept.case)
}

pub(crate) fn wrapped(id: SheetId) -> Aad {
    Aad::new("sheet", id.0, "data_key", 0)
}

fn state_place(id: SheetId) -> Aad {
    Aad::new("sheet", id.0, "document", 0)
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

/// The head of a sheet's stream, its municipality, its wrapped key and its document.
type SheetState = (HeadRow, Uid<MunicipalityId>, Vec<u8>, Vec<u8>);

impl WriteTx<'_> {
    /// An id for a stop notice that the service makes itself.
    pub fn new_stop(&self, at: Instant) -> StopNoticeId {
        StopNoticeId::new(at, self.chance)
    }

    /// Locks and loads a case; none when there is no such sheet. When a draft is discarded, its stream stays.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written its head or its document.
    pub fn lock_case(&mut self, id: SheetId) -> Result<Option<Locked>, StoreError> {
        let (state, content) = match self.read_case_with_content(id)? {
            Some((state, content)) => (state, Some(content)),
            // Without its content, or while another process was writing another one, the sheet is read alone.
            None => match self.read_case(id)? {
                Some(state) => (state, None),
                None => return self.check_gone(id).map(|()| None),
            },
        };
        let (head, municipality, data_key, document) = state;
        let lock = StreamLock::of(Stream::Sheet(id), Some(municipality.0), head, self.keys)?;
        let key = self.keys.unwrap_key(&data_key, &wrapped(id)).map_err(|error| match error {
            KeyError::Sealed => StoreError::Diverged(Stream::Sheet(id)),
            error => error.into(),
        })?;
        let case = open_case(self.keys, &key, id, lock.state(), &document)?;
        if case.sheet.municipality_id != municipality.0 {
            return Err(StoreError::Diverged(Stream::Sheet(id)));
        }
        self.wanted.extend(case.relays.iter().map(|relay| relay.to_agency_id));
        Ok(Some(Locked { case, key, lock, content }))
    }

    /// There is no such sheet, or it was a draft that somebody has discarded.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when the sheet is gone and its trail says nothing of it, or the trail is gone and the sheet is not.
    fn check_gone(&mut self, id: SheetId) -> Result<(), StoreError> {
        let is_there: bool = diesel::select(diesel::dsl::exists(sheet::table.find(Uid(id)))).get_result(self.conn)?;
        match self.try_lock_stream(Stream::Sheet(id), None)? {
            Some(lock) if lock.state().is_empty() && !is_there => Ok(()),
            None if !is_there => Ok(()),
            _ => Err(StoreError::Diverged(Stream::Sheet(id))),
        }
    }

    fn read_case_with_content(&mut self, id: SheetId) -> Result<Option<(SheetState, Vec<u8>)>, StoreError> {
        let current = sheet_content::sheet_id.eq(sheet::id).and(sheet_content::revision.eq(sheet::content_revision));
        let query = stream::table
            .inner_join(sheet::table.on(sheet::id.eq(Uid(id))))
            .inner_join(sheet_content::table.on(current))
            .filter(stream::name.eq(Stream::Sheet(id).to_string()))
            .select(((HEAD_COLUMNS, sheet::municipality_id, sheet::data_key, sheet::document), sheet_content::sealed));
        Ok(match &mut *self.conn {
            Conn::Postgres(conn) => query.for_no_key_update().get_result(conn).optional()?,
            Conn::Sqlite(conn) => query.get_result(conn).optional()?,
        })
    }

    fn read_case(&mut self, id: SheetId) -> Result<Option<SheetState>, StoreError> {
        let query = stream::table
            .inner_join(sheet::table.on(sheet::id.eq(Uid(id))))
            .filter(stream::name.eq(Stream::Sheet(id).to_string()))
            .select((HEAD_COLUMNS, sheet::municipality_id, sheet::data_key, sheet::document));
        Ok(match &mut *self.conn {
            Conn::Postgres(conn) => query.for_no_key_update().get_result(conn).optional()?,
            Conn::Sqlite(conn) => query.get_result(conn).optional()?,
        })
    }

    /// The document of a locked case as it was at `revision`: the newest kept one up to that revision, with the revision that wrote it;
    /// none when there is none.
    pub fn find_document(&mut self, locked: &Locked, revision: u32) -> Result<Option<(u32, Document)>, StoreError> {
        let sheet = &locked.case.sheet;
        if let Some(sealed) = locked.content.as_ref().filter(|_| revision >= sheet.content_revision) {
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
        let id = locked.case.sheet.id;
        open(&locked.key, &content_place(id, revision), sealed).map_err(|_| StoreError::Diverged(Stream::Sheet(id)))
    }

    /// Whether at least `many` of the kept revisions of a locked case came after `since`.
    pub fn has_revisions_since(&mut self, locked: &Locked, many: i64, since: Instant) -> Result<bool, StoreError> {
        let oldest: Option<At> = sheet_content::table
            .filter(sheet_content::sheet_id.eq(Uid(locked.case.sheet.id)))
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
            .filter(sheet_content::sheet_id.eq(Uid(locked.case.sheet.id)))
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
        let sheet = &locked.case.sheet;
        let found = self.find_document(locked, sheet.content_revision)?;
        let found = found.filter(|(revision, _)| *revision == sheet.content_revision);
        found.map(|(_, document)| document).ok_or(StoreError::Diverged(Stream::Sheet(sheet.id)))
    }

    /// Records events about a locked case that does not change: that it was read, or that something was refused.
    pub fn note(&mut self, locked: &mut Locked, events: &[EventDraft], actor: &Actor) -> Result<(), StoreError> {
        self.append(&mut locked.lock, events, Some(actor), actor.at)
    }
}

#[cfg(test)]
mod tests;
