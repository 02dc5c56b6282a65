//! Random sequences of all moves by random people, against a small model in plain data that follows docs/domain.md and uses none of the
//! domain's code.
//!
//! After every step the two must agree on everything that can be noticed: whether the move was allowed, states, holder, revisions, which
//! agencies see which sections, which were told what, what the audit trail says, and what storage is asked to write.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "this is a test"
)]

mod excepted;
mod play;
mod reference;
mod seen;
mod story;
mod world;

use domain::account::Role;
use domain::agency::{Actor, Agency, AgencyClass, Agreement, Principal};
use domain::audit::{EventDraft, Head, Verifier, chain};
use domain::beside::entry::{Entry, EntryMethod};
use domain::case::consent::{
    AllowOnward, CommitKey, ConsentMethod, Decision, GivenBy, GivenByKind, IdentityCheck, Lifted, Purpose, Recipients,
    Terms, WithdrawalMethod, WithdrawnBy,
};
use domain::case::exception::{ConsentStatus, Exception, ExceptionCode, Reasons};
use domain::case::relay::{Basis, DeclineReason, Handover, ReportKind, ReportResult};
use domain::case::sheet::{Document, Reception, SheetNumber};
use domain::case::stop::StopCause;
use domain::case::{
    Case, Changes, ConsentInput, Move, Outcome, Refusal, RelayRequest, SheetInput, Target, Verdict, WithdrawalRequest,
};
use domain::content::{AddressSecret, Channel, Chosen, Content, Route, Section, Sections, Urgency};
use domain::ids::{
    AgencyId, ConsentId, EntryId, EventId, ExceptionId, HouseholdId, MunicipalityId, PostId, RelayId, SessionId,
    SheetId, StaffId, StopRequestId, WithdrawalId,
};
use domain::permit::{Permit, permit};
use domain::personal::{Personal, Revealed};
use domain::time::{Day, Instant};
use excepted::ModelException;
use reference::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use story::*;
use uuid::Uuid;
use world::*;

fn index_of(agency: AgencyId) -> usize {
    (0..5).find(|a| agency_id(*a) == agency).unwrap()
}

fn compare(model: &Model, world: &World) {
    let (case, today) = (&world.case, day(model.today));
    assert_eq!(case.state(today).as_str(), model.state(), "the sheet's state");
    assert_eq!(NAMES[index_of(case.sheet.holder_agency_id)], NAMES[model.holder], "the holder");
    assert_eq!(case.sheet.revision, model.revision, "the sheet's revision");
    assert_eq!(case.sheet.content_revision, model.content_revision, "the content's revision");
    assert_eq!(case.sheet.number.is_some(), model.numbered, "the number");
    if model.standing != "voided" {
        assert_eq!(case.sheet.closed_at.is_some(), model.standing == "closed", "closed_at");
    }
    let states: Vec<_> = case.consents.iter().map(|c| c.state(today).as_str()).collect();
    let expected: Vec<_> = (0..model.consents.len()).map(|c| model.consent_state(c)).collect();
    assert_eq!(states, expected, "the consents");
    assert!(states.iter().filter(|s| **s == "effective").count() <= 1, "two consents in force");
    let told = case.consents.iter().map(|c| c.still_told.iter().fold(0, |bits: Bits, a| bits | 1 << index_of(*a)));
    let expected: Vec<_> = model.consents.iter().map(|c| c.still_told).collect();
    assert_eq!(told.collect::<Vec<_>>(), expected, "who is told more than the last word allows");
    let relays: Vec<ModelRelay> = case
        .relays
        .iter()
        .zip(&model.relays)
        .map(|(r, m)| ModelRelay {
            state: r.state().as_str(),
            from: index_of(r.from_agency_id),
            to: index_of(r.to_agency_id),
            parent: r.parent_relay_id.map(|p| case.relays.iter().position(|r| r.id == p).unwrap()),
            hop: r.hop,
            sections: bits(&r.sections),
            basis: match r.basis {
                Basis::Consent(id) => Ground::Consent(case.consents.iter().position(|c| c.id == id).unwrap()),
                Basis::Exception(id) => Ground::Exception(case.exceptions.iter().position(|e| e.id == id).unwrap()),
            },
            carried: r.content_revision,
            looked: m.looked,
            revision: r.revision,
            due: (-5..400).find(|d| day(*d) == r.reply_due).unwrap(),
            urgency: m.urgency,
            opened: r.opened_at.is_some(),
            reminded: r.overdue_since.is_some(),
            hand_back: r.hand_back.as_ref().map_or("none", |offer| offer.state.as_str()),
            told: r.report_to(Some(r.from_agency_id)).map(|told| told.in_full.is_some()),
            reports: r.reports.len(),
            unconfirmed: r.reports.iter().any(|report| report.confirmed_at.is_none()),
            held: bits(&r.held),
            corrections: m.corrections,
            seen: m.seen.clone(),
            asked: case.stops.iter().any(|stop| {
                matches!(stop.cause, StopCause::Cancelled | StopCause::Voided) && stop.relay_ids.contains(&r.id)
            }),
        })
        .collect();
    assert_eq!(relays, model.relays, "the relays");
    assert_eq!(case.relays.len(), model.relays.len(), "the relays");
    let used = |e: &Exception| e.used().map(|used| case.relays.iter().position(|r| r.id == used.relay_id).unwrap());
    let exceptions: Vec<_> = case
        .exceptions
        .iter()
        .map(|e| (e.state().as_str(), used(e), e.approve_by(), e.refusal_on_file, e.revision))
        .collect();
    let waits = |e: &ModelException| ["first", "overdue"].contains(&e.state).then(|| day(e.approve_by));
    let expected: Vec<_> =
        model.exceptions.iter().map(|e| (e.code(), e.used, waits(e), e.refusal_on_file, e.revision)).collect();
    assert_eq!(exceptions, expected, "the exceptions");
    let stops: Vec<_> =
        case.stops.iter().map(|s| (index_of(s.agency_id), bits(&s.sections), s.cause.as_str())).collect();
    assert_eq!(stops, model.stops, "the stop requests");
    for (index, agency) in world.directory.iter().enumerate() {
        if model.takes_part(index) {
            let seen = case.seen_by(agency.id);
            assert_eq!(
                (seen.last.revision, seen.content_revision),
                model.revisions(index),
                "what moved for {}",
                NAMES[index]
            );
        }
        let grant = case.grant(agency, today);
        assert_eq!(bits(&grant.sections()), model.sees(index), "what {} sees of the sheet", NAMES[index]);
        let now = bits(&grant.sections_now());
        assert_eq!(now, model.sees_now(index), "what {} sees of the sheet as it stands", NAMES[index]);
        assert_eq!(grant.sections_now().len() + grant.withheld().len(), Section::ALL.len(), "withheld names the rest");
        for (revision, sections) in case.earlier_revisions(&grant) {
            for section in (0..6).filter(|section| has(bits(&sections), *section)) {
                assert_eq!(revision, model.shown_revision(index, section), "as what {} sees it", NAMES[index]);
            }
        }
        if index != ORIGIN {
            assert_eq!(
                grant.sections().len(),
                grant.sections().intersection(&sections(ALL)).count(),
                "a section nobody granted"
            );
        }
        for (relay, expected) in case.relays.iter().zip(&model.relays) {
            if [relay.from_agency_id, relay.to_agency_id].contains(&agency.id) {
                let place = case.relays.iter().position(|it| it.id == relay.id).unwrap();
                let revision = model.relay_revision(place, index);
                assert_eq!(relay.seen_by(agency.id).0, revision, "what of relay {place} moved for {}", NAMES[index]);
            }
            let seen = bits(&case.relay_grant(relay, agency, today).sections());
            assert_eq!(seen, model.sees_of_relay(expected, index), "what {} sees of relay {}", NAMES[index], relay.id);
            let shut = ["sent", "declined", "cancelled", "halted", "returned"].contains(&relay.state().as_str());
            if shut && relay.to_agency_id == agency.id && index != ORIGIN {
                assert_eq!(seen, 0, "content of a relay that is not open to its receiver");
            }
        }
        // The list beside the sheet, by which other agencies find it, never says more than the grant.
        let access = case.access(&world.directory, today).into_iter().find(|a| a.agency_id == agency.id);
        assert_eq!(access.is_some(), model.takes_part(index), "whether {} finds the sheet", NAMES[index]);
        // Whether the agency may still be told anything is not kept in that list: it can change without a change of the sheet.
        if let Some(access) = access.filter(|_| model.may_be_told(index)) {
            let until = |until: Option<Day>| until.is_some_and(|until| until >= today);
            let seen = model.sees_now(index);
            assert!(!until(access.identity_until) || has(seen, 0), "{} finds the name", NAMES[index]);
            assert!(!until(access.topics_until) || has(seen, 2), "{} finds the topics", NAMES[index]);
        }
    }
    // When the newest consent that grants is taken back as a whole, nobody but the origin sees anything beyond what exceptions told.
    let newest = (0..model.consents.len()).rev().find(|c| model.grants(*c));
    if newest.is_some_and(|c| model.taken_back_whole(c)) {
        for (index, agency) in world.directory.iter().enumerate().skip(1) {
            let excepted = model.relays.iter().filter(|r| r.to == index && r.under().is_none());
            let excepted = excepted.fold(0, |bits, r| bits | r.sections);
            let seen = bits(&case.grant(agency, today).sections());
            assert_eq!(seen & !excepted, 0, "seen after the withdrawal");
        }
    }
}

/// Storage is asked to write exactly what changed.
fn compare_changes(before: &Case, after: &Case, changes: &Changes, content: bool) {
    let changed = |old: Option<String>, new: String| old.is_none_or(|old| old != new);
    let relays: BTreeSet<RelayId> = after
        .relays
        .iter()
        .filter(|r| changed(before.relay(r.id).map(|old| format!("{old:?}")), format!("{r:?}")))
        .map(|r| r.id)
        .collect();
    let consents: BTreeSet<ConsentId> = after
        .consents
        .iter()
        .filter(|c| changed(before.consent(c.id).map(|old| format!("{old:?}")), format!("{c:?}")))
        .map(|c| c.id)
        .collect();
    let known = |id| before.exception(id).map(|old| format!("{old:?}"));
    let exceptions = after.exceptions.iter().filter(|e| changed(known(e.id), format!("{e:?}"))).map(|e| e.id).collect();
    assert_eq!(changes.exceptions, exceptions, "exceptions to write");
    let known = |id| before.stop(id).map(|old| format!("{old:?}"));
    let stops = after.stops.iter().filter(|s| changed(known(s.id), format!("{s:?}"))).map(|s| s.id).collect();
    assert_eq!(changes.stops, stops, "stop requests to write");
    assert_eq!(relays, changes.relays, "relays to write");
    assert_eq!(consents, changes.consents, "consents to write");
    assert_eq!(changes.sheet, before.sheet.revision != after.sheet.revision, "whether the sheet is to be written");
    assert_eq!(changes.document.is_some(), content, "whether content is to be sealed");
    for old in &before.relays {
        let new = after.relay(old.id).expect("a relay is never lost");
        let moved = old.state() != new.state();
        let step = new.revision - old.revision;
        assert!(step <= 1 && step >= u32::from(moved), "a relay's revision moves by one, and with its state");
        assert_eq!(new.parent_relay_id, old.parent_relay_id, "a parent is kept");
    }
}

#[derive(Default)]
struct Tally {
    done: std::collections::BTreeMap<&'static str, u32>,
    clauses: std::collections::BTreeMap<&'static str, u32>,
    onward: u32,
    deepest: u32,
}

fn run(story: &Story, tally: &mut Tally) {
    let mut model = Model {
        standing: if story.draft { "draft" } else { "open" },
        numbered: !story.draft,
        secret: story.secret,
        revision: 1,
        content_revision: 1,
        holder: ORIGIN,
        consents: Vec::new(),
        relays: Vec::new(),
        exceptions: Vec::new(),
        worded: [1; 6],
        withdrawals: Vec::new(),
        stops: Vec::new(),
        today: 0,
        stands_still: false,
        seen: Default::default(),
    };
    let at = Instant::at_midnight(day(0).0);
    let sheet = domain::case::sheet::Sheet {
        id: SheetId(id(5, 0)),
        municipality_id: MunicipalityId(id(0, 0)),
        number: None,
        standing: domain::case::sheet::Standing::Draft,
        revision: 0,
        content_revision: 0,
        origin_agency_id: agency_id(ORIGIN),
        holder_agency_id: agency_id(ORIGIN),
        reception: reception(false, at),
        created_at: at,
        updated_at: at,
        closed_at: None,
        household_id: HouseholdId(uuid::Uuid::nil()),
        assignees: Default::default(),
        seen: Default::default(),
    };
    let mut world = World {
        case: Case {
            sheet,
            consents: Vec::new(),
            relays: Vec::new(),
            exceptions: Vec::new(),
            attachments: Vec::new(),
            stops: Vec::new(),
            releases: Vec::new(),
        },
        content: content(true),
        directory: directory(),
        key: CommitKey::new(&[1; 32]),
        clock: 0,
        made: 0,
        head: Head::EMPTY,
        verifier: Verifier::default(),
        lines: 0,
    };
    let actor = world.actor(0, 0);
    let input = SheetInput {
        reception: reception(story.secret, actor.at),
        document: Document { reception: None, written: None, visitor: None, content: content(true) },
    };
    let created = Case::create(world.case.sheet.id, input, (!story.draft).then_some(NUMBER), &actor).unwrap();
    let kinds: Vec<_> = created.events.iter().map(|e| e.kind.as_str()).collect();
    let registered = ["sheet.created", "sheet.registered"];
    assert_eq!(kinds, registered[..if story.draft { 1 } else { 2 }]);
    assert!(created.changes.created && created.mails.is_empty());
    world.case = created.thing;
    world.log(&created.events, &actor);
    compare(&model, &world);

    for (dice, step) in story.steps.iter().enumerate() {
        world.clock += 60;
        if let Deed::Days(days) = step.deed {
            // The table of closed days ends soon after this day.
            model.today = (model.today + days).min(95);
            compare(&model, &world);
            continue;
        }
        let deed = model.resolve(&step.deed, matches!(step.who, Who::Right));
        let person = match step.who {
            Who::Right => model.right_person(&deed, dice),
            Who::Any(person) => usize::from(person),
        };
        let before = world.case.clone();
        let got = world.play(person, model.today, &deed, &model);
        let expected = model.play(person, &deed);
        offered(&before, &world.actor(person, model.today), &deed, got.as_ref());
        let what = format!("step {dice} on day {}, {}{}: {:?}", model.today, NAMES[person / 2], person % 2, deed);
        match (got, expected) {
            (
                None
                | Some(Err(
                    Refusal::Transition(_)
                    | Refusal::HeldUp(_)
                    | Refusal::Invalid(_)
                    | Refusal::NotFound
                    | Refusal::SecondPerson,
                )),
                Expected::Refused,
            )
            | (Some(Err(Refusal::Invalid(_))), Expected::Invalid) => {}
            (Some(Err(Refusal::Consent(clauses))), Expected::NoBasis(expected)) => {
                let clauses: Vec<_> = clauses.iter().map(|c| c.as_str()).collect();
                assert_eq!(clauses, expected, "{what}");
                for clause in expected {
                    *tally.clauses.entry(clause).or_default() += 1;
                }
                continue;
            }
            (Some(Ok(outcome)), Expected::Done { events, told }) => {
                let at = world.actor(person, model.today).at;
                let directory = world.directory.clone();
                let outcome = if outcome.changes.discarded {
                    outcome
                } else {
                    outcome.recall(&before, &directory, &mut || StopRequestId(world.next(11)), at)
                };
                let Outcome { thing: case, changes, events: drafts, mails } = outcome;
                let kinds: Vec<_> = drafts.iter().map(|e| e.kind.as_str()).collect();
                assert!(!kinds.is_empty(), "{what}: nothing in the audit trail");
                assert_eq!(kinds, events, "{what}: the audit trail");
                let got: Vec<_> = mails.iter().map(|n| (n.kind.as_str(), index_of(n.agency_id))).collect();
                assert_eq!(got.len(), told.len(), "{what}: told {got:?}");
                assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), told, "{what}: who is told");
                let content = matches!(deed, Deed::Revise { .. });
                if !changes.discarded {
                    compare_changes(&before, &case, &changes, content);
                }
                for event in &events {
                    *tally.done.entry(event).or_default() += 1;
                }
                if matches!(deed, Deed::Send { .. }) && person / 2 != ORIGIN {
                    tally.onward += 1;
                }
                let actor = world.actor(person, model.today);
                world.log(&drafts, &actor);
                if changes.discarded {
                    break;
                }
                world.case = case;
                tally.deepest = tally.deepest.max(model.relays.iter().map(|r| r.hop).max().unwrap_or(0));
            }
            (got, expected) => {
                let got = got.map(|r| r.map(|o| o.events.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>()));
                panic!("{what}: the domain says {got:?}, the model {expected:?}");
            }
        }
        compare(&model, &world);
    }
    let lines = world.lines;
    let sound = world.verifier.finish().unwrap();
    assert_eq!((sound.events, sound.streams), (lines, 1), "the chain is whole");
}

/// What is said to be possible is possible, and nothing else: as far as the table of permissions and the state decide.
fn offered(before: &Case, actor: &Actor, deed: &Deed, got: Option<&Result<Outcome, Refusal>>) {
    let sheet = before.can(Target::Sheet(before.sheet.id), actor);
    let relay =
        |index: u8| before.relays.get(usize::from(index)).map(|relay| before.can(Target::Relay(relay.id), actor));
    let consent = |index: u8| {
        before.consents.get(usize::from(index)).map(|consent| before.can(Target::Consent(consent.id), actor))
    };
    let (can, operation) = match deed {
        Deed::Revise { .. } => (Some(sheet), "revise_sheet"),
        Deed::Discard => (Some(sheet), "discard_sheet"),
        Deed::Consent(_) => (Some(sheet), "give_consent"),
        Deed::Send { .. } => (Some(sheet), "send_relay"),
        Deed::Entry { .. } => (Some(sheet), "add_entry"),
        Deed::Close => (Some(sheet), "close_sheet"),
        Deed::Reopen => (Some(sheet), "reopen_sheet"),
        Deed::Void => (Some(sheet), "void_sheet"),
        Deed::Receive(index) => (relay(*index), "receive_relay"),
        Deed::Accept(index) => (relay(*index), "accept_relay"),
        Deed::Decline { relay: index, .. } => (relay(*index), "decline_relay"),
        Deed::Return(index) => (relay(*index), "return_relay"),
        Deed::Resend(index) => (relay(*index), "resend_relay"),
        Deed::Cancel(index) => (relay(*index), "cancel_relay"),
        Deed::Report { relay: index, .. } => (relay(*index), "report_relay"),
        Deed::Confirm(index) => (relay(*index), "confirm_relay"),
        Deed::Amend { relay: index, .. } => (relay(*index), "amend_relay"),
        Deed::HandBack(index) => (relay(*index), "hand_back_relay"),
        Deed::AnswerOffer { relay: index, takes: true } => (relay(*index), "accept_hand_back"),
        Deed::AnswerOffer { relay: index, takes: false } => (relay(*index), "decline_hand_back"),
        // A part that was taken back before is refused although another part, or all, may be taken back.
        Deed::Withdraw { agencies, sections, .. }
            if matches!(got, Some(Err(_))) && (*agencies, *sections) != (0, 0) =>
        {
            return;
        }
        Deed::Withdraw { consent: index, .. } => (consent(*index), "withdraw_consent"),
        Deed::Invalidate(index) => (consent(*index), "invalidate_consent"),
        Deed::Witness { consent: index, .. } => (consent(*index), "witness_consent"),
        Deed::Except { .. } => (Some(sheet), "request_exception"),
        Deed::Decide { exception: index, decision } => {
            let of = before.exceptions.get(usize::from(*index));
            let can = of.map(|exception| before.can(Target::Exception(exception.id), actor));
            let operation = match decision {
                story::Decision::Approve => "approve_exception",
                story::Decision::Reject => "reject_exception",
                story::Decision::FollowUp => "follow_up_exception",
            };
            (can, operation)
        }
        Deed::Expire(_) | Deed::Remind(_) | Deed::Days(_) => return,
    };
    let Some(can) = can else { return };
    match got {
        None | Some(Err(Refusal::Transition(_) | Refusal::SecondPerson)) => {
            assert!(!can.contains(&operation), "{operation} is offered: {can:?}")
        }
        Some(Ok(_) | Err(Refusal::HeldUp(_) | Refusal::Consent(_))) => {
            assert!(can.contains(&operation), "{operation} is not offered: {can:?}");
        }
        Some(Err(_)) => {}
    }
}

#[test]
fn every_sequence_of_moves_ends_where_the_model_ends() {
    use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
    let config = Config {
        // PROPTEST_CASES can ask for more.
        cases: Config::default().cases.max(500),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let tally = std::cell::RefCell::new(Tally::default());
    let mut runner = TestRunner::new(config);
    let ran = runner.run(&story(), |story| {
        run(&story, &mut tally.borrow_mut());
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    // The stories must be useful: every move succeeded, and every clause failed, at least once.
    let tally = tally.into_inner();
    let moves = [
        "sheet.registered",
        "sheet.revised",
        "sheet.discarded",
        "consent.given",
        "consent.witnessed",
        "consent.withdrawn",
        "consent.invalidated",
        "stop_notice.issued",
        "relay.sent",
        "relay.received",
        "relay.accepted",
        "relay.declined",
        "relay.returned",
        "relay.resent",
        "relay.cancelled",
        "relay.halted",
        "relay.reported",
        "relay.report_confirmed",
        "relay.closed",
        "relay.overdue",
        "relay.amended",
        "relay.hand_back_offered",
        "relay.hand_back_accepted",
        "relay.hand_back_declined",
        "sheet.closed",
        "sheet.reopened",
        "sheet.voided",
        "entry.added",
        "exception.requested",
        "exception.approved",
        "exception.rejected",
        "exception.used",
        "exception.overdue",
        "exception.followed_up",
    ];
    for kind in moves {
        assert!(tally.done.contains_key(kind), "{kind} never happened: {:?}", tally.done);
    }
    let clauses = [
        "no_consent",
        "refused",
        "pending",
        "withdrawn",
        "invalid",
        "superseded",
        "expired",
        "not_yet_effective",
        "identity_unchecked",
        "witness_missing",
        "recipient_not_covered",
        "recipient_excluded",
        "section_not_covered",
        "onward_not_allowed",
        "address_secret",
        "recipient_inactive",
        "agreement_missing",
        "own_agency",
        "report_back_not_allowed",
        "exception_not_approved",
        "exception_used",
        "exception_mismatch",
        "exception_outdated",
    ];
    for clause in clauses {
        assert!(tally.clauses.contains_key(clause), "{clause} never failed: {:?}", tally.clauses);
    }
    assert!(tally.onward >= 20 && tally.deepest >= 2, "{} onward, {} deep", tally.onward, tally.deepest);
}
