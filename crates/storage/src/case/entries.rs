//! The progress record (支援経過) of a case: append-only, sealed.

use crate::connection::MultiBackend;
use crate::keys::{Aad, DataKey, Keyring};
use crate::lane::WriteTx;
use crate::locked::{Locked, open, seal};
use crate::schema::entry;
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::audit::Stream;
use domain::beside::entry::Entry;
use domain::content::Sections;
use domain::ids::{AgencyId, EntryId, MunicipalityId, SheetId};
use domain::time::Instant;
use std::collections::BTreeMap;

/// Which entries of the progress record a recipient sees.
pub struct EntryFilter {
    /// The agency whose own entries are all shown.
    pub own: AgencyId,
    /// The agency that shares its entries ...
    pub shared_by: AgencyId,
    /// ... in these sections.
    pub sections: Sections,
    /// In these sections, only the entries that it wrote before the instant.
    pub before: BTreeMap<Instant, Sections>,
}

type Condition = Box<dyn BoxableExpression<entry::table, MultiBackend, SqlType = Bool>>;

impl EntryFilter {
    fn condition(&self) -> Condition {
        let of = |sections: &Sections| {
            let sections: Vec<&'static str> = sections.iter().map(|section| section.as_str()).collect();
            entry::agency_id.eq(Uid(self.shared_by)).and(entry::section.eq_any(sections))
        };
        let mut seen: Condition = Box::new(entry::agency_id.eq(Uid(self.own)).or(of(&self.sections)));
        for (at, sections) in &self.before {
            // Ids grow with time. An entry of the same millisecond may have been written later, so it is left out.
            seen = Box::new(seen.or(of(sections).and(entry::id.lt(Uid(EntryId::first_at(*at))))));
        }
        seen
    }
}

impl WriteTx<'_> {
    pub(crate) fn write_entry(
        &mut self,
        key: &DataKey,
        municipality: MunicipalityId,
        it: &Entry,
    ) -> Result<(), StoreError> {
        let sealed = seal(self, key, &entry_place(it.id), it)?;
        diesel::insert_into(entry::table)
            .values((
                entry::id.eq(Uid(it.id)),
                entry::municipality_id.eq(Uid(municipality)),
                entry::sheet_id.eq(Uid(it.sheet_id)),
                entry::agency_id.eq(Uid(it.agency_id)),
                entry::section.eq(it.section.as_str()),
                entry::sealed.eq(sealed),
                entry::mac.eq(vouched(self.keys, it.sheet_id, it.id, it.agency_id, it.section.as_str())?),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// A page of the progress record, newest first: every entry, or only those that `only` lets through.
    pub fn list_entries(
        &mut self,
        locked: &Locked,
        only: Option<&EntryFilter>,
        after: Option<EntryId>,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut query = entry::table
            .filter(entry::sheet_id.eq(Uid(locked.thing.sheet.id)))
            .order(entry::id.desc())
            .limit(limit)
            .select((entry::id, entry::agency_id, entry::section, entry::mac, entry::sealed))
            .into_boxed();
        if let Some(only) = only {
            query = query.filter(only.condition());
        }
        if let Some(after) = after {
            query = query.filter(entry::id.lt(Uid(after)));
        }
        let sheet = locked.thing.sheet.id;
        let entry = |(id, agency, section, mac, sealed): EntryColumns| {
            let parts = [sheet.0.as_bytes().as_slice(), id.0.0.as_bytes(), agency.0.0.as_bytes(), section.as_bytes()];
            if !self.keys.vouches(ENTRY, &parts, &mac) {
                return Err(StoreError::Diverged(Stream::Sheet(sheet)));
            }
            open(&locked.key, &entry_place(id.0), &sealed)
        };
        query.load::<EntryColumns>(self.conn)?.into_iter().map(entry).collect()
    }

    /// Moves the entries of an origin that has ended to its successor. From then on the successor shares them with the receivers.
    pub(crate) fn move_entries(&mut self, id: SheetId, from: AgencyId, to: AgencyId) -> Result<(), StoreError> {
        let written: Vec<(Uid<EntryId>, String)> = entry::table
            .filter(entry::sheet_id.eq(Uid(id)).and(entry::agency_id.eq(Uid(from))))
            .select((entry::id, entry::section))
            .load(self.conn)?;
        for (entry_id, section) in written {
            let mac = vouched(self.keys, id, entry_id.0, to, &section)?;
            let moved = (entry::agency_id.eq(Uid(to)), entry::mac.eq(mac));
            diesel::update(entry::table.find(entry_id)).set(moved).execute(self.conn)?;
        }
        Ok(())
    }
}

/// An entry's id, agency, section, MAC and sealed text.
type EntryColumns = (Uid<EntryId>, Uid<AgencyId>, String, Vec<u8>, Vec<u8>);

/// What a MAC of an entry's open columns is about.
const ENTRY: &str = "entry";

/// Vouches for the columns by which an entry is shown or not.
fn vouched(keys: &Keyring, of: SheetId, id: EntryId, agency: AgencyId, section: &str) -> Result<Vec<u8>, StoreError> {
    Ok(keys.vouch(ENTRY, &[of.0.as_bytes(), id.0.as_bytes(), agency.0.as_bytes(), section.as_bytes()])?)
}

fn entry_place(id: EntryId) -> Aad {
    Aad::new("entry", id.0, "sealed", 0)
}
