//! One hop of a sheet (つなぎ): its states with their data, and the moves between them.
//!
//! A move consumes the relay's old progress; a move that the state does not allow is an [`InvalidTransition`].

mod board;
mod lists;
mod moves;
mod progress;
mod reminders;

pub use board::RelayCounts;
pub use lists::{
    DeclineReason, HandBackState, Handover, RefusedBy, RelayState, ReportKind, ReportOutcome, ReportResult,
};
pub use moves::{Move, RelayRequest};
pub use progress::{Acceptance, Progress, Report, Told};

use crate::calendar;
use crate::case::Seen;
use crate::case::consent::Purpose;
use crate::content::{Section, Sections, ToldMember, Urgency};
use crate::ids::{
    AgencyId, AttachmentId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StaffId, WithdrawalId,
};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A relay takes this many reports: one a month for two years, and a few more. Each is a part of the sheet's document.
pub const MOST_REPORTS: usize = 30;

/// The state of the thing does not allow the move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state {state} does not allow this")]
pub struct InvalidTransition {
    /// The state's code.
    pub state: &'static str,
}

/// The basis of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// A version of the sheet's line of consents.
    #[serde(rename = "consent_id")]
    Consent(ConsentId),
    /// An exception, which it has used up.
    #[serde(rename = "exception_id")]
    Exception(ExceptionId),
}

impl Basis {
    /// The consent, if it is one.
    pub fn consent_id(self) -> Option<ConsentId> {
        match self {
            Self::Consent(id) => Some(id),
            Self::Exception(_) => None,
        }
    }

    /// The exception, if it is one.
    pub fn exception_id(self) -> Option<ExceptionId> {
        match self {
            Self::Consent(_) => None,
            Self::Exception(id) => Some(id),
        }
    }
}

/// The receiver, who holds the sheet, offers to hand the baton back (主担当を戻す). It moves only when the sender takes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandBack {
    /// How far the offer has come.
    pub state: HandBackState,
    /// When it was made.
    pub offered_at: Instant,
    /// Why.
    pub reason: Personal<String>,
    /// When the sender answered.
    pub answered_at: Option<Instant>,
    /// The sender's answer in words.
    pub note: Option<Personal<String>>,
}

/// One hop of a sheet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Relay {
    /// Its id.
    pub id: RelayId,
    /// The sheet.
    pub sheet_id: SheetId,
    /// The municipality of the sheet.
    pub municipality_id: MunicipalityId,
    /// Counts every change, from 1; the ETag.
    pub revision: u32,
    /// つなぎ元: the agency that sent it, or the one that has taken its place.
    pub from_agency_id: AgencyId,
    /// The agency that sent it, if that has ended since.
    #[serde(default)]
    pub sent_by: Option<AgencyId>,
    /// つなぎ先.
    pub to_agency_id: AgencyId,
    /// The relay that this one continues.
    pub parent_relay_id: Option<RelayId>,
    /// How many relays this one continues, itself included.
    pub hop: u32,
    /// The sender's request to the receiver.
    pub request: Personal<String>,
    /// The sections that the receiver is shown.
    pub sections: Sections,
    /// 利用目的.
    pub purpose: Purpose,
    /// 緊急度.
    pub urgency: Urgency,
    /// 引継ぎ方法.
    pub handover: Handover,
    /// The basis on which it rests.
    #[serde(flatten)]
    pub basis: Basis,
    /// The revision of the content that was disclosed.
    pub content_revision: u32,
    /// The files that go with it: those that the preview showed, if the section `attachments` is told. Later files need an amendment.
    #[serde(default)]
    pub files: BTreeSet<AttachmentId>,
    /// The members of the household that are told of although they did not consent, each with the reason.
    pub household: Vec<ToldMember>,
    /// The keyed digest of what was disclosed.
    pub disclosure_digest: String,
    /// When it was (last) sent.
    pub sent_at: Instant,
    /// The last day on which an answer is in time.
    pub reply_due: Day,
    /// When the receiver first opened it; kept in every later state.
    pub opened_at: Option<Instant>,
    /// The day on which the agency that must answer was reminded that the answer is overdue.
    pub overdue_since: Option<Day>,
    /// The last offer to hand the baton back.
    #[serde(default)]
    pub hand_back: Option<HandBack>,
    /// The sections that its receiver has seen by it and was not told to stop using.
    #[serde(default)]
    pub held: Sections,
    /// Whether its receiver could be told nothing when the case was last written: the receiver, or its agreement, had ended.
    #[serde(default)]
    pub shut: bool,
    /// The last change that its sender and its receiver have seen; none for the origin, for which every change counts.
    #[serde(default)]
    pub seen: BTreeMap<AgencyId, Seen>,
    /// When the part of the sheet that its receiver has taken on was last corrected; none once the relay has told the new text, too.
    #[serde(default)]
    pub corrected_at: Option<Instant>,
    /// The last day on which an agency chased the answer (督促).
    #[serde(default)]
    pub chased_on: Option<Day>,
    /// The reports of its receiver, the oldest first: at most [`MOST_REPORTS`].
    pub reports: Vec<Report>,
    /// How far it has come.
    pub progress: Progress,
    /// When it last changed.
    pub updated_at: Instant,
}

impl Relay {
    /// The state's code.
    pub fn state(&self) -> RelayState {
        self.progress.state()
    }

    /// Whether it still waits for an answer: the receiver's, or the sender's when it was returned.
    pub fn is_open(&self) -> bool {
        self.state().is_open()
    }

    /// Whether it waits for the receiver's answer.
    pub fn is_waiting(&self) -> bool {
        self.state().is_waiting()
    }

    /// Whether the receiver has taken it on, now or earlier.
    pub fn is_taken_on(&self) -> bool {
        matches!(self.state(), RelayState::Accepted | RelayState::Reported | RelayState::Closed)
    }

    /// The open days from its sending to the receiver's answer, if the receiver accepted or declined it.
    pub fn answer_days(&self) -> Option<u32> {
        let answered = match &self.progress {
            Progress::Declined { at, .. } => Some(*at),
            _ => self.acceptance().map(|acceptance| acceptance.at),
        };
        answered.map(|at| calendar::open_days_after(self.sent_at.date(), at.date()))
    }

    /// Whether nothing more will happen to it (終結 needs this of every relay).
    pub fn is_over(&self) -> bool {
        self.state().is_over()
    }

    /// Whether its receiver may see content: it is opened or taken on. Declined, returned, cancelled and halted relays are closed.
    pub fn shows_content(&self) -> bool {
        self.state() == RelayState::Received || self.is_taken_on()
    }

    /// The newest report, if there is one.
    pub fn report(&self) -> Option<&Report> {
        self.reports.last()
    }

    /// The first report that the sender has not confirmed and still can.
    pub fn to_confirm(&self) -> Option<&Report> {
        let is_under_way = matches!(self.state(), RelayState::Accepted | RelayState::Reported);
        self.reports.iter().find(|report| is_under_way && report.confirmed_at.is_none())
    }

    /// Its reports, the oldest first, as far as `reader` may know them; `None` = a reader of the section `history`. Reporting back is a
    /// disclosure of its own: without a permission, only the reporter knows more than whether the support goes on.
    pub fn reports_to(&self, reader: Option<AgencyId>) -> impl DoubleEndedIterator<Item = Told<'_>> {
        self.reports.iter().map(move |report| {
            let in_full = report.permitted || reader == Some(self.to_agency_id);
            // Whoever reports and goes on says by that that the support goes on.
            let outcome = match report.kind {
                ReportKind::Interim => ReportOutcome::Continuing,
                ReportKind::Final => report.result.outcome(),
            };
            let (at, kind, confirmed_at) = (report.at, report.kind, report.confirmed_at);
            Told { at, kind, outcome, confirmed_at, in_full: in_full.then_some(report) }
        })
    }

    /// The newest of them.
    pub fn report_to(&self, reader: Option<AgencyId>) -> Option<Told<'_>> {
        self.reports_to(reader).next_back()
    }

    /// The acceptance, if there is one.
    pub fn acceptance(&self) -> Option<&Acceptance> {
        match &self.progress {
            Progress::Accepted(acceptance) | Progress::Reported(acceptance) | Progress::Closed { acceptance, .. } => {
                Some(acceptance)
            }
            _ => None,
        }
    }

    /// Part of what the receiver has taken on was corrected in the sheet: the relay shows the text that was sent, the sheet shows another.
    #[must_use]
    pub fn corrected(mut self, at: Instant) -> Self {
        self.corrected_at = Some(at);
        self.narrowed(at)
    }

    /// It shows less or more without a move of its own. Moves the revision, so that an agency that keeps a copy learns of it.
    pub fn narrowed(mut self, at: Instant) -> Self {
        self.revision += 1;
        self.updated_at = at;
        self
    }

    /// Names the person who works on it for its receiver, once it is taken on; whether it named another before.
    pub(in crate::case) fn assign(&mut self, person: Option<StaffId>) -> bool {
        match &mut self.progress {
            Progress::Accepted(acceptance) | Progress::Reported(acceptance) | Progress::Closed { acceptance, .. } => {
                std::mem::replace(&mut acceptance.assigned_staff_id, person) != person
            }
            _ => false,
        }
    }

    fn becomes(mut self, progress: Progress, at: Instant) -> Self {
        self.progress = progress;
        self.revision += 1;
        self.updated_at = at;
        self
    }

    fn refuse<T>(&self) -> Result<T, InvalidTransition> {
        Err(InvalidTransition { state: self.state().as_str() })
    }

    /// 受領: opens it.
    ///
    /// # Errors
    /// Unless it is sent.
    pub fn receive(mut self, at: Instant) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Sent => {
                self.opened_at.get_or_insert(at);
                Ok(self.becomes(Progress::Received { at }, at))
            }
            _ => self.refuse(),
        }
    }

    /// 受理.
    ///
    /// # Errors
    /// Unless it is sent or received.
    pub fn accept(mut self, acceptance: Acceptance) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Sent | Progress::Received { .. } => {
                let at = acceptance.at;
                self.opened_at.get_or_insert(at);
                Ok(self.becomes(Progress::Accepted(acceptance), at))
            }
            _ => self.refuse(),
        }
    }

    /// 辞退.
    ///
    /// # Errors
    /// Unless it is sent or received.
    pub fn decline(
        self,
        at: Instant,
        reason: DeclineReason,
        recommended_agency_id: Option<AgencyId>,
        note: Option<Personal<String>>,
    ) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Sent | Progress::Received { .. } => {
                Ok(self.becomes(Progress::Declined { at, reason, recommended_agency_id, note }, at))
            }
            _ => self.refuse(),
        }
    }

    /// 差戻し: now the sender must answer, until `reply_due`.
    ///
    /// # Errors
    /// Unless it is sent or received.
    pub fn send_back(
        mut self,
        at: Instant,
        reply_due: Day,
        missing: Vec<Personal<String>>,
        note: Personal<String>,
    ) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Sent | Progress::Received { .. } => {
                self.reply_due = reply_due;
                self.overdue_since = None;
                Ok(self.becomes(Progress::Returned { at, missing, note }, at))
            }
            _ => self.refuse(),
        }
    }

    /// Sent again after it came back, with what a new covering test allows.
    ///
    /// # Errors
    /// Unless it is returned.
    pub fn resend(
        mut self,
        disclosure: crate::case::consent::Disclosure,
        at: Instant,
        reply_due: Day,
    ) -> Result<Self, InvalidTransition> {
        match self.progress {
            Progress::Returned { .. } => {
                self.basis = disclosure.basis();
                self.content_revision = disclosure.content_revision();
                self.files = disclosure.files().clone();
                self.household = disclosure.household().told.clone();
                self.corrected_at = None;
                self.disclosure_digest = disclosure.digest().to_owned();
                self.sent_by = None;
                self.sent_at = at;
                self.reply_due = reply_due;
                self.overdue_since = None;
                Ok(self.becomes(Progress::Sent, at))
            }
            _ => self.refuse(),
        }
    }

    /// 取下げ.
    ///
    /// # Errors
    /// Unless it is sent, received or returned.
    pub fn cancel(self, at: Instant, reason: Personal<String>) -> Result<Self, InvalidTransition> {
        if self.is_open() { Ok(self.becomes(Progress::Cancelled { at, reason }, at)) } else { self.refuse() }
    }

    /// 停止.
    ///
    /// # Errors
    /// Unless it is sent, received or returned.
    pub fn halt(self, at: Instant, withdrawal_id: Option<WithdrawalId>) -> Result<Self, InvalidTransition> {
        if !self.is_open() {
            return self.refuse();
        }
        Ok(self.becomes(Progress::Halted { at, withdrawal_id, agency_ended: false }, at))
    }

    /// Its receiver has ended or has become its sender: nobody is left to answer it. An open offer to hand the baton back is dropped.
    #[must_use]
    pub(crate) fn end_with_agency(mut self, at: Instant) -> Self {
        self.hand_back = None;
        self.becomes(Progress::Halted { at, withdrawal_id: None, agency_ended: true }, at)
    }

    /// Whether it ended because its receiver did.
    pub fn ended_with_agency(&self) -> bool {
        matches!(self.progress, Progress::Halted { agency_ended: true, .. })
    }

    /// The agency that sent it, whatever has become of that agency.
    pub fn sender_of_the_day(&self) -> AgencyId {
        self.sent_by.unwrap_or(self.from_agency_id)
    }

    /// Tells more or less of the sheet from now on, as a new covering test allows.
    ///
    /// # Errors
    /// When it is over.
    pub fn amend(
        mut self,
        disclosure: crate::case::consent::Disclosure,
        at: Instant,
    ) -> Result<Self, InvalidTransition> {
        if self.is_over() {
            return self.refuse();
        }
        self.sections = disclosure.sections().clone();
        self.basis = disclosure.basis();
        self.content_revision = disclosure.content_revision();
        self.files = disclosure.files().clone();
        self.household = disclosure.household().told.clone();
        self.corrected_at = None;
        self.disclosure_digest = disclosure.digest().to_owned();
        self.revision += 1;
        self.updated_at = at;
        Ok(self)
    }

    /// Tells less from now on, on the basis that it has.
    ///
    /// # Errors
    /// When it is over.
    pub fn tell_less(
        mut self,
        sections: Sections,
        household: Vec<ToldMember>,
        at: Instant,
    ) -> Result<Self, InvalidTransition> {
        if self.is_over() {
            return self.refuse();
        }
        self.sections = sections;
        self.household = household;
        if !self.sections.contains(&Section::Attachments) {
            self.files.clear();
        }
        Ok(self.narrowed(at))
    }

    /// Offers to hand the baton back.
    ///
    /// # Errors
    /// Unless it is accepted and no offer waits.
    pub fn offer_back(mut self, at: Instant, reason: Personal<String>) -> Result<Self, InvalidTransition> {
        let waits = self.hand_back.as_ref().is_some_and(|offer| offer.state == HandBackState::Offered);
        if self.state() != RelayState::Accepted || waits {
            return self.refuse();
        }
        let state = HandBackState::Offered;
        self.hand_back = Some(HandBack { state, offered_at: at, reason, answered_at: None, note: None });
        self.revision += 1;
        self.updated_at = at;
        Ok(self)
    }

    /// The sender's answer to the offer.
    ///
    /// # Errors
    /// Unless an offer waits.
    pub fn answer_offer(
        mut self,
        at: Instant,
        state: HandBackState,
        note: Option<Personal<String>>,
    ) -> Result<Self, InvalidTransition> {
        match self.hand_back.clone() {
            Some(offer) if offer.state == HandBackState::Offered => {
                self.hand_back = Some(HandBack { state, answered_at: Some(at), note, ..offer });
                self.revision += 1;
                self.updated_at = at;
                Ok(self)
            }
            _ => self.refuse(),
        }
    }

    /// 対応結果報告: after the last one it is reported, after every other one it goes on.
    ///
    /// # Errors
    /// Unless it is accepted.
    pub fn report_back(mut self, report: Report) -> Result<Self, InvalidTransition> {
        let Progress::Accepted(acceptance) = &self.progress else { return self.refuse() };
        let progress = match report.kind {
            ReportKind::Interim => Progress::Accepted(acceptance.clone()),
            ReportKind::Final => Progress::Reported(acceptance.clone()),
        };
        let at = report.at;
        self.reports.push(report);
        Ok(self.becomes(progress, at))
    }

    /// The sender has read every report. After the last one it is closed: 完了.
    ///
    /// # Errors
    /// Unless a report waits for this.
    pub fn confirm(mut self, at: Instant) -> Result<Self, InvalidTransition> {
        let progress = match &self.progress {
            Progress::Accepted(acceptance) if self.to_confirm().is_some() => Progress::Accepted(acceptance.clone()),
            Progress::Reported(acceptance) => Progress::Closed { acceptance: acceptance.clone(), at },
            _ => return self.refuse(),
        };
        for report in &mut self.reports {
            report.confirmed_at.get_or_insert(at);
        }
        Ok(self.becomes(progress, at))
    }
}
