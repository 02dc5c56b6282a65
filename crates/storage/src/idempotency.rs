//! Answers under an Idempotency-Key: written in the transaction of the change that they answer, sealed, and replayed only to the same
//! principal.

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

fn place(claim: &Claim) -> Aad {
    Aad::new("idempotency", claim.principal_id, &claim.key, 0)
}

fn bare_place(claim: &Claim) -> Aad {
    Aad::new("idempotency_bare", claim.principal_id, &claim.key, 0)
}

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
        let body = self.answer_key()?.open(&place(claim), &row.sealed)?.to_vec();
        let status = u16::try_from(row.status).map_err(|_| StoreError::Missing)?;
        let shows = match (row.shown, row.bare) {
            (Some(shown), Some(bare)) => Some(Shows {
                shown: serde_json::from_str(&shown).map_err(|_| StoreError::Key(KeyError::Sealed))?,
                bare: self.answer_key()?.open(&bare_place(claim), &bare)?.to_vec(),
            }),
            _ => None,
        };
        let answer = StoredAnswer { status, etag: row.etag, location: row.location, body, shows };
        Ok(Found::Answer(Box::new(Kept { answer, sheet_id: row.sheet_id.map(|id| id.0) })))
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
        let row = AnswerRow {
            principal_id: Uid(claim.principal_id),
            key: claim.key.clone(),
            fingerprint: claim.fingerprint.to_vec(),
            agency_id: Uid(claim.agency_id),
            sheet_id: sheet_id.map(Uid),
            status: i32::from(answer.status),
            etag: answer.etag.clone(),
            location: answer.location.clone(),
            sealed: key.seal(&place(claim), &answer.body, self.chance)?,
            created_at: At(at),
            bare: shows.map(|it| key.seal(&bare_place(claim), &it.bare, self.chance)).transpose()?,
            shown,
        };
        match prepared::<KeepAnswer, _>(diesel::insert_into(idempotency::table).values(&row))
            .execute(self.conn)
            .map_err(StoreError::from)
        {
            Ok(_) => Ok(()),
            // The same key came for another sheet, in another lane, at the same moment: run again, and find that answer.
            Err(StoreError::Conflict(_)) => Err(self.retry()),
            Err(error) => Err(error),
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
