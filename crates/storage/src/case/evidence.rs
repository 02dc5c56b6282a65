//! Evidence of consents: sealed, and stored apart from them, because it is large and hardly ever read.

use crate::keys::{Aad, DataKey};
use crate::lane::WriteTx;
use crate::locked::{Locked, open, seal};
use crate::schema::evidence;
use crate::sql_types::{At, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::case::consent::{NewEvidence, Proof, Signature};
use domain::case::sheet::Sheet;
use domain::ids::{ConsentId, EvidenceId};
use domain::time::Instant;

fn place(id: EvidenceId) -> Aad {
    Aad::new("evidence", id.0, "sealed", 0)
}

impl WriteTx<'_> {
    pub(crate) fn write_evidence(
        &mut self,
        key: &DataKey,
        sheet: &Sheet,
        it: &NewEvidence,
        at: Instant,
    ) -> Result<(), StoreError> {
        // A scan is an attachment and is kept as one.
        let Proof::Signature(signature) = &it.proof else { return Ok(()) };
        let sealed = seal(self, key, &place(it.id), signature)?;
        diesel::insert_into(evidence::table)
            .values((
                evidence::id.eq(Uid(it.id)),
                evidence::municipality_id.eq(Uid(sheet.municipality_id)),
                evidence::consent_id.eq(Uid(it.consent_id)),
                evidence::sealed.eq(sealed),
                evidence::created_at.eq(At(at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The signatures under a consent of a locked case.
    pub fn list_signatures(
        &mut self,
        locked: &Locked,
        of: ConsentId,
    ) -> Result<Vec<(EvidenceId, Signature)>, StoreError> {
        let rows: Vec<(Uid<EvidenceId>, Vec<u8>)> = evidence::table
            .filter(evidence::consent_id.eq(Uid(of)))
            .select((evidence::id, evidence::sealed))
            .load(self.conn)?;
        rows.into_iter().map(|(id, sealed)| Ok((id.0, open(&locked.key, &place(id.0), &sealed)?))).collect()
    }
}
