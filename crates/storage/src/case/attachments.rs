//! Attachments. The facts about a file stand in the document of its case; the words about it are sealed in its row. Its bytes are sealed in chunks; each chunk is bound to its place, and the
//! last one is bound to being the last, so that nobody can leave out, move or cut off a chunk unnoticed (as in STREAM). A file is written
//! and read chunk by chunk.

use crate::keys::{Aad, DataKey};
use crate::lane::WriteTx;
use crate::locked::{Locked, open, seal};
use crate::schema::{attachment, attachment_chunk};
use crate::sql_types::{At, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::audit::Stream;
use domain::beside::attachment::{Attachment, FileWords, NewAttachment};
use domain::case::sheet::Sheet;
use domain::ids::{AttachmentId, SheetId};
use domain::personal::Personal;
use std::collections::BTreeMap;

/// Bytes of a file in one chunk.
const CHUNK: usize = 256 << 10;

/// An attachment whose bytes may be read: its reader is allowed to, and the audit trail says so.
pub struct OpenedAttachment {
    key: DataKey,
    id: AttachmentId,
    chunks: usize,
}

impl OpenedAttachment {
    /// How many chunks it has.
    pub fn chunks(&self) -> usize {
        self.chunks
    }
}

fn place_of_chunk(id: AttachmentId, index: usize, chunks: usize) -> Aad {
    let column = if index + 1 == chunks { "last" } else { "sealed" };
    Aad::new("attachment_chunk", id.0, column, index as u64)
}

/// The name that a file had cannot be put back once it was taken back: its place is another one.
fn place_of_words(it: &Attachment) -> Aad {
    Aad::new("attachment", it.id.0, "sealed", u64::from(it.withdrawn.is_some()))
}

fn chunks_of(size: usize) -> usize {
    size.div_ceil(CHUNK).max(1)
}

fn number(index: usize) -> Result<i32, StoreError> {
    i32::try_from(index).map_err(|_| StoreError::Missing)
}

impl WriteTx<'_> {
    pub(crate) fn write_attachment(
        &mut self,
        key: &DataKey,
        sheet: &Sheet,
        new: &NewAttachment,
    ) -> Result<(), StoreError> {
        let it = &new.attachment;
        diesel::insert_into(attachment::table)
            .values((
                attachment::id.eq(Uid(it.id)),
                attachment::municipality_id.eq(Uid(sheet.municipality_id)),
                attachment::sheet_id.eq(Uid(sheet.id)),
                attachment::sealed.eq(seal(self, key, &place_of_words(it), &FileWords::Name(new.name.clone()))?),
                attachment::created_at.eq(At(it.added_at)),
            ))
            .execute(self.conn)?;
        let chunks = chunks_of(new.bytes.len());
        // One statement a chunk, so that only a quarter of a megabyte is in memory at a time.
        for (index, bytes) in new.bytes.chunks(CHUNK).enumerate() {
            let sealed = key.seal(&place_of_chunk(it.id, index, chunks), bytes, self.chance)?;
            diesel::insert_into(attachment_chunk::table)
                .values((
                    attachment_chunk::attachment_id.eq(Uid(it.id)),
                    attachment_chunk::place.eq(number(index)?),
                    attachment_chunk::sealed.eq(sealed),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Deletes the bytes and the name of a file that was taken back; the facts about it stay.
    pub(crate) fn forget_file(
        &mut self,
        key: &DataKey,
        it: &Attachment,
        reason: &Personal<String>,
    ) -> Result<(), StoreError> {
        diesel::delete(attachment_chunk::table.filter(attachment_chunk::attachment_id.eq(Uid(it.id))))
            .execute(self.conn)?;
        let sealed = seal(self, key, &place_of_words(it), &FileWords::Withdrawn(reason.clone()))?;
        diesel::update(attachment::table.find(Uid(it.id))).set(attachment::sealed.eq(sealed)).execute(self.conn)?;
        Ok(())
    }

    /// The words about the attachments of a locked case.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when those of one of them are missing, or are not what was written last.
    pub fn list_file_words(&mut self, locked: &Locked) -> Result<BTreeMap<AttachmentId, FileWords>, StoreError> {
        let sheet = locked.thing.sheet.id;
        let rows: Vec<(Uid<AttachmentId>, Vec<u8>)> = attachment::table
            .filter(attachment::sheet_id.eq(Uid(sheet)))
            .select((attachment::id, attachment::sealed))
            .load(self.conn)?;
        let mut rows: BTreeMap<AttachmentId, Vec<u8>> = rows.into_iter().map(|(id, sealed)| (id.0, sealed)).collect();
        let mut words = BTreeMap::new();
        for it in &locked.thing.attachments {
            let opened = rows.remove(&it.id).and_then(|sealed| open(&locked.key, &place_of_words(it), &sealed).ok());
            words.insert(it.id, opened.ok_or(StoreError::Diverged(Stream::Sheet(sheet)))?);
        }
        Ok(words)
    }

    /// The key to the bytes of an attachment of a locked case; pass it to [`ReadTx::read_chunk`].
    ///
    /// # Errors
    /// The case has no such attachment.
    pub fn open_attachment(&mut self, locked: &Locked, id: AttachmentId) -> Result<OpenedAttachment, StoreError> {
        let found = locked.thing.attachments.iter().find(|attachment| attachment.id == id);
        let size = found.and_then(|attachment| usize::try_from(attachment.size).ok()).ok_or(StoreError::Missing)?;
        Ok(OpenedAttachment { key: locked.key.copy(), id, chunks: chunks_of(size) })
    }
}

impl ReadTx<'_> {
    /// One chunk of an opened attachment.
    ///
    /// # Errors
    /// The chunk is not there, or is not what was sealed.
    pub fn read_chunk(&mut self, of: &OpenedAttachment, index: usize) -> Result<Vec<u8>, StoreError> {
        let sealed: Vec<u8> = attachment_chunk::table
            .find((Uid(of.id), number(index)?))
            .select(attachment_chunk::sealed)
            .first(self.conn)?;
        Ok(of.key.open(&place_of_chunk(of.id, index, of.chunks), &sealed)?.to_vec())
    }

    /// The sheet to which an attachment belongs.
    pub fn find_sheet_of_attachment(&mut self, id: AttachmentId) -> Result<Option<SheetId>, StoreError> {
        let sheet: Option<Uid<SheetId>> =
            attachment::table.find(Uid(id)).select(attachment::sheet_id).first(self.conn).optional()?;
        Ok(sheet.map(|id| id.0))
    }
}
