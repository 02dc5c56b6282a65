//! What is counted of a change of a sheet: one fact an event.

use super::{Counting, FigureFact, Mark, Marks, TakeBack, age_band, person};
use crate::audit::{EventDraft, EventKind, Fact};
use crate::beside::closure::{Closure, PersonAnswer, Solved};
use crate::calendar;
use crate::case::consent::Consent;
use crate::case::relay::{Progress, Relay};
use crate::case::sheet::{Document, Standing};
use crate::case::{Case, Outcome};
use crate::ids::{AgencyId, ConsentId, ExceptionId, StopRequestId};
use crate::personal::Personal;
use crate::time::{Day, Instant};
use uuid::Uuid;

/// Whether anything is counted of a transition with these events.
pub fn counts(events: &[EventDraft]) -> bool {
    events.iter().any(|event| is_counted(event.kind) || takes_back(event.kind))
}

fn takes_back(kind: EventKind) -> bool {
    matches!(kind, EventKind::SheetRevised | EventKind::SheetVoided)
}

/// The kinds of events that are counted. What is only read, noted or refused is not.
fn is_counted(kind: EventKind) -> bool {
    use EventKind::*;
    matches!(
        kind,
        SheetRegistered
            | SheetClosed
            | SheetReopened
            | EntryAdded
            | ConsentGiven
            | ConsentWithdrawn
            | ConsentInvalidated
            | ConsentExpired
            | ExceptionRequested
            | ExceptionApproved
            | ExceptionRejected
            | ExceptionUsed
            | ExceptionOverdue
            | RelaySent
            | RelayResent
            | RelayAccepted
            | RelayDeclined
            | RelayReturned
            | RelayCancelled
            | RelayHalted
            | RelayReported
            | RelayClosed
            | RelayOverdue
            | HandBackAccepted
            | StopIssued
            | StopAnswered
    )
}

/// What is counted of `outcome`. `earlier` is the sheet and its content before, if it is not new; `document` is its content now.
pub fn count(outcome: &Outcome, earlier: Option<(&Case, &Document)>, document: &Document, at: Instant) -> Counting {
    let on = Day(at.date());
    let marks = of_sheet(&outcome.thing, document);
    let about = About { case: &outcome.thing, outcome, earlier: earlier.map(|(case, _)| case), on };
    let fact = |kind: EventKind, (agency_id, other_agency_id, own): Said| {
        let own = own.into_iter().map(|(name, mark)| (name.to_owned(), mark));
        let number = outcome.thing.sheet.number.filter(|_| kind == EventKind::SheetRegistered);
        let fiscal_year = number.map_or(calendar::fiscal_year(on.0), |number| number.fiscal_year);
        FigureFact {
            kind,
            agency_id,
            other_agency_id,
            fiscal_year,
            marks: marks.clone().into_iter().chain(own).collect(),
        }
    };
    let counted = outcome.events.iter().filter(|event| is_counted(event.kind));
    let mut facts: Vec<_> = counted.filter_map(|event| Some(fact(event.kind, about.fact(event)?))).collect();
    let mut take_back = TakeBack::Nothing;
    let who = person(&document.content);
    let is_corrected = |(case, was): (&Case, &Document)| {
        case.sheet.number.is_some() && (of_sheet(case, was) != marks || person(&was.content) != who)
    };
    if outcome.thing.sheet.standing == Standing::Voided {
        let is_new = outcome.events.iter().any(|event| event.kind == EventKind::SheetVoided);
        take_back = if is_new { TakeBack::Everything } else { TakeBack::Nothing };
        facts.retain(|fact| !TakeBack::Everything.covers(fact.kind));
    } else if earlier.is_some_and(is_corrected) {
        take_back = TakeBack::Intake;
        facts.push(fact(EventKind::SheetRegistered, (outcome.thing.sheet.origin_agency_id, None, Vec::new())));
    }
    Counting { on, facts, take_back, person: who.map(Personal::new) }
}

fn code(code: &'static str) -> Mark {
    Mark::Code(code.to_owned())
}

fn number(count: usize) -> Mark {
    Mark::Number(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What every fact of a sheet says: how it came in, who the person is in coarse bands, what it is about. The age is that of the day on which
/// the sheet was received.
fn of_sheet(case: &Case, document: &Document) -> Marks {
    let reception = &case.sheet.reception;
    let content = &document.content;
    let received = Day(reception.received_at.unwrap_or(case.sheet.created_at).date());
    let codes = [
        ("channel", reception.channel.map(|it| it.as_str())),
        ("route", reception.route.map(|it| it.as_str())),
        ("urgency", reception.urgency.map(|it| it.as_str())),
        ("sex", content.identity().and_then(|it| it.sex).map(|it| it.as_str())),
        ("age_band", Some(age_band(content.birth_date(), received))),
    ];
    let codes = codes.into_iter().filter_map(|(name, said)| Some((name.to_owned(), code(said?))));
    let topics = [("topics".to_owned(), Mark::Codes(content.topic_codes()))];
    let main = content.main_topic().map(|it| ("topic_main".to_owned(), Mark::Code(it)));
    codes.chain(topics).chain(main).collect()
}

/// Who did it, to whom, and what is counted of it besides the sheet.
type Said = (AgencyId, Option<AgencyId>, Vec<(&'static str, Mark)>);

/// A transition of a sheet that is looked at event by event.
struct About<'a> {
    case: &'a Case,
    outcome: &'a Outcome,
    earlier: Option<&'a Case>,
    on: Day,
}

impl About<'_> {
    /// None when the event names a thing that the case does not hold.
    fn fact(&self, event: &EventDraft) -> Option<Said> {
        use EventKind::*;
        let sheet = &self.case.sheet;
        Some(match event.kind {
            SheetRegistered => (sheet.origin_agency_id, None, Vec::new()),
            SheetClosed => (sheet.holder_agency_id, None, self.closed()),
            SheetReopened => (sheet.holder_agency_id, None, Vec::new()),
            EntryAdded => {
                let entry = self.outcome.changes.entry.as_ref()?;
                let year = calendar::fiscal_year(self.on.0);
                let is_new = sheet.number.is_some_and(|number| number.fiscal_year == year);
                (entry.agency_id, None, vec![("method", code(entry.method.as_str())), ("new", Mark::Is(is_new))])
            }
            ConsentGiven | ConsentWithdrawn | ConsentInvalidated | ConsentExpired => self.consent(event)?,
            ExceptionRequested | ExceptionApproved | ExceptionRejected | ExceptionUsed | ExceptionOverdue => {
                let exception = self.case.exception(ExceptionId(id(event, "exception_id")?))?;
                (exception.requested_agency_id, None, vec![("basis", code(exception.reasons.code.as_str()))])
            }
            StopIssued | StopAnswered => {
                let stop = self.case.stop(StopRequestId(id(event, "stop_notice_id")?))?;
                let mut said = vec![("cause", code(stop.cause.as_str()))];
                said.extend(stop.answer.as_ref().map(|it| ("disposition", code(it.disposition.as_str()))));
                (stop.agency_id, None, said)
            }
            _ => self.relay(event, self.case.relay(event.relay_id()?)?),
        })
    }

    fn consent(&self, event: &EventDraft) -> Option<Said> {
        let consent = self.case.consent(ConsentId(id(event, "consent_id")?))?;
        let mut said = Vec::new();
        if event.kind == EventKind::ConsentGiven {
            let earlier = self.earlier.map(|case| case.consents.iter()).into_iter().flatten();
            // A version that nobody witnessed, or that was never valid, was not the first.
            let counts = |it: &Consent| it.grants() && it.counted.is_some() && it.invalid.is_none();
            let first = consent.grants() && !earlier.into_iter().any(counts);
            said.extend([
                ("decision", code(consent.terms.decision.as_str())),
                ("method", code(consent.terms.method.as_str())),
                ("first", Mark::Is(first)),
                ("days", self.days_since_reception()),
            ]);
        }
        Some((consent.kept_by.unwrap_or(consent.recorded_agency_id), None, said))
    }

    fn relay(&self, event: &EventDraft, relay: &Relay) -> Said {
        let basis = relay.basis.exception_id().and_then(|id| self.case.exception(id));
        let mut said = vec![
            ("relay_urgency", code(relay.urgency.as_str())),
            ("handover", code(relay.handover.as_str())),
            ("basis", code(basis.map_or("consent", |it| it.reasons.code.as_str()))),
            ("hop", Mark::Number(relay.hop)),
        ];
        if let Progress::Declined { reason, .. } = &relay.progress {
            said.push(("reason", code(reason.as_str())));
            said.push(("refused_by", code(reason.refused_by().as_str())));
        }
        if let Some(report) =
            relay.report().filter(|_| matches!(event.kind, EventKind::RelayReported | EventKind::RelayClosed))
        {
            // Whoever counts what came of relays counts the last reports alone.
            said.push(("report_kind", code(report.kind.as_str())));
            said.push(("result", code(report.result.as_str())));
        }
        if matches!(event.kind, EventKind::RelayAccepted | EventKind::RelayDeclined | EventKind::RelayReturned) {
            let waited = calendar::open_days_after(relay.sent_at.date(), self.on.0);
            said.push(("open_days", Mark::Number(waited)));
        }
        (relay.sender_of_the_day(), Some(relay.to_agency_id), said)
    }

    /// Without an outcome, the reason counts as `other`, and nobody was asked.
    fn closed(&self) -> Vec<(&'static str, Mark)> {
        let path = self.case.path();
        let mut agencies: Vec<AgencyId> =
            self.case.relays.iter().filter(|it| it.is_taken_on()).map(|it| it.to_agency_id).collect();
        agencies.sort();
        agencies.dedup();
        let closure = self.outcome.changes.closure.as_ref();
        let mut said = vec![
            ("reason", code(closure.map_or("other", |it| it.reason.as_str()))),
            ("person", code(asked(closure.and_then(person_answer)))),
            ("family", code(asked(closure.and_then(|it| it.family).map(|it| it.solved)))),
            ("days", self.days_since_reception()),
            ("hops", Mark::Number(path.hops)),
            ("bounces", number(path.bounces)),
            ("agencies", number(agencies.len())),
        ];
        if let Some(closure) = closure {
            let changes = closure.changes.iter().map(|it| it.as_str().to_owned()).collect();
            said.push(("changes", Mark::Codes(changes)));
        }
        said
    }

    fn days_since_reception(&self) -> Mark {
        let sheet = &self.case.sheet;
        let received = sheet.reception.received_at.unwrap_or(sheet.created_at).date();
        let days = received.until(self.on.0).map(|span| span.get_days()).unwrap_or_default();
        Mark::Number(u32::try_from(days).unwrap_or_default())
    }
}

fn person_answer(closure: &Closure) -> Option<Solved> {
    match closure.person? {
        PersonAnswer::Asked(solved) => Some(solved),
        PersonAnswer::NotAsked(_) => None,
    }
}

fn asked(answer: Option<Solved>) -> &'static str {
    answer.map_or("not_asked", |it| it.answer.as_str())
}

fn id(event: &EventDraft, name: &str) -> Option<Uuid> {
    match event.data.get(name) {
        Some(Fact::Id(id)) => Some(*id),
        _ => None,
    }
}
