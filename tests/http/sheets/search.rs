//! Search: a POST, by kana, date of birth or number. It finds only sheets whose name the reader may see, and is noted even when it finds
//! nothing.

use crate::forms::{consent, consented, moved, relay, sheet};
use crate::probe::{MARK, agencies, ids, invalid_at, silent, with};
use serde_json::{Value, json};
use tests::{Client, on_both};

fn found(client: &Client, what: &Value) -> Vec<String> {
    ids(&client.post("/api/v1/sheets/search", what).ok())
}

on_both! {
    fn a_sheet_is_found_by_kana_birth_and_number(service) {
        let clerk = service.login("madoguchi");
        let hoken = service.login("hoken");
        let body = sheet(&service);
        let make = |family: &str, given: &str, born: &str| {
            let body = with(&body, "/content/identity/kana_family", json!(family));
            let body = with(&body, "/content/identity/kana_given", json!(given));
            service.advance_seconds(1);
            clerk.post("/api/v1/sheets", &with(&body, "/content/identity/birth_date", json!(born))).ok()
        };
        let [hanako, taro, gakki] = [make("ミホン", "ハナコ", "1986-04-01"), make("みほん", "たろう", "1990-02-28"), make("ｶﾞｯｷｰ", "ヴェラ", "1990-02-28")];
        let id = |sheet: &Value| sheet["id"].as_str().unwrap().to_owned();
        let both = [id(&taro), id(&hanako)];
        for prefix in ["ミ", "み", "ﾐ", "ミホン", "みほん", "ﾐﾎﾝ", "ミ ホ", "み・ほ"] {
            assert_eq!(found(&clerk, &json!({"kana_prefix": prefix})), both, "{prefix}");
        }
        for prefix in ["ミホンハ", "ミホン　ハナコ", "みほん はな", "ﾐﾎﾝﾊﾅｺ"] {
            assert_eq!(found(&clerk, &json!({"kana_prefix": prefix})), [id(&hanako)], "{prefix}");
        }
        for prefix in ["が", "ガッ", "ｶﾞｯｷｰ", "がっきーゔぇ"] {
            assert_eq!(found(&clerk, &json!({"kana_prefix": prefix})), [id(&gakki)], "{prefix}");
        }
        for prefix in ["カ", "ハナ", "ミホンハナコノ", "ミボン"] {
            assert!(found(&clerk, &json!({"kana_prefix": prefix})).is_empty(), "{prefix}");
        }
        assert_eq!(found(&clerk, &json!({"birth_date": "1990-02-28"})), [id(&gakki), id(&taro)]);
        assert_eq!(found(&clerk, &json!({"birth_date": "1990-02-28", "kana_prefix": "ミ"})), [id(&taro)]);
        for number in ["R8-000001", "r8-000001", "Ｒ８－０００００１", "R8ー000001", "R8‐000001", "R8−1", " R 08 - 1 "] {
            assert_eq!(found(&clerk, &json!({"number": number})), [id(&hanako)], "{number}");
        }
        assert!(found(&clerk, &json!({"number": "R8-000001", "kana_prefix": "が"})).is_empty());
        assert!(found(&clerk, &json!({"number": "R8-000009"})).is_empty());
        for what in [json!({"kana_prefix": "ミ"}), json!({"birth_date": "1990-02-28"}), json!({"number": "R8-000001"})] {
            assert!(found(&hoken, &what).is_empty(), "{what}");
        }
        // A revised sheet is found by its present words.
        let moved_on = with(&body, "/content/identity/kana_family", json!("アラタ"));
        clerk.put(&format!("/api/v1/sheets/{}", id(&hanako)), &moved_on, "\"1\"").ok();
        assert_eq!(found(&clerk, &json!({"kana_prefix": "あら"})), [id(&hanako)]);
        assert_eq!(found(&clerk, &json!({"kana_prefix": "ミ"})), [id(&taro)]);
    }

    fn a_sheet_is_found_by_the_name_in_any_form_of_its_characters_and_by_the_end_of_a_telephone_number(service) {
        let clerk = service.login("madoguchi");
        let make = |family: &str, given: &str, phones: &[&str]| {
            service.advance_seconds(1);
            let phones: Vec<_> = phones.iter().map(|number| json!({"number": number, "kind": "mobile"})).collect();
            let body = with(&sheet(&service), "/content/identity/family_name", json!(family));
            let body = with(&body, "/content/identity/given_name", json!(given));
            clerk.post("/api/v1/sheets", &with(&body, "/content/contact", json!({"phones": phones}))).ok()["id"].as_str().unwrap().to_owned()
        };
        let [hanako, jiro] = [make("髙見本", "花子", &["０９０（００００）０１４２", "03-0000-9999 内線1234"]), make("高見本", "次郎", &["090-0000-0143"])];
        for prefix in ["高", "髙見", "高見本"] {
            assert_eq!(found(&clerk, &json!({"name_prefix": prefix})), [jiro.as_str(), &hanako], "{prefix}");
        }
        assert_eq!(found(&clerk, &json!({"name_prefix": "高見本 花"})), [hanako.as_str()]);
        assert!(found(&clerk, &json!({"name_prefix": "見本"})).is_empty());
        for (end, whom) in [("0142", vec![&hanako]), ("9999", vec![&hanako]), ("0143", vec![&jiro]), ("1234", vec![]), ("0000", vec![])] {
            assert_eq!(found(&clerk, &json!({"name_prefix": "高", "phone_end": end})).iter().collect::<Vec<_>>(), whom, "{end}");
        }
        assert_eq!(found(&clerk, &json!({"kana_prefix": "みほん", "birth_date": "1986-04-01", "phone_end": "0143"})), [jiro.as_str()]);
        let search = |body: &Value| clerk.post("/api/v1/sheets/search", body);
        // A number of four digits alone would find strangers.
        for what in [json!({"phone_end": "0142"}), json!({"phone_end": "0142", "number": "R8-000001"})] {
            invalid_at(search(&what), "/phone_end");
        }
        for end in ["014", "01420", "０１４２", "a142", ""] {
            invalid_at(search(&json!({"name_prefix": "高", "phone_end": end})), "/phone_end");
        }
        for name in ["", "　", "・"] {
            invalid_at(search(&json!({"name_prefix": name})), "/name_prefix");
        }
    }

    fn a_birth_known_to_the_month_or_year_is_found_by_each_day_of_it(service) {
        let clerk = service.login("madoguchi");
        let make = |born: &str, precision: &str| {
            service.advance_seconds(1);
            let body = with(&sheet(&service), "/content/identity/birth_date", json!(born));
            clerk.post("/api/v1/sheets", &with(&body, "/content/identity/birth_precision", json!(precision))).ok()["id"].as_str().unwrap().to_owned()
        };
        let [day, month, year, _unknown] = [make("1986-04-01", "day"), make("1986-04-15", "month"), make("1986-01-01", "year"), make("1986-04-01", "unknown")];
        for (born, sheets) in [
            ("1986-04-01", vec![&year, &month, &day]), ("1986-04-02", vec![&year, &month]), ("1986-05-01", vec![&year]), ("1987-04-01", vec![]),
        ] {
            assert_eq!(found(&clerk, &json!({"birth_date": born})).iter().collect::<Vec<_>>(), sheets, "{born}");
        }
    }

    fn a_search_is_noted_even_when_nothing_is_found(service) {
        let clerk = service.login("madoguchi");
        let auditor = service.login("kansa");
        assert!(found(&clerk, &json!({"kana_prefix": "ダレモ", "birth_date": "1950-05-05"})).is_empty());
        let events = auditor.get("/api/v1/audit/events?kind=sheet.searched").ok();
        let event = &events["items"][0];
        assert!(event["actor"]["staff_id"].is_string());
        let body = event["body"].as_str().unwrap();
        let said: Value = serde_json::from_str(body).unwrap();
        assert_eq!(said["data"], json!({"by": ["kana_prefix", "birth_date"], "found": []}));
        // The digits of the year alone are not searched for: a hash may hold them by chance.
        assert!(!body.contains("ダレモ") && !body.contains("1950-"), "{body}");
        let count = || auditor.get("/api/v1/audit/events?kind=sheet.searched&limit=200").ok()["items"].as_array().unwrap().len();
        assert_eq!(count(), 1);
        let search = |body: &Value| clerk.post("/api/v1/sheets/search", body);
        invalid_at(search(&json!({})), "");
        invalid_at(search(&json!({"number": null})), "");
        for (pointer, values) in [
            ("/kana_prefix", vec![json!(""), json!("見本"), json!(MARK), json!("ー"), json!(1), json!("%"), json!("ア".repeat(51))]),
            ("/birth_date", vec![json!("2025-02-29"), json!("昭和61年4月1日"), json!(MARK), json!("1990")]),
            ("/number", vec![json!(""), json!("1".repeat(21)), json!(1), json!("R8"), json!("000001"), json!("H31-1"), json!("R0-1"), json!("R8-"), json!("R8-1-1"), json!("見本 花子")]),
        ] {
            for value in values {
                invalid_at(search(&with(&json!({}), pointer, value)), pointer);
            }
        }
        silent(search(&json!({MARK: 1}))).problem(400, "malformed");
        // The words of a search never stand in the address.
        clerk.get("/api/v1/sheets?kana_prefix=%E3%83%9F").problem(400, "malformed");
        assert_eq!(count(), 1);
    }

    fn a_recipient_finds_by_name_only_what_it_may_see_of_the_name(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let (kurashi, hoken) = (service.login("kurashi"), service.login("hoken"));
        let made = clerk.post("/api/v1/sheets", &sheet(&service)).ok();
        let id = made["id"].as_str().unwrap();
        let (a, b, c) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str(), codes["nozei"].as_str());
        let consent_id = consented(&clerk, id, &consent(&service, &[a, b, c], &["identity", "statement", "contact"]));
        let with_name = relay(&clerk, id, &consent_id, a, &["identity"], None).ok();
        let without_name = relay(&clerk, id, &consent_id, b, &["statement"], None).ok();
        let by_name = json!({"kana_prefix": "みほ"});
        moved(&kurashi, &with_name, "receive", &json!({}));
        assert!(found(&kurashi, &by_name).is_empty());
        moved(&kurashi, &with_name, "accept", &json!({}));
        moved(&hoken, &without_name, "accept", &json!({}));
        assert_eq!(found(&kurashi, &by_name), [id]);
        assert_eq!(found(&kurashi, &json!({"birth_date": "1986-04-01"})), [id]);
        assert!(found(&hoken, &by_name).is_empty());
        assert!(found(&hoken, &json!({"birth_date": "1986-04-01"})).is_empty());
        assert_eq!(found(&hoken, &json!({"number": "R8-000001"})), [id]);
        // By the telephone only those find it who were told both.
        let zei = service.login("zei");
        let with_both = relay(&clerk, id, &consent_id, c, &["identity", "contact"], None).ok();
        moved(&zei, &with_both, "accept", &json!({}));
        let by_phone = json!({"kana_prefix": "みほ", "phone_end": "0000"});
        assert_eq!((found(&zei, &by_phone), found(&kurashi, &by_phone), found(&clerk, &by_phone)), (vec![id.to_owned()], vec![], vec![id.to_owned()]));
        // After the withdrawal the receiver no longer finds the name.
        clerk.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral", "sections": ["identity"]})).ok();
        assert!(found(&kurashi, &by_name).is_empty());
        service.login("kansa").post("/api/v1/sheets/search", &by_name).problem(403, "forbidden");
    }
}
