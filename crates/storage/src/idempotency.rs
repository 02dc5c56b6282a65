//! Answers under an Idempotency-Key: written in the transaction of what they answer, sealed, replayed to the same principal only.

use crate::keys::{Aad, DataKey, Purpose};
use crate::lane::WriteTx;
use crate::prepared::{names, prepared};
use crate::schema::idempotency;
use crate::sql_types::{At, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::case::{Case, Replays};
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
    /// When it shows content of a sheet: the same body without that, which is all that is left once the content is closed.
    pub bare: Option<Vec<u8>>,
}

/// What a key stands for.
#[derive(Clone)]
pub struct Claim {
    /// Who sent it: a member of staff or a client.
    pub principal_id: Uuid,
    /// For which agency.
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
    /// The sheet that it is about.
    pub sheet_id: Option<SheetId>,
    /// Whether it shows content of a sheet.
    pub shows_content: bool,
    /// When it was given.
    pub at: Instant,
}

/// What was found under a key.
pub enum Found {
    /// Nothing: go ahead.
    Nothing,
    /// The answer to the same request.
    Answer(Kept),
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
    shows_content: bool,
    status: i32,
    etag: Option<String>,
    location: Option<String>,
    sealed: Vec<u8>,
    created_at: At,
    bare: Option<Vec<u8>>,
}

names!(KeepAnswer);

/// Body and bare body stand at the same place: one takes the other's.
fn place(claim: &Claim) -> Aad {
    Aad::new("idempotency", claim.principal_id, &claim.key, 0)
}

impl WriteTx<'_> {
    /// Looks a key up. Called under the lock of what the request changes, so the same request sent twice at once waits here and then replays.
    pub fn find_answer(&mut self, claim: &Claim) -> Result<Found, StoreError> {
        let row: Option<AnswerRow> =
            idempotency::table.find((Uid(claim.principal_id), &claim.key)).first(self.conn).optional()?;
        let Some(row) = row else { return Ok(Found::Nothing) };
        if row.fingerprint != claim.fingerprint {
            return Ok(Found::Reused);
        }
        let body = self.answer_key()?.open(&place(claim), &row.sealed)?.to_vec();
        let status = u16::try_from(row.status).map_err(|_| StoreError::Missing)?;
        let answer = StoredAnswer { status, etag: row.etag, location: row.location, body, bare: None };
        let sheet_id = row.sheet_id.map(|id| id.0);
        Ok(Found::Answer(Kept { answer, sheet_id, shows_content: row.shows_content, at: row.created_at.0 }))
    }

    /// Keeps an answer. It goes with the sheet that it is about; a withdrawal takes the content from it.
    pub fn keep_answer(
        &mut self,
        claim: &Claim,
        answer: &StoredAnswer,
        sheet_id: Option<SheetId>,
        at: Instant,
    ) -> Result<(), StoreError> {
        let key = self.answer_key()?;
        let seal = |body: &[u8]| key.seal(&place(claim), body, self.chance);
        let row = AnswerRow {
            principal_id: Uid(claim.principal_id),
            key: claim.key.clone(),
            fingerprint: claim.fingerprint.to_vec(),
            agency_id: Uid(claim.agency_id),
            sheet_id: sheet_id.map(Uid),
            shows_content: answer.bare.is_some(),
            status: i32::from(answer.status),
            etag: answer.etag.clone(),
            location: answer.location.clone(),
            sealed: seal(&answer.body)?,
            created_at: At(at),
            bare: answer.bare.as_deref().map(seal).transpose()?,
        };
        match prepared::<KeepAnswer, _>(diesel::insert_into(idempotency::table).values(&row))
            .execute(self.conn)
            .map_err(StoreError::from)
        {
            Ok(_) => Ok(()),
            // The same key on another sheet in another lane at the same moment: look again, and find its answer.
            Err(StoreError::Conflict(_)) => Err(self.retry()),
            Err(error) => Err(error),
        }
    }

    /// Takes the content from the kept answers of `whose` about the sheet, because it is closed now. Key, status and place stay, so that who
    /// asks again is answered and does nothing twice. Of a voided sheet all of it goes: there is nothing more to do on it.
    pub(crate) fn close_replays(&mut self, case: &Case, whose: Replays) -> Result<(), StoreError> {
        let of_sheet = idempotency::sheet_id.eq(Uid(case.sheet.id));
        let shown = of_sheet.and(idempotency::shows_content.eq(true));
        let left = (idempotency::sealed.eq(idempotency::bare.assume_not_null()), idempotency::shows_content.eq(false));
        match whose {
            Replays::OfEverybody => diesel::delete(idempotency::table.filter(of_sheet)).execute(self.conn)?,
            Replays::OfOthers => {
                let others = idempotency::agency_id.ne(Uid(case.sheet.origin_agency_id));
                diesel::update(idempotency::table.filter(shown.and(others))).set(left).execute(self.conn)?
            }
            Replays::Of(agency) => {
                let its = idempotency::agency_id.eq(Uid(agency));
                diesel::update(idempotency::table.filter(shown.and(its))).set(left).execute(self.conn)?
            }
        };
        Ok(())
    }

    /// Forgets answers from before `until`; answers how many.
    pub fn forget_answers(&mut self, until: Instant) -> Result<usize, StoreError> {
        Ok(diesel::delete(idempotency::table.filter(idempotency::created_at.lt(At(until)))).execute(self.conn)?)
    }

    fn answer_key(&self) -> Result<DataKey, StoreError> {
        Ok(DataKey::of(self.keys.derive(Purpose::Idempotency)?))
    }
}
