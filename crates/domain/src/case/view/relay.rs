//! What one reader is shown of a relay: what is answered, and what the event of the reading names.

use super::{Grant, Withheld, WithheldReason};
use crate::account::Role;
use crate::agency::{Actor, Agency, Principal};
use crate::case::exception::ExceptionCode;
use crate::case::relay::{DeclineReason, HandBackState, Progress, Relay, RelayState, Told};
use crate::case::sheet::{Document, Label, SheetLabel};
use crate::case::{Case, Target};
use crate::content::{Content, MemberChoice, Sections, Warning, warnings};
use crate::ids::{AgencyId, StaffId};
use crate::permit::{Permit, Relation};
use crate::personal::Personal;
use crate::time::Instant;

/// The sheet's document as a relay disclosed it, and as it is now.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// As it was disclosed.
    pub sent: &'a Document,
    /// As it is now.
    pub now: &'a Document,
}

/// What the receiver or the sender answered, as far as one reader may know it.
#[derive(Default)]
pub struct AnswerView {
    /// Why it was declined.
    pub decline_reason: Option<DeclineReason>,
    /// A better agency.
    pub recommended_agency_id: Option<AgencyId>,
    /// In words: of a decline, a return, or, for the sender and the origin, a cancellation.
    pub note: Option<Personal<String>>,
    /// What is missing.
    pub missing: Vec<Personal<String>>,
    /// When the sender confirmed the report.
    pub confirmed_at: Option<Instant>,
}

/// The last offer to hand the baton back, as far as one reader may know it.
pub struct HandBackView {
    /// How far it has come.
    pub state: HandBackState,
    /// When it was made.
    pub offered_at: Instant,
    /// Why.
    pub reason: Option<Personal<String>>,
    /// When it was answered.
    pub answered_at: Option<Instant>,
    /// The answer in words.
    pub note: Option<Personal<String>>,
}

/// A relay as one reader may see it.
pub struct RelayView<'a> {
    /// Its plain data. What stands below stands there in place of what stands here.
    pub relay: &'a Relay,
    /// The sheet's number.
    pub number: String,
    /// The sections that are shown; the event of the reading names them.
    pub sections: Sections,
    /// The revision at the last change that the reader has seen.
    pub revision: u32,
    /// When that was.
    pub updated_at: Instant,
    /// The sender's request, for the parties; for the receiver as long as a section of the relay is covered.
    pub request: Option<Personal<String>>,
    /// Whether it rested on a consent that was invalid from the start.
    pub basis_invalid: bool,
    /// The article on which it rests, for the parties and auditors: it may reveal something about the person.
    pub without_consent: Option<ExceptionCode>,
    /// The restriction that the sender asked for.
    pub restriction: Option<Personal<String>>,
    /// The person who works on it for the receiver, once it is taken on.
    pub assignee: Option<StaffId>,
    /// What was answered.
    pub answer: AnswerView,
    /// When what the receiver has taken on was corrected in the sheet.
    pub corrected_at: Option<Instant>,
    /// The last offer to hand the baton back.
    pub hand_back: Option<HandBackView>,
    /// Whom it is about, as far as the reader is shown that by what was sent.
    pub label: Option<SheetLabel>,
    /// The content; none before the receiver has opened it.
    pub content: Option<Content>,
    /// The sections that are not shown.
    pub withheld: Vec<Withheld>,
    /// The decisions on members of the household, for the sender and the origin, as a request would state them today.
    pub household_members: Vec<MemberChoice>,
    /// The reports, the oldest first, as far as the reader may know them. Their words are for the parties.
    pub reports: Vec<Told<'a>>,
    /// Whether the reader is one of these.
    pub is_party: bool,
    /// Remarks on the words that are shown.
    pub warnings: Vec<Warning>,
    /// What the reader may do now.
    pub can: Vec<&'static str>,
}

impl Case {
    /// One of its relays as the actor's agency `reader` may see it.
    pub fn relay_view<'a>(
        &'a self,
        relay: &'a Relay,
        texts: Texts<'_>,
        reader: &Agency,
        permit: Permit,
        actor: &Actor,
    ) -> RelayView<'a> {
        let today = actor.today();
        let view = self.view_without_content(relay, reader, permit, actor);
        if permit != Permit::Allowed {
            return view;
        }
        let grant = self.relay_grant(relay, reader, today);
        let relation = self.relay_relation(relay, reader.id);
        let is_waiting = relation == Relation::Receiver && relay.state() == RelayState::Sent;
        let content = || {
            let history = self.history_for(&grant, Some(relay.id));
            grant.restrict(&texts.sent.content, &texts.now.content, &history, self.files_of(relay))
        };
        let decides = matches!(relation, Relation::Sender | Relation::Origin);
        let choices = || self.choices_of(relay, &texts.now.content, reader, today);
        let label = Label::of_shown(&texts.sent.content, &view.sections, today);
        RelayView {
            label: label.filter(|_| !is_waiting),
            content: (!is_waiting && !view.sections.is_empty()).then(content),
            household_members: if decides { choices() } else { Vec::new() },
            ..view
        }
    }

    /// What a stored answer still shows after something that it showed has been closed to its reader: no more than the lists of relays show.
    pub fn bare_relay_view<'a>(&'a self, relay: &'a Relay, reader: &Agency, actor: &Actor) -> RelayView<'a> {
        self.view_without_content(relay, reader, Permit::MetadataOnly, actor)
    }

    fn view_without_content<'a>(
        &'a self,
        relay: &'a Relay,
        reader: &Agency,
        permit: Permit,
        actor: &Actor,
    ) -> RelayView<'a> {
        let (today, is_allowed) = (actor.today(), permit == Permit::Allowed);
        let grant =
            if is_allowed { self.relay_grant(relay, reader, today) } else { Grant::nothing(WithheldReason::Role) };
        let relation = self.relay_relation(relay, reader.id);
        let is_receiver = relation == Relation::Receiver;
        let is_party = is_allowed && matches!(relation, Relation::Sender | Relation::Receiver | Relation::Origin);
        // The origin reads everything; a receiver reads the sender's words as long as any section of the relay is covered.
        let words = is_party && (!is_receiver || self.words_are_open(relay, reader, today));
        let request = words.then(|| relay.request.clone());
        let answer = answer(relay, is_party, is_receiver);
        let reports: Vec<Told<'a>> = relay.reports_to(Some(reader.id)).collect();
        let newest = reports.last().and_then(|told| told.in_full).filter(|_| is_party);
        let report_text = newest.and_then(|report| report.text.clone());
        let said = [("/request", &request), ("/note", &answer.note), ("/report/text", &report_text)];
        let warned = |(at, text): (&str, &Option<Personal<String>>)| Some(warnings(at, text.as_ref()?.expose()));
        let warnings = said.into_iter().filter_map(warned).flatten().collect();
        let exception = relay.basis.exception_id().and_then(|id| self.exception(id));
        let audits = matches!(actor.principal, Principal::Staff { role: Role::Auditor, .. });
        let (revision, updated_at) = relay.seen_by(reader.id);
        RelayView {
            relay,
            number: self.sheet.number.map(|n| n.to_string()).unwrap_or_default(),
            sections: grant.sections(),
            revision,
            updated_at,
            request,
            basis_invalid: self.rests_on_nothing(relay),
            without_consent: exception.filter(|_| is_party || audits).map(|it| it.reasons.code),
            restriction: exception.filter(|_| words).and_then(|it| it.reasons.restriction.clone()),
            assignee: relay.acceptance().and_then(|it| it.assigned_staff_id),
            answer,
            corrected_at: self.corrected_for(relay, reader, today).filter(|_| is_party),
            hand_back: relay.hand_back.as_ref().map(|offer| HandBackView {
                state: offer.state,
                offered_at: offer.offered_at,
                reason: is_party.then(|| offer.reason.clone()),
                answered_at: offer.answered_at,
                note: offer.note.clone().filter(|_| is_party),
            }),
            label: None,
            content: None,
            withheld: grant.withheld(),
            household_members: Vec::new(),
            reports,
            is_party,
            warnings,
            can: self.can(Target::Relay(relay.id), actor),
        }
    }
}

fn answer(relay: &Relay, is_party: bool, is_receiver: bool) -> AnswerView {
    let nothing = AnswerView::default();
    match &relay.progress {
        Progress::Declined { reason, recommended_agency_id, note, .. } => AnswerView {
            decline_reason: Some(*reason),
            recommended_agency_id: *recommended_agency_id,
            note: note.clone().filter(|_| is_party),
            ..nothing
        },
        Progress::Returned { missing, note, .. } if is_party => {
            AnswerView { missing: missing.clone(), note: Some(note.clone()), ..nothing }
        }
        // The reason why the sender cancelled it is only for the sender and the origin.
        Progress::Cancelled { reason, .. } if is_party && !is_receiver => {
            AnswerView { note: Some(reason.clone()), ..nothing }
        }
        Progress::Closed { at, .. } => AnswerView { confirmed_at: Some(*at), ..nothing },
        _ => nothing,
    }
}
