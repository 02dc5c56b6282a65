//! The transitions of the sheet itself: recorded, registered, revised, closed, reopened, voided, and its progress record.

use crate::agency::Actor;
use crate::audit::{EventKind, Fact};
use crate::beside::closure::Closure;
use crate::beside::entry::Entry;
use crate::case::exception::Exception;
use crate::case::relay::{InvalidTransition, Relay};
use crate::case::sheet::{Document, Reception, Sheet, SheetNumber, Standing, Written};
use crate::case::{Before, Case, Changes, HeldUp, KeepEarlier, Outcome, Refusal};
use crate::door::FieldError;
use crate::floor::Floor;
use crate::ids::{HouseholdId, SheetId};
use crate::mail::MailKind;
use crate::permit::Relation;
use crate::personal::Personal;
use crate::time::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The reason of a relay that ends because its sheet was voided.
const CANCELLED_BY_VOIDING: &str = "シートの取消";

/// A sheet as it was sent in and passed the door.
pub struct SheetInput {
    /// The head.
    pub reception: Reception,
    /// The personal part.
    pub document: Document,
}

impl SheetInput {
    fn whole_document(&self, actor: &Actor) -> Document {
        let written = Written { at: actor.at, by: actor.staff_id() };
        Document { reception: Some(self.reception.clone()), written: Some(written), ..self.document.clone() }
    }

    /// The fields that docs/domain.md marks ● and that are empty, and whatever else does not hold.
    fn missing_to_register(&self, actor: &Actor) -> Vec<FieldError> {
        let mut wrong = self.wrong(actor);
        let reception = &self.reception;
        let heads = [
            (reception.received_at.is_some(), "/received_at"),
            (reception.channel.is_some(), "/channel"),
            (reception.route.is_some(), "/route"),
        ];
        wrong.extend(heads.iter().filter(|(there, _)| !there).map(|(_, pointer)| FieldError::required(*pointer)));
        wrong.extend(self.document.content.missing_to_register());
        wrong
    }

    fn wrong(&self, actor: &Actor) -> Vec<FieldError> {
        let Some(at) = self.reception.received_at else { return Vec::new() };
        if at > actor.at {
            return vec![FieldError::new("/received_at", "in_future", "受付日時は、今より前にしてください。")];
        }
        let day = Day(at.date());
        let unborn = self.document.content.birth_date().filter(|birth| day < *birth);
        let unborn = unborn.map(|_| {
            let detail = "受付日時が、生年月日より前です。どちらかを直してください。";
            FieldError::new("/received_at", "before_birth", detail)
        });
        Floor::Deed.wrong("/received_at", day).or(unborn).into_iter().collect()
    }
}

fn checked(wrong: Vec<FieldError>) -> Result<(), Refusal> {
    if wrong.is_empty() { Ok(()) } else { Err(Refusal::Invalid(wrong)) }
}

impl Case {
    /// Records a new sheet. With a `number`, it is registered at once.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when a value does not hold, or when a sheet with a `number` lacks something that registration needs.
    pub fn create(
        id: SheetId,
        input: SheetInput,
        number: Option<SheetNumber>,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        checked(if number.is_some() { input.missing_to_register(actor) } else { input.wrong(actor) })?;
        let document = Some((input.whole_document(actor), KeepEarlier::Yes));
        let standing = if number.is_some() { Standing::Open } else { Standing::Draft };
        let sheet = Sheet {
            id,
            municipality_id: actor.municipality_id,
            number,
            standing,
            revision: 1,
            content_revision: 1,
            origin_agency_id: actor.agency_id,
            holder_agency_id: actor.agency_id,
            reception: input.reception,
            created_at: actor.at,
            updated_at: actor.at,
            closed_at: None,
            household_id: HouseholdId(id.0),
            assignees: actor.staff_id().map(|person| (actor.agency_id, person)).into_iter().collect(),
            seen: BTreeMap::new(),
        };
        let case = Self {
            sheet,
            consents: Vec::new(),
            relays: Vec::new(),
            exceptions: Vec::new(),
            attachments: Vec::new(),
            stops: Vec::new(),
            releases: Vec::new(),
        };
        let mut events =
            vec![case.event(EventKind::SheetCreated).with("state", Fact::Code(case.state(actor.today()).as_str()))];
        if number.is_some() {
            events.push(case.event(EventKind::SheetRegistered));
        }
        let changes = Changes { created: true, sheet: true, document, ..Changes::default() };
        Ok(Outcome { thing: case, changes, events, mails: Vec::new() })
    }

    /// Replaces the whole body, which was `earlier` until now. A draft is registered when a `number` is given. Receivers that have taken on
    /// what is corrected are told.
    ///
    /// # Errors
    /// The sheet must be a draft or open; a registered sheet must keep what registration needs.
    pub fn revise(
        mut self,
        input: SheetInput,
        number: Option<SheetNumber>,
        earlier: &Document,
        actor: &Actor,
    ) -> Result<Outcome, Refusal> {
        let today = actor.today();
        let before = Before::of(&self, today);
        let was_draft = self.sheet.standing == Standing::Draft;
        if !was_draft {
            self.open(today)?;
        }
        let registers = was_draft && number.is_some();
        let stays_draft = was_draft && number.is_none();
        checked(if stays_draft { input.wrong(actor) } else { input.missing_to_register(actor) })?;
        if registers {
            self.sheet.number = number;
            self.sheet.standing = Standing::Open;
        }
        let document = input.whole_document(actor);
        let reworded = crate::case::seen::reworded(earlier, &document);
        let household_unseen = self.household_unseen(&earlier.content, &document.content);
        let members_closed = self.members_closed(&earlier.content, &document.content);
        let birth = document.content.birth_date();
        let newly = self.consents.iter_mut().filter_map(|consent| consent.note_birth(birth).then_some(consent.id));
        let consents = newly.collect();
        let was = self.sheet.reception.address_secret;
        self.sheet.reception = input.reception;
        let mut changes = Changes { reworded, household_unseen, consents, members_closed, ..Changes::default() };
        let ended = self.end_releases(was, &earlier.content, &document.content, &mut changes, actor);
        let mut events =
            vec![self.event(EventKind::SheetRevised).with("revision", Fact::Count(u64::from(before.revision) + 1))];
        if registers {
            events.push(self.event(EventKind::SheetRegistered));
        }
        events.extend(ended);
        let keep = if was_draft { KeepEarlier::No } else { KeepEarlier::Yes };
        changes.document = Some((document, keep));
        Ok(self.conclude(&before, changes, events, Vec::new(), actor.at))
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// Unless it is a draft.
    pub fn discard(self, actor: &Actor) -> Result<Outcome, Refusal> {
        if self.sheet.standing != Standing::Draft {
            return Err(InvalidTransition { state: self.state(actor.today()).as_str() }.into());
        }
        let events = vec![self.event(EventKind::SheetDiscarded)];
        Ok(Outcome {
            thing: self,
            changes: Changes { discarded: true, ..Changes::default() },
            events,
            mails: Vec::new(),
        })
    }

    /// 終結, by the holder; the reason goes into the progress record, and how it ended stands beside the sheet.
    ///
    /// # Errors
    /// Something does not hold in `closure`. Another agency holds it. Unless it is open, every relay is over (declined, cancelled, halted or closed), and every emergency was
    /// followed up.
    pub fn close(mut self, reason: Entry, closure: Option<Closure>, actor: &Actor) -> Result<Outcome, Refusal> {
        self.only_holder(actor)?;
        let today = actor.today();
        let before = Before::of(&self, today);
        self.open(today)?;
        let open: Vec<&Relay> = self.relays.iter().filter(|relay| !relay.is_over()).collect();
        let follow_up = self.exceptions.iter().any(Exception::holds_up_closing);
        if !open.is_empty() || follow_up {
            // A holder that does not follow the whole way learns only the number of the other agencies' relays.
            let known = |relay: &&&Relay| self.relay_relation(relay, actor.agency_id) != Relation::Neighbour;
            let relays: Vec<_> = open.iter().filter(known).map(|relay| (relay.to_agency_id, relay.state())).collect();
            let others = open.len() - relays.len();
            return Err(Refusal::HeldUp(HeldUp { state: before.state.as_str(), relays, others, follow_up }));
        }
        let received = self.sheet.reception.received_at.map(|at| Day(at.date()));
        checked(closure.as_ref().map(|it| it.wrong(received, today)).unwrap_or_default())?;
        self.sheet.standing = Standing::Closed;
        self.sheet.closed_at = Some(actor.at);
        let mut event = self.event(EventKind::SheetClosed).with("entry_id", Fact::Id(reason.id.0));
        if let Some(closure) = &closure {
            event = event.with("reason_code", Fact::Code(closure.reason.as_str()));
        }
        let changes = Changes { entry: Some(reason), closure, ..Changes::default() };
        Ok(self.conclude(&before, changes, vec![event], Vec::new(), actor.at))
    }

    /// 再開, by the holder; the reason goes into the progress record.
    ///
    /// # Errors
    /// Another agency holds it. Unless it is closed.
    pub fn reopen(mut self, reason: Entry, actor: &Actor) -> Result<Outcome, Refusal> {
        self.only_holder(actor)?;
        let before = Before::of(&self, actor.today());
        if self.sheet.standing != Standing::Closed {
            return Err(InvalidTransition { state: before.state.as_str() }.into());
        }
        self.sheet.standing = Standing::Open;
        self.sheet.closed_at = None;
        let events = vec![self.event(EventKind::SheetReopened).with("entry_id", Fact::Id(reason.id.0))];
        Ok(self.conclude(&before, Changes { entry: Some(reason), ..Changes::default() }, events, Vec::new(), actor.at))
    }

    /// Only the holder (主担当) closes and reopens a sheet.
    fn only_holder(&self, actor: &Actor) -> Result<(), Refusal> {
        if self.is_held_by(actor) { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// 取消 of a sheet that was recorded by mistake: content is hidden, the audit trail stays, and each agency that had a relay is told.
    ///
    /// # Errors
    /// A draft is discarded instead; a voided sheet stays voided.
    pub fn void(mut self, reason: Entry, actor: &Actor) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        if matches!(self.sheet.standing, Standing::Draft | Standing::Voided) {
            return Err(InvalidTransition { state: before.state.as_str() }.into());
        }
        self.sheet.standing = Standing::Voided;
        let mut changes = Changes { entry: Some(reason.clone()), ..Changes::default() };
        let mut events = vec![self.event(EventKind::SheetVoided).with("entry_id", Fact::Id(reason.id.0))];
        // Nothing moves on a voided sheet, so an open relay would wait for ever.
        for relay in std::mem::take(&mut self.relays) {
            let relay = if relay.is_open() {
                events.push(self.event(EventKind::RelayCancelled).with("relay_id", Fact::Id(relay.id.0)));
                changes.relays.insert(relay.id);
                relay.cancel(actor.at, Personal::new(CANCELLED_BY_VOIDING.to_owned()))?
            } else {
                relay
            };
            self.relays.push(relay);
        }
        let told: BTreeSet<_> = self.relays.iter().map(|r| r.to_agency_id).collect();
        let mails = told.into_iter().map(|agency| self.mail(MailKind::SheetVoided, agency, None, None)).collect();
        Ok(self.conclude(&before, changes, events, mails, actor.at))
    }

    /// Adds to the progress record (支援経過).
    ///
    /// # Errors
    /// The sheet must be open; an entry cannot lie in the future.
    pub fn add_entry(self, entry: Entry, actor: &Actor) -> Result<Outcome, Refusal> {
        let before = Before::of(&self, actor.today());
        self.open(actor.today())?;
        if entry.section.is_filled_by_service() {
            return Err(Refusal::invalid(
                "/section",
                "read_only",
                "この項目には支援経過を記録できません。別の項目を選んでください。",
            ));
        }
        if entry.occurred_at > actor.at {
            return Err(Refusal::invalid("/occurred_at", "in_future", "日時は、今より前にしてください。"));
        }
        checked(Floor::Deed.wrong("/occurred_at", Day(entry.occurred_at.date())).into_iter().collect())?;
        let events = vec![
            self.event(EventKind::EntryAdded)
                .with("entry_id", Fact::Id(entry.id.0))
                .with("section", Fact::Code(entry.section.as_str())),
        ];
        let changes = Changes { entry: Some(entry), ..Changes::default() };
        Ok(self.conclude(&before, changes, events, Vec::new(), actor.at))
    }
}
