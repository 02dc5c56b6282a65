//! The case for the pure functions of the domain, put together from the answers to the origin and the auditor; and what those functions say
//! to a question, for a comparison with HTTP.

use crate::rule::{Hop, Part, Question, Says, Who};
use domain::account::Role;
use domain::agency::{Agency, Agreement, Principal};
use domain::case::Case;
use domain::case::consent::Consent;
use domain::case::relay::Relay;
use domain::case::sheet::{Reception, Sheet, Standing};
use domain::ids::{AgencyId, ClientId, ConsentId, HouseholdId, MunicipalityId, PostId, SessionId, SheetId, StaffId};
use domain::permit::{Operation, Permit, Relation, permit};
use domain::time::{Day, Instant};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use uuid::Uuid;

fn parsed<T: FromStr>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value}"))
}

/// An agency from the directory, which holds one municipality; `is_abroad` puts the agency into another one.
pub fn agency(directory: &Value, is_abroad: bool) -> Agency {
    let agreement = directory["agreement"].as_object().map(|agreement| Agreement {
        number: agreement["number"].as_str().unwrap().to_owned(),
        valid_from: parsed(&agreement["valid_from"]),
        valid_until: parsed(&agreement["valid_until"]),
    });
    Agency {
        id: parsed(&directory["id"]),
        municipality_id: MunicipalityId(Uuid::from_u128(u128::from(is_abroad))),
        class: parsed(&directory["class"]),
        active_from: parsed(&directory["active_from"]),
        active_until: directory["active_until"].as_str().map(|day| day.parse().unwrap()),
        agreement,
        confirmed: true,
    }
}

fn consent(told: &Value, newer: Option<ConsentId>) -> Consent {
    let mut whole = json!({"terms": told, "superseded_by": null, "municipality_id": Uuid::nil()});
    for field in
        ["id", "sheet_id", "version", "recorded_agency_id", "recorded_by", "recorded_at", "witness", "withdrawals"]
    {
        whole[field] = told[field].clone();
    }
    if told["state"] == "superseded" {
        whole["superseded_by"] = json!(newer.expect("a newer version"));
    }
    let heard = ["not_needed", "confirmed"].contains(&told["witness"]["state"].as_str().unwrap());
    if heard && told["decision"] != "pending" {
        whole["counted"] = json!({"at": told["recorded_at"], "content_revision": 1, "history": []});
    }
    serde_json::from_value(whole).unwrap_or_else(|e| panic!("{e}: {told}"))
}

fn relay(told: &Value) -> Relay {
    let at = &told["updated_at"];
    let acceptance = json!({"at": told["accepted_at"], "assigned_staff_id": told["assigned_staff_id"], "contact_by": told["contact_by"]});
    let mut reports = told["reports"].clone();
    for report in reports.as_array_mut().unwrap() {
        // Without a permission the origin is not told the result.
        report["permitted"] = json!(!report["result"].is_null());
        if report["result"].is_null() {
            report["result"] = json!("other");
        }
        report["at"] = report["reported_at"].clone();
    }
    let mut progress = match told["state"].as_str().unwrap() {
        "accepted" | "reported" => acceptance,
        "declined" => {
            json!({"at": at, "reason": told["decline_reason"], "recommended_agency_id": null, "note": told["note"]})
        }
        "returned" => json!({"at": at, "missing": told["missing"], "note": told["note"]}),
        "cancelled" => json!({"at": at, "reason": told["note"]}),
        "halted" => json!({"at": at, "withdrawal_id": Uuid::nil()}),
        "closed" => json!({"acceptance": acceptance, "at": at}),
        _ => json!({"at": at}),
    };
    progress["state"] = told["state"].clone();
    let mut whole = told.clone();
    whole["progress"] = progress;
    whole["reports"] = reports;
    whole["municipality_id"] = json!(Uuid::nil());
    whole["consent_id"] = told["basis"]["consent_id"].clone();
    whole["content_revision"] = json!(1);
    whole["opened_at"] = told["received_at"].clone();
    // No member of a household stands in these sheets without a consent.
    whole["household"] = json!([]);
    serde_json::from_value(whole).unwrap_or_else(|e| panic!("{e}: {told}"))
}

/// A world in the types of the domain.
pub struct Twin {
    case: Case,
    /// The relay that is asked about, and the one that was sent on.
    hops: BTreeMap<&'static str, Relay>,
}

impl Twin {
    /// Builds it from the origin's answers: the sheet, its consents (newest first) and its relays; `asked` and `child` are the ids of two relays.
    pub fn new(sheet: &Value, consents: &[Value], relays: &[Value], asked: Option<&str>, child: Option<&str>) -> Self {
        let relays: Vec<Relay> = relays.iter().map(relay).collect();
        let find = |id: Option<&str>| relays.iter().find(|relay| Some(relay.id.to_string().as_str()) == id).cloned();
        let hops = [("asked", find(asked)), ("child", find(child))];
        let hops = hops.into_iter().filter_map(|(name, relay)| Some((name, relay?))).collect();
        let newest = consents.first().map(|consent| parsed(&consent["id"]));
        let consents = consents.iter().rev().map(|told| consent(told, newest)).collect();
        let at: Instant = parsed(&sheet["created_at"]);
        let standing = match sheet["state"].as_str().unwrap() {
            "voided" => Standing::Voided,
            "closed" => Standing::Closed,
            _ => Standing::Open,
        };
        let sheet = Sheet {
            id: parsed::<SheetId>(&sheet["id"]),
            municipality_id: MunicipalityId(Uuid::nil()),
            number: None,
            standing,
            revision: 1,
            content_revision: 1,
            origin_agency_id: parsed::<AgencyId>(&sheet["origin_agency_id"]),
            holder_agency_id: parsed(&sheet["holder_agency_id"]),
            reception: Reception {
                received_at: None,
                channel: None,
                route: None,
                urgency: None,
                address_secret: parsed(&sheet["address_secret"]),
            },
            created_at: at,
            updated_at: at,
            closed_at: None,
            household_id: HouseholdId(Uuid::nil()),
            assignees: Default::default(),
            seen: Default::default(),
        };
        let case = Case {
            sheet,
            consents,
            relays,
            exceptions: Vec::new(),
            attachments: Vec::new(),
            stops: Vec::new(),
            releases: Vec::new(),
        };
        Self { case, hops }
    }

    fn hop(&self, hop: Hop) -> &Relay {
        &self.hops[if hop == Hop::Asked { "asked" } else { "child" }]
    }

    /// What the domain's functions find wrong with the answer `says`; none when they agree.
    pub fn objects(&self, who: &Who, agency: &Agency, question: Question, says: &Says, today: Day) -> Option<String> {
        let case = &self.case;
        let operation = match question {
            Question::Sheet(operation) | Question::Relay(operation, _) | Question::Tell { operation, .. } => operation,
            Question::InWords => "report_relay",
        };
        let operation = Operation::all().find(|known| known.id() == operation).unwrap();
        let principal = principal(who);
        let hop = match question {
            Question::Relay(_, hop) => Some(hop),
            Question::InWords => Some(Hop::Asked),
            _ => None,
        };
        let relation = match hop {
            None => case.relation(agency.id),
            Some(hop) => case.relay_relation(self.hop(hop), agency.id),
        };
        let abroad = who.part == Part::Abroad;
        let over = who.role == Some("hub") && hop.is_some_and(|hop| self.hop(hop).is_over());
        let relation = if relation == Relation::Neighbour && (abroad || over) { Relation::Stranger } else { relation };
        let ever = Relation::ALL.map(|relation| permit(&principal, operation, relation));
        let never = ever.iter().all(|answer| matches!(answer, Permit::Forbidden | Permit::Hidden));
        let permit = permit(&principal, operation, relation);
        let holds = match (permit, says) {
            _ if never => *says == Says::Forbidden,
            (Permit::Forbidden, says) => *says == Says::Forbidden,
            (Permit::Hidden, says) => *says == Says::Hidden,
            (_, Says::Forbidden) => {
                ["close_sheet", "reopen_sheet"].contains(&operation.id()) && case.sheet.holder_agency_id != agency.id
            }
            (Permit::Allowed, Says::Hidden) => {
                case.consents.last().is_some_and(|newest| case.insight(newest, agency.id, today).is_none())
            }
            (Permit::MetadataOnly, Says::Hidden) => false,
            _ => true,
        };
        if !holds {
            return Some(format!("permit says {permit:?} ({relation:?})"));
        }
        let Says::Shows(shown) = says else {
            return None;
        };
        let grant = match (permit, operation.id(), hop) {
            (Permit::Allowed, "show_sheet", _) => case.grant(agency, today),
            (Permit::Allowed, "show_relay", Some(hop)) => case.relay_grant(self.hop(hop), agency, today),
            _ => return None,
        };
        let withheld: BTreeSet<String> =
            grant.withheld().iter().map(|w| format!("{} {}", w.section, w.reason)).collect();
        let answered: BTreeSet<String> = shown
            .iter()
            .filter(|word| word.contains(' ') && !word.starts_with("state ") && *word != "no content")
            .cloned()
            .collect();
        (withheld != answered).then(|| format!("the grant withholds {withheld:?}"))
    }
}

fn principal(who: &Who) -> Principal {
    let id = Uuid::nil();
    match who.role {
        Some(role) => Principal::Staff {
            staff_id: StaffId(id),
            session_id: SessionId(id),
            post_id: PostId(id),
            role: role.parse::<Role>().unwrap_or_else(|_| panic!("{role}")),
        },
        None => Principal::Client {
            client_id: ClientId(id),
            scopes: who.scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
        },
    }
}
