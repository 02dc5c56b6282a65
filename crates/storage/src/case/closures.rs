//! How cases ended: one row for each closing that says more than a reason, sealed, and never changed.

use crate::keys::{Aad, DataKey};
use crate::lane::WriteTx;
use crate::locked::{Locked, open, seal};
use crate::schema::closure;
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::prelude::*;
use domain::audit::Stream;
use domain::beside::closure::Closure;
use domain::ids::{EntryId, MunicipalityId};

fn place(id: EntryId) -> Aad {
    Aad::new("closure", id.0, "sealed", 0)
}

impl WriteTx<'_> {
    pub(crate) fn write_closure(
        &mut self,
        key: &DataKey,
        municipality: MunicipalityId,
        it: &Closure,
    ) -> Result<(), StoreError> {
        let sealed = seal(self, key, &place(it.entry_id), it)?;
        diesel::insert_into(closure::table)
            .values((
                closure::entry_id.eq(Uid(it.entry_id)),
                closure::municipality_id.eq(Uid(municipality)),
                closure::sheet_id.eq(Uid(it.sheet_id)),
                closure::sealed.eq(sealed),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// How a locked case ended, if it is closed and its closing says more than a reason.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when it does not open.
    pub fn find_closure(&mut self, locked: &Locked) -> Result<Option<Closure>, StoreError> {
        let Some(closed_at) = locked.thing.sheet.closed_at else { return Ok(None) };
        Ok(self.list_closures(locked)?.into_iter().find(|it| it.recorded_at == closed_at))
    }

    /// The closings of a locked case that say more than a reason, by their entries.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when one does not open.
    pub(crate) fn list_closures(&mut self, locked: &Locked) -> Result<Vec<Closure>, StoreError> {
        let sheet = locked.thing.sheet.id;
        let rows: Vec<(Uid<EntryId>, Vec<u8>)> = closure::table
            .filter(closure::sheet_id.eq(Uid(sheet)))
            .select((closure::entry_id, closure::sealed))
            .load(self.conn)?;
        let opened = rows.into_iter().map(|(id, sealed)| open(&locked.key, &place(id.0), &sealed));
        opened.collect::<Result<_, _>>().map_err(|_| StoreError::Diverged(Stream::Sheet(sheet)))
    }
}
