//! The transitions of a sheet's files: added, and taken back when a wrong one was added.

use super::{Before, Case, Changes, Outcome, Refusal};
use crate::agency::Actor;
use crate::audit::{EventKind, Fact};
use crate::beside::attachment::{Attachment, FileWithdrawn, MOST_ATTACHMENTS, NewAttachment};
use crate::case::sheet::Standing;
use crate::ids::AttachmentId;
use crate::personal::Personal;

impl Case {
    /// Adds a file.
    ///
    /// # Errors
    /// Unless the sheet is open and has room for one more file.
    pub fn attach(mut self, new: NewAttachment, actor: &Actor) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        self.open(actor.today())?;
        if self.attachments.iter().filter(|it| it.withdrawn.is_none()).count() >= MOST_ATTACHMENTS {
            return Err(Refusal::invalid("", "too_many", "このシートには、もう添付できません(10件まで)。"));
        }
        let it = &new.attachment;
        let events = vec![
            self.event(EventKind::AttachmentAdded)
                .with("attachment_id", Fact::Id(it.id.0))
                .with("kind", Fact::Code(it.kind.as_str()))
                .with("size", Fact::Count(it.size)),
        ];
        self.attachments.push(it.clone());
        let changes = Changes { attachment: Some(new), ..Changes::default() };
        Ok(self.conclude(&before, changes, events, Vec::new(), actor.at))
    }

    /// Whether `actor` may take back the file: at the origin, or at the agency that added it.
    pub(super) fn may_be_taken_back(&self, file: &Attachment, actor: &Actor) -> bool {
        let is_own = [self.sheet.origin_agency_id, file.agency_id].contains(&actor.agency_id);
        is_own && file.withdrawn.is_none() && self.sheet.standing != Standing::Voided
    }

    /// Takes a file back, in any state of the sheet but voided: its content is gone for everybody, and a receiver that could read it by a
    /// relay that it opened is told to stop. Only the agency that added it, or the origin, may do this.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the agency neither added it nor is the origin, when it was taken back before, or when the sheet is
    /// voided.
    pub fn withdraw_file(
        mut self,
        id: AttachmentId,
        reason: Personal<String>,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        let found = self.attachments.iter().position(|it| it.id == id && self.may_be_taken_back(it, actor));
        let file = found.and_then(|index| self.attachments.get_mut(index)).ok_or(Refusal::NotFound)?;
        let staff_id = actor.staff_id();
        file.withdrawn = Some(FileWithdrawn { at: actor.at, agency_id: actor.agency_id, staff_id });
        let event = self.event(EventKind::AttachmentWithdrawn).with("attachment_id", Fact::Id(id.0));
        let changes = Changes { withdrawn_file: Some((id, reason)), ..Changes::default() };
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }
}
