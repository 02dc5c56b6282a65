//! `tsunagu agency import`, and a service that is set up without the demonstration data.

use crate::program::{Place, on_each};
use serde_json::json;

const HEADING: &str = "code,name,kana,parent_code,class,topics,mailbox,phone,hub,active_from,active_until,\
                       agreement_number,agreement_from,agreement_until";

/// A valid table as a spreadsheet writes it: with a byte order mark, both kinds of dates, a parent, and an agreement.
fn sound() -> String {
    let rows = [
        "fukushi,福祉課,ふくしか,,ward,01 02,fukushi@example.jp,03-0000-0000,,令和2年4月1日,,,,",
        "madoguchi,福祉窓口,フクシマドグチ,fukushi,ward,,,,yes,2020-04-01,,,,",
        "npo,\"NPO法人 見本,の会\",ミホンノカイ,,npo,13,,,no,H31.4.30,,協定第1号,令和2年4月1日,令和80年3月31日",
    ];
    format!("\u{feff}{HEADING}\r\n{}\r\n", rows.join("\r\n"))
}

/// Imports three agencies of 見本市 into an empty database.
pub fn first_import(place: &Place) {
    place.write("agencies.csv", &sound());
    let said = place.run(&[
        "agency",
        "import",
        "agencies.csv",
        "--municipality-code",
        "131245",
        "--municipality-name",
        "見本市",
    ]);
    assert_eq!(said.ok(), "3 agencies imported\n");
}

/// The codes of the agencies that a fresh administrator sees.
fn codes(place: &Place) -> Vec<String> {
    let arguments =
        ["staff", "add", "--login", "admin", "--name", "見本 管理", "--agency", "fukushi", "--role", "admin"];
    place.tell(&arguments, "korewa-nagai-aikotoba\n").ok();
    let serving = place.serve();
    let admin = serving.login("admin", "korewa-nagai-aikotoba").unwrap();
    let agencies = serving.get("/api/v1/agencies", &admin);
    agencies["items"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap().to_owned()).collect()
}

on_each! {
    fn a_service_is_set_up_without_the_demonstration(place) {
        first_import(&place);
        let arguments = ["staff", "add", "--login", "admin", "--name", "見本 管理", "--agency", "fukushi", "--role", "admin"];
        assert!(place.tell(&arguments, "korewa-nagai-aikotoba\n").ok().starts_with("staff_id="));
        let serving = place.serve();
        let admin = serving.login("admin", "korewa-nagai-aikotoba").unwrap();
        assert_eq!(serving.get("/api/v1/session", &admin)["posts"][0]["role"], "admin");
        let agencies = serving.get("/api/v1/agencies", &admin);
        let find = |code: &str| agencies["items"].as_array().unwrap().iter().find(|a| a["code"] == code).unwrap().clone();
        let (fukushi, madoguchi, npo) = (find("fukushi"), find("madoguchi"), find("npo"));
        assert_eq!(fukushi["kana"], "フクシカ");
        assert_eq!((&fukushi["active_from"], &fukushi["topics"]), (&json!("2020-04-01"), &json!(["01", "02"])));
        assert_eq!((&madoguchi["parent_id"], &madoguchi["hub"]), (&fukushi["id"], &json!(true)));
        assert_eq!((&npo["name"], &npo["active_from"]), (&json!("NPO法人 見本,の会"), &json!("2019-04-30")));
        let agreement = json!({"number": "協定第1号", "valid_from": "2020-04-01", "valid_until": "2098-03-31"});
        assert_eq!(npo["agreement"], agreement);
    }

    fn a_later_import_goes_to_the_only_municipality(place) {
        first_import(&place);
        let row = "ato,後の課,アトノカ,fukushi,ward,,,,,2020-04-01,,,,";
        place.write("more.csv", &format!("{HEADING}\n{row}\n"));
        assert_eq!(place.run(&["agency", "import", "more.csv"]).ok(), "1 agencies imported\n");
        assert_eq!(codes(&place).len(), 4);
    }
}

#[test]
fn every_bad_row_is_named_and_nothing_is_imported() {
    let place = Place::empty();
    first_import(&place);
    let rows = [
        "ii,よい課,ヨイカ,,ward,,,,,2020-04-01,,,,",
        "Warui,名,カナ,,ward,,,,,2020-04-01,,,,",
        "a3,,カナ,,ward,,,,,2020-04-01,,,,",
        "a4,名,漢字,,ward,,,,,2020-04-01,,,,",
        "a5,名,カナ,nowhere,ward,,,,,2020-04-01,,,,",
        "a6,名,カナ,,office,,,,,2020-04-01,,,,",
        "a7,名,カナ,,ward,01 77,,,,2020-04-01,,,,",
        "a8,名,カナ,,ward,,not-an-address,,,2020-04-01,,,,",
        "a9,名,カナ,,ward,,,call me,,2020-04-01,,,,",
        "b1,名,カナ,,ward,,,,maybe,2020-04-01,,,,",
        "b2,名,カナ,,ward,,,,,平成31年5月1日,,,,",
        "b3,名,カナ,,ward,,,,,2025-02-29,,,,",
        "b4,名,カナ,,ward,,,,,2020-04-01,2020-03-31,,,",
        "b5,名,カナ,,npo,,,,,2020-04-01,,第1号,2020-04-01,",
        "b6,名,カナ,,npo,,,,,2020-04-01,,,2020-04-01,2021-03-31",
        "ii,二度目,ニドメ,,ward,,,,,2020-04-01,,,,",
        "npo,もうある,モウアル,,ward,,,,,2020-04-01,,,,",
        "b9,短い行",
    ];
    place.write("bad.csv", &format!("{HEADING}\n{}\n", rows.join("\n")));
    let wrong = [
        (3, "code: "),
        (4, "name: "),
        (5, "kana: "),
        (6, "parent_code: "),
        (7, "class: "),
        (8, "topics: "),
        (9, "mailbox: "),
        (10, "phone: "),
        (11, "hub: "),
        (12, "active_from: 元号と年月日が合いません。"),
        (13, "active_from: 日付として読み取れません。"),
        (14, "active_until: "),
        (15, "agreement_until: "),
        (16, "agreement_number: "),
        (17, "code: 同じコードが"),
        (18, "code: この機関コードはすでに"),
        (19, "列の数が見出しと合いません"),
    ];
    for arguments in [vec!["agency", "import", "bad.csv"], vec!["agency", "import", "bad.csv", "--dry-run"]] {
        let said = place.run(&arguments).failed();
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].ends_with("nothing was imported:"), "{said}");
        assert_eq!(lines.len(), wrong.len() + 1, "{said}");
        for ((row, why), line) in wrong.iter().zip(&lines[1..]) {
            assert!(line.starts_with(&format!("row {row}: {why}")), "row {row}: {line}");
        }
    }
    assert_eq!(codes(&place).len(), 3);
}

#[test]
fn a_file_that_is_no_directory_is_refused() {
    let place = Place::empty();
    first_import(&place);
    let refused = |text: &[u8], why: &str| {
        std::fs::write(place.path().join("x.csv"), text).unwrap();
        let said = place.run(&["agency", "import", "x.csv"]).failed();
        assert!(said.contains(why), "{said}");
    };
    refused(b"", "見出しが正しくありません");
    refused(HEADING.as_bytes(), "見出しの下に行がありません");
    refused(format!("{HEADING},colour\nx,x,x,,ward,,,,,2020-04-01,,,,,red\n").as_bytes(), "row 1: ");
    // 福祉 in Shift_JIS, which spreadsheets use by default.
    refused(b"code,name\nx,\x95\x9f\x8e\x83\n", "UTF-8 として読めません");
    let said = place.run(&["agency", "import", "nowhere.csv"]).failed();
    assert!(said.contains("cannot read nowhere.csv"), "{said}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::empty();
    place.write("agencies.csv", &sound());
    let new = ["--municipality-code", "131245", "--municipality-name", "見本市"];
    let said = place.run(&[["agency", "import", "agencies.csv", "--dry-run"].as_slice(), &new].concat());
    assert_eq!(said.ok(), "3 rows are in order; nothing was written\n");
    // The database still has no municipality.
    let said = place.run(&["agency", "import", "agencies.csv"]).failed();
    assert!(said.contains("--municipality-code and --municipality-name"), "{said}");
    place.run(&["demo"]).ok();
}

on_each! {
    fn an_agency_is_listed_renamed_and_ended(place) {
        first_import(&place);
        let list = || place.run(&["agency", "list"]).ok();
        assert_eq!(list(), "fukushi 福祉課\nmadoguchi 福祉窓口\nnpo NPO法人 見本,の会\n");
        let rename = |code: &str, name: &str, kana: &str| place.run(&["agency", "rename", "--code", code, "--name", name, "--kana", kana]);
        assert_eq!(rename("madoguchi", "総合窓口", "そうごうまどぐち").ok(), "madoguchi 総合窓口\n");
        assert!(rename("nowhere", "総合窓口", "ソウゴウマドグチ").failed().contains("no agency"));
        assert!(rename("madoguchi", "二\n行", "ニギョウ").failed().contains("one line"));
        assert!(rename("madoguchi", "窓口", "mado").failed().contains("kana"));
        let end = |rest: &[&str]| place.run(&[["agency", "end", "--code", "madoguchi"].as_slice(), rest].concat());
        assert!(end(&["--until", "someday"]).failed().contains("--until: a day"));
        assert!(end(&["--until", "2019-04-01"]).failed().contains("not before its first day"));
        assert!(end(&["--until", "2099-03-31", "--successor", "madoguchi"]).failed().contains("another agency"));
        assert_eq!(end(&["--until", "2099-03-31", "--successor", "fukushi"]).ok(), "madoguchi until 2099-03-31\n");
        assert_eq!(list(), "fukushi 福祉課\nmadoguchi 総合窓口 until 2099-03-31 then fukushi\nnpo NPO法人 見本,の会\n");
        let export = place.run(&["audit", "export"]).ok();
        assert_eq!(export.matches("\"kind\":\"agency.changed\"").count(), 2, "{export}");
        assert!(export.contains("2099-03-31") && !export.contains("総合窓口"), "{export}");
        assert_eq!(place.tell(&["audit", "verify", "-"], &export).code, 0);
    }
}
