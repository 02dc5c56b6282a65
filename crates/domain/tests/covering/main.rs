//! The covering test: each clause alone, all clauses that can fail together, always in the order of the list; and widening a consent never
//! makes it cover less.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

mod widening;

use domain::agency::{Agency, AgencyClass, Agreement};
use domain::case::consent::{
    AllowOnward, Ask, BasisRecord, Clause, CommitKey, Consent, ConsentMethod, Decision, Exclusion, GivenBy,
    GivenByKind, IdentityCheck, Invalidity, Original, Purpose, Recipients, Sight, Terms, Withdrawal, WithdrawalMethod,
    WithdrawnBy, Witness, default_consent, disclose, failed_clauses,
};
use domain::content::{Content, Section, Sections};
use domain::ids::{AgencyId, ConsentId, MunicipalityId, RelayId, SheetId, StaffId, WithdrawalId};
use domain::personal::{Personal, Revealed};
use domain::time::{Day, Instant};
use std::collections::BTreeSet;
use uuid::Uuid;

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

fn agency(number: u128) -> AgencyId {
    AgencyId(uuid(number))
}

const HERE: u128 = 1;
const THERE: u128 = 2;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn at() -> Instant {
    "2026-11-20T12:00:00+09:00".parse().unwrap()
}

/// A consent and a request that is judged under it.
#[derive(Clone, Debug)]
struct Scene {
    consent: Option<Consent>,
    from: AgencyId,
    to: Agency,
    sections: Sections,
    onward: bool,
    own: Sections,
    secret: bool,
    sight: Sight,
    today: Day,
}

impl Scene {
    /// One in which every clause holds.
    fn covered() -> Self {
        let terms = Terms {
            decision: Decision::Granted,
            given_by: GivenBy {
                kind: GivenByKind::Oneself,
                name: None,
                relation: None,
                authority_document: None,
                capacity_note: None,
                subject_intent: None,
            },
            identity_check: IdentityCheck::Document,
            method: ConsentMethod::SignaturePaper,
            proxy_writer: None,
            witness_staff_id: None,
            notice_id: None,
            purpose: Purpose::SupportReferral,
            sections: [Section::Identity, Section::Address, Section::Statement].into(),
            recipients: Recipients { agency_ids: [agency(THERE)].into(), classes: BTreeSet::new() },
            exclusions: BTreeSet::new(),
            allow_onward: AllowOnward::No,
            allow_report_back: true,
            obtained_at: at(),
            effective_from: day("2026-11-20"),
            effective_until: day("2026-11-20"),
            follow_up_on: None,
            circumstances: Default::default(),
        };
        Self {
            consent: Some(Consent {
                id: ConsentId(uuid(10)),
                sheet_id: SheetId(uuid(11)),
                municipality_id: MunicipalityId(uuid(20)),
                version: 1,
                terms,
                carried: BTreeSet::new(),
                lifted: Vec::new(),
                recorded_agency_id: agency(HERE),
                recorded_by: Some(StaffId(uuid(12))),
                recorded_at: at(),
                witness: Witness::NotNeeded,
                heard: None,
                kept_by: None,
                of_age_on: None,
                evidence: Vec::new(),
                superseded_by: None,
                invalid: None,
                lapsed_at: None,
                counted: None,
                still_told: Default::default(),
                kept: None,
                withdrawals: Vec::new(),
            }),
            from: agency(HERE),
            to: Agency {
                id: agency(THERE),
                municipality_id: MunicipalityId(uuid(20)),
                class: AgencyClass::Ward,
                active_from: day("2020-04-01"),
                active_until: None,
                agreement: None,
                confirmed: true,
            },
            sections: [Section::Identity, Section::Address].into(),
            onward: false,
            own: Section::ALL.iter().copied().collect(),
            secret: false,
            sight: Sight::WHOLE,
            today: day("2026-11-20"),
        }
    }

    fn ask(&self) -> Ask<'_> {
        Ask {
            from: self.from,
            to: &self.to,
            sections: &self.sections,
            purpose: Purpose::SupportReferral,
            onward: self.onward,
            senders_grant: &self.own,
            address_secret: self.secret,
            sight: self.sight,
            refused_since: false,
            again: None,
            today: self.today,
        }
    }

    fn failed(&self) -> Vec<Clause> {
        failed_clauses(self.consent.as_ref(), &self.ask())
    }

    fn consent(&mut self) -> &mut Consent {
        self.consent.as_mut().unwrap()
    }

    fn terms(&mut self) -> &mut Terms {
        &mut self.consent().terms
    }
}

fn invalid() -> Invalidity {
    Invalidity { at: at(), staff_id: None, reason: Personal::new("試験のため".to_owned()) }
}

fn withdrawal(agencies: &[u128], sections: &[Section]) -> Withdrawal {
    Withdrawal {
        id: WithdrawalId(uuid(30)),
        by: WithdrawnBy::Oneself,
        method: WithdrawalMethod::Phone,
        reason: None,
        agency_ids: agencies.iter().map(|a| agency(*a)).collect(),
        sections: sections.iter().copied().collect(),
        at: at(),
    }
}

fn agreement(from: &str, until: &str) -> Option<Agreement> {
    Some(Agreement { number: "1".to_owned(), valid_from: day(from), valid_until: day(until) })
}

type Change = fn(&mut Scene);

/// What is changed in the covered scene, and which clauses fail then.
const TABLE: &[(&str, Change, &[Clause])] = &[
    ("as it is", |_| {}, &[]),
    ("nothing was recorded", |s| s.consent = None, &[Clause::NoConsent]),
    ("refused", |s| s.terms().decision = Decision::Refused, &[Clause::Refused]),
    ("left open", |s| s.terms().decision = Decision::Pending, &[Clause::Pending]),
    ("in part", |s| s.terms().decision = Decision::Partial, &[]),
    ("never valid", |s| s.consent().invalid = Some(invalid()), &[Clause::Invalid]),
    ("taken back", |s| s.consent().withdrawals.push(withdrawal(&[], &[])), &[Clause::Withdrawn]),
    ("taken back from them", |s| s.consent().withdrawals.push(withdrawal(&[THERE], &[])), &[Clause::Withdrawn]),
    ("taken back from others", |s| s.consent().withdrawals.push(withdrawal(&[9], &[])), &[]),
    (
        "a section taken back",
        |s| s.consent().withdrawals.push(withdrawal(&[], &[Section::Address])),
        &[Clause::Withdrawn],
    ),
    ("a section not asked", |s| s.consent().withdrawals.push(withdrawal(&[], &[Section::Statement])), &[]),
    (
        "a section, from them",
        |s| s.consent().withdrawals.push(withdrawal(&[THERE], &[Section::Address])),
        &[Clause::Withdrawn],
    ),
    ("a section, from others", |s| s.consent().withdrawals.push(withdrawal(&[9], &[Section::Address])), &[]),
    ("a newer version", |s| s.consent().superseded_by = Some(ConsentId(uuid(13))), &[Clause::Superseded]),
    ("the day after the last", |s| s.today = day("2026-11-21"), &[Clause::Expired]),
    ("the day before the first", |s| s.today = day("2026-11-19"), &[Clause::NotYetEffective]),
    ("nobody looked who it was", |s| s.terms().identity_check = IdentityCheck::None, &[Clause::IdentityUnchecked]),
    ("known by sight", |s| s.terms().identity_check = IdentityCheck::Known, &[]),
    ("the witness is awaited", |s| s.consent().witness = Witness::Awaited, &[Clause::WitnessMissing]),
    (
        "the witness denies",
        |s| s.consent().witness = Witness::Denied { staff_id: StaffId(uuid(14)), at: at() },
        &[Clause::WitnessMissing],
    ),
    (
        "the witness confirms",
        |s| s.consent().witness = Witness::Confirmed { staff_id: StaffId(uuid(14)), at: at() },
        &[],
    ),
    ("another recipient", |s| s.to.id = agency(3), &[Clause::RecipientNotCovered]),
    (
        "another recipient of a class that is named",
        |s| {
            s.to.id = agency(3);
            s.terms().recipients.classes = [AgencyClass::Ward].into();
        },
        &[],
    ),
    (
        "one abroad of a class that is named",
        |s| {
            s.to.id = agency(3);
            s.to.municipality_id = MunicipalityId(uuid(21));
            s.terms().recipients.classes = [AgencyClass::Ward].into();
        },
        &[Clause::OtherMunicipality],
    ),
    (
        "one abroad of another class",
        |s| {
            s.to.id = agency(3);
            s.to.municipality_id = MunicipalityId(uuid(21));
            s.terms().recipients.classes = [AgencyClass::Council].into();
        },
        &[Clause::RecipientNotCovered],
    ),
    ("one abroad that is named", |s| s.to.municipality_id = MunicipalityId(uuid(21)), &[]),
    (
        "one abroad of a class, passed on",
        |s| {
            s.onward = true;
            s.to.id = agency(3);
            s.to.municipality_id = MunicipalityId(uuid(21));
            s.terms().allow_onward = AllowOnward::Classes;
            s.terms().recipients.classes = [AgencyClass::Ward].into();
        },
        &[Clause::OtherMunicipality, Clause::OnwardNotAllowed],
    ),
    (
        "not them, since an earlier version",
        |s| {
            let by = Exclusion { agency_id: agency(THERE), recorded_agency_id: agency(HERE) };
            s.consent().carried.insert(by);
        },
        &[Clause::RecipientExcluded],
    ),
    (
        "not them, which the sender does not see",
        |s| {
            s.terms().exclusions = [agency(THERE)].into();
            s.sight.exclusion = false;
        },
        &[Clause::OnwardNotAllowed],
    ),
    (
        "another recipient, when the sender does not see whom",
        |s| {
            s.to.id = agency(3);
            s.sight.recipients = false;
        },
        &[Clause::OnwardNotAllowed],
    ),
    (
        "one abroad of a class, when the sender does not see whom",
        |s| {
            s.to.id = agency(3);
            s.to.municipality_id = MunicipalityId(uuid(21));
            s.terms().recipients.classes = [AgencyClass::Ward].into();
            s.sight.recipients = false;
        },
        &[Clause::OnwardNotAllowed],
    ),
    (
        "refused, and not them, which the sender does not see",
        |s| {
            s.terms().decision = Decision::Refused;
            s.terms().exclusions = [agency(THERE)].into();
            s.sight.exclusion = false;
        },
        &[Clause::Refused],
    ),
    ("not them", |s| s.terms().exclusions = [agency(THERE)].into(), &[Clause::RecipientExcluded]),
    ("not those", |s| s.terms().exclusions = [agency(3)].into(), &[]),
    (
        "a section more",
        |s| {
            s.sections.insert(Section::Health);
        },
        &[Clause::SectionNotCovered],
    ),
    (
        "a section that the sender does not see",
        |s| {
            s.own.remove(&Section::Address);
        },
        &[Clause::SectionNotCovered],
    ),
    ("passed on", |s| s.onward = true, &[Clause::OnwardNotAllowed]),
    (
        "passed on to a named one",
        |s| {
            s.onward = true;
            s.terms().allow_onward = AllowOnward::Named;
        },
        &[],
    ),
    (
        "passed on to one of a class when only named ones may",
        |s| {
            s.onward = true;
            s.to.id = agency(3);
            s.terms().allow_onward = AllowOnward::Named;
            s.terms().recipients.classes = [AgencyClass::Ward].into();
        },
        &[Clause::OnwardNotAllowed],
    ),
    (
        "passed on to one of a class",
        |s| {
            s.onward = true;
            s.to.id = agency(3);
            s.terms().allow_onward = AllowOnward::Classes;
            s.terms().recipients.classes = [AgencyClass::Ward].into();
        },
        &[],
    ),
    ("the address is secret", |s| s.secret = true, &[Clause::AddressSecret]),
    (
        "the address is secret and not asked",
        |s| {
            s.secret = true;
            s.sections.remove(&Section::Address);
        },
        &[],
    ),
    ("they are gone", |s| s.to.active_until = Some(day("2026-11-19")), &[Clause::RecipientInactive]),
    ("they close today", |s| s.to.active_until = Some(day("2026-11-20")), &[]),
    ("they do not exist yet", |s| s.to.active_from = day("2026-11-21"), &[Clause::RecipientInactive]),
    ("a hospital", |s| s.to.class = AgencyClass::Medical, &[Clause::AgreementMissing]),
    (
        "a hospital whose agreement ended",
        |s| {
            s.to.class = AgencyClass::Medical;
            s.to.agreement = agreement("2026-04-01", "2026-11-19");
        },
        &[Clause::AgreementMissing],
    ),
    (
        "a hospital whose agreement ends today",
        |s| {
            s.to.class = AgencyClass::Medical;
            s.to.agreement = agreement("2026-11-20", "2026-11-20");
        },
        &[],
    ),
    ("oneself", |s| s.from = agency(THERE), &[Clause::OwnAgency]),
];

#[test]
fn each_clause_fails_alone_and_for_its_own_reason() {
    for (what, change, expected) in TABLE {
        let mut scene = Scene::covered();
        change(&mut scene);
        assert_eq!(scene.failed(), *expected, "{what}");
    }
    let told: BTreeSet<Clause> = TABLE.iter().flat_map(|(_, _, clauses)| clauses.iter().copied()).collect();
    let not_here = [
        // There is only one purpose so far, and exceptions come later; reports are judged elsewhere.
        Clause::PurposeDiffers,
        Clause::ReportBackNotAllowed,
        Clause::ExceptionNotApproved,
        Clause::ExceptionUsed,
        Clause::ExceptionMismatch,
        Clause::ExceptionOutdated,
    ];
    for clause in Clause::ALL {
        assert_eq!(told.contains(clause), !not_here.contains(clause), "{clause} needs a line in the table");
    }
}

#[test]
fn classes_that_need_an_agreement_are_those_of_the_contract() {
    use AgencyClass::{Business, Contractor, Council, Legal, Medical, Npo, Other, School};
    for class in AgencyClass::ALL {
        let mut scene = Scene::covered();
        scene.to.class = *class;
        let needs = [Contractor, Council, Medical, School, Npo, Other, Business, Legal].contains(class);
        let expected: &[Clause] = if needs { &[Clause::AgreementMissing] } else { &[] };
        assert_eq!(scene.failed(), expected, "{class}");
    }
}

#[test]
fn all_that_fail_are_told_at_once_in_the_order_of_the_list() {
    let mut scene = Scene::covered();
    let there = agency(THERE);
    scene.consent().withdrawals.push(withdrawal(&[], &[Section::Address]));
    scene.consent().superseded_by = Some(ConsentId(uuid(13)));
    scene.consent().witness = Witness::Awaited;
    let terms = scene.terms();
    terms.identity_check = IdentityCheck::None;
    (terms.effective_until, terms.effective_from) = (day("2026-11-19"), day("2026-11-21"));
    terms.exclusions = [there].into();
    terms.recipients.agency_ids.clear();
    scene.sections.insert(Section::Health);
    scene.from = there;
    (scene.onward, scene.secret) = (true, true);
    scene.to.class = AgencyClass::School;
    scene.to.active_until = Some(day("2026-03-31"));
    let all = [
        Clause::Withdrawn,
        Clause::Superseded,
        Clause::Expired,
        Clause::NotYetEffective,
        Clause::IdentityUnchecked,
        Clause::WitnessMissing,
        Clause::RecipientNotCovered,
        Clause::RecipientExcluded,
        Clause::SectionNotCovered,
        Clause::OnwardNotAllowed,
        Clause::RecipientInactive,
        Clause::AgreementMissing,
        Clause::OwnAgency,
    ];
    assert_eq!(scene.failed(), all);
    // Only the origin, which passes nothing on, is told that the address is secret.
    scene.onward = false;
    let at_the_origin = all.map(|clause| match clause {
        Clause::OnwardNotAllowed => Clause::AddressSecret,
        other => other,
    });
    assert_eq!(scene.failed(), at_the_origin);
    // When nothing was granted, the recipients and sections are not judged.
    scene.terms().decision = Decision::Refused;
    let of_a_refusal = [
        Clause::Refused,
        Clause::Withdrawn,
        Clause::Superseded,
        Clause::Expired,
        Clause::NotYetEffective,
        Clause::RecipientExcluded,
        Clause::AddressSecret,
        Clause::RecipientInactive,
        Clause::AgreementMissing,
        Clause::OwnAgency,
    ];
    assert_eq!(scene.failed(), of_a_refusal);
    // Without a consent there is nothing to judge.
    scene.consent = None;
    assert_eq!(scene.failed(), [Clause::NoConsent]);
}

#[test]
fn without_a_name_the_consent_in_force_is_judged_and_else_the_newest() {
    let today = day("2026-11-20");
    let version = |version: u32, decision: Decision| {
        let mut consent = Scene::covered().consent.unwrap();
        (consent.version, consent.terms.decision) = (version, decision);
        consent.id = ConsentId(uuid(100 + u128::from(version)));
        consent
    };
    assert!(default_consent(&[], today).is_none());
    let pending_after = [version(1, Decision::Granted), version(2, Decision::Pending)];
    assert_eq!(default_consent(&pending_after, today).map(|c| c.version), Some(1));
    let mut refused_after = [version(1, Decision::Granted), version(2, Decision::Refused)];
    refused_after[0].superseded_by = Some(refused_after[1].id);
    assert_eq!(default_consent(&refused_after, today).map(|c| c.version), Some(2));
    let out_of_order = [version(3, Decision::Pending), version(2, Decision::Refused)];
    assert_eq!(default_consent(&out_of_order, today).map(|c| c.version), Some(3));
}

fn content() -> Content {
    serde_json::from_str(r#"{"identity":{"family_name":"見本"},"address":{"full":"見本町"},"health":{"note":"通院"}}"#)
        .unwrap()
}

fn key() -> CommitKey {
    CommitKey::new(&[3; 32])
}

#[test]
fn the_digest_moves_with_everything_that_is_told_and_with_nothing_else() {
    let digest = |scene: &Scene, parent: Option<u128>, content: &Content, key: &CommitKey| {
        let parent = parent.map(|p| RelayId(uuid(p)));
        let basis = BasisRecord::Consent(scene.consent.as_ref());
        disclose(
            SheetId(uuid(11)),
            basis,
            &scene.ask(),
            parent,
            &Original { content, choices: &[], revision: 1, files: &[] },
            key,
        )
        .digest
    };
    let scene = Scene::covered();
    let base = digest(&scene, None, &content(), &key());
    assert_eq!(base, digest(&scene, None, &content(), &key()));
    // A section that is not told may change.
    let other = r#"{"identity":{"family_name":"見本"},"address":{"full":"見本町"},"health":{"note":"別の話"}}"#;
    assert_eq!(base, digest(&scene, None, &serde_json::from_str(other).unwrap(), &key()));
    let moved = r#"{"identity":{"family_name":"見本"},"address":{"full":"引越し先"},"health":{"note":"通院"}}"#;
    let mut others = vec![
        digest(&scene, None, &serde_json::from_str(moved).unwrap(), &key()),
        digest(&scene, Some(40), &content(), &key()),
        digest(&scene, None, &content(), &CommitKey::new(&[4; 32])),
    ];
    let changes: [Change; 4] = [
        |s| s.to.id = agency(3),
        |s| s.from = agency(4),
        |s| {
            s.sections.remove(&Section::Address);
        },
        |s| s.consent().id = ConsentId(uuid(15)),
    ];
    for change in changes {
        let mut scene = Scene::covered();
        change(&mut scene);
        others.push(digest(&scene, None, &content(), &key()));
    }
    others.push(base);
    let different: BTreeSet<&String> = others.iter().collect();
    assert_eq!(different.len(), others.len());
}
