//! The transitions of a sheet's exceptions: asked for, decided by another person, used by a relay, overdue, followed up.

use crate::agency::{Actor, Agency, Principal};
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::consent::{Consent, ConsentState, Decision, Witness, default_consent};
use crate::case::exception::{ConsentStatus, Decided, Exception, ExceptionCode, Progress, Reasons, Used};
use crate::case::relay::Basis;
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::ids::{AgencyId, ExceptionId, RelayId};
use crate::mail::{Mail, MailKind};
use crate::permit::Relation;
use crate::personal::Personal;
use crate::second_person;
use crate::time::{Day, Instant};
use std::collections::BTreeSet;

/// The decision of a person other than the one who asked.
pub enum Verdict {
    /// 承認.
    Approve,
    /// 不承認, with the reason.
    Reject(Personal<String>),
    /// 事後対応, in words.
    FollowUp(Personal<String>),
}

/// Whether a version says yes or no; a deferral, or a version that no witness has confirmed, says neither.
fn is_decided(consent: &Consent) -> bool {
    match consent.terms.decision {
        Decision::Pending => false,
        Decision::Refused => true,
        Decision::Granted | Decision::Partial => {
            matches!(consent.witness, Witness::NotNeeded | Witness::Confirmed { .. })
        }
    }
}

impl Case {
    /// The exception of that id.
    pub fn exception(&self, id: ExceptionId) -> Option<&Exception> {
        self.exceptions.iter().find(|e| e.id == id)
    }

    /// How `agency` stands to one of the exceptions: the agency that asked is its sender. The recipient has a relation to the relay, not to
    /// the exception.
    pub fn exception_relation(&self, exception: &Exception, agency: AgencyId) -> Relation {
        if exception.requested_agency_id == agency {
            Relation::Sender
        } else if self.sheet.origin_agency_id == agency {
            Relation::Origin
        } else {
            Relation::Neighbour
        }
    }

    /// Whether the person's last decision was a refusal.
    pub fn refusal_on_file(&self) -> bool {
        let decided = self.consents.iter().filter(|c| is_decided(c)).max_by_key(|c| c.version);
        decided.is_some_and(|c| c.terms.decision == Decision::Refused)
    }

    /// Whether the person has refused since the exception was asked for: then neither the person who asked nor the one who approved knew of
    /// it.
    pub(in crate::case) fn refused_since(&self, exception: &Exception) -> bool {
        let known = exception.refusal_on_file || exception.reasons.consent_status == ConsentStatus::Refused;
        !known && self.refusal_on_file()
    }

    /// Whether a consent is in force today: then there is no need to seek one any more.
    fn has_consent(&self, today: Day) -> bool {
        default_consent(&self.consents, today).is_some_and(|c| c.state(today) == ConsentState::Effective)
    }

    /// The reasons on which the sheet moved without consent, as far as `agency` may know: the origin knows all, others only those of what
    /// they sent or received themselves. Empty as soon as a consent is in force.
    pub fn without_consent(&self, agency: AgencyId, today: Day) -> BTreeSet<ExceptionCode> {
        if self.has_consent(today) {
            return BTreeSet::new();
        }
        let knows = |e: &&Exception| {
            self.sheet.origin_agency_id == agency || e.requested_agency_id == agency || e.reasons.to_agency_id == agency
        };
        self.exceptions.iter().filter(|e| e.used().is_some()).filter(knows).map(|e| e.reasons.code).collect()
    }

    /// The exception that was used last, while the person's consent must still be sought for it: until a consent stands, or the person
    /// refuses afterwards. Days do not count, so the answer stays right until the next change.
    pub(in crate::case) fn used_without_consent(&self) -> Option<(&Exception, Used)> {
        if self.consents.iter().any(Consent::stands) {
            return None;
        }
        let sought = self.exceptions.iter().filter(|e| e.reasons.code.rules().seeks_consent);
        let (last, used) = sought.filter_map(|e| Some((e, e.used()?))).max_by_key(|(_, used)| used.at)?;
        let refused = |c: &Consent| c.terms.decision == Decision::Refused && c.recorded_at >= used.at;
        if self.consents.iter().any(refused) { None } else { Some((last, used)) }
    }

    /// The relay that came back and would rest on this exception again when it is resent.
    pub fn returned_under(&self, id: ExceptionId) -> Option<RelayId> {
        let mut relays = self.relays.iter().filter(|r| r.basis == Basis::Exception(id));
        relays.find(|r| r.state() == crate::case::relay::RelayState::Returned).map(|r| r.id)
    }

    fn exception_event(&self, kind: EventKind, exception: &Exception) -> EventDraft {
        self.event(kind).with("exception_id", Fact::Id(exception.id.0))
    }

    fn exception_mail(&self, kind: MailKind, to: AgencyId, exception: &Exception, due: Option<Day>) -> Mail {
        Mail { exception_id: Some(exception.id), ..self.mail(kind, to, None, due) }
    }

    fn told_approvers(&self, kind: MailKind, exception: &Exception, due: Option<Day>) -> Vec<Mail> {
        exception.approvers.iter().map(|agency| self.exception_mail(kind, *agency, exception, due)).collect()
    }

    /// Asks to tell one agency something without consent. `sender` is the actor's agency, and `approvers` are the agencies whose people can
    /// approve.
    ///
    /// # Errors
    /// The sheet must be open, and the reasons must hold. A department system cannot ask.
    pub fn request_exception(
        mut self,
        id: ExceptionId,
        reasons: Reasons,
        sender: &Agency,
        approvers: BTreeSet<AgencyId>,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        self.open(today)?;
        let Principal::Staff { staff_id, post_id, .. } = actor.principal else {
            return Err(Refusal::NotFound);
        };
        let refusal_on_file = self.refusal_on_file();
        let wrong = reasons.wrong(sender, refusal_on_file, today);
        if !wrong.is_empty() {
            return Err(Refusal::Invalid(wrong));
        }
        let same = |e: &Exception| {
            e.reasons.code == reasons.code
                && e.reasons.to_agency_id == reasons.to_agency_id
                && e.requested_agency_id == actor.agency_id
                && e.used().is_some()
        };
        let exception = Exception {
            id,
            sheet_id: self.sheet.id,
            municipality_id: self.sheet.municipality_id,
            revision: 1,
            requested_agency_id: actor.agency_id,
            requested_by: staff_id,
            requested_post_id: post_id,
            requested_at: at,
            refusal_on_file,
            repeated: self.exceptions.iter().any(same),
            approvers,
            progress: Progress::Requested,
            updated_at: at,
            reasons,
        };
        let reasons = &exception.reasons;
        let event = self
            .exception_event(EventKind::ExceptionRequested, &exception)
            .with("code", Fact::Code(reasons.code.as_str()))
            .with("to_agency_id", Fact::Id(reasons.to_agency_id.0))
            .with("sections", Fact::sections(&reasons.sections))
            .with("consent_status", Fact::Code(reasons.consent_status.as_str()))
            .with("emergency", Fact::Flag(reasons.emergency))
            .with("refusal_on_file", Fact::Flag(refusal_on_file))
            .with("repeated", Fact::Flag(exception.repeated));
        let mails = self.told_approvers(MailKind::ExceptionRequested, &exception, None);
        let mut changes = Changes { new: Some(id.0), ..Changes::default() };
        changes.exceptions.insert(id);
        self.exceptions.push(exception);
        Ok(self.conclude(&before, changes, vec![event], mails, at))
    }

    /// A person other than the one who asked approves, rejects, or says what was done afterwards. Rejecting an exception that was used
    /// closes the recipient's access, halts the relay if it still waits, and tells the recipient to stop.
    ///
    /// # Errors
    /// [`Refusal::SecondPerson`] for the person who asked, in any post; [`Refusal::Transition`] when the state does not allow it.
    pub fn decide_exception(mut self, id: ExceptionId, verdict: Verdict, actor: &Actor) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        let index = self.exceptions.iter().position(|e| e.id == id).ok_or(Refusal::NotFound)?;
        let exception = self.exceptions.get(index).cloned().ok_or(Refusal::NotFound)?;
        let Principal::Staff { staff_id, post_id, .. } = actor.principal else {
            return Err(Refusal::NotFound);
        };
        second_person::other_than(actor, &[Some(exception.requested_by)])?;
        let decided = Decided { by: staff_id, post_id, at };
        let used = exception.used();
        let (kind, exception) = match verdict {
            Verdict::Approve => {
                if used.is_none() {
                    // On a sheet where nothing can be sent any more, an approval would be useless.
                    self.open(today)?;
                    if self.refused_since(&exception) {
                        let detail = "この申請の後に、本人の不同意が記録されました。不承認にして、不同意を踏まえた新しい申請を求めてください。";
                        return Err(Refusal::invalid("", "refused_since", detail));
                    }
                }
                (EventKind::ExceptionApproved, exception.approve(decided)?)
            }
            Verdict::Reject(reason) => (EventKind::ExceptionRejected, exception.reject(decided, reason)?),
            Verdict::FollowUp(text) => (EventKind::ExceptionFollowedUp, exception.follow_up(decided, text)?),
        };
        let mut event = self.exception_event(kind, &exception);
        if let Some(used) = used {
            event = event.with("relay_id", Fact::Id(used.relay_id.0));
        }
        let mut events = vec![event];
        let mut changes = Changes::default();
        let mut mails = Vec::new();
        if kind != EventKind::ExceptionFollowedUp {
            let asked = exception.requested_agency_id;
            mails.push(self.exception_mail(MailKind::ExceptionDecided, asked, &exception, None));
        }
        // When the relay now rests on a later consent, it goes on.
        let used = used.filter(|used| self.relay(used.relay_id).is_some_and(|r| r.basis == Basis::Exception(id)));
        if let (EventKind::ExceptionRejected, Some(used)) = (kind, used) {
            // A recipient that never opened it, and no longer can, has nothing to stop.
            if let Some(relay) = self.relay(used.relay_id).filter(|r| !r.is_over() || r.opened_at.is_some()) {
                mails.push(self.mail(MailKind::SharingStopped, relay.to_agency_id, Some(relay), None));
            }
            events.extend(self.end_relay(used.relay_id, &mut changes, at)?);
        } else if let (EventKind::ExceptionApproved, Some(used)) = (kind, used) {
            // What an overdue exception had closed is open again; an agency that keeps a copy of the relay learns of it by the new
            // revision.
            self.touch(used.relay_id, &mut changes, at);
        }
        changes.exceptions.insert(id);
        if let Some(place) = self.exceptions.get_mut(index) {
            *place = exception;
        }
        Ok(self.conclude(&before, changes, events, mails, at))
    }

    /// The basis of a relay is gone: halts it if it waits, else narrows it. Returns the event for the trail, if it was halted.
    fn end_relay(&mut self, id: RelayId, changes: &mut Changes, at: Instant) -> Result<Option<EventDraft>, Refusal> {
        let halts = self.relay(id).is_some_and(crate::case::relay::Relay::is_open);
        if !halts {
            self.touch(id, changes, at);
            return Ok(None);
        }
        let event = self.event(EventKind::RelayHalted).with("relay_id", Fact::Id(id.0));
        for relay in self.relays.iter_mut().filter(|r| r.id == id) {
            *relay = relay.clone().halt(at, None)?;
            changes.relays.insert(id);
        }
        Ok(Some(event))
    }

    /// Moves the revision of a relay that shows more or less than before, unless it is over without having been taken on.
    fn touch(&mut self, id: RelayId, changes: &mut Changes, at: Instant) {
        for relay in self.relays.iter_mut().filter(|r| r.id == id && (!r.is_over() || r.is_taken_on())) {
            *relay = relay.clone().narrowed(at);
            changes.relays.insert(id);
        }
    }

    /// Uses an exception up for the relay that rests on it, which must be in the case already. Does nothing when the exception carried that
    /// relay before.
    pub(in crate::case) fn use_exception(
        &mut self,
        id: ExceptionId,
        relay_id: RelayId,
        changes: &mut Changes,
        at: Instant,
    ) -> Result<(Vec<EventDraft>, Vec<Mail>), Refusal> {
        let index = self.exceptions.iter().position(|e| e.id == id).ok_or(Refusal::NotFound)?;
        let exception = self.exceptions.get(index).cloned().ok_or(Refusal::NotFound)?;
        if exception.used().is_some_and(|used| used.relay_id == relay_id) {
            return Ok((Vec::new(), Vec::new()));
        }
        let exception = exception.use_up(Used { relay_id, at })?;
        let mut event = self
            .exception_event(EventKind::ExceptionUsed, &exception)
            .with("relay_id", Fact::Id(relay_id.0))
            .with("code", Fact::Code(exception.reasons.code.as_str()));
        let mut mails = Vec::new();
        if let Some(approve_by) = exception.approve_by() {
            event = event.with("approve_by", Fact::Day(approve_by));
            mails = self.told_approvers(MailKind::ExceptionRequested, &exception, Some(approve_by));
        }
        changes.exceptions.insert(id);
        if let Some(place) = self.exceptions.get_mut(index) {
            *place = exception;
        }
        Ok((vec![event], mails))
    }

    /// Records, once, that an emergency was not approved in time, and tells the agencies that can approve it and the agency that used it.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it no longer waits or is not overdue.
    pub fn expire_exception(mut self, id: ExceptionId, at: Instant) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, Day(at.date()));
        let index = self.exceptions.iter().position(|e| e.id == id).ok_or(Refusal::NotFound)?;
        let exception = self.exceptions.get(index).cloned().ok_or(Refusal::NotFound)?.expire(at)?;
        let due = exception.approve_by();
        let mut event = self.exception_event(EventKind::ExceptionOverdue, &exception);
        let mut changes = Changes::default();
        changes.exceptions.insert(id);
        if let Some(used) = exception.used() {
            event = event.with("relay_id", Fact::Id(used.relay_id.0));
            if self.relay(used.relay_id).is_some_and(|r| r.basis == Basis::Exception(id)) {
                self.touch(used.relay_id, &mut changes, at);
            }
        }
        let mails = self.told_approvers(MailKind::ExceptionOverdue, &exception, due);
        if let Some(place) = self.exceptions.get_mut(index) {
            *place = exception;
        }
        Ok(self.conclude(&before, changes, vec![event], mails, at))
    }
}
