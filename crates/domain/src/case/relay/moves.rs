//! The transitions of a sheet's relays: sent on the strength of a [`Disclosure`], answered, reported.

use crate::agency::{Actor, Agency};
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::consent::{
    Ask, BasisRecord, Clause, Disclosure, Judgement, Original, Sight, default_consent, reverted,
};
use crate::case::relay::{
    Acceptance, Basis, DeclineReason, HandBackState, Handover, InvalidTransition, MOST_REPORTS, Progress, Relay,
    RelayState, Report, ReportKind, ReportResult,
};
use crate::case::sheet::reply_due;
use crate::case::stop::StopCause;
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::content::{Chosen, Content, MemberChoice, Section, Sections, Urgency, is_part};
use crate::door::FieldError;
use crate::floor::Floor;
use crate::ids::{AgencyId, RelayId, StaffId};
use crate::mail::MailKind;
use crate::personal::Personal;
use crate::time::Day;
use std::collections::BTreeMap;

/// The sender's own words and choices, beside what is disclosed.
pub struct RelayRequest {
    /// What the receiver is asked to do.
    pub request: Personal<String>,
    /// 緊急度.
    pub urgency: Urgency,
    /// 引継ぎ方法.
    pub handover: Handover,
    /// The last day on which an answer is in time; computed from the urgency when none is given.
    pub reply_due: Option<Day>,
}

/// A move of one relay, with what it brings.
pub enum Move {
    /// 受領.
    Receive,
    /// 受理.
    Accept {
        /// The person who takes it on.
        assigned_staff_id: Option<StaffId>,
        /// The last day on which that person contacts the resident.
        contact_by: Option<Day>,
    },
    /// 辞退.
    Decline {
        /// Why.
        reason: DeclineReason,
        /// A better agency; required when the request is outside the receiver's remit.
        recommended_agency_id: Option<AgencyId>,
        /// In words.
        note: Option<Personal<String>>,
    },
    /// 差戻し.
    Return {
        /// What is missing.
        missing: Vec<Personal<String>>,
        /// In words.
        note: Personal<String>,
    },
    /// Sent again after 差戻し.
    Resend(Box<Disclosure>),
    /// 取下げ.
    Cancel {
        /// Why.
        reason: Personal<String>,
    },
    /// 対応結果報告.
    Report {
        /// Whether the receiver goes on after it.
        kind: ReportKind,
        /// The result.
        result: ReportResult,
        /// In words; itself a disclosure.
        text: Option<Personal<String>>,
        /// The day on which the resident was reached.
        contact_made_on: Option<Day>,
        /// Relays that go on from here.
        next_relay_ids: Vec<RelayId>,
    },
    /// 報告の確認. 完了 after the last report.
    Confirm,
    /// Tells more of the sheet from now on, or less on another basis.
    Amend(Box<Disclosure>),
    /// Tells less of the sheet from now on, on the basis that the relay has. Nobody is told anything new, so no covering test is needed.
    Narrow(Sections, Chosen),
    /// The receiver offers to hand the baton back.
    HandBack {
        /// Why.
        reason: Personal<String>,
    },
    /// The sender takes the baton back.
    AcceptHandBack,
    /// The sender does not take it back.
    DeclineHandBack {
        /// In words.
        note: Option<Personal<String>>,
    },
}

/// The code in the audit trail for a disclosure that rests on no exception.
pub(crate) const CONSENT: &str = "consent";

impl Case {
    /// Judges whether `to` may be told `sections`: runs the covering test with everything that it needs from the case. Without a `basis`,
    /// it judges the consent in force, else the newest. `again` is the relay that came back and is being resent, if there is one.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when the parent or the basis does not belong to this sheet, the parent was not taken on by the sender, or the
    /// exception was not asked for by the sender; [`Refusal::Transition`] when the sheet is not open.
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a fact that the covering test weighs; a struct would only rename them"
    )]
    pub fn judge(
        &self,
        to: &Agency,
        sections: &Sections,
        purpose: crate::case::consent::Purpose,
        parent: Option<RelayId>,
        basis: Option<Basis>,
        again: Option<RelayId>,
        sender: &Agency,
        content: &Content,
        choices: &[MemberChoice],
        key: &crate::case::consent::CommitKey,
        actor: &Actor,
    ) -> Result<Judgement, Refusal> {
        let today = actor.today();
        self.open(today)?;
        let from = sender.id;
        let is_origin = from == self.sheet.origin_agency_id;
        if let Some(parent) = parent {
            let own = self.relay(parent).is_some_and(|r| r.to_agency_id == from && r.is_taken_on());
            if !own {
                return Err(Refusal::invalid(
                    "/parent_relay_id",
                    "unknown_relay",
                    "自分の部署が受理したつなぎを指定してください。",
                ));
            }
        } else if !is_origin {
            return Err(Refusal::invalid("/parent_relay_id", "required", "どのつなぎの続きかを指定してください。"));
        }
        let record = match basis {
            Some(Basis::Consent(id)) => {
                let unknown =
                    || Refusal::invalid("/basis/consent_id", "unknown_consent", "このシートの同意を指定してください。");
                BasisRecord::Consent(Some(self.consent(id).ok_or_else(unknown)?))
            }
            Some(Basis::Exception(id)) => {
                let detail = "この例外は見つかりません。自分の部署がこのシートで申請した例外を指定してください。";
                let unknown = || Refusal::invalid("/basis/exception_id", "unknown_exception", detail);
                let own = self.exception(id).filter(|e| e.requested_agency_id == from);
                BasisRecord::Exception(own.ok_or_else(unknown)?)
            }
            None => BasisRecord::Consent(default_consent(&self.consents, today)),
        };
        // A sender that sees a section only as it stood cannot pass on what stands now.
        let grant = self.grant(sender, today);
        let mut senders_grant = grant.sections_now();
        // A sender that was told a secret address may not tell it on: the release was for that agency alone.
        if self.address_is_shut_to(to.id) && !is_origin {
            senders_grant.remove(&Section::Address);
        }
        let sight = match record {
            BasisRecord::Consent(Some(consent)) => self.sight(consent, from, to.id, today),
            BasisRecord::Consent(None) | BasisRecord::Exception(_) => Sight::WHOLE,
        };
        let refused_since = match record {
            BasisRecord::Exception(exception) => self.refused_since(exception),
            BasisRecord::Consent(_) => false,
        };
        let ask = Ask {
            from,
            to,
            sections,
            purpose,
            onward: !is_origin,
            senders_grant: &senders_grant,
            address_secret: self.address_is_shut_to(to.id),
            sight,
            refused_since,
            again,
            today,
        };
        let told = sections.contains(&Section::Attachments) && senders_grant.contains(&Section::Attachments);
        let files = if told { self.attachments_for(sender, today) } else { Vec::new() };
        let revision = self.sheet.content_revision;
        let mut judgement = crate::case::consent::disclose(
            self.sheet.id,
            record,
            &ask,
            parent,
            &Original { content: &grant.household(content), choices, revision, files: &files },
            key,
        );
        // History is shown as it is at the time of reading, so the digest cannot hold it; the person who confirms the preview must see it
        // all the same.
        if let Some(content) = &mut judgement.content
            && sections.contains(&Section::History)
        {
            self.fill_history(content, None);
        }
        if let Some(content) = &mut judgement.content
            && sections.contains(&Section::Attachments)
        {
            crate::case::view::fill_attachments(content, files);
        }
        Ok(judgement)
    }

    /// The fields that docs/domain.md marks ◎ and that are still empty, in the sections that `sender` sees: of the others it must not learn
    /// whether they are filled, and it cannot fill them. Empty when it may relay the sheet.
    pub fn missing_to_relay(&self, content: &Content, sender: &Agency, today: Day) -> Vec<FieldError> {
        let grant = self.grant(sender, today);
        let mut missing = content.missing_to_relay();
        missing.retain(|it| Section::of_pointer(&it.pointer).is_none_or(|section| grant.shows_now(section)));
        if self.sheet.reception.urgency.is_none() {
            missing.push(FieldError::required("/urgency"));
        }
        missing
    }

    /// Sends the sheet on: つなぎ. `disclosure` holds what is told; only the covering test makes one.
    ///
    /// # Errors
    /// The sheet must be open; the due date must not be in the past.
    pub fn send(
        mut self,
        id: RelayId,
        disclosure: Disclosure,
        request: RelayRequest,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        self.open(today)?;
        if !disclosure.is_of(self.sheet.id, actor.agency_id) {
            return Err(Refusal::PreviewOutdated);
        }
        let due = request.reply_due.unwrap_or_else(|| reply_due(today, request.urgency));
        if due < today {
            return Err(Refusal::invalid("/reply_due", "in_past", "回答期限は、今日以降の日付にしてください。"));
        }
        let parent = disclosure.parent().and_then(|p| self.relay(p));
        let relay = Relay {
            id,
            sheet_id: self.sheet.id,
            municipality_id: self.sheet.municipality_id,
            revision: 1,
            from_agency_id: actor.agency_id,
            to_agency_id: disclosure.to(),
            parent_relay_id: disclosure.parent(),
            hop: parent.map_or(1, |p| p.hop + 1),
            request: request.request,
            sections: disclosure.sections().clone(),
            purpose: disclosure.purpose(),
            urgency: request.urgency,
            handover: request.handover,
            basis: disclosure.basis(),
            content_revision: disclosure.content_revision(),
            files: disclosure.files().clone(),
            household: disclosure.household().told.clone(),
            disclosure_digest: disclosure.digest().to_owned(),
            sent_at: at,
            reply_due: due,
            opened_at: None,
            overdue_since: None,
            hand_back: None,
            sent_by: None,
            held: Sections::new(),
            corrected_at: None,
            seen: BTreeMap::new(),
            shut: false,
            chased_on: None,
            reports: Vec::new(),
            progress: Progress::Sent,
            updated_at: at,
        };
        let mut event = self
            .sent_event(EventKind::RelaySent, &relay)
            .with("hop", Fact::Count(u64::from(relay.hop)))
            .with("handover", Fact::Code(relay.handover.as_str()));
        if let Some(parent) = relay.parent_relay_id {
            event = event.with("parent_relay_id", Fact::Id(parent.0));
        }
        let mut mails = vec![self.mail(MailKind::RelaySent, relay.to_agency_id, Some(&relay), Some(due))];
        let mut events = vec![event];
        let mut changes = Changes { new: Some(id.0), ..Changes::default() };
        changes.relays.insert(id);
        if let Some(exception_id) = relay.basis.exception_id() {
            let (used, told) = self.use_exception(exception_id, id, &mut changes, at)?;
            events.extend(used);
            mails.extend(told);
        }
        self.relays.push(relay);
        Ok(self.conclude(&before, changes, events, mails, at))
    }

    fn sent_event(&self, kind: EventKind, relay: &Relay) -> EventDraft {
        let (event, code) = match relay.basis {
            Basis::Consent(id) => (self.event(kind).with("consent_id", Fact::Id(id.0)), CONSENT),
            Basis::Exception(id) => {
                let code = self.exception(id).map_or(CONSENT, |e| e.reasons.code.as_str());
                (self.event(kind).with("exception_id", Fact::Id(id.0)), code)
            }
        };
        event
            .with("basis", Fact::Code(code))
            .with("relay_id", Fact::Id(relay.id.0))
            .with("to_agency_id", Fact::Id(relay.to_agency_id.0))
            .with("sections", Fact::sections(&relay.sections))
            .with("disclosure_digest", Fact::Commitment(relay.disclosure_digest.clone()))
            .with("files", Fact::ids(relay.files.iter().map(|id| id.0)))
            // The members and the reasons are kept with the relay, sealed.
            .with("household_members", Fact::Count(relay.household.len() as u64))
            // The sender's words are outside the sections, and are readable before the relay is opened.
            .with("request", Fact::Flag(true))
            .with("reply_due", Fact::Day(relay.reply_due))
    }

    /// Whether the receiver of `relay` may report more than whether its support goes on: by the consent under which it was sent, or by the
    /// one in force.
    fn may_report_back(&self, relay: &Relay, receiver: &Agency, today: Day) -> bool {
        let sent_under = relay.basis.consent_id().and_then(|id| self.consent(id)).is_some_and(|c| {
            c.terms.allow_report_back
                && today <= c.terms.effective_until
                && relay.sections.iter().any(|s| !c.is_withdrawn_for(receiver.id, *s))
        });
        let in_force = default_consent(&self.consents, today).is_some_and(|c| {
            c.terms.allow_report_back && relay.sections.iter().any(|s| c.lets_see(receiver, *s, today))
        });
        sent_under || in_force
    }

    /// Moves one relay. `mover` is the actor's agency.
    ///
    /// # Errors
    /// The relay's state must allow the move; a report in words needs a permission; 所管外 needs a better address.
    pub fn move_relay(mut self, id: RelayId, step: Move, mover: &Agency, actor: &Actor) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        let index = self.relays.iter().position(|r| r.id == id).ok_or(Refusal::NotFound)?;
        let relay = self.relays.get(index).cloned().ok_or(Refusal::NotFound)?;
        if self.sheet.standing == crate::case::sheet::Standing::Voided {
            return Err(InvalidTransition { state: crate::case::sheet::SheetState::Voided.as_str() }.into());
        }
        let (sender, receiver) = (relay.from_agency_id, relay.to_agency_id);
        let moved = self.event(EventKind::RelayReceived).with("relay_id", Fact::Id(id.0));
        let as_kind = |kind| EventDraft { kind, ..moved.clone() };
        let answer_due = Some(reply_due(today, relay.urgency));
        let told = |kind, agency, due| Some((kind, agency, due));
        let (mut to_manager, mut closed, mut changes) = (false, false, Changes::default());
        let (relay, event, mail) = match step {
            Move::Receive => (relay.receive(at)?, moved, None),
            Move::Accept { assigned_staff_id, contact_by } => {
                if contact_by.is_some_and(|day| day < today) {
                    return Err(Refusal::invalid(
                        "/contact_by",
                        "in_past",
                        "連絡する日は、今日以降の日付にしてください。",
                    ));
                }
                // The baton moves to the receiver when the holder passed it on. It moves back when the sender takes it back, and at no
                // other time.
                // An agency that works on the sheet already goes on with the same person, unless it names another.
                let assigned_staff_id = assigned_staff_id.or(self.assignee(receiver)).or(actor.staff_id());
                let relay = relay.accept(Acceptance { at, assigned_staff_id, contact_by })?;
                changes.relays = self.name_assignee(receiver, assigned_staff_id);
                if self.sheet.holder_agency_id == sender {
                    self.sheet.holder_agency_id = receiver;
                }
                let holder = Fact::Id(self.sheet.holder_agency_id.0);
                (
                    relay,
                    as_kind(EventKind::RelayAccepted).with("holder_agency_id", holder),
                    told(MailKind::RelayAccepted, sender, None),
                )
            }
            Move::Decline { reason, recommended_agency_id, note } => {
                if reason == DeclineReason::NotOurRemit && recommended_agency_id.is_none() {
                    let detail = "「所管外」のときは、適切な機関を一つ挙げてください。";
                    return Err(Refusal::invalid("/recommended_agency_id", "required", detail));
                }
                let mut event = as_kind(EventKind::RelayDeclined).with("reason", Fact::Code(reason.as_str()));
                if let Some(better) = recommended_agency_id {
                    event = event.with("recommended_agency_id", Fact::Id(better.0));
                }
                let relay = relay.decline(at, reason, recommended_agency_id, note)?;
                (relay, event, told(MailKind::RelayDeclined, sender, answer_due))
            }
            Move::Return { missing, note } => {
                let due = reply_due(today, relay.urgency);
                let relay = relay.send_back(at, due, missing, note)?;
                (relay, as_kind(EventKind::RelayReturned), told(MailKind::RelayReturned, sender, answer_due))
            }
            Move::Resend(disclosure) => {
                let fits = disclosure.is_of(self.sheet.id, sender)
                    && disclosure.to() == receiver
                    && *disclosure.sections() == relay.sections
                    && disclosure.parent() == relay.parent_relay_id;
                if !fits {
                    return Err(Refusal::PreviewOutdated);
                }
                let due = reply_due(today, relay.urgency);
                let relay = relay.resend(*disclosure, at, due)?;
                let event = self.sent_event(EventKind::RelayResent, &relay);
                (relay, event, told(MailKind::RelaySent, receiver, Some(due)))
            }
            Move::Cancel { reason } => {
                let relay = relay.cancel(at, reason)?;
                (relay, as_kind(EventKind::RelayCancelled), told(MailKind::RelayCancelled, receiver, None))
            }
            Move::Report { kind, result, text, contact_made_on, next_relay_ids } => {
                // The last place is kept for the last report.
                if kind == ReportKind::Interim && relay.reports.len() + 1 >= MOST_REPORTS {
                    let detail = format!(
                        "途中の報告は、一つのつなぎに{}回までです。最後の報告をするか、支援経過に記録してください。",
                        MOST_REPORTS - 1
                    );
                    return Err(Refusal::invalid("/kind", "too_many", &detail));
                }
                if contact_made_on.is_some_and(|day| day > today) {
                    return Err(Refusal::invalid(
                        "/contact_made_on",
                        "in_future",
                        "連絡した日は、今日までの日付にしてください。",
                    ));
                }
                if let Some(wrong) = contact_made_on.and_then(|day| Floor::Deed.wrong("/contact_made_on", day)) {
                    return Err(Refusal::Invalid(vec![wrong]));
                }
                for (index, next) in next_relay_ids.iter().enumerate() {
                    if self.relay(*next).is_none_or(|r| r.parent_relay_id != Some(id)) {
                        let pointer = format!("/next_relay_ids/{index}");
                        return Err(Refusal::invalid(
                            &pointer,
                            "unknown_relay",
                            "このつなぎから続くつなぎを指定してください。",
                        ));
                    }
                }
                let in_words = text.is_some();
                let permitted = self.may_report_back(&relay, mover, today);
                // The state is looked at first: a report that the state does not allow is no question of consent.
                let confirmed_at = None;
                let report =
                    Report { at, kind, result, text, contact_made_on, next_relay_ids, permitted, confirmed_at };
                let relay = relay.report_back(report)?;
                if in_words && !permitted {
                    return Err(Refusal::Consent(vec![Clause::ReportBackNotAllowed]));
                }
                let event = as_kind(EventKind::RelayReported)
                    .with("report_kind", Fact::Code(kind.as_str()))
                    .with("result", Fact::Code(result.as_str()))
                    .with("in_words", Fact::Flag(in_words))
                    .with("in_full", Fact::Flag(permitted));
                // An event kind of its own would reveal what may not be told.
                to_manager = permitted && kind == ReportKind::Final && result.ends_without_support();
                (relay, event, told(MailKind::RelayReported, sender, answer_due))
            }
            Move::Confirm => {
                let relay = relay.confirm(at)?;
                let kind = match relay.state() {
                    RelayState::Closed => EventKind::RelayClosed,
                    _ => EventKind::RelayReportConfirmed,
                };
                (relay, as_kind(kind), None)
            }
            Move::Amend(disclosure) => {
                self.open(today)?;
                let fits = disclosure.is_of(self.sheet.id, sender)
                    && disclosure.to() == receiver
                    && disclosure.parent() == relay.parent_relay_id;
                if !fits {
                    return Err(Refusal::PreviewOutdated);
                }
                let earlier = relay.sections.clone();
                closed = disclosure.household().leaves_out(&relay.household);
                if *disclosure.sections() == earlier && disclosure.digest() == relay.disclosure_digest {
                    let detail = "伝える項目も内容も変わっていません。増やすか、減らしてください。";
                    return Err(Refusal::invalid("/sections", "unchanged", detail));
                }
                let relay = relay.amend(*disclosure, at)?;
                let event =
                    self.sent_event(EventKind::RelayAmended, &relay).with("sections_before", Fact::sections(&earlier));
                (relay, event, told(MailKind::RelayAmended, receiver, None))
            }
            Move::Narrow(sections, household) => {
                let earlier = relay.sections.clone();
                let same = sections == earlier && household.told.len() == relay.household.len();
                let less = sections.is_subset(&earlier) && is_part(&household.told, &relay.household);
                closed = household.leaves_out(&relay.household);
                if sections.is_empty() || same || !less {
                    return Err(Refusal::invalid("/sections", "unchanged", "伝える項目を減らしてください。"));
                }
                let relay = relay.tell_less(sections, household.told, at)?;
                if relay.is_open() && reverted(&relay, &self.consents) {
                    let detail =
                        "残る項目は、同意が撤回されています。伝えるものがないときは、つなぎを取り消してください。";
                    return Err(Refusal::invalid("/sections", "withdrawn", detail));
                }
                let event = as_kind(EventKind::RelayAmended)
                    .with("to_agency_id", Fact::Id(receiver.0))
                    .with("sections", Fact::sections(&relay.sections))
                    .with("sections_before", Fact::sections(&earlier))
                    .with("household_members", Fact::Count(relay.household.len() as u64));
                (relay, event, told(MailKind::RelayAmended, receiver, None))
            }
            Move::HandBack { reason } => {
                self.open(today)?;
                if self.sheet.holder_agency_id != receiver {
                    return Err(InvalidTransition { state: relay.state().as_str() }.into());
                }
                let relay = relay.offer_back(at, reason)?;
                (relay, as_kind(EventKind::HandBackOffered), told(MailKind::HandBackOffered, sender, answer_due))
            }
            Move::AcceptHandBack => {
                self.open(today)?;
                let state = relay.state().as_str();
                let relay = relay.answer_offer(at, HandBackState::Accepted, None)?;
                // A receiver that has passed the baton on since the offer has none to hand back.
                if self.sheet.holder_agency_id != receiver {
                    return Err(InvalidTransition { state }.into());
                }
                self.sheet.holder_agency_id = sender;
                let event = as_kind(EventKind::HandBackAccepted).with("holder_agency_id", Fact::Id(sender.0));
                (relay, event, told(MailKind::HandBackAccepted, receiver, None))
            }
            Move::DeclineHandBack { note } => {
                self.open(today)?;
                let relay = relay.answer_offer(at, HandBackState::Declined, note)?;
                (relay, as_kind(EventKind::HandBackDeclined), told(MailKind::HandBackDeclined, receiver, None))
            }
        };
        let for_manager = to_manager.then_some((MailKind::ReportWithoutSupport, sender, answer_due));
        let mails = mail.into_iter().chain(for_manager);
        let mails = mails.map(|(kind, agency, due)| self.mail(kind, agency, Some(&relay), due)).collect();
        changes.relays.insert(id);
        if closed {
            changes.members_closed.insert(id, StopCause::Narrowed);
        }
        if let Some(place) = self.relays.get_mut(index) {
            *place = relay;
        }
        Ok(self.conclude(&before, changes, vec![event], mails, at))
    }
}
