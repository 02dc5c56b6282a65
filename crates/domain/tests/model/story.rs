//! The steps of a test case, in small numbers, so that a person can read a failure.

use proptest::prelude::*;

/// Sets of agencies and of sections, one bit each.
pub(crate) type Bits = u8;

/// The person who does it: the one whose turn it is, or any (agency × 2 + member of staff; the second one is the manager).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    Right,
    Any(u8),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Said {
    Granted,
    Partial,
    Refused,
    Pending,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Onward {
    No,
    Named,
    Classes,
}

#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) said: Said,
    pub(crate) oral: bool,
    pub(crate) proxy: bool,
    pub(crate) witness: Option<u8>,
    pub(crate) checked: bool,
    pub(crate) sections: Bits,
    pub(crate) agencies: Bits,
    /// 1 ward, 2 npo.
    pub(crate) classes: Bits,
    pub(crate) excluded: Bits,
    /// Exclusions of earlier versions that are lifted.
    pub(crate) lifted: Bits,
    pub(crate) onward: Onward,
    pub(crate) report_back: bool,
    pub(crate) starts_in: i32,
    pub(crate) lasts: i32,
}

#[derive(Debug, Clone)]
pub(crate) enum Parent {
    Natural,
    None,
    Relay(u8),
}

/// The basis of a relay: a version of the line of consents, or an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Consent(usize),
    Exception(usize),
}

/// What a second person says of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Approve,
    Reject,
    FollowUp,
}

#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// `corrects` are the sections whose words change.
    Revise {
        register: bool,
        whole: bool,
        secret: bool,
        corrects: Bits,
    },
    Discard,
    Consent(Given),
    Witness {
        consent: u8,
        heard: bool,
    },
    Withdraw {
        consent: u8,
        agencies: Bits,
        sections: Bits,
    },
    Invalidate(u8),
    Send {
        to: u8,
        sections: Bits,
        basis: Option<Ground>,
        parent: Parent,
        urgency: u8,
        due_in: Option<i32>,
    },
    Receive(u8),
    Accept(u8),
    Decline {
        relay: u8,
        not_ours: bool,
        better: Option<u8>,
    },
    Return(u8),
    Resend(u8),
    Cancel(u8),
    Report {
        relay: u8,
        last: bool,
        text: bool,
        helps: bool,
    },
    Confirm(u8),
    Amend {
        relay: u8,
        sections: Bits,
        basis: Option<Ground>,
    },
    HandBack(u8),
    AnswerOffer {
        relay: u8,
        takes: bool,
    },
    Close,
    Reopen,
    Void,
    Entry {
        section: u8,
        future: bool,
    },
    /// Leave is asked for to tell an agency something without consent.
    Except {
        to: u8,
        sections: Bits,
        emergency: bool,
    },
    Decide {
        exception: u8,
        decision: Decision,
    },
    /// The service notes that an emergency was not approved in time.
    Expire(u8),
    Days(i32),
    Remind(u8),
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) who: Who,
    pub(crate) deed: Deed,
}

#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) draft: bool,
    pub(crate) secret: bool,
    pub(crate) steps: Vec<Step>,
}

pub(crate) const ALL: Bits = 0b11_1111;

pub(crate) fn sections_bits() -> impl Strategy<Value = Bits> {
    prop_oneof![4 => Just(ALL), 1 => 0..=ALL]
}

pub(crate) fn given() -> impl Strategy<Value = Given> {
    let said = prop_oneof![
        6 => Just(Said::Granted), 2 => Just(Said::Partial), 1 => Just(Said::Refused), 1 => Just(Said::Pending)
    ];
    let how = (
        said,
        prop::bool::weighted(0.25),
        prop::bool::weighted(0.05),
        prop::option::weighted(0.15, 0..10_u8),
        prop::bool::weighted(0.95),
    );
    let whom = (
        sections_bits(),
        prop_oneof![4 => Just(0b1_1111), 2 => 0..0b10_0000_u8],
        0..4_u8,
        prop_oneof![9 => Just(0), 1 => 0..0b10_0000_u8],
        prop_oneof![9 => Just(0), 1 => (0..5_u8).prop_map(|agency| 1 << agency)],
    );
    let onward = prop_oneof![1 => Just(Onward::No), 2 => Just(Onward::Named), 2 => Just(Onward::Classes)];
    let until =
        (onward, any::<bool>(), prop_oneof![9 => Just(0), 1 => -1..6_i32], prop_oneof![4 => 5..60_i32, 1 => -1..6_i32]);
    (how, whom, until).prop_map(|(how, whom, until)| Given {
        said: how.0,
        oral: how.1,
        proxy: how.2,
        witness: how.3,
        checked: how.4,
        sections: whom.0,
        agencies: whom.1,
        classes: whom.2,
        excluded: whom.3,
        lifted: whom.4,
        onward: until.0,
        report_back: until.1,
        starts_in: until.2,
        lasts: until.3,
    })
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![4 => Just(Decision::Approve), 1 => Just(Decision::Reject), 2 => Just(Decision::FollowUp)]
}

pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    let relay = 0..8_u8;
    let send = (
        prop_oneof![12 => 1..4_u8, 1 => Just(4), 1 => Just(0)],
        prop_oneof![3 => Just(0b1001), 1 => Just(0b1101), 1 => 0..=ALL],
        prop_oneof![
            17 => Just(None),
            3 => (0..6_usize).prop_map(|consent| Some(Ground::Consent(consent))),
            7 => (0..4_usize).prop_map(|exception| Some(Ground::Exception(exception))),
        ],
        prop_oneof![6 => Just(Parent::Natural), 1 => Just(Parent::None), 1 => (0..6_u8).prop_map(Parent::Relay)],
        0..3_u8,
        prop::option::weighted(0.15, -1..5_i32),
    );
    let rarely_all = |all: Bits| prop_oneof![1 => Just(0), 1 => 0..=all];
    prop_oneof![
        6 => (any::<bool>(), prop::bool::weighted(0.8), prop::bool::weighted(0.1))
            .prop_map(|(register, whole, secret)| Deed::Revise { register, whole, secret, corrects: 0 }),
        2 => Just(Deed::Discard),
        16 => given().prop_map(Deed::Consent),
        10 => (0..6_u8, prop::bool::weighted(0.7)).prop_map(|(consent, heard)| Deed::Witness { consent, heard }),
        4 => (0..6_u8, rarely_all(0b1_1111), rarely_all(ALL))
            .prop_map(|(consent, agencies, sections)| Deed::Withdraw { consent, agencies, sections }),
        3 => (0..6_u8).prop_map(Deed::Invalidate),
        80 => send.prop_map(|(to, sections, basis, parent, urgency, due_in)| Deed::Send {
            to, sections, basis, parent, urgency, due_in
        }),
        16 => relay.clone().prop_map(Deed::Receive),
        40 => relay.clone().prop_map(Deed::Accept),
        8 => (relay.clone(), any::<bool>(), prop::option::of(0..5_u8))
            .prop_map(|(relay, not_ours, better)| Deed::Decline { relay, not_ours, better }),
        10 => relay.clone().prop_map(Deed::Return),
        12 => relay.clone().prop_map(Deed::Resend),
        6 => relay.clone().prop_map(Deed::Cancel),
        24 => (relay.clone(), prop::bool::weighted(0.7), any::<bool>(), any::<bool>())
            .prop_map(|(relay, last, text, helps)| Deed::Report { relay, last, text, helps }),
        14 => (relay.clone(), 0..=ALL, prop::option::weighted(0.2, (0..6_usize).prop_map(Ground::Consent)))
            .prop_map(|(relay, sections, basis)| Deed::Amend { relay, sections, basis }),
        16 => (1..4_u8, prop_oneof![3 => Just(0b1001), 1 => 0..=ALL], any::<bool>())
            .prop_map(|(to, sections, emergency)| Deed::Except { to, sections, emergency }),
        24 => (0..4_u8, decision()).prop_map(|(exception, decision)| Deed::Decide { exception, decision }),
        16 => (0..4_u8).prop_map(Deed::Expire),
        12 => relay.clone().prop_map(Deed::HandBack),
        12 => (relay.clone(), any::<bool>()).prop_map(|(relay, takes)| Deed::AnswerOffer { relay, takes }),
        16 => relay.clone().prop_map(Deed::Confirm),
        2 => Just(Deed::Close),
        12 => Just(Deed::Reopen),
        1 => Just(Deed::Void),
        4 => (0..6_u8, prop::bool::weighted(0.1)).prop_map(|(section, future)| Deed::Entry { section, future }),
        14 => (1..12_i32).prop_map(Deed::Days),
        10 => relay.prop_map(Deed::Remind),
    ]
}

/// A consent to nearly everything, with which most stories begin.
pub(crate) fn generous() -> impl Strategy<Value = Given> {
    given().prop_map(|given| Given {
        said: Said::Granted,
        oral: false,
        proxy: false,
        witness: None,
        checked: true,
        agencies: 0b1_1111,
        excluded: 0,
        lifted: 0,
        starts_in: 0,
        lasts: given.lasts.max(0),
        ..given
    })
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    let who = || prop_oneof![5 => Just(Who::Right), 1 => (0..10_u8).prop_map(Who::Any)];
    let step = (who(), deed()).prop_map(|(who, deed)| Step { who, deed });
    let first = prop::option::weighted(0.8, generous());
    (prop::bool::weighted(0.2), prop::bool::weighted(0.15), first, prop::collection::vec(step, 1..85)).prop_map(
        |(draft, secret, first, mut steps)| {
            if let Some(given) = first {
                let deed = Deed::Consent(given);
                steps.insert(0, Step { who: Who::Right, deed });
            }
            Story { draft, secret, steps }
        },
    )
}
