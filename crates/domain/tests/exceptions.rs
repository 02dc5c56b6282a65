//! An exception under every sequence of what can happen to it, against a table written by hand from docs/domain.md; and what its recipient
//! sees after each step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

use domain::account::Role;
use domain::agency::{Actor, Agency, AgencyClass, Principal};
use domain::case::consent::{CommitKey, Purpose};
use domain::case::exception::{ConsentStatus, ExceptionCode, Reasons, UsedBy};
use domain::case::relay::{Basis, Handover};
use domain::case::sheet::{Reception, Sheet, Standing};
use domain::case::{Case, Outcome, Refusal, RelayRequest, Task, Verdict};
use domain::content::{AddressSecret, Content, Section, Sections, Urgency};
use domain::ids::{AgencyId, ExceptionId, HouseholdId, MunicipalityId, PostId, RelayId, SessionId, SheetId, StaffId};
use domain::personal::Personal;
use domain::time::{Day, Instant};
use proptest::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

const ASKED: u128 = 1;
const HERE: u128 = 11;
const THERE: u128 = 12;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

fn words(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

fn agency(number: u128, class: AgencyClass) -> Agency {
    let active_from = "2020-04-01".parse().unwrap();
    let municipality_id = MunicipalityId(id(0));
    Agency {
        id: AgencyId(id(number)),
        municipality_id,
        class,
        active_from,
        active_until: None,
        agreement: None,
        confirmed: true,
    }
}

fn actor(person: u128, role: Role, at: Instant) -> Actor {
    let principal = Principal::Staff {
        staff_id: StaffId(id(person)),
        session_id: SessionId(id(20)),
        post_id: PostId(id(30 + person)),
        role,
    };
    Actor { principal, agency_id: AgencyId(id(HERE)), municipality_id: MunicipalityId(id(0)), at }
}

fn told() -> Sections {
    [Section::Identity, Section::Risk].into()
}

fn reasons(code: ExceptionCode, emergency: bool) -> Reasons {
    Reasons {
        code,
        to_agency_id: AgencyId(id(THERE)),
        sections: told(),
        facts: words("訪問のたびに新しいあざがあり、本人は理由を話さない。"),
        consent_status: ConsentStatus::HardToObtain,
        why_no_consent: words("本人だけと話せない。"),
        harm_assessment: words("伝える先を一つに限る。"),
        restriction: None,
        later_consent_plan: words("あとで説明する。"),
        emergency,
        request_record: None,
    }
}

fn case(at: Instant) -> Case {
    let sheet = Sheet {
        id: SheetId(id(5)),
        municipality_id: MunicipalityId(id(0)),
        number: None,
        standing: Standing::Open,
        revision: 1,
        content_revision: 1,
        origin_agency_id: AgencyId(id(HERE)),
        holder_agency_id: AgencyId(id(HERE)),
        reception: Reception {
            received_at: None,
            channel: None,
            route: None,
            urgency: None,
            address_secret: AddressSecret::None,
        },
        created_at: at,
        updated_at: at,
        closed_at: None,
        household_id: HouseholdId(uuid::Uuid::nil()),
        assignees: Default::default(),
        seen: Default::default(),
    };
    Case {
        sheet,
        consents: Vec::new(),
        relays: Vec::new(),
        exceptions: Vec::new(),
        attachments: Vec::new(),
        stops: Vec::new(),
        releases: Vec::new(),
    }
}

/// The number of tasks of this kind.
fn waiting(case: &Case, kind: &str) -> usize {
    case.tasks().iter().filter(|task| task.kind.as_str() == kind).count()
}

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// The decision is made by the person who asked (`true`) or by another.
    Approve(bool),
    Reject(bool),
    FollowUp(bool),
    /// A relay is sent on it.
    Use,
    /// This many days pass.
    Days(i64),
    Sweep,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<bool>().prop_map(Deed::Approve),
        any::<bool>().prop_map(Deed::Reject),
        any::<bool>().prop_map(Deed::FollowUp),
        Just(Deed::Use),
        Just(Deed::Use),
        (1..6i64).prop_map(Deed::Days),
        Just(Deed::Sweep),
    ]
}

/// The state after a deed, by hand: none when it is refused. `late` says that the last day for its approval has passed. `first` is the
/// state of an emergency that was used and waits for approval.
fn after(state: &'static str, emergency: bool, late: bool, deed: Deed) -> Option<&'static str> {
    Some(match (state, deed) {
        (_, Deed::Approve(true) | Deed::Reject(true) | Deed::FollowUp(true)) => return None,
        ("requested", Deed::Approve(_)) => "approved",
        ("requested", Deed::Reject(_)) => "rejected",
        ("requested", Deed::Use) if emergency => "first",
        ("approved", Deed::Use) => "used",
        ("first" | "overdue", Deed::Approve(_)) => "used",
        ("first" | "overdue", Deed::Reject(_)) => "rejected after use",
        ("first", Deed::Sweep) if late => "overdue",
        ("used", Deed::FollowUp(_)) => "followed_up",
        _ => return None,
    })
}

fn attempt(case: &Case, deed: Deed, at: Instant, relays: u128) -> Result<Outcome, Refusal> {
    let exception_id = ExceptionId(id(7));
    let by = |own: bool| actor(if own { ASKED } else { ASKED + 1 }, Role::Manager, at);
    let case = case.clone();
    match deed {
        Deed::Approve(own) => case.decide_exception(exception_id, Verdict::Approve, &by(own)),
        Deed::Reject(own) => case.decide_exception(exception_id, Verdict::Reject(words("足りない。")), &by(own)),
        Deed::FollowUp(own) => case.decide_exception(exception_id, Verdict::FollowUp(words("説明した。")), &by(own)),
        Deed::Use => {
            let (sender, to) = (agency(HERE, AgencyClass::Ward), agency(THERE, AgencyClass::Ward));
            let clerk = actor(ASKED, Role::Counter, at);
            let key = CommitKey::new(&[1; 32]);
            let basis = Some(Basis::Exception(exception_id));
            let purpose = Purpose::SupportReferral;
            let content = Content::default();
            let judged = case.judge(&to, &told(), purpose, None, basis, None, &sender, &content, &[], &key, &clerk)?;
            let Some(disclosure) = judged.disclosure else {
                return Err(Refusal::Consent(judged.failed));
            };
            let request = RelayRequest {
                request: words("お願いします。"),
                urgency: Urgency::Urgent,
                handover: Handover::Phoned,
                reply_due: None,
            };
            case.send(RelayId(id(100 + relays)), disclosure, request, &clerk)
        }
        Deed::Sweep => case.expire_exception(exception_id, at),
        Deed::Days(_) => panic!("nothing happens to the case"),
    }
}

proptest! {
    #[test]
    fn every_sequence_ends_where_the_table_ends(emergency in any::<bool>(), deeds in prop::collection::vec(deed(), 1..14)) {
        let mut at: Instant = "2026-11-20T12:00:00+09:00".parse().unwrap();
        let mut case = case(at);
        let clerk = actor(ASKED, Role::Counter, at);
        let sender = agency(HERE, AgencyClass::Ward);
        let reader = agency(THERE, AgencyClass::Ward);
        let approvers: BTreeSet<_> = [AgencyId(id(HERE)), AgencyId(id(40))].into();
        let asked = case.request_exception(ExceptionId(id(7)), reasons(ExceptionCode::E7, emergency), &sender, approvers, &clerk);
        case = asked.unwrap().thing;
        let (mut state, mut approve_by) = ("requested", None::<Day>);
        for deed in deeds {
            if let Deed::Days(days) = deed {
                at = at.plus_seconds(days * 24 * 3600);
            } else {
                let today = Day(at.date());
                let late = approve_by.is_some_and(|day| day < today);
                let relays = case.relays.len() as u128;
                match (attempt(&case, deed, at, relays), after(state, emergency, late, deed)) {
                    (Ok(outcome), Some(next)) => {
                        let before = case.exceptions[0].revision;
                        case = outcome.thing;
                        prop_assert_eq!(case.exceptions[0].revision, before + 1);
                        prop_assert!(outcome.changes.exceptions.contains(&ExceptionId(id(7))));
                        prop_assert!(outcome.events.iter().any(|e| e.kind.as_str().starts_with("exception.")));
                        state = next;
                        if next == "first" {
                            approve_by = Some(Day(domain::calendar::add_open_days(today.0, 1)));
                        }
                    }
                    (Err(refusal), None) => {
                        let own = matches!(deed, Deed::Approve(true) | Deed::Reject(true) | Deed::FollowUp(true));
                        prop_assert_eq!(own, matches!(refusal, Refusal::SecondPerson));
                        if matches!(deed, Deed::Use) {
                            // The covering test refuses it, before anything is tried.
                            let Refusal::Consent(clauses) = refusal else { panic!("{state}: {refusal}") };
                            let used = !matches!(state, "requested" | "rejected");
                            let said: Vec<_> = clauses.iter().map(|clause| clause.as_str()).collect();
                            prop_assert_eq!(said, [if used { "exception_used" } else { "exception_not_approved" }]);
                        }
                    }
                    (got, expected) => prop_assert!(false, "{state}, {deed:?}: {} but {expected:?}", got.is_ok()),
                }
            }
            let today = Day(at.date());
            let code = match state {
                "first" => "used",
                "rejected after use" => "rejected",
                state => state,
            };
            prop_assert_eq!(case.exceptions[0].state().as_str(), code);
            // It carries one relay at most. The recipient sees that relay while the exception stands, whether or not the sweep has run.
            prop_assert!(case.relays.len() <= 1);
            if let Some(relay) = case.relays.first().cloned() {
                let open = match state {
                    "used" | "followed_up" => true,
                    "first" => approve_by.unwrap() >= today,
                    _ => false,
                };
                let taken = relay.is_open().then(|| relay.receive(at).unwrap());
                let mut seen = case.clone();
                if let Some(taken) = taken {
                    seen.relays[0] = taken;
                }
                let grant = seen.relay_grant(&seen.relays[0], &reader, today).sections();
                prop_assert_eq!(grant, if open { told() } else { Sections::new() });
                prop_assert_eq!(seen.relays[0].state().as_str() == "halted", state == "rejected after use");
                prop_assert_eq!(waiting(&case, "consent_to_seek"), 1);
                prop_assert!(case.without_consent(reader.id, today).contains(&ExceptionCode::E7));
                prop_assert!(case.without_consent(AgencyId(id(50)), today).is_empty());
            } else {
                prop_assert_eq!(waiting(&case, "consent_to_seek"), 0);
                prop_assert!(case.without_consent(sender.id, today).is_empty());
            }
            // A manager or a privacy officer can do it, but not the person who asked.
            let decides = usize::from(matches!(state, "requested" | "first" | "overdue"));
            prop_assert_eq!(waiting(&case, "exception_approval"), 2 * decides);
            prop_assert_eq!(waiting(&case, "exception_follow_up"), if state == "used" { 2 } else { 0 });
            let mine = |task: &Task| task.kind.as_str().starts_with("exception_");
            prop_assert!(case.tasks().iter().filter(|t| mine(t)).all(|t| t.but_staff_id == Some(StaffId(id(ASKED)))));
            prop_assert_eq!(case.exceptions[0].holds_up_closing(), emergency && matches!(state, "first" | "used" | "overdue"));
        }
    }
}

#[test]
fn an_article_is_used_by_whom_it_is_for() {
    const PUBLIC: [&str; 5] = ["ward", "public_body", "commissioner", "prefecture", "other_municipality"];
    let today = "2026-11-20".parse().unwrap();
    for class in AgencyClass::ALL {
        for code in ExceptionCode::ALL {
            let wrong = reasons(*code, false).wrong(&agency(HERE, *class), false, today);
            let refused = wrong.iter().any(|error| error.code == "not_for_this_agency");
            let expected = match code.rules().used_by {
                UsedBy::Public => !PUBLIC.contains(&class.as_str()),
                UsedBy::Private => PUBLIC.contains(&class.as_str()),
                UsedBy::Anybody => false,
            };
            assert_eq!(refused, expected, "{code} by {class}");
            let conference = ["s106_6", "k9", "h27_3", "y25"].contains(&code.as_str());
            assert_eq!(wrong.iter().any(|error| error.code == "not_offered"), conference, "{code}");
        }
    }
}
