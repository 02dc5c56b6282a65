//! The transitions of a sheet's line of consents: a consent is given, witnessed, withdrawn, found invalid.

use crate::agency::{Actor, Agency, Scope};
use crate::audit::{EventDraft, EventKind, Fact};
use crate::case::consent::{
    self, Consent, Decision, Evidence, EvidenceKind, Heard, Invalidity, Lifted, MOST_EVIDENCE, NewEvidence, Proof,
    Terms, Withdrawal, WithdrawalMethod, WithdrawnBy, Witness,
};
use crate::case::relay::{Basis, InvalidTransition, Relay};
use crate::case::stop::StopCause;
use crate::case::{Before, Case, Changes, Outcome, Refusal};
use crate::content::{Content, Sections};
use crate::door::FieldError;
use crate::ids::{AgencyId, AttachmentId, ConsentId, RelayId, StaffId, StopRequestId, WithdrawalId};
use crate::personal::Personal;
use crate::time::{DAY_SECONDS, Day, Instant};
use std::collections::{BTreeMap, BTreeSet};

/// The most versions of a sheet's consent that may be recorded in 24 hours: enough for one per recipient and correction on a long day. Each
/// is kept for good.
const MOST_VERSIONS_A_DAY: usize = 20;

/// A withdrawal as it was sent in.
pub struct WithdrawalRequest {
    /// The person who withdraws.
    pub by: WithdrawnBy,
    /// How.
    pub method: WithdrawalMethod,
    /// Why, if said.
    pub reason: Option<Personal<String>>,
    /// Only these recipients; empty = all.
    pub agency_ids: BTreeSet<AgencyId>,
    /// Only these sections; empty = all.
    pub sections: Sections,
}

/// A consent as it was sent in.
pub struct ConsentInput {
    /// Its id.
    pub id: ConsentId,
    /// What was said.
    pub terms: Terms,
    /// Exclusions of earlier versions that the person lifts with this one.
    pub lifted: Vec<Lifted>,
    /// The person who heard it, when a department system records it.
    pub heard_by: Option<StaffId>,
}

/// Why a consent is invalid after the person named as its hearer denied having heard it.
const NOT_HEARD: &str = "聞いたとされた職員が、この同意を聞いていないと答えたため";

/// What is wrong with the named hearer: a department system with the scope for it must name one, and nobody else may.
fn wrong_hearer(input: &ConsentInput, actor: &Actor) -> Option<FieldError> {
    let at = "/heard_by_staff_id";
    let records = actor.has_scope(Scope::ConsentsRecord);
    match input.heard_by {
        None if records => Some(FieldError::new(
            at,
            "required",
            "本人から直接聞いた職員を指定してください。その職員が、あとで確かめます。",
        )),
        Some(_) if !records => {
            let detail = "この項目は、同意の記録を認められた連携システム(consents:record)だけが使えます。";
            Some(FieldError::new(at, "only_for_systems", detail))
        }
        Some(hearer) if input.terms.witness_staff_id == Some(hearer) => {
            Some(FieldError::new(at, "same_person", "立会人は、本人から聞いた職員とは別の職員にしてください。"))
        }
        _ => None,
    }
}

/// Whether the withdrawals so far leave the receiver nothing of a relay to see.
pub(in crate::case) fn reverted(relay: &Relay, line: &[Consent]) -> bool {
    line.iter()
        .find(|c| relay.basis == Basis::Consent(c.id))
        .is_some_and(|c| relay.sections.iter().all(|s| c.is_withdrawn_for(relay.to_agency_id, *s)))
}

impl Case {
    /// Records what the person decided as the next version of the line. `content` is the sheet's; the rules look only at what `recorder`,
    /// the actor's agency, may see of it.
    ///
    /// # Errors
    /// The sheet must be open, and the terms must hold; each exclusion in `lifted` must stand, and the recorder must see it.
    pub fn give_consent(
        mut self,
        input: ConsentInput,
        content: &Content,
        recorder: &Agency,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let today = actor.today();
        let before = Before::of(&self, today);
        self.open(today)?;
        let since = actor.at.plus_seconds(-DAY_SECONDS);
        if self.consents.iter().filter(|consent| consent.recorded_at > since).count() >= MOST_VERSIONS_A_DAY {
            let detail = "このシートの同意は、この24時間にもう20回記録されています。前の記録を確かめ、必要なら明日記録してください。";
            return Err(Refusal::Invalid(vec![FieldError::new("", "too_many_today", detail)]));
        }
        let grant = self.grant(recorder, today);
        let hearer = wrong_hearer(&input, actor);
        let ConsentInput { id, terms, lifted, heard_by } = input;
        // No rule may reveal what is kept back from the recorder as it stands now.
        let sees = grant.sections_now();
        let seen = grant.restrict(content, content, &[], Vec::new()).keep(|it| sees.contains(&it));
        let mut wrong = terms.wrong(actor.at, actor.staff_id(), &seen, &sees);
        let origin = self.sheet.origin_agency_id;
        let standing = consent::standing(&self.consents, origin);
        wrong.extend(consent::not_liftable(&standing, &lifted, &terms.exclusions, recorder.id, origin));
        wrong.extend(hearer);
        if !wrong.is_empty() {
            return Err(Refusal::Invalid(wrong));
        }
        let decision = terms.decision;
        // A system alone cannot record a valid consent: a person of its agency must confirm it first.
        let alone =
            actor.is_system() && heard_by.is_none() && matches!(decision, Decision::Granted | Decision::Partial);
        let witness = if terms.need_witness() || alone { Witness::Awaited } else { Witness::NotNeeded };
        let mut consent = Consent {
            id,
            sheet_id: self.sheet.id,
            municipality_id: self.sheet.municipality_id,
            carried: consent::without(standing, &lifted, recorder.id, origin),
            lifted,
            version: self.consents.iter().map(|c| c.version).max().unwrap_or(0) + 1,
            recorded_agency_id: actor.agency_id,
            kept_by: None,
            recorded_by: actor.staff_id(),
            recorded_at: actor.at,
            witness,
            heard: heard_by.map(|staff_id| Heard { staff_id, confirmed_at: None }),
            of_age_on: None,
            evidence: Vec::new(),
            superseded_by: None,
            withdrawals: Vec::new(),
            invalid: None,
            lapsed_at: None,
            counted: None,
            still_told: BTreeSet::new(),
            kept: None,
            terms,
        };
        consent.note_birth(content.birth_date());
        let mut event = self
            .event(EventKind::ConsentGiven)
            .with("consent_id", Fact::Id(id.0))
            .with("version", Fact::Count(u64::from(consent.version)))
            .with("decision", Fact::Code(decision.as_str()))
            .with("method", Fact::Code(consent.terms.method.as_str()))
            .with("sections", Fact::sections(&consent.terms.sections))
            .with("agency_ids", Fact::ids(consent.terms.recipients.agency_ids.iter().map(|a| a.0)))
            .with(
                "classes",
                Fact::List(consent.terms.recipients.classes.iter().map(|c| Fact::Code(c.as_str())).collect()),
            )
            .with("lifted_agency_ids", Fact::ids(consent.lifted.iter().map(|it| it.agency_id.0)))
            .with("witness_needed", Fact::Flag(witness == Witness::Awaited));
        if let Some(hearer) = heard_by {
            event = event.with("heard_by_staff_id", Fact::Id(hearer.0));
        }
        let mut changes = Changes { new: Some(id.0), ..Changes::default() };
        changes.consents.insert(id);
        // A deferral leaves earlier versions in force; a version that awaits a witness supersedes them when the witness confirms.
        if decision != Decision::Pending && witness == Witness::NotNeeded {
            consent.counted = Some(self.counted(actor.at));
            self.supersede_before(id, consent.version, &mut changes);
        }
        self.consents.push(consent);
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    fn supersede_before(&mut self, by: ConsentId, version: u32, changes: &mut Changes) {
        for earlier in self.consents.iter_mut().filter(|c| c.version < version && c.superseded_by.is_none()) {
            earlier.superseded_by = Some(by);
            changes.consents.insert(earlier.id);
        }
    }

    /// The witness says, with their own log-in, whether it was heard so. The person named as the hearer of a consent that a system recorded
    /// answers here too; if that person objects, the consent is invalid from the start. `receivers` are the agencies of the relays.
    ///
    /// # Errors
    /// [`Refusal::Transition`] unless a witness is awaited; [`Refusal::Invalid`] when the recorder, the hearer, or anybody but the named
    /// witness answers.
    pub fn witness(
        mut self,
        id: ConsentId,
        confirmed: bool,
        receivers: &[Agency],
        new_stop: &mut dyn FnMut() -> StopRequestId,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let today = actor.today();
        if self.consent(id).is_some_and(|it| it.is_hearer(actor)) {
            return self.answer_of_hearer(id, confirmed, receivers, new_stop, actor);
        }
        let before = Before::of(&self, today);
        self.open(today)?;
        let counted = self.counted(actor.at);
        let consent = self.consents.iter_mut().find(|c| c.id == id).ok_or(Refusal::NotFound)?;
        let state = consent.state(today).as_str();
        if !consent.awaits_witness() {
            return Err(InvalidTransition { state }.into());
        }
        let staff_id = actor.staff_id().ok_or(Refusal::NotFound)?;
        let other = "立会人は、記録した人とは別の職員です。立ち会った職員が、自分でログインして確認してください。";
        if !consent.is_witness(actor) {
            return Err(Refusal::invalid("", "not_the_witness", other));
        }
        let at = actor.at;
        consent.witness =
            if confirmed { Witness::Confirmed { staff_id, at } } else { Witness::Denied { staff_id, at } };
        consent.counted = confirmed.then_some(counted);
        let version = consent.version;
        let mut changes = Changes::default();
        changes.consents.insert(id);
        if confirmed {
            self.supersede_before(id, version, &mut changes);
        }
        let events = vec![self.witnessed_event(id, confirmed)];
        Ok(self.conclude(&before, changes, events, Vec::new(), at))
    }

    fn answer_of_hearer(
        mut self,
        id: ConsentId,
        confirmed: bool,
        receivers: &[Agency],
        new_stop: &mut dyn FnMut() -> StopRequestId,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let said = self.witnessed_event(id, confirmed);
        if !confirmed {
            let reason = Personal::new(NOT_HEARD.to_owned());
            let mut outcome = self.invalidate(id, reason, receivers, new_stop, actor)?;
            outcome.events.insert(0, said);
            return Ok(outcome);
        }
        let before = Before::of(&self, actor.today());
        let mut changes = Changes::default();
        changes.consents.insert(id);
        for heard in self.consents.iter_mut().filter(|c| c.id == id).filter_map(|c| c.heard.as_mut()) {
            heard.confirmed_at = Some(actor.at);
        }
        Ok(self.conclude(&before, changes, vec![said], Vec::new(), actor.at))
    }

    fn witnessed_event(&self, id: ConsentId, confirmed: bool) -> EventDraft {
        let event = self.event(EventKind::ConsentWitnessed).with("consent_id", Fact::Id(id.0));
        event.with("confirmed", Fact::Flag(confirmed))
    }

    /// Adds evidence to a consent in any state: what was signed was signed. `reader` is the actor's agency.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when the signature does not hold or belongs to another text, when the actor's agency sees no such attachment or
    /// it proves this consent already, or when the consent has the most evidence that it may have.
    pub fn add_evidence(mut self, new: NewEvidence, reader: &Agency, actor: &Actor) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        self.open(actor.today())?;
        let consent = self.consent(new.consent_id).ok_or(Refusal::NotFound)?;
        let (kind, sha256, attachment_id) = self.proved(consent, &new.proof, reader, actor.today())?;
        let consent = self.consents.iter_mut().find(|c| c.id == new.consent_id).ok_or(Refusal::NotFound)?;
        if consent.evidence.len() >= MOST_EVIDENCE {
            return Err(Refusal::invalid("", "too_many", "この同意には、もう証拠を加えられません(5件まで)。"));
        }
        consent.evidence.push(Evidence {
            id: new.id,
            kind,
            sha256,
            attachment_id,
            added_by: actor.staff_id(),
            added_at: actor.at,
        });
        let events = vec![
            self.event(EventKind::EvidenceAdded)
                .with("consent_id", Fact::Id(new.consent_id.0))
                .with("evidence_id", Fact::Id(new.id.0))
                .with("kind", Fact::Code(kind.as_str())),
        ];
        let mut changes = Changes::default();
        changes.consents.insert(new.consent_id);
        changes.evidence = Some(new);
        Ok(self.conclude(&before, changes, events, Vec::new(), actor.at))
    }

    /// The kind of a proof, its hash, and the attachment behind it.
    fn proved(
        &self,
        consent: &Consent,
        proof: &Proof,
        reader: &Agency,
        today: Day,
    ) -> Result<(EvidenceKind, String, Option<AttachmentId>), Refusal> {
        match proof {
            Proof::Signature(signature) => {
                let shown = consent.terms.circumstances.explained.as_ref();
                let wrong = signature.wrong(shown.map(|explained| explained.text_hash.as_str()));
                let kept = || (EvidenceKind::Signature, signature.hash(), None);
                if wrong.is_empty() { Ok(kept()) } else { Err(Refusal::Invalid(wrong)) }
            }
            Proof::Scan(id) => {
                let at = "/attachment_id";
                let seen = self.attachments_for(reader, today).into_iter().find(|it| it.id == *id);
                let unknown = "この相談の添付の中に、そのファイルがありません。先に同意書の写しを添付してください。";
                let scan = seen.ok_or_else(|| Refusal::invalid(at, "unknown", unknown))?;
                if consent.evidence.iter().any(|it| it.attachment_id == Some(*id)) {
                    let twice = "そのファイルは、もうこの同意の証拠になっています。";
                    return Err(Refusal::invalid(at, "duplicate", twice));
                }
                Ok((EvidenceKind::Scan, scan.sha256.clone(), Some(*id)))
            }
        }
    }

    /// Takes a consent back, wholly or in part: acts on this version and every earlier one, at once and for everybody. Relays that wait and
    /// have lost all their sections are halted; a receiver that had opened one is told to stop, and asked what became of its copies.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when there is nothing to withdraw: the consent was refused or left open, or an earlier withdrawal took back
    /// as much.
    pub fn withdraw(
        mut self,
        id: ConsentId,
        withdrawal_id: WithdrawalId,
        request: WithdrawalRequest,
        new_stop: &mut dyn FnMut() -> StopRequestId,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        let target = self.consents.iter().find(|c| c.id == id).ok_or(Refusal::NotFound)?;
        let state = target.state(today).as_str();
        if !target.grants() {
            return Err(InvalidTransition { state }.into());
        }
        // A withdrawal that takes nothing more would only lengthen the record.
        let taken = |w: &Withdrawal| {
            (w.agency_ids.is_empty() || !request.agency_ids.is_empty() && request.agency_ids.is_subset(&w.agency_ids))
                && (w.sections.is_empty() || !request.sections.is_empty() && request.sections.is_subset(&w.sections))
        };
        if target.withdrawals.iter().any(taken) {
            return Err(InvalidTransition { state }.into());
        }
        let version = target.version;
        let withdrawal = Withdrawal {
            id: withdrawal_id,
            by: request.by,
            method: request.method,
            reason: request.reason,
            agency_ids: request.agency_ids,
            sections: request.sections,
            at,
        };
        let mut events = vec![
            self.event(EventKind::ConsentWithdrawn)
                .with("consent_id", Fact::Id(id.0))
                .with("withdrawal_id", Fact::Id(withdrawal_id.0))
                .with("by", Fact::Code(withdrawal.by.as_str()))
                .with("method", Fact::Code(withdrawal.method.as_str()))
                .with("agency_ids", Fact::ids(withdrawal.agency_ids.iter().map(|a| a.0)))
                .with("sections", Fact::sections(&withdrawal.sections)),
        ];
        let reaches = |c: &Consent| c.version <= version && c.grants();
        let lost = self.lost(|consent, agency, section| reaches(consent) && withdrawal.hits(agency, section));
        let mut changes = Changes::default();
        for consent in self.consents.iter_mut().filter(|c| reaches(c)) {
            consent.withdrawals.push(withdrawal.clone());
            changes.consents.insert(consent.id);
        }
        let rests = |relay: &Relay| relay.basis.consent_id().is_some_and(|id| changes.consents.contains(&id));
        let hits = |relay: &Relay| relay.sections.iter().any(|s| withdrawal.hits(relay.to_agency_id, *s));
        let hit = self.relays.iter().filter(|relay| rests(relay) && hits(relay));
        let hit = hit.map(|relay| (relay.id, reverted(relay, &self.consents))).collect();
        let (told, halted) = self.take_back(&hit, Some(withdrawal_id), at, &mut changes)?;
        events.extend(halted);
        let mails = self.stop_mails(told, &lost, at);
        events.extend(self.tell_to_stop(lost, StopCause::Withdrawn, new_stop, at, &mut changes));
        Ok(self.conclude(&before, changes, events, mails, at))
    }

    /// Records that a consent was invalid from the start: the giver could not consent, or it was never given. Acts like a whole withdrawal,
    /// but on this version alone; what was disclosed under it is flagged for the privacy officer. What had run out and stayed visible only
    /// because this version renewed it is closed, too. `receivers` are the agencies of the relays.
    ///
    /// # Errors
    /// [`Refusal::Transition`] when it granted nothing, or was recorded as invalid before.
    pub fn invalidate(
        mut self,
        id: ConsentId,
        reason: Personal<String>,
        receivers: &[Agency],
        new_stop: &mut dyn FnMut() -> StopRequestId,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let (at, today) = (actor.at, actor.today());
        let before = Before::of(&self, today);
        let target = self.consents.iter().find(|c| c.id == id).ok_or(Refusal::NotFound)?;
        if !target.grants() || target.invalid.is_some() {
            return Err(InvalidTransition { state: target.state(today).as_str() }.into());
        }
        let mut lost = self.lost(|consent, _, _| consent.id == id);
        let seen = self.seen_beyond(id, receivers, today);
        let under = self.relays.iter().filter(|r| r.basis == Basis::Consent(id)).map(|r| r.id.0);
        let mut events = vec![
            self.event(EventKind::ConsentInvalidated)
                .with("consent_id", Fact::Id(id.0))
                .with("relay_ids", Fact::ids(under)),
        ];
        let mut changes = Changes::default();
        for consent in self.consents.iter_mut().filter(|c| c.id == id) {
            consent.invalid = Some(Invalidity { at, staff_id: actor.staff_id(), reason: reason.clone() });
            changes.consents.insert(consent.id);
        }
        let under = self.relays.iter().filter(|relay| relay.basis == Basis::Consent(id));
        let mut hit: BTreeMap<_, _> = under.map(|relay| (relay.id, true)).collect();
        hit.extend(self.hit_by(self.no_longer(seen, receivers, today), receivers, today, &mut lost));
        let (told, halted) = self.take_back(&hit, None, at, &mut changes)?;
        events.extend(halted);
        let mails = self.stop_mails(told, &lost, at);
        events.extend(self.tell_to_stop(lost, StopCause::Invalid, new_stop, at, &mut changes));
        Ok(self.conclude(&before, changes, events, mails, at))
    }

    /// Halts or narrows the relays in `hit`, which says for each whether nothing of it is left. Returns the agencies to tell, and the
    /// events.
    pub(in crate::case) fn take_back(
        &mut self,
        hit: &BTreeMap<RelayId, bool>,
        by: Option<WithdrawalId>,
        at: Instant,
        changes: &mut Changes,
    ) -> Result<(BTreeSet<AgencyId>, Vec<EventDraft>), Refusal> {
        let (mut told, mut events) = (BTreeSet::new(), Vec::new());
        let mut relays = Vec::with_capacity(self.relays.len());
        for relay in std::mem::take(&mut self.relays) {
            let Some(nothing_left) = hit.get(&relay.id) else {
                relays.push(relay);
                continue;
            };
            if !relay.is_over() || relay.opened_at.is_some() {
                told.insert(relay.to_agency_id);
            }
            if relay.is_open() && *nothing_left {
                events.push(self.event(EventKind::RelayHalted).with("relay_id", Fact::Id(relay.id.0)));
                changes.relays.insert(relay.id);
                relays.push(relay.halt(at, by)?);
            } else if relay.is_over() && !relay.is_taken_on() {
                relays.push(relay);
            } else {
                changes.relays.insert(relay.id);
                relays.push(relay.narrowed(at));
            }
        }
        self.relays = relays;
        Ok((told, events))
    }
}

impl Consent {
    /// Whether `actor` is the person who heard it, and still has to say so.
    pub(in crate::case) fn is_hearer(&self, actor: &Actor) -> bool {
        self.awaits_hearer() && self.heard.map(|heard| heard.staff_id) == actor.staff_id()
    }

    /// Whether `actor` can confirm as witness: the named person, or, where none is named, anybody who neither recorded nor heard it.
    pub(in crate::case) fn is_witness(&self, actor: &Actor) -> bool {
        let Some(staff_id) = actor.staff_id() else { return false };
        let heard_itself = [self.recorded_by, self.heard.map(|heard| heard.staff_id)].contains(&Some(staff_id));
        let is_meant = match self.terms.witness_staff_id {
            Some(named) => named == staff_id,
            // A consent that a system recorded is confirmed by a person of the system's agency.
            None => self.recorded_by.is_some() || self.keeper() == actor.agency_id,
        };
        is_meant && !heard_itself
    }
}
