//! The progress record (支援経過) of a case: append-only, sealed.

use super::{Locked, open, seal};
use crate::connection::MultiBackend;
use crate::keys::{Aad, DataKey};
use crate::lane::WriteTx;
use crate::schema::entry;
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::content::Sections;
use domain::ids::{AgencyId, EntryId, MunicipalityId};
use domain::sheet::Entry;
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
    pub(super) fn write_entry(
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
            .filter(entry::sheet_id.eq(Uid(locked.case.sheet.id)))
            .order(entry::id.desc())
            .limit(limit)
            .select((entry::id, entry::sealed))
            .into_boxed();
        if let Some(only) = only {
            query = query.filter(only.condition());
        }
        if let Some(after) = after {
            query = query.filter(entry::id.lt(Uid(after)));
        }
        let rows = query.load::<(Uid<EntryId>, Vec<u8>)>(self.conn)?;
        rows.into_iter().map(|(id, sealed)| open(&locked.key, &entry_place(id.0), &sealed)).collect()
    }
}

fn entry_place(id: EntryId) -> Aad {
    Aad::new("entry", id.0, "sealed", 0)
}
