//! Stop requests of a case: made when something is taken back, answered by the agency, chased when the agency does not answer.

use crate::agency::Actor;
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::consent::Consent;
use crate::case::relay::{InvalidTransition, Relay};
use crate::case::stop::{Disposition, StopAnswer, StopCause, StopRequest, answer_due};
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::content::{Section, Sections};
use crate::ids::{AgencyId, RelayId, StopRequestId};
use crate::mail::{Mail, MailKind};
use crate::permit::{Permit, Relation};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use std::collections::BTreeMap;

/// An answer to a stop request as it was sent in.
pub struct StopReply {
    /// What became of the copies.
    pub disposition: Disposition,
    /// The law under which they are kept; required when they are kept.
    pub legal_ground: Option<Personal<String>>,
    /// In words.
    pub note: Option<Personal<String>>,
}

/// For each agency that had opened a relay, the sections that it loses and the relays that told it.
pub(in crate::case) type Lost = BTreeMap<AgencyId, (Sections, Vec<RelayId>)>;

/// Adds to `lost` that the receiver of a relay loses these sections. A receiver that never opened it has no copies to account for.
pub(in crate::case) fn lose(lost: &mut Lost, relay: &Relay, sections: Sections) {
    if relay.opened_at.is_none() || sections.is_empty() {
        return;
    }
    let (all, relays) = lost.entry(relay.to_agency_id).or_default();
    all.extend(sections);
    relays.push(relay.id);
}

impl Case {
    /// The stop requests that a reader sees: its own; all of them at the origin and for readers of metadata.
    pub fn stops_for(&self, reader: AgencyId, permit: Permit) -> impl DoubleEndedIterator<Item = &StopRequest> {
        let all = self.relation(reader) == Relation::Origin || permit == Permit::MetadataOnly;
        self.stops.iter().filter(move |stop| all || stop.agency_id == reader)
    }

    /// The stop request of that id.
    pub fn stop(&self, id: StopRequestId) -> Option<&StopRequest> {
        self.stops.iter().find(|s| s.id == id)
    }

    /// The sections that agencies which had opened them lose: those for which `goes` holds, given a relay's consent, its receiver and the
    /// section. What had been taken back before is not lost again.
    pub(in crate::case) fn lost(&self, goes: impl Fn(&Consent, AgencyId, Section) -> bool) -> Lost {
        let mut lost = Lost::new();
        for relay in &self.relays {
            // A relay that rests on an exception does not depend on any consent.
            let Some(consent) = relay.basis.consent_id().and_then(|id| self.consent(id)) else { continue };
            // When the sheet or the relay was taken back as a whole, the receiver was asked for all copies already, and is not asked again.
            let whole = |stop: &StopRequest| matches!(stop.cause, StopCause::Voided | StopCause::Cancelled);
            if self.stops.iter().any(|stop| whole(stop) && stop.relay_ids.contains(&relay.id)) {
                continue;
            }
            let to = relay.to_agency_id;
            let gone = |s: &Section| !consent.is_withdrawn_for(to, *s) && goes(consent, to, *s);
            lose(&mut lost, relay, relay.sections.iter().copied().filter(gone).collect());
        }
        lost
    }

    /// Makes a mail for each agency that lost something.
    pub(in crate::case) fn tell_to_stop(
        &mut self,
        lost: Lost,
        cause: StopCause,
        new_id: &mut dyn FnMut() -> StopRequestId,
        at: Instant,
        changes: &mut Changes,
    ) -> Vec<EventDraft> {
        let due = answer_due(Day(at.date()));
        let mut events = Vec::with_capacity(lost.len());
        for (agency_id, (sections, relay_ids)) in lost {
            let id = new_id();
            events.push(
                self.event(EventKind::StopIssued)
                    .with("stop_notice_id", Fact::Id(id.0))
                    .with("to_agency_id", Fact::Id(agency_id.0))
                    .with("cause", Fact::Code(cause.as_str()))
                    .with("sections", Fact::sections(&sections))
                    .with("due", Fact::Day(due)),
            );
            changes.stops.insert(id);
            self.stops.push(StopRequest {
                id,
                sheet_id: self.sheet.id,
                agency_id,
                cause,
                sections,
                relay_ids,
                at,
                due,
                reminded_on: None,
                escalated_on: None,
                answer: None,
            });
        }
        events
    }

    /// The mails that tell `told` to stop. An agency that lost something finds the day by which to answer in its mail.
    pub(in crate::case) fn stop_mails(
        &self,
        told: impl IntoIterator<Item = AgencyId>,
        lost: &Lost,
        at: Instant,
    ) -> Vec<Mail> {
        let due = answer_due(Day(at.date()));
        told.into_iter()
            .map(|agency| {
                let due = lost.contains_key(&agency).then_some(due);
                self.mail(MailKind::ConsentWithdrawn, agency, None, due)
            })
            .collect()
    }

    /// The agency says what became of its copies. Possible in every state of the sheet: copies outlive it.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it was answered before; [`Refusal::Invalid`] when copies are kept and no law is named.
    pub fn answer_stop(mut self, id: StopRequestId, reply: StopReply, actor: &Actor) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        let stop = self.stops.iter_mut().find(|s| s.id == id).ok_or(Refusal::NotFound)?;
        if stop.answer.is_some() {
            return Err(InvalidTransition { state: stop.state().as_str() }.into());
        }
        if reply.disposition == Disposition::Kept && reply.legal_ground.is_none() {
            let detail = "写しを保有し続けるときは、根拠となる法令を入力してください。";
            return Err(Refusal::invalid("/legal_ground", "required", detail));
        }
        stop.answer = Some(StopAnswer {
            at: actor.at,
            staff_id: actor.staff_id(),
            disposition: reply.disposition,
            legal_ground: reply.legal_ground,
            note: reply.note,
        });
        let event = self
            .event(EventKind::StopAnswered)
            .with("stop_notice_id", Fact::Id(id.0))
            .with("disposition", Fact::Code(reply.disposition.as_str()));
        let mut changes = Changes::default();
        changes.stops.insert(id);
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    /// Reminds the agency once the due day has passed; five open days later, tells `officers`, the agencies of the privacy officers.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when nothing is due yet, when it was answered, or when the privacy officers were told already.
    pub fn chase_stop(
        mut self,
        id: StopRequestId,
        officers: &[AgencyId],
        today: Day,
        at: Instant,
    ) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, today);
        let stop = self.stops.iter_mut().find(|s| s.id == id).ok_or(Refusal::NotFound)?;
        if stop.rests_until().is_none_or(|day| day >= today) {
            return Err(InvalidTransition { state: stop.state().as_str() }.into());
        }
        let (agency, due) = (stop.agency_id, stop.due);
        let (event, kind, told) = if stop.reminded_on.is_none() {
            stop.reminded_on = Some(today);
            (EventKind::StopOverdue, MailKind::StopOverdue, vec![agency])
        } else {
            stop.escalated_on = Some(today);
            (EventKind::StopEscalated, MailKind::StopEscalated, officers.to_vec())
        };
        let event = self
            .event(event)
            .with("stop_notice_id", Fact::Id(id.0))
            .with("to_agency_id", Fact::Id(agency.0))
            .with("due", Fact::Day(due));
        let mails = told.into_iter().map(|agency| self.mail(kind, agency, None, Some(due))).collect();
        let mut changes = Changes::default();
        changes.stops.insert(id);
        Ok(self.conclude(&before, changes, vec![event], mails, at))
    }
}
