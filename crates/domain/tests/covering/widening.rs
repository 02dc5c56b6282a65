//! Random consents and requests: what must hold for all of them.

use super::*;
use proptest::prelude::*;

fn subset<T: Copy + Ord + std::fmt::Debug + 'static>(of: &'static [T]) -> impl Strategy<Value = BTreeSet<T>> {
    proptest::sample::subsequence(of, 0..=of.len()).prop_map(|list| list.into_iter().collect())
}

const SOME: &[Section] = &[Section::Identity, Section::Address, Section::Health];
const CLASSES: &[AgencyClass] = &[AgencyClass::Ward, AgencyClass::Npo, AgencyClass::Medical];

fn agencies() -> impl Strategy<Value = BTreeSet<AgencyId>> {
    subset(&[1_u128, 2, 3]).prop_map(|set| set.into_iter().map(agency).collect())
}

fn a_day() -> impl Strategy<Value = Day> {
    (18..23_i8).prop_map(|d| Day(jiff::civil::date(2026, 11, d)))
}

fn scene() -> impl Strategy<Value = Scene> {
    let terms = (
        prop::sample::select(Decision::ALL),
        subset(SOME),
        (agencies(), subset(CLASSES), agencies()),
        prop::sample::select(AllowOnward::ALL),
        (a_day(), a_day()),
        any::<bool>(),
    );
    let witness = prop_oneof![
        3 => Just(Witness::NotNeeded),
        1 => Just(Witness::Awaited),
        1 => Just(Witness::Denied { staff_id: StaffId(uuid(14)), at: at() }),
    ];
    let line = (
        witness,
        prop::bool::weighted(0.2),
        prop::collection::vec((prop::option::of(1..4_u128), prop::option::of(0..3_usize)), 0..2),
    );
    let ask = (
        (1..4_u128, 1..4_u128),
        prop::sample::select(CLASSES),
        subset(SOME),
        (any::<bool>(), any::<bool>()),
        subset(SOME),
        a_day(),
        prop::option::of((a_day(), a_day())),
    );
    (terms, line, ask).prop_map(|(terms, line, ask)| {
        let mut scene = Scene::covered();
        let t = scene.terms();
        (t.decision, t.sections, t.allow_onward) = (terms.0, terms.1, terms.3);
        (t.recipients.agency_ids, t.recipients.classes, t.exclusions) = terms.2;
        (t.effective_from, t.effective_until) = terms.4;
        t.identity_check = if terms.5 { IdentityCheck::None } else { IdentityCheck::Document };
        let consent = scene.consent();
        (consent.witness, consent.superseded_by) = (line.0, line.1.then(|| ConsentId(uuid(13))));
        for (agency, section) in line.2 {
            let sections: Vec<Section> = section.map(|s| SOME[s]).into_iter().collect();
            consent.withdrawals.push(withdrawal(agency.as_slice(), &sections));
        }
        let ((from, to), class, sections, (onward, secret), own, today, agreed) = ask;
        (scene.from, scene.to.id, scene.to.class) = (agency(from), agency(to), class);
        (scene.sections, scene.own, scene.onward, scene.secret, scene.today) = (sections, own, onward, secret, today);
        scene.to.agreement = agreed.and_then(|(from, until)| agreement(&from.to_string(), &until.to_string()));
        scene
    })
}

/// A way in which a person can allow more.
#[derive(Clone, Copy, Debug)]
enum Wider {
    Section(Section),
    Agency(u128),
    Class(AgencyClass),
    NoLongerExcluded(u128),
    Onward,
    Earlier,
    Later,
    Identified,
    Witnessed,
    NotTakenBack,
    NotSuperseded,
}

fn wider() -> impl Strategy<Value = Wider> {
    prop_oneof![
        prop::sample::select(SOME).prop_map(Wider::Section),
        (1..4_u128).prop_map(Wider::Agency),
        prop::sample::select(CLASSES).prop_map(Wider::Class),
        (1..4_u128).prop_map(Wider::NoLongerExcluded),
        Just(Wider::Onward),
        Just(Wider::Earlier),
        Just(Wider::Later),
        Just(Wider::Identified),
        Just(Wider::Witnessed),
        Just(Wider::NotTakenBack),
        Just(Wider::NotSuperseded),
    ]
}

fn widen(consent: &mut Consent, how: Wider) {
    let terms = &mut consent.terms;
    match how {
        Wider::Section(section) => {
            terms.sections.insert(section);
        }
        Wider::Agency(id) => {
            terms.recipients.agency_ids.insert(agency(id));
        }
        Wider::Class(class) => {
            terms.recipients.classes.insert(class);
        }
        Wider::NoLongerExcluded(id) => {
            terms.exclusions.remove(&agency(id));
        }
        Wider::Onward => {
            terms.allow_onward = match terms.allow_onward {
                AllowOnward::No => AllowOnward::Named,
                AllowOnward::Named | AllowOnward::Classes => AllowOnward::Classes,
            };
        }
        Wider::Earlier => terms.effective_from = Day(terms.effective_from.0.yesterday().unwrap()),
        Wider::Later => terms.effective_until = Day(terms.effective_until.0.tomorrow().unwrap()),
        Wider::Identified => terms.identity_check = IdentityCheck::Known,
        Wider::Witnessed => consent.witness = Witness::Confirmed { staff_id: StaffId(uuid(14)), at: at() },
        Wider::NotTakenBack => {
            consent.withdrawals.pop();
        }
        Wider::NotSuperseded => consent.superseded_by = None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn widening_a_consent_never_adds_a_failing_clause(scene in scene(), how in prop::collection::vec(wider(), 1..4)) {
        let before: BTreeSet<Clause> = scene.failed().into_iter().collect();
        let mut wide = scene.clone();
        for how in how {
            widen(wide.consent(), how);
        }
        let after: BTreeSet<Clause> = wide.failed().into_iter().collect();
        prop_assert!(after.is_subset(&before), "{before:?} became {after:?}");
    }

    #[test]
    fn asking_for_less_never_adds_a_failing_clause(scene in scene(), fewer in subset(SOME)) {
        let before: BTreeSet<Clause> = scene.failed().into_iter().collect();
        let mut less = scene.clone();
        less.sections = scene.sections.intersection(&fewer).copied().collect();
        let after: BTreeSet<Clause> = less.failed().into_iter().collect();
        prop_assert!(after.is_subset(&before), "{before:?} became {after:?}");
    }

    #[test]
    fn the_order_is_that_of_the_list_and_nothing_stands_twice(scene in scene()) {
        let failed = scene.failed();
        prop_assert!(failed.is_sorted_by(|a, b| a < b), "{failed:?}");
        prop_assert_eq!(&failed, &scene.failed());
    }

    #[test]
    fn a_disclosure_exists_exactly_when_every_clause_holds_and_holds_what_was_asked(scene in scene()) {
        let consent = scene.consent.as_ref();
        let content = content();
        let original = Original { content: &content, choices: &[], revision: 7, files: &[] };
        let judgement = disclose(SheetId(uuid(11)), BasisRecord::Consent(consent), &scene.ask(), None, &original, &key());
        prop_assert_eq!(&judgement.failed, &scene.failed());
        prop_assert_eq!(judgement.disclosure.is_some(), judgement.failed.is_empty());
        prop_assert_eq!(judgement.content.is_some(), judgement.failed.is_empty());
        prop_assert_eq!(judgement.digest.len(), 64);
        if let (Some(disclosure), Some(shown)) = (judgement.disclosure, judgement.content) {
            prop_assert_eq!(disclosure.sections(), &scene.sections);
            prop_assert_eq!(disclosure.to(), scene.to.id);
            prop_assert_eq!(disclosure.digest(), judgement.digest);
            prop_assert_eq!(disclosure.content_revision(), 7);
            let shown = serde_json::to_value(Revealed(&shown)).unwrap();
            let keys: BTreeSet<String> = shown.as_object().unwrap().keys().cloned().collect();
            prop_assert_eq!(keys, scene.sections.iter().map(|s| s.as_str().to_owned()).collect());
        }
    }
}
