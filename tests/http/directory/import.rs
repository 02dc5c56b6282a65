use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

const HEADING: &str = "code,name,kana,parent_code,class,topics,mailbox,phone,hub,active_from,active_until,agreement_number,agreement_from,agreement_until";

fn send(by: &Client, query: &str, csv: &[u8], key: &str) -> Answer {
    let headers = [("content-type", "text/csv"), ("idempotency-key", key)];
    by.raw("POST", &format!("/api/v1/agencies/import{query}"), &headers, Some(csv))
}

fn codes(service: &Service) -> Vec<String> {
    let all = service.login("admin").get("/api/v1/agencies?limit=200").ok();
    all["items"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    fn a_directory_is_imported_whole_or_not_at_all(service) {
        let admin = service.login("admin");
        let before = codes(&service);
        // A table as a spreadsheet saves it: with a byte order mark, both kinds of dates, a parent in the file and one in the directory.
        let sound = format!(
            "\u{feff}{HEADING}\r\n\
             jido,見本 児童課,ジドウカ,fukushi-marugoto,ward,11 10,jido@example.jp,03-0000-1111,,令和2年4月1日,,,,\r\n\
             jido-madoguchi,\"見本 児童課, 窓口\",じどうかまどぐち,jido,ward,,,,no,2020-04-01,,,,\r\n\
             mihon-no-kai,NPO法人 見本の会,ミホンノカイ,,npo,13,,,,H31.4.30,,協定第9号,令和2年4月1日,令和80年3月31日\r\n"
        );
        // Two rows are wrong in four ways: each error names line and column, and repeats nothing of the row.
        let wrong = format!("{sound}Warui,,かな,nowhere,office,,,,,2020-04-01,,,,\r\njido,二度目,ニドメ,,ward,,,,,2020-04-01,,,,\r\nb9,短い\r\n");
        for query in ["?dry_run=true", ""] {
            let refused = send(&admin, query, wrong.as_bytes(), "wrong");
            let said = refused.text.clone();
            assert_eq!(refused.pointers(422, "invalid-input"), ["/5/parent_code", "/6/code", "/7/"]);
            assert!(!said.contains("Warui") && !said.contains("二度目") && !said.contains("nowhere"), "{said}");
        }
        let one = format!("{HEADING}\nWarui,,漢字,,office,01 77,x,call me,maybe,2020-04-01,2020-03-31,,,\n");
        assert_eq!(send(&admin, "?dry_run=true", one.as_bytes(), "one").pointers(422, "invalid-input"), ["/2/hub"]);
        let one = format!("{HEADING}\nWarui,,カナ,,ward,,x,call me,,2020-04-01,,,,\n");
        let mut found = send(&admin, "?dry_run=true", one.as_bytes(), "one").pointers(422, "invalid-input");
        found.sort();
        assert_eq!(found, ["/2/code", "/2/mailbox", "/2/name", "/2/phone"]);
        let slip = format!("{HEADING}\nx,見本課,ミホンカ,,ward,,,,,0026-04-01,,第1号,0026-04-01,2027-03-31\n");
        let mut found = send(&admin, "?dry_run=true", slip.as_bytes(), "slip").pointers(422, "invalid-input");
        found.sort();
        assert_eq!(found, ["/2/active_from", "/2/agreement_from"]);
        for (table, place) in [("", "/1/"), (HEADING, "/1/"), ("code,colour\nx,red\n", "/1/"), ("code,code,name,kana,class,active_from\n", "/1/")] {
            assert_eq!(send(&admin, "", table.as_bytes(), "table").pointers(422, "invalid-input"), [place], "{table}");
        }
        // 福祉 in Shift_JIS.
        assert_eq!(send(&admin, "", b"code,name\nx,\x95\x9f\x8e\x83\n", "sjis").pointers(422, "invalid-input"), ["/1/"]);
        assert_eq!(codes(&service), before);

        // The import is tried first and then done; the same key does it only once.
        let tried = send(&admin, "?dry_run=true", sound.as_bytes(), "sound").ok();
        assert_eq!(tried, json!({"rows": 3, "imported": false}));
        assert_eq!(codes(&service), before);
        assert_eq!(send(&admin, "", sound.as_bytes(), "sound").ok(), json!({"rows": 3, "imported": true}));
        let again = send(&admin, "", sound.as_bytes(), "sound");
        assert_eq!((again.header("idempotent-replayed").as_str(), again.ok()), ("true", json!({"rows": 3, "imported": true})));
        assert_eq!(codes(&service).len(), before.len() + 3);
        let all = admin.get("/api/v1/agencies?limit=200").ok();
        let find = |code: &str| all["items"].as_array().unwrap().iter().find(|it| it["code"] == code).unwrap().clone();
        let (jido, desk, npo) = (find("jido"), find("jido-madoguchi"), find("mihon-no-kai"));
        assert_eq!((&jido["parent_id"], &desk["parent_id"]), (&json!(service.agency("fukushi-marugoto")), &jido["id"]));
        assert_eq!((&desk["kana"], &npo["agreement"]["valid_until"]), (&json!("ジドウカマドグチ"), &json!("2098-03-31")));
        let made = service.audit_export().lines().filter(|line| line.contains("agency.created")).count();
        assert_eq!(made, before.len() + 3);

        // A caller without permission is refused before anything is read; the body must be a CSV table, and no larger than that of a sheet.
        let clerk = service.login("madoguchi");
        send(&clerk, "", b"nonsense", "x").problem(403, "forbidden");
        admin.post("/api/v1/agencies/import", &Value::Null).problem(415, "unsupported-media-type");
        let large = format!("{HEADING}\n{}", "x".repeat(1 << 20));
        send(&admin, "", large.as_bytes(), "large").problem(413, "too-large");
        assert_eq!(send(&admin, "?dry_run=perhaps", sound.as_bytes(), "y").status, 422);
    }

    fn a_table_may_be_written_in_the_words_of_the_screen(service) {
        let admin = service.login("admin");
        let template = admin.get("/api/v1/agencies/import/template");
        assert_eq!((template.status, template.header("content-type")), (200, "text/csv; charset=utf-8".to_owned()));
        assert_eq!(send(&admin, "?dry_run=true", template.text.as_bytes(), "template").ok(), json!({"rows": 1, "imported": false}));
        let rows = "kotoba,見本 言葉課,ミホンコトバカ,,区の部署,収入・生活費、住まい 15,,,はい,2020-04-01,,,,\nkodo,見本 符号課,ミホンフゴウカ,,ward,03,,,no,2020-04-01,,,,\n";
        send(&admin, "", format!("{HEADING}\n{rows}").as_bytes(), "words").ok();
        let all = admin.get("/api/v1/agencies?limit=200").ok();
        let found = all["items"].as_array().unwrap().iter().find(|it| it["code"] == "kotoba").unwrap();
        assert_eq!((&found["class"], &found["topics"], &found["hub"]), (&json!("ward"), &json!(["03", "02", "15"]), &json!(true)));
    }

    fn a_refusal_names_the_line_of_the_file(service) {
        let admin = service.login("admin");
        // A name of two lines and two empty lines come before the wrong row, which begins in line 6.
        let table = format!("{HEADING}\nichi,\"見本\n一課\",ミホンイチカ,,ward,,,,,2020-04-01,,,,\n\n\nroku,見本 六課,ミホンロッカ,,ward,,x,,,2020-04-01,,,,\n");
        let refused = send(&admin, "?dry_run=true", table.as_bytes(), "lines");
        let said = refused.text.clone();
        assert_eq!(refused.pointers(422, "invalid-input"), ["/2/name", "/6/mailbox"]);
        assert!(said.contains("2行目 name: ") && said.contains("6行目 mailbox: "), "{said}");
    }
}
