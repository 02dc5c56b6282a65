//! What is counted is written with the change that it counts: codes and numbers, no name and no id of a sheet.

use crate::program::{Place, Serving, on_each};
use crate::restored::passed_on;
use serde_json::{Value, json};
use tests::Client;

/// The facts of the latest sheets: kind, how often it counts, what is said of it; in the order of the kinds.
fn facts(place: &Place) -> Vec<(String, i64, Value)> {
    let select = "select kind || '|' || n || '|' || marks || ';;' from figure_fact order by kind, n desc, marks";
    let rows = place.sql(select, select);
    let row = |row: &str| {
        let mut parts = row.trim().splitn(3, '|');
        let mut part = || parts.next().unwrap();
        Some((part().to_owned(), part().parse().unwrap(), serde_json::from_str(part()).unwrap()))
    };
    rows.split(";;").filter(|it| !it.trim().is_empty()).filter_map(row).collect()
}

fn counted(place: &Place, kind: &str) -> Vec<(i64, Value)> {
    facts(place).into_iter().filter(|(of, ..)| of == kind).map(|(_, n, marks)| (n, marks)).collect()
}

/// How many persons count in the kind `sheet.registered`.
fn persons(place: &Place) -> String {
    let select = "select count(distinct person_key) from figure_fact where kind = 'sheet.registered'";
    place.sql(select, select)
}

/// A place without what the demonstration has counted.
fn begun(place: &Place) -> (Serving, Client, Client) {
    place.run(&["demo"]).ok();
    place.sql("delete from figure_fact", "delete from figure_fact");
    let serving = place.serve();
    let (clerk, receiver) = (serving.client("madoguchi"), serving.client("kurashi"));
    (serving, clerk, receiver)
}

on_each! {
    fn a_round_is_counted_step_by_step_in_codes(place) {
        let (serving, clerk, receiver) = begun(&place);
        let [sheet, relay, consent] = passed_on(&clerk, &receiver);
        let of_relay = format!("/api/v1/relays/{relay}");
        let report = json!({"result": "support_started"});
        receiver.step(&format!("{of_relay}/report"), &report, &receiver.get(&of_relay).etag()).ok();
        clerk.step(&format!("{of_relay}/confirm"), &json!({}), &clerk.get(&of_relay).etag()).ok();
        let of_sheet = format!("/api/v1/sheets/{sheet}");
        let entry = json!({"occurred_at": "2026-11-20T10:00:00+09:00", "method": "home_visit", "text": "ひみつの経過", "section": "statement"});
        clerk.post(&format!("{of_sheet}/entries"), &entry).ok();
        let closure = json!({"reason": "支援につながったため", "outcome": {
            "reason_code": "goals_met", "changes": ["housing"], "person_answer": {"asked": true, "answer": "solved", "how": "oral", "on": crate::backup::time(0).date().to_string()}
        }});
        receiver.step(&format!("{of_sheet}/closure"), &closure, &receiver.get(&of_sheet).etag()).ok();
        clerk.post(&format!("/api/v1/consents/{consent}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        let facts = facts(&place);
        let kinds: Vec<&str> = facts.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!(kinds, [
            "consent.given", "consent.withdrawn", "entry.added", "relay.accepted", "relay.closed", "relay.reported", "relay.sent",
            "sheet.closed", "sheet.registered", "stop_notice.issued"
        ]);
        assert!(facts.iter().all(|(_, n, _)| *n == 1));
        let said = |kind: &str, name: &str| counted(&place, kind)[0].1[name].clone();
        for (kind, name, value) in [
            ("sheet.registered", "channel", json!("visit")), ("sheet.registered", "topics", json!(["03"])),
            ("consent.given", "decision", json!("granted")), ("consent.given", "first", json!(true)),
            ("entry.added", "method", json!("home_visit")), ("entry.added", "new", json!(true)),
            ("relay.accepted", "basis", json!("consent")), ("relay.accepted", "open_days", json!(0)),
            ("relay.reported", "result", json!("support_started")),
            ("sheet.closed", "reason", json!("goals_met")), ("sheet.closed", "person", json!("solved")),
            ("sheet.closed", "family", json!("not_asked")), ("sheet.closed", "changes", json!(["housing"])),
            ("sheet.closed", "hops", json!(1)), ("sheet.closed", "agencies", json!(1)),
        ] {
            assert_eq!(said(kind, name), value, "{kind} {name}");
        }
        // Neither the person nor the sheet can be read from them.
        let all = "select count(*) from figure_fact where marks like '%花子%' or marks like '%ひみつ%'";
        assert_eq!(place.sql(all, all), "0");
        let id = sheet.replace('-', "");
        let named = place.sql(
            &format!("select count(*) from figure_fact where hex(sheet_ref) = upper('{id}') or hex(id) = upper('{id}')"),
            &format!("select count(*) from figure_fact where encode(sheet_ref, 'hex') = '{id}'"),
        );
        assert_eq!(named, "0");
        serving.stop();
    }

    fn a_correction_counts_the_old_words_back_and_a_mistake_counts_everything_back(place) {
        let (serving, clerk, receiver) = begun(&place);
        let [sheet, relay, _] = passed_on(&clerk, &receiver);
        let path = format!("/api/v1/sheets/{sheet}");
        let mut corrected = crate::backup::sheet();
        corrected["channel"] = json!("phone");
        clerk.put(&path, &corrected, &clerk.get(&path).etag()).ok();
        // Nothing that is counted has changed.
        corrected["content"]["statement"]["subject_words"] = json!("家賃が払えない。");
        clerk.put(&path, &corrected, &clerk.get(&path).etag()).ok();
        let registered: Vec<_> = counted(&place, "sheet.registered").iter().map(|(n, marks)| (*n, marks["channel"].clone())).collect();
        assert_eq!(registered, [(1, json!("phone")), (1, json!("visit")), (-1, json!("visit"))]);
        // Nor may a date of birth that was wrong make two persons of one.
        corrected["content"]["identity"]["birth_date"] = json!("1986-04-02");
        clerk.put(&path, &corrected, &clerk.get(&path).etag()).ok();
        assert_eq!(counted(&place, "sheet.registered").iter().map(|(n, _)| n).collect::<Vec<_>>(), [&1, &1, &1, &-1, &-1]);
        let now = serving.client("kacho").get(&path).etag();
        serving.client("kacho").step(&format!("{path}/void"), &json!({"reason": "別の人の記録だったため"}), &now).ok();
        let facts = facts(&place);
        for kind in ["sheet.registered", "consent.given", "relay.sent", "relay.accepted"] {
            let sum: i64 = facts.iter().filter(|(of, ..)| of == kind).map(|(_, n, _)| n).sum();
            assert_eq!(sum, 0, "{kind}");
        }
        // The receiver was asked for its copies all the same.
        assert_eq!(facts.iter().filter(|(kind, n, _)| kind == "stop_notice.issued" && *n == 1).count(), 1, "{relay}");
        serving.stop();
    }

    fn a_person_with_two_sheets_counts_once_and_two_without_a_date_of_birth_count_twice(place) {
        let (serving, clerk, _) = begun(&place);
        let mut sheet = crate::backup::sheet();
        sheet["content"]["identity"]["birth_date"] = json!("1986-04-01");
        for _ in 0..2 {
            clerk.post("/api/v1/sheets", &sheet).ok();
        }
        assert_eq!(persons(&place), "1");
        sheet["content"]["identity"].as_object_mut().unwrap().remove("birth_date");
        for _ in 0..2 {
            clerk.post("/api/v1/sheets", &sheet).ok();
        }
        assert_eq!(persons(&place), "3");
        serving.stop();
    }

    fn a_fact_that_somebody_else_has_written_is_found(place) {
        let (serving, clerk, receiver) = begun(&place);
        passed_on(&clerk, &receiver);
        assert!(!place.run(&["doctor", "--deep"]).out.contains("figure_fact"));
        let raised = "update figure_fact set n = 5 where kind = 'relay.sent'";
        place.sql(raised, raised);
        let said = place.run(&["doctor", "--deep"]).out;
        assert!(said.contains("service: figure_fact: 1 too many or changed"), "{said}");
        serving.stop();
    }
}
