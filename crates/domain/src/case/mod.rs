//! A case: one sheet with its line of consents and its relays. Every change is a transition that consumes the case and returns all that
//! follows from it, an [`Outcome`]: what changed, what the audit trail records, which agencies to tell.

pub mod address;
mod can;
pub mod consent;
mod ended;
pub mod exception;
mod file;
mod household;
mod lapse;
mod narrowed;
mod path;
mod recall;
pub mod relay;
mod seen;
pub mod sheet;
mod shown;
pub mod stop;
mod target;
mod task;
mod view;

pub use address::ReleaseRequest;
pub use consent::{ConsentInput, WithdrawalRequest};
pub use ended::Ended;
pub use exception::Verdict;
pub use path::{Path, Step};
pub use relay::{Move, RelayRequest};
pub use seen::{Seen, SheetSeen};
pub use sheet::SheetInput;
pub use shown::{Shown, Subject};
pub use stop::StopReply;
pub use target::{Footing, Target};
pub use task::{About, Task, TaskKind};
pub use view::{
    Access, AnswerView, ConsentView, ExceptionView, Grant, HandBackView, HistoryItem, Insight, LiftedView, RelayView,
    SheetView, Texts, WithdrawalView, Withheld, WithheldReason, reads_reasons,
};

use crate::aggregate::Aggregate;
use crate::audit::{EventDraft, EventKind, Stream};
use crate::beside::attachment::{Attachment, NewAttachment};
use crate::beside::closure::Closure;
use crate::beside::entry::Entry;
use crate::case::address::AddressRelease;
use crate::case::consent::{Clause, Consent, ConsentState, NewEvidence, default_consent};
use crate::case::exception::Exception;
use crate::case::relay::{InvalidTransition, Relay, RelayState};
use crate::case::sheet::{Document, Sheet, SheetState, Standing};
use crate::case::stop::{StopCause, StopRequest};
use crate::content::Sections;
use crate::door::FieldError;
use crate::ids::{
    AddressReleaseId, AgencyId, AttachmentId, ConsentId, ExceptionId, MunicipalityId, RelayId, StaffId, StopRequestId,
};
use crate::mail::{Mail, MailKind};
use crate::permit::Relation;
use crate::personal::Personal;
use crate::second_person::NotSecond;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One sheet with everything that belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// The sheet.
    pub sheet: Sheet,
    /// Its consents, oldest version first.
    pub consents: Vec<Consent>,
    /// Its relays, oldest first.
    pub relays: Vec<Relay>,
    /// Its exceptions to consent, oldest first.
    pub exceptions: Vec<Exception>,
    /// Its attachments, oldest first.
    pub attachments: Vec<Attachment>,
    /// Its stop requests, oldest first.
    pub stops: Vec<StopRequest>,
    /// Releases of its secret address, oldest first.
    pub releases: Vec<AddressRelease>,
}

/// Why a transition did not happen. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The state does not allow it.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The sheet cannot be closed yet.
    #[error("held up")]
    HeldUp(HeldUp),
    /// The covering test failed.
    #[error("no lawful basis")]
    Consent(Vec<Clause>),
    /// What would be sent is not what the preview showed.
    #[error("the preview is outdated")]
    PreviewOutdated,
    /// The input does not hold.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// The person who asked for it cannot decide on it.
    #[error("second person")]
    SecondPerson,
    /// The actor may not do it to this one.
    #[error("forbidden")]
    Forbidden,
    /// There is no such thing here.
    #[error("not found")]
    NotFound,
}

impl From<NotSecond> for Refusal {
    fn from(why: NotSecond) -> Self {
        match why {
            NotSecond::Own => Self::SecondPerson,
            NotSecond::Elsewhere | NotSecond::NotOfficer => Self::Forbidden,
        }
    }
}

/// What keeps a sheet from being closed, as far as the asking agency may know.
#[derive(Debug, PartialEq, Eq)]
pub struct HeldUp {
    /// The sheet's state.
    pub state: &'static str,
    /// The relays that are not over: the receiver and the state of each.
    pub relays: Vec<(AgencyId, RelayState)>,
    /// The number of other relays that are not over, of which nothing else is told.
    pub others: usize,
    /// Whether an emergency was not followed up.
    pub follow_up: bool,
}

impl Refusal {
    pub(crate) fn invalid(pointer: &str, code: &str, detail: &str) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }
}

/// What a transition changed, for the one writer of storage.
#[derive(Default)]
pub struct Changes {
    /// The sheet is new.
    pub created: bool,
    /// The sheet's row.
    pub sheet: bool,
    /// New content: the document to seal, and whether earlier revisions go (a draft keeps none).
    pub document: Option<(Document, KeepEarlier)>,
    /// The sections whose words have changed.
    pub reworded: Sections,
    /// The agencies that see nothing of a change in the household: it concerns only members who are left out of what they are told.
    pub household_unseen: BTreeSet<AgencyId>,
    /// Consents, new or changed.
    pub consents: BTreeSet<ConsentId>,
    /// Relays, new or changed.
    pub relays: BTreeSet<RelayId>,
    /// Exceptions, new or changed.
    pub exceptions: BTreeSet<ExceptionId>,
    /// Stop requests, new or changed.
    pub stops: BTreeSet<StopRequestId>,
    /// Releases of the address, new or changed.
    pub releases: BTreeSet<AddressReleaseId>,
    /// The one among `consents`, `relays` or `exceptions` that is new: the last of the case's list.
    pub new: Option<uuid::Uuid>,
    /// A new entry.
    pub entry: Option<Entry>,
    /// How the case ended.
    pub closure: Option<Closure>,
    /// A new attachment.
    pub attachment: Option<NewAttachment>,
    /// The relays by which a member of the household is no longer told of, and why.
    pub members_closed: BTreeMap<RelayId, StopCause>,
    /// An attachment that is taken back, and why: its bytes and its name are deleted.
    pub withdrawn_file: Option<(AttachmentId, Personal<String>)>,
    /// New evidence of a consent.
    pub evidence: Option<NewEvidence>,
    /// The draft is deleted.
    pub discarded: bool,
}

/// Whether earlier revisions of the content stay readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepEarlier {
    /// They stay.
    Yes,
    /// They go: autosave of a draft.
    No,
}

/// The whole consequence of a transition of a case.
pub type Outcome = crate::aggregate::Outcome<Case>;

impl Aggregate for Case {
    type Changes = Changes;

    fn stream(&self) -> Stream {
        Stream::Sheet(self.sheet.id)
    }

    fn municipality_id(&self) -> MunicipalityId {
        self.sheet.municipality_id
    }
}

impl Case {
    /// The state of the sheet on `today`: by its relays first, then by its consents.
    pub fn state(&self, today: Day) -> SheetState {
        match self.sheet.standing {
            Standing::Draft => return SheetState::Draft,
            Standing::Closed => return SheetState::Closed,
            Standing::Voided => return SheetState::Voided,
            Standing::Open => {}
        }
        if self.relays.iter().any(Relay::is_open) {
            return SheetState::Relaying;
        }
        if self.relays.iter().any(Relay::is_taken_on) {
            return SheetState::InSupport;
        }
        match default_consent(&self.consents, today).map(|c| c.state(today)) {
            Some(ConsentState::Effective) => SheetState::Consented,
            Some(ConsentState::Refused | ConsentState::Pending) => SheetState::ConsentPending,
            Some(
                ConsentState::Superseded | ConsentState::Withdrawn | ConsentState::Invalid | ConsentState::Expired,
            )
            | None => SheetState::Registered,
        }
    }

    /// How `agency` stands to the sheet.
    pub fn relation(&self, agency: AgencyId) -> Relation {
        if self.sheet.origin_agency_id == agency {
            return Relation::Origin;
        }
        match self.sheet.standing {
            // A draft is nobody else's business, not even the auditor's.
            Standing::Draft => return Relation::Stranger,
            // Copies outlive the sheet: an agency that was asked for its copies can still read what was asked.
            Standing::Voided if self.stops.iter().any(|stop| stop.agency_id == agency) => return Relation::Former,
            Standing::Voided => return Relation::Neighbour,
            Standing::Open | Standing::Closed => {}
        }
        let mine = || self.relays.iter().filter(|r| r.to_agency_id == agency);
        if mine().any(Relay::is_taken_on) {
            Relation::Participant
        } else if mine().any(|r| matches!(r.state(), RelayState::Sent | RelayState::Received)) {
            Relation::Addressee
        } else if mine().next().is_some() || self.stops.iter().any(|stop| stop.agency_id == agency) {
            // The heir of an ended agency answers for that agency's copies.
            Relation::Former
        } else {
            Relation::Neighbour
        }
    }

    /// How `agency` stands to one of the stop requests.
    pub fn stop_relation(&self, stop: &StopRequest, agency: AgencyId) -> Relation {
        if stop.agency_id == agency {
            Relation::Receiver
        } else if self.sheet.origin_agency_id == agency {
            Relation::Origin
        } else {
            Relation::Neighbour
        }
    }

    /// How `agency` stands to one of the relays.
    pub fn relay_relation(&self, relay: &Relay, agency: AgencyId) -> Relation {
        if relay.from_agency_id == agency {
            Relation::Sender
        } else if relay.to_agency_id == agency {
            Relation::Receiver
        } else if self.sheet.origin_agency_id == agency {
            Relation::Origin
        } else {
            Relation::Neighbour
        }
    }

    /// The relay of that id.
    pub fn relay(&self, id: RelayId) -> Option<&Relay> {
        self.relays.iter().find(|r| r.id == id)
    }

    /// The consent of that id.
    pub fn consent(&self, id: ConsentId) -> Option<&Consent> {
        self.consents.iter().find(|c| c.id == id)
    }

    /// The last day on which the state can be `consented` if nothing else happens.
    pub fn consented_until(&self, today: Day) -> Option<Day> {
        self.consents.iter().find(|c| c.state(today) == ConsentState::Effective).map(|c| c.terms.effective_until)
    }

    /// The person who works on it for `agency` (担当者), if one is named.
    pub fn assignee(&self, agency: AgencyId) -> Option<StaffId> {
        self.sheet.assignees.get(&agency).copied()
    }

    fn event(&self, kind: EventKind) -> EventDraft {
        EventDraft::new(kind, self.stream())
    }

    fn open(&self, today: Day) -> Result<(), InvalidTransition> {
        match self.sheet.standing {
            Standing::Open => Ok(()),
            _ => Err(InvalidTransition { state: self.state(today).as_str() }),
        }
    }

    fn mail(&self, kind: MailKind, agency_id: AgencyId, relay: Option<&Relay>, due: Option<Day>) -> Mail {
        Mail {
            kind,
            agency_id,
            sheet_id: Some(self.sheet.id),
            relay_id: relay.map(|r| r.id),
            exception_id: None,
            number: Some(self.sheet.number.map(|n| n.to_string()).unwrap_or_default()),
            due,
            gathered: Default::default(),
        }
    }

    /// Ends a transition: moves the sheet's revision when its state, holder, standing or content changed.
    fn conclude(
        mut self,
        before: &Before,
        mut changes: Changes,
        events: Vec<EventDraft>,
        mails: Vec<Mail>,
        at: Instant,
    ) -> Outcome {
        let now = Before::of(&self, Day(at.date()));
        if changes.document.is_some() || now != *before {
            self.sheet.revision = before.revision + 1;
            self.sheet.updated_at = at;
            changes.sheet = true;
            if changes.document.is_some() {
                self.sheet.content_revision = self.sheet.revision;
            }
        }
        Outcome { thing: self, changes, events, mails }
    }
}

/// The parts of a sheet that move its revision when they differ after a transition.
#[derive(PartialEq, Eq)]
struct Before {
    state: SheetState,
    standing: Standing,
    origin: AgencyId,
    holder: AgencyId,
    revision: u32,
}

impl Before {
    fn of(case: &Case, today: Day) -> Self {
        Self {
            state: case.state(today),
            standing: case.sheet.standing,
            origin: case.sheet.origin_agency_id,
            holder: case.sheet.holder_agency_id,
            revision: case.sheet.revision,
        }
    }
}
