//! Answers under an Idempotency-Key: written in the transaction of the change that they answer, sealed, and replayed only to the same
//! principal.

use crate::connection::Conn;
use crate::keys::{Aad, DataKey, KeyError, Purpose};
use crate::lane::WriteTx;
use crate::prepared::{names, prepared};
use crate::schema::idempotency;
use crate::sql_types::{At, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::case::Shown;
use domain::ids::{AgencyId, SheetId};
use domain::time::Instant;
use uuid::Uuid;

/// The answer to a request.
#[derive(Clone)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// What it shows of a sheet's content, if it shows any.
    pub shows: Option<Shows>,
}

/// What an answer shows of a sheet's content. Its body is replayed only as long as the reader may see all of that.
#[derive(Clone)]
pub struct Shows {
    /// What it shows.
    pub shown: Shown,
    /// The same body without content; this is replayed when part of the content is closed.
    pub bare: Vec<u8>,
}

/// What a key stands for: the request that carries it.
#[derive(Clone)]
pub struct Claim {
    /// The sender: a member of staff or a client.
    pub principal_id: Uuid,
    /// The agency for which the sender acts.
    pub agency_id: AgencyId,
    /// The key, as sent.
    pub key: String,
    /// A keyed digest of operation, path and body.
    pub fingerprint: [u8; 32],
}

/// A kept answer.
pub struct Kept {
    /// The answer.
    pub answer: StoredAnswer,
    /// The sheet that the answer is about.
    pub sheet_id: Option<SheetId>,
}

/// What was found under a key.
pub enum Found {
    /// Nothing: go ahead.
    Nothing,
    /// The answer to the same request.
    Answer(Box<Kept>),
    /// The key belongs to another request.
    Reused,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
struct AnswerRow {
    principal_id: Uid<Uuid>,
    key: String,
    fingerprint: Vec<u8>,
    agency_id: Uid<AgencyId>,
    sheet_id: Option<Uid<SheetId>>,
    status: i32,
    etag: Option<String>,
    location: Option<String>,
    sealed: Vec<u8>,
    created_at: At,
    bare: Option<Vec<u8>>,
    shown: Option<String>,
}

names!(KeepAnswer);

/// The place of a body: bound to the row's open columns, because they decide whether and how it is replayed.
fn place(part: &str, claim: &Claim, sheet: Option<SheetId>, status: i32, shown: Option<&str>) -> Aad {
    let sheet = sheet.map_or_else(String::new, |id| id.to_string());
    let (agency, fingerprint) = (claim.agency_id, hex::encode(claim.fingerprint));
    let column = format!("{}\n{agency}\n{fingerprint}\n{sheet}\n{status}\n{}", claim.key, shown.unwrap_or_default());
    Aad::new(part, claim.principal_id, &column, 0)
}

const BODY: &str = "idempotency";
const BARE: &str = "idempotency_bare";

impl WriteTx<'_> {
    /// Looks a key up, under the lock of what the request changes: if the same request is sent twice at once, the second waits here and
    /// then gets the first one's answer.
    pub fn find_answer(&mut self, claim: &Claim) -> Result<Found, StoreError> {
        let row: Option<AnswerRow> =
            idempotency::table.find((Uid(claim.principal_id), &claim.key)).first(self.conn).optional()?;
        let Some(row) = row else { return Ok(Found::Nothing) };
        if row.fingerprint != claim.fingerprint {
            return Ok(Found::Reused);
        }
        let sheet_id = row.sheet_id.map(|id| id.0);
        let at = |part: &str| place(part, claim, sheet_id, row.status, row.shown.as_deref());
        let body = self.answer_key()?.open(&at(BODY), &row.sealed)?.to_vec();
        let status = u16::try_from(row.status).map_err(|_| StoreError::Missing)?;
        let shows = match (&row.shown, &row.bare) {
            (Some(shown), Some(bare)) => Some(Shows {
                shown: serde_json::from_str(shown).map_err(|_| StoreError::Key(KeyError::Sealed))?,
                bare: self.answer_key()?.open(&at(BARE), bare)?.to_vec(),
            }),
            _ => None,
        };
        let answer = StoredAnswer { status, etag: row.etag, location: row.location, body, shows };
        Ok(Found::Answer(Box::new(Kept { answer, sheet_id })))
    }

    /// Keeps an answer. It is deleted together with the sheet that it is about.
    pub fn keep_answer(
        &mut self,
        claim: &Claim,
        answer: &StoredAnswer,
        sheet_id: Option<SheetId>,
        at: Instant,
    ) -> Result<(), StoreError> {
        let key = self.answer_key()?;
        let shows = answer.shows.as_ref();
        let shown = shows.map(|it| serde_json::to_string(&it.shown)).transpose().map_err(|_| StoreError::Missing)?;
        let status = i32::from(answer.status);
        let place = |part: &str| place(part, claim, sheet_id, status, shown.as_deref());
        let sealed = key.seal(&place(BODY), &answer.body, self.chance)?;
        let bare = shows.map(|it| key.seal(&place(BARE), &it.bare, self.chance)).transpose()?;
        let row = AnswerRow {
            principal_id: Uid(claim.principal_id),
            key: claim.key.clone(),
            fingerprint: claim.fingerprint.to_vec(),
            agency_id: Uid(claim.agency_id),
            sheet_id: sheet_id.map(Uid),
            status,
            etag: answer.etag.clone(),
            location: answer.location.clone(),
            sealed,
            created_at: At(at),
            bare,
            shown,
        };
        let kept = diesel::insert_into(idempotency::table).values(&row).on_conflict_do_nothing();
        let kept = prepared::<KeepAnswer, _>(kept);
        let kept = match &mut *self.conn {
            Conn::Postgres(conn) => kept.execute(conn)?,
            Conn::Sqlite(conn) => kept.execute(conn)?,
        };
        match kept {
            1 => Ok(()),
            // The key was used before: undo everything, run again, and look for the answer first.
            _ => Err(self.retry()),
        }
    }

    /// Forgets the answers about a sheet that was voided, because nothing more can be done with it.
    pub(crate) fn forget_answers_about(&mut self, sheet: SheetId) -> Result<(), StoreError> {
        diesel::delete(idempotency::table.filter(idempotency::sheet_id.eq(Uid(sheet)))).execute(self.conn)?;
        Ok(())
    }

    /// Forgets answers from before `until`; returns how many.
    pub fn forget_answers(&mut self, until: Instant) -> Result<usize, StoreError> {
        Ok(diesel::delete(idempotency::table.filter(idempotency::created_at.lt(At(until)))).execute(self.conn)?)
    }

    fn answer_key(&self) -> Result<DataKey, StoreError> {
        Ok(DataKey::of(self.keys.derive(Purpose::Idempotency)?))
    }
}
