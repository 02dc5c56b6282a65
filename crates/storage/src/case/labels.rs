//! The labels of sheets: whom each is about, sealed beside it and opened for the rows of a list.

use super::rows::AccessRow;
use crate::keys::{Aad, DataKey, Keyring};
use crate::lane::WriteTx;
use crate::locked::{open, seal, wrapped};
use crate::schema::sheet;
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::prelude::*;
use domain::agency::Agency;
use domain::audit::{EventDraft, Fact};
use domain::case::consent::CommitKey;
use domain::case::sheet::{Document, Label, SheetLabel};
use domain::case::{Access, Case};
use domain::ids::{SheetId, StaffId};
use domain::time::Day;
use std::collections::BTreeMap;

/// The access of a reader to the sheet of a row, and that sheet's label; read with the row, so that the three are of one moment.
#[derive(Clone)]
pub struct Labelled {
    sheet: SheetId,
    access: Access,
    label: Label,
    key: DataKey,
}

/// What a list reads of the sheet of each row.
pub(crate) type LabelColumns = (Option<AccessRow>, Vec<u8>, Vec<u8>);

/// The labels that a reader is shown, by sheet, and who works on each sheet in the reader's agency.
#[derive(Default)]
pub struct Labels {
    shown: BTreeMap<SheetId, SheetLabel>,
    assignees: BTreeMap<SheetId, StaffId>,
    commitments: Vec<String>,
}

impl Labels {
    /// What `reader` may see of these.
    ///
    /// # Errors
    /// A key cannot be derived.
    pub fn shown_to(reader: &Agency, of: &[Labelled], today: Day) -> Result<Self, StoreError> {
        let mut labels = Self::default();
        for Labelled { sheet, access, label, key } in of {
            labels.assignees.extend(access.assignee.map(|person| (*sheet, person)));
            // Several rows may be about one sheet.
            if labels.shown.contains_key(sheet) {
                continue;
            }
            if let Some(shown) = label.shown_to(reader, access, today) {
                labels.commitments.push(shown.commitment(&CommitKey::new(&*key.commit_key()?), *sheet));
                labels.shown.insert(*sheet, shown);
            }
        }
        Ok(labels)
    }

    /// The label of a sheet; none when the reader may see nothing of it.
    pub fn of(&self, sheet: SheetId) -> Option<SheetLabel> {
        self.shown.get(&sheet).cloned()
    }

    /// The person who works on a sheet in the reader's agency.
    pub fn assignee(&self, sheet: SheetId) -> Option<StaffId> {
        self.assignees.get(&sheet).copied()
    }

    /// The event of the list, which says how many labels it showed and commits to each of them.
    pub fn noted(&self, event: EventDraft) -> EventDraft {
        if self.shown.is_empty() {
            return event;
        }
        let commitments = self.commitments.iter().cloned().map(Fact::Commitment).collect();
        event.with("labels", Fact::Count(self.shown.len() as u64)).with("label_digests", Fact::List(commitments))
    }
}

/// In a query: the access of an agency to the sheet of a row. After a restore an agency is shut out of the sheets that others recorded. A
/// macro, because the type of each query is its own.
macro_rules! its_access {
    ($sheet_id:path, $reader:expr) => {
        crate::schema::access::sheet_id
            .eq($sheet_id)
            .and(crate::schema::access::agency_id.eq(crate::sql_types::Uid($reader)))
            .and(crate::schema::access::is_origin.eq(true).or(crate::service::receivers_read()))
    };
}
pub(crate) use its_access;

/// In a query with `access`: the post that the person who works on a sheet holds at the agency today, if they still hold one.
macro_rules! post_of_assignee {
    ($agency:expr, $today:expr) => {{
        use crate::schema::{access, post};
        post::table
            .filter(post::staff_id.nullable().eq(access::assigned_staff_id))
            .filter(post::agency_id.eq(crate::sql_types::Uid($agency)))
            .filter(crate::account::is_held(crate::sql_types::OnDay($today)))
    }};
}
pub(crate) use post_of_assignee;

fn place(id: SheetId) -> Aad {
    Aad::new("sheet", id.0, "label", 0)
}

/// The label of a row; none where the reader has no access to the sheet. A row of access or a label that somebody else has written is not
/// shown; it is said in the log.
pub(crate) fn labelled(keys: &Keyring, (row, data_key, label): LabelColumns) -> Option<Labelled> {
    let row = row?;
    let sheet = row.sheet_id.0;
    if !row.is_vouched(keys) {
        tracing::error!(sheet_id = %sheet, "state diverged: somebody else has written a row of access");
        return None;
    }
    let opened = keys.unwrap_key(&data_key, &wrapped::<Case>(sheet.0)).map_err(StoreError::from);
    let opened = opened.and_then(|key| Ok((open(&key, &place(sheet), &label)?, key)));
    let Ok((label, key)) = opened else {
        tracing::error!(sheet_id = %sheet, "state diverged: somebody else has written the label of a sheet");
        return None;
    };
    Some(Labelled { sheet, access: row.access(), label, key })
}

impl WriteTx<'_> {
    /// The label of a content, sealed.
    pub(crate) fn sealed_label(&self, key: &DataKey, id: SheetId, document: &Document) -> Result<Vec<u8>, StoreError> {
        seal(self, key, &place(id), &Label::of(&document.content))
    }

    /// Whether the label of a sheet is that of its content.
    pub(crate) fn is_labelled(&mut self, key: &DataKey, id: SheetId, document: &Document) -> Result<bool, StoreError> {
        let label: Vec<u8> = sheet::table.find(Uid(id)).select(sheet::label).first(self.conn)?;
        Ok(open::<Label>(key, &place(id), &label).is_ok_and(|label| label == Label::of(&document.content)))
    }
}
