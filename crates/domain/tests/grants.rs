//! What a receiver may see, section by section, in every state of its relay × everything that can happen to the consents of the sheet,
//! against the rule written by hand from docs/domain.md and ADRs 6 and 7. Also how an agency stands to a sheet, for every two relays to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

use domain::agency::{Agency, AgencyClass, Agreement};
use domain::case::Case;
use domain::case::consent::Consent;
use domain::case::relay::Relay;
use domain::case::sheet::{Reception, Sheet, Standing};
use domain::content::{AddressSecret, Section};
use domain::ids::{AgencyId, HouseholdId, MunicipalityId, SheetId};
use domain::permit::Relation;
use domain::time::{Day, Instant};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const ORIGIN: u128 = 1;
const RECEIVER: u128 = 2;
const OTHER: u128 = 3;
const FIRST: u128 = 11;
const SECOND: u128 = 12;
const TODAY: &str = "2026-11-20";
const NOON: &str = "2026-11-20T12:00:00+09:00";
/// The sections that every relay tells.
const TOLD: [&str; 3] = ["identity", "address", "statement"];
const STATES: [&str; 9] =
    ["sent", "received", "accepted", "declined", "returned", "cancelled", "halted", "reported", "closed"];

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn agency_id(number: u128) -> AgencyId {
    AgencyId(Uuid::from_u128(number))
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn consent(number: u128, version: u32, until: &str, withdrawals: Value) -> Value {
    json!({
        "id": id(number), "sheet_id": id(5), "municipality_id": id(6), "version": version, "recorded_agency_id": id(ORIGIN), "recorded_by": null,
        "recorded_at": NOON, "witness": {"state": "not_needed"}, "superseded_by": null, "withdrawals": withdrawals,
        "terms": {
            "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document", "method": "signature_paper",
            "purpose": "support_referral", "sections": TOLD, "recipients": {"agency_ids": [id(RECEIVER)], "classes": []},
            "exclusions": [], "allow_onward": "no", "allow_report_back": true, "obtained_at": NOON, "effective_from": "2026-01-01",
            "effective_until": until
        }
    })
}

fn relay(number: u128, state: &str, to: u128) -> Relay {
    let acceptance = json!({"at": NOON, "assigned_staff_id": null, "contact_by": null});
    let progress = json!({
        "state": state, "at": NOON, "assigned_staff_id": null, "contact_by": null, "reason": "no_capacity", "recommended_agency_id": null,
        "note": "", "missing": [], "withdrawal_id": id(9), "acceptance": acceptance
    });
    serde_json::from_value(json!({
        "id": id(number), "sheet_id": id(5), "municipality_id": id(6), "revision": 1, "from_agency_id": id(ORIGIN), "to_agency_id": id(to),
        "parent_relay_id": null, "hop": 1, "request": "", "sections": TOLD, "purpose": "support_referral", "urgency": "normal",
        "handover": "phoned", "consent_id": id(FIRST), "content_revision": 1, "household": [], "disclosure_digest": "", "sent_at": NOON,
        "reply_due": TODAY, "opened_at": null, "overdue_since": null, "reports": [], "progress": progress, "updated_at": NOON
    }))
    .unwrap()
}

fn case(standing: Standing, secret: bool, consents: Vec<Value>, relays: Vec<Relay>) -> Case {
    let at: Instant = NOON.parse().unwrap();
    let address_secret = if secret { AddressSecret::DvMeasure } else { AddressSecret::None };
    let sheet = Sheet {
        id: SheetId(Uuid::from_u128(5)),
        municipality_id: MunicipalityId(Uuid::from_u128(6)),
        number: None,
        standing,
        revision: 1,
        content_revision: 1,
        origin_agency_id: agency_id(ORIGIN),
        holder_agency_id: agency_id(ORIGIN),
        reception: Reception { received_at: None, channel: None, route: None, urgency: None, address_secret },
        created_at: at,
        updated_at: at,
        closed_at: None,
        household_id: HouseholdId(uuid::Uuid::nil()),
        assignees: Default::default(),
        seen: Default::default(),
    };
    let consents = consents.into_iter().map(|consent| serde_json::from_value::<Consent>(consent).unwrap()).collect();
    Case {
        sheet,
        consents,
        relays,
        exceptions: Vec::new(),
        attachments: Vec::new(),
        stops: Vec::new(),
        releases: Vec::new(),
    }
}

fn receiver(class: AgencyClass, agreed_until: Option<&str>) -> Agency {
    let agreement = agreed_until.map(|until| Agreement {
        number: "1".to_owned(),
        valid_from: day("2020-04-01"),
        valid_until: day(until),
    });
    let municipality_id = MunicipalityId(Uuid::from_u128(6));
    Agency {
        id: agency_id(RECEIVER),
        municipality_id,
        class,
        active_from: day("2020-04-01"),
        active_until: None,
        agreement,
        confirmed: true,
    }
}

/// Withdrawals of version 1: the agencies, the sections, and the sections that each takes from the receiver.
fn withdrawals() -> Vec<(Value, &'static [&'static str])> {
    let of = |agencies: &[u128], sections: &[&str]| {
        let agencies: Vec<String> = agencies.iter().map(|agency| id(*agency)).collect();
        json!([{"id": id(9), "by": "self", "method": "oral", "reason": null, "agency_ids": agencies, "sections": sections, "at": NOON}])
    };
    vec![
        (json!([]), &[]),
        (of(&[], &[]), &TOLD),
        (of(&[RECEIVER], &[]), &TOLD),
        (of(&[OTHER], &[]), &[]),
        (of(&[], &["identity"]), &["identity"]),
        (of(&[RECEIVER], &["address"]), &["address"]),
        (of(&[OTHER], &["identity"]), &[]),
        (of(&[RECEIVER, OTHER], &["identity", "statement"]), &["identity", "statement"]),
    ]
}

/// Second versions: how each differs from the first, and which sections it lets the receiver see today if the first has run out.
fn renewals() -> Vec<(Option<Value>, bool, &'static [&'static str])> {
    let with = |pointer: &str, value: Value| {
        let mut second = consent(SECOND, 2, "2027-11-19", json!([]));
        *second.pointer_mut(pointer).unwrap() = value;
        Some(second)
    };
    vec![
        (None, false, &[]),
        (with("/version", json!(2)), true, &TOLD),
        (with("/terms/sections", json!(["identity"])), true, &["identity"]),
        (with("/terms/recipients", json!({"agency_ids": [], "classes": ["ward", "npo"]})), true, &TOLD),
        (with("/terms/recipients", json!({"agency_ids": [id(OTHER)], "classes": []})), true, &[]),
        (with("/terms/exclusions", json!([id(RECEIVER)])), true, &[]),
        (with("/terms/effective_from", json!("2026-11-21")), true, &[]),
        (with("/terms/effective_from", json!(TODAY)), true, &TOLD),
        (with("/terms/effective_until", json!("2026-11-19")), true, &[]),
        (with("/terms/identity_check", json!("none")), true, &[]),
        (with("/terms/decision", json!("refused")), true, &[]),
        (with("/terms/decision", json!("pending")), false, &[]),
        (with("/witness", json!({"state": "awaited"})), false, &[]),
        (with("/witness", json!({"state": "denied", "staff_id": id(8), "at": NOON})), false, &[]),
        (with("/witness", json!({"state": "confirmed", "staff_id": id(8), "at": NOON})), true, &TOLD),
    ]
}

#[test]
#[expect(clippy::print_stdout, reason = "a matrix says how much it covers")]
fn what_a_receiver_sees_follows_relay_and_consents() {
    // The agency, and whether it may be told anything today.
    let agencies = [
        (receiver(AgencyClass::Ward, None), true),
        (receiver(AgencyClass::Npo, Some(TODAY)), true),
        (receiver(AgencyClass::Npo, Some("2026-11-19")), false),
        (receiver(AgencyClass::Npo, None), false),
    ];
    let mut cells = 0;
    for state in STATES {
        for (withdrawn, taken) in withdrawals() {
            for until in ["2027-11-19", TODAY, "2026-11-19"] {
                for (second, supersedes, renewed) in renewals() {
                    let mut first = consent(FIRST, 1, until, withdrawn.clone());
                    if supersedes {
                        first["superseded_by"] = json!(id(SECOND));
                    }
                    for secret in [false, true] {
                        for voided in [false, true] {
                            let standing = if voided { Standing::Voided } else { Standing::Open };
                            let consents = [Some(first.clone()), second.clone()].into_iter().flatten().collect();
                            let case = case(standing, secret, consents, vec![relay(21, state, RECEIVER)]);
                            for (agency, may_be_told) in &agencies {
                                let live = |section: &str| match section {
                                    _ if voided => Some("シートの取消"),
                                    "address" if secret => Some("同意の範囲外"),
                                    section if !TOLD.contains(&section) || !may_be_told => Some("同意の範囲外"),
                                    section if taken.contains(&section) => Some("同意の撤回"),
                                    section if until < TODAY && !renewed.contains(&section) => Some("同意の期限切れ"),
                                    _ => None,
                                };
                                let on_relay = |section: &str| match state {
                                    _ if voided => Some("シートの取消"),
                                    "sent" => Some("受領前"),
                                    "halted" => Some("同意の撤回"),
                                    "declined" | "returned" | "cancelled" => Some("つなぎの終了"),
                                    _ => live(section),
                                };
                                let on_sheet = |section: &str| match state {
                                    _ if voided => Some("シートの取消"),
                                    "accepted" | "reported" | "closed" => live(section),
                                    _ => Some("同意の範囲外"),
                                };
                                let today = day(TODAY);
                                let grants = [
                                    (
                                        case.grant(agency, today),
                                        &on_sheet as &dyn Fn(&str) -> Option<&'static str>,
                                        "sheet",
                                    ),
                                    (case.relay_grant(&case.relays[0], agency, today), &on_relay, "relay"),
                                ];
                                for (grant, rule, view) in grants {
                                    let withheld: BTreeSet<(&str, String)> =
                                        grant.withheld().into_iter().map(|w| (w.section.as_str(), w.reason)).collect();
                                    let all = Section::ALL.iter().map(|section| section.as_str());
                                    let expected =
                                        all.filter_map(|section| Some((section, rule(section)?.to_owned()))).collect();
                                    assert_eq!(
                                        withheld, expected,
                                        "{view}: {state}, {withdrawn}, until {until}, {second:?}, secret {secret}, {agency:?}"
                                    );
                                    cells += Section::ALL.len();
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    println!("{cells} cells");
    assert!(cells > 1_000_000, "only {cells}");
}

#[test]
fn how_an_agency_stands_follows_the_best_of_its_relays() {
    let rank = |state: Option<&str>| match state {
        Some("accepted" | "reported" | "closed") => 3,
        Some("sent" | "received") => 2,
        Some(_) => 1,
        None => 0,
    };
    let states = || STATES.into_iter().map(Some).chain([None]);
    let mut cells = 0;
    for (one, other) in states().flat_map(|one| states().map(move |other| (one, other))) {
        for standing in [Standing::Draft, Standing::Open, Standing::Closed, Standing::Voided] {
            let relays = [one, other].into_iter().flatten().map(|state| relay(21, state, RECEIVER));
            // A relay to somebody else changes nothing.
            let relays = relays.chain([relay(22, "accepted", OTHER)]).collect();
            let case = case(standing, false, Vec::new(), relays);
            let expected = match (standing, rank(one).max(rank(other))) {
                (Standing::Draft, _) => Relation::Stranger,
                (Standing::Voided, _) | (_, 0) => Relation::Neighbour,
                (_, 1) => Relation::Former,
                (_, 2) => Relation::Addressee,
                _ => Relation::Participant,
            };
            assert_eq!(case.relation(agency_id(RECEIVER)), expected, "{one:?} {other:?} {standing:?}");
            assert_eq!(case.relation(agency_id(ORIGIN)), Relation::Origin);
            cells += 2;
        }
    }
    assert_eq!(cells, 10 * 10 * 4 * 2);
}
