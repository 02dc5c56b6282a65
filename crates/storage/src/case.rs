//! The rows beside a case: what lists, searches and rounds look at. Derived, written by [`WriteTx::apply`] alone, and never read by a rule.

mod attachments;
mod closures;
mod ended;
mod entries;
mod evidence;
mod labels;
#[cfg(feature = "load")]
mod load;
pub(crate) mod rows;
mod stops;
mod write;

#[cfg(feature = "load")]
pub use load::Finished;

pub use attachments::OpenedAttachment;
pub use ended::StillOpen;
pub use entries::EntryFilter;
pub(crate) use labels::{LabelColumns, its_access, labelled, post_of_assignee};
pub use labels::{Labelled, Labels};

use crate::keys::DataKey;
use crate::lane::WriteTx;
use crate::locked::{content_place, count, number, seal};
use crate::prepared::{names, prepared, put, put_all, put_row};
use crate::schema::{access, address_release, consent, exception, number_counter, relay, search_token, sheet_content};
use crate::sql_types::{At, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::case::address::AddressRelease;
use domain::case::consent::Consent;
use domain::case::exception::Exception;
use domain::case::relay::Relay;
use domain::case::sheet::{Document, Sheet, SheetNumber};
use domain::case::{Access, Case, KeepEarlier};
use domain::ids::{MunicipalityId, SheetId};
use domain::time::Instant;
use rows::{AccessRow, ConsentRow, ContentRow, ExceptionRow, RelayRow, ReleaseRow, TokenRow, tokens};

names!(
    NextNumber,
    AddConsent,
    ChangeConsent,
    AddRelay,
    ChangeRelay,
    AddException,
    ChangeException,
    AddRelease,
    ChangeRelease,
    AddContent,
    PutAccess,
);

impl WriteTx<'_> {
    /// The next number of the municipality and fiscal year. It stays locked until the commit, so that no number is skipped or given twice;
    /// take it last, when nothing else can fail.
    pub fn next_number(&mut self, municipality: MunicipalityId, fiscal_year: i16) -> Result<SheetNumber, StoreError> {
        let row = number_counter::table.find((Uid(municipality), i32::from(fiscal_year)));
        let next = prepared::<NextNumber, _>(
            diesel::update(row).set(number_counter::last.eq(number_counter::last + 1)).returning(number_counter::last),
        );
        let next = next.get_result::<i32>(self.conn).optional()?;
        let serial = match next {
            Some(serial) => serial,
            None => {
                let first = (
                    number_counter::municipality_id.eq(Uid(municipality)),
                    number_counter::fiscal_year.eq(i32::from(fiscal_year)),
                    number_counter::last.eq(1),
                );
                match diesel::insert_into(number_counter::table).values(first).execute(self.conn) {
                    Ok(_) => 1,
                    Err(error) => match StoreError::from(error) {
                        // Another process has just taken the first number of this year.
                        StoreError::Conflict(_) => return Err(self.retry()),
                        error => return Err(error),
                    },
                }
            }
        };
        Ok(SheetNumber { fiscal_year, serial: count(serial)? })
    }

    pub(crate) fn write_consent(
        &mut self,
        municipality: MunicipalityId,
        it: &Consent,
        new: bool,
    ) -> Result<(), StoreError> {
        put_row!(self, new, consent::table, ConsentRow::of(municipality, it)?, AddConsent, ChangeConsent);
        Ok(())
    }

    pub(crate) fn write_relay(&mut self, case: &Case, it: &Relay, new: bool) -> Result<(), StoreError> {
        put_row!(self, new, relay::table, RelayRow::of(&case.sheet, it)?, AddRelay, ChangeRelay);
        Ok(())
    }

    pub(crate) fn write_exception(&mut self, sheet: &Sheet, it: &Exception, new: bool) -> Result<(), StoreError> {
        put_row!(self, new, exception::table, ExceptionRow::of(sheet, it)?, AddException, ChangeException);
        Ok(())
    }

    pub(crate) fn write_release(&mut self, sheet: &Sheet, it: &AddressRelease, new: bool) -> Result<(), StoreError> {
        put_row!(self, new, address_release::table, ReleaseRow::of(sheet, it), AddRelease, ChangeRelease);
        Ok(())
    }

    /// Brings the rows from `before` to `now`; a row in both stays untouched.
    pub(crate) fn write_access(
        &mut self,
        id: SheetId,
        of: MunicipalityId,
        before: &[Access],
        now: &[Access],
    ) -> Result<(), StoreError> {
        let stays = |it: &&Access| now.iter().any(|other| other.agency_id == it.agency_id);
        let gone: Vec<_> = before.iter().filter(|it| !stays(it)).map(|it| Uid(it.agency_id)).collect();
        if !gone.is_empty() {
            let rows = access::table.filter(access::sheet_id.eq(Uid(id)).and(access::agency_id.eq_any(gone)));
            diesel::delete(rows).execute(self.conn)?;
        }
        for it in now.iter().filter(|it| !before.contains(it)) {
            // The row may exist already: another day had another list of agencies.
            let row = diesel::insert_into(access::table)
                .values(AccessRow::of(self.keys, id, of, it)?)
                .on_conflict((access::agency_id, access::sheet_id))
                .do_update()
                .set((
                    access::is_origin.eq(excluded(access::is_origin)),
                    access::identity_until.eq(excluded(access::identity_until)),
                    access::topics_until.eq(excluded(access::topics_until)),
                    access::contact_until.eq(excluded(access::contact_until)),
                    access::seen_revision.eq(excluded(access::seen_revision)),
                    access::seen_at.eq(excluded(access::seen_at)),
                    access::assigned_staff_id.eq(excluded(access::assigned_staff_id)),
                    access::mac.eq(excluded(access::mac)),
                ));
            put!(self, PutAccess, row);
        }
        Ok(())
    }

    /// Writes the content of a sheet and its tokens; the content sealed. `earlier` is the content before it, if there was one.
    pub(crate) fn write_content(
        &mut self,
        key: &DataKey,
        sheet: &Sheet,
        earlier: Option<&Document>,
        document: &Document,
        keep: KeepEarlier,
        at: Instant,
    ) -> Result<Vec<u8>, StoreError> {
        let id = sheet.id;
        if keep == KeepEarlier::No && earlier.is_some() {
            diesel::delete(sheet_content::table.filter(sheet_content::sheet_id.eq(Uid(id)))).execute(self.conn)?;
        }
        let row = self.content_row(key, sheet, document, at)?;
        let sealed = row.sealed.clone();
        put!(self, AddContent, diesel::insert_into(sheet_content::table).values(row));
        let of = |document: &Document| tokens(self.keys, sheet.municipality_id, id, document);
        let (old, new) = (earlier.map(of).unwrap_or_default(), of(document));
        let gone: Vec<Vec<u8>> = old.difference(&new).map(|row| row.token.clone()).collect();
        if !gone.is_empty() {
            let rows =
                search_token::table.filter(search_token::sheet_id.eq(Uid(id)).and(search_token::token.eq_any(gone)));
            diesel::delete(rows).execute(self.conn)?;
        }
        let added: Vec<TokenRow> = new.difference(&old).cloned().collect();
        put_all!(self, search_token::table, added);
        Ok(sealed)
    }

    fn content_row(
        &self,
        key: &DataKey,
        sheet: &Sheet,
        document: &Document,
        at: Instant,
    ) -> Result<ContentRow, StoreError> {
        Ok(ContentRow {
            municipality_id: Uid(sheet.municipality_id),
            sheet_id: Uid(sheet.id),
            revision: number(sheet.content_revision)?,
            sealed: seal(self, key, &content_place(sheet.id, sheet.content_revision), document)?,
            created_at: At(at),
        })
    }
}
