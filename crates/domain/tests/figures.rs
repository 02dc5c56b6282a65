//! What is counted of a sheet across the end of a fiscal year.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "this is a test")]

use domain::account::Role;
use domain::agency::{Actor, Principal};
use domain::audit::EventKind;
use domain::beside::entry::{Entry, EntryMethod};
use domain::case::Case;
use domain::case::SheetInput;
use domain::case::sheet::{Document, Reception, SheetNumber};
use domain::codes::Tables;
use domain::content::{AddressSecret, Channel, Content, Route, Section, UncheckedContent};
use domain::figure::{TakeBack, count};
use domain::ids::{AgencyId, EntryId, MunicipalityId, PostId, SessionId, SheetId, StaffId};
use domain::personal::Personal;
use serde_json::json;
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

fn actor(at: &str) -> Actor {
    let [staff_id, session_id, post_id] = [1, 2, 3].map(id);
    let principal = Principal::Staff {
        staff_id: StaffId(staff_id),
        session_id: SessionId(session_id),
        post_id: PostId(post_id),
        role: Role::Manager,
    };
    let (agency_id, municipality_id) = (AgencyId(id(4)), MunicipalityId(id(5)));
    Actor { principal, agency_id, municipality_id, at: at.parse().unwrap() }
}

fn content(birth: &str, by: &Actor) -> Content {
    let content = json!({
        "identity": {"kana_family": "ミホン", "kana_given": "ハナコ", "birth_date": birth, "identity_level": "verified"},
        "topics": {"codes": ["03"], "main": "03"},
        "statement": {"subject_words": "家賃が払えない。"},
        "risk": {"flags": []}
    });
    let content: UncheckedContent = serde_json::from_value(content).unwrap();
    content.check(&Tables::default(), by.today()).unwrap()
}

fn input(channel: Channel, birth: &str, by: &Actor) -> SheetInput {
    let reception = Reception {
        received_at: Some("2027-03-30T10:00:00+09:00".parse().unwrap()),
        channel: Some(channel),
        route: Some(Route::SelfVisit),
        urgency: None,
        address_secret: AddressSecret::None,
    };
    SheetInput { reception, document: Document { content: content(birth, by), ..Document::default() } }
}

#[test]
fn a_correction_in_april_counts_in_the_year_of_the_number_and_an_entry_in_its_own() {
    let march = actor("2027-03-31T09:00:00+09:00");
    let number = Some(SheetNumber { fiscal_year: 2026, serial: 1 });
    let made = input(Channel::Visit, "1986-04-01", &march);
    let mut document = made.document.clone();
    let outcome = Case::create(SheetId(id(9)), made, number, &march).unwrap();
    let counted = count(&outcome, None, &document, march.at);
    assert_eq!((counted.take_back, counted.facts.len(), counted.facts[0].fiscal_year), (TakeBack::Nothing, 1, 2026));
    let mut case = outcome.thing;
    // The way, the day of birth, and nothing that is counted; each in a later month of the next fiscal year.
    for (at, channel, birth, is_counted) in [
        ("2027-04-01T09:00:00+09:00", Channel::Phone, "1986-04-01", true),
        ("2027-06-01T09:00:00+09:00", Channel::Phone, "1986-04-02", true),
        ("2027-07-01T09:00:00+09:00", Channel::Phone, "1986-04-02", false),
    ] {
        let by = actor(at);
        let corrected = input(channel, birth, &by);
        let now = corrected.document.clone();
        let outcome = case.clone().revise(corrected, None, &document, &by).unwrap();
        let counted = count(&outcome, Some((&case, &document)), &now, by.at);
        let expected = if is_counted { TakeBack::Intake } else { TakeBack::Nothing };
        let years: Vec<_> = counted.facts.iter().map(|fact| (fact.kind, fact.fiscal_year)).collect();
        assert_eq!(counted.take_back, expected, "{at}");
        assert_eq!(years, vec![(EventKind::SheetRegistered, 2026); usize::from(is_counted)], "{at}");
        (case, document) = (outcome.thing, now);
    }
    let by = actor("2027-07-02T09:00:00+09:00");
    let entry = Entry {
        id: EntryId(id(10)),
        sheet_id: case.sheet.id,
        agency_id: by.agency_id,
        staff_id: by.staff_id(),
        occurred_at: by.at,
        method: EntryMethod::Phone,
        section: Section::Statement,
        text: Personal::new("折り返した。".to_owned()),
        recorded_at: by.at,
    };
    let outcome = case.clone().add_entry(entry.clone(), &by).unwrap();
    let counted = count(&outcome, Some((&case, &document)), &document, by.at);
    assert_eq!((counted.facts[0].kind, counted.facts[0].fiscal_year), (EventKind::EntryAdded, 2027));
    let voided = outcome.thing.clone().void(entry, &by).unwrap();
    let counted = count(&voided, Some((&outcome.thing, &document)), &document, by.at);
    assert_eq!((counted.take_back, counted.facts.len()), (TakeBack::Everything, 0));
    let covers = |kind| TakeBack::Everything.covers(kind);
    assert!(covers(EventKind::RelaySent) && !covers(EventKind::StopIssued) && !covers(EventKind::StopAnswered));
}
