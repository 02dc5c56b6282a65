//! Invalid values: each is refused at its place, and nothing is stored.

use crate::forms::sheet;
use crate::probe::{Eye, MARK, content, invalid_at, silent, with};
use serde_json::{Value, json};
use tests::on_both;

/// The places, each with values that are invalid there.
fn cases() -> Vec<(&'static str, Vec<Value>)> {
    let days = || {
        vec![
            json!("2025-02-29"),
            json!("2026-13-01"),
            json!("2026-00-10"),
            json!("2026-1-1"),
            json!("1986-04-01T00:00:00Z"),
            json!("令和8年1月1日"),
            json!("R8.1.1"),
            json!("平成31年5月1日"),
            json!("２０２６-01-01"),
            json!(""),
            json!(MARK),
            json!(19860401),
            json!("1867-12-31"),
            json!("2026-11-21"),
            json!("9999-12-31"),
            json!("0000-01-01"),
            json!([]),
            json!({}),
        ]
    };
    let code = || vec![json!(MARK), json!(""), json!(1), json!(true), json!([]), json!({}), json!("VISIT")];
    let hidden = || {
        ["\u{7}", "\u{1b}[31m", "\u{0}", "\u{85}", "\u{202e}", "\u{2066}x", "\u{200f}", "\u{feff}", "\u{ffff}"]
            .map(|c| json!(format!("見本{c}")))
            .to_vec()
    };
    let line = |most: usize| {
        let mut bad = hidden();
        bad.extend([
            json!("見本\n花子"),
            json!("見本\r"),
            json!("a\u{2028}b"),
            json!(""),
            json!(" 　"),
            json!("\u{200b}"),
            json!("\u{3164}\u{2800} \u{ad}"),
            json!("\u{e0041}\u{e007f}"),
            json!("あ".repeat(most + 1)),
            json!(7),
            json!([MARK]),
        ]);
        bad
    };
    let block = |most: usize| {
        let mut bad = hidden();
        bad.extend([
            json!("a\rb"),
            json!(""),
            json!("\n"),
            json!("\u{2060}\n\u{115f}"),
            json!("あ".repeat(most + 1)),
            json!(false),
            json!({MARK: MARK}),
        ]);
        bad
    };
    let kana = |most: usize| {
        vec![
            json!("見本"),
            json!("Mihon"),
            json!("ミホン1"),
            json!("ー"),
            json!(""),
            json!("ア".repeat(most + 1)),
            json!(MARK),
            json!("ミホン\u{202e}"),
        ]
    };
    let flag = || vec![json!("true"), json!(1), json!(MARK)];
    vec![
        (
            "/received_at",
            vec![
                json!("2026-11-20T12:00:01+09:00"),
                json!("2027-01-01T00:00:00Z"),
                json!("2026-11-20"),
                json!("2026-11-20T12:00:00"),
                json!("2025-02-29T10:00:00+09:00"),
                json!("2026-13-01T10:00:00+09:00"),
                json!("2026-11-20T25:00:00+09:00"),
                json!("2026-11-20T10:00:00+24:00"),
                json!("2026-11-20T10:00:00-09:60"),
                json!("0026-11-20T10:00:00+09:00"),
                json!("1999-12-31T23:59:59+09:00"),
                json!("令和8年1月1日"),
                json!("2026-11-20 10:00:00+09:00"),
                json!("2026-11-20T10:00:00+09:00[Asia/Tokyo]"),
                json!(MARK),
                json!(1),
                json!({}),
            ],
        ),
        ("/state", vec![json!(MARK), json!("closed"), json!(null), json!(1), json!([])]),
        ("/channel", code()),
        ("/route", code()),
        ("/urgency", code()),
        ("/address_secret", code()),
        ("/visitor", vec![json!("x"), json!(1), json!(true)]),
        ("/visitor/name", line(100)),
        ("/visitor/kana", kana(100)),
        (
            "/visitor/phone",
            vec![json!(MARK), json!("12345"), json!("1".repeat(21)), json!("090-0000-0000 内線"), json!(9)],
        ),
        ("/visitor/relation", line(50)),
        ("/content", vec![json!(1), json!(MARK)]),
        ("/content/identity", vec![json!(1), json!(MARK), json!(true)]),
        ("/content/identity/family_name", line(50)),
        ("/content/identity/given_name", line(50)),
        ("/content/identity/kana_family", kana(50)),
        ("/content/identity/kana_given", kana(50)),
        ("/content/identity/birth_date", days()),
        ("/content/identity/birth_precision", code()),
        ("/content/identity/sex", vec![json!("4"), json!(2), json!("female"), json!(MARK)]),
        ("/content/identity/identity_level", code()),
        ("/content/identity/language", line(30)),
        ("/content/identity/interpreter", flag()),
        (
            "/content/identity/ref_ids",
            vec![json!({}), json!(MARK), Value::Array(vec![json!({"system": "宛名", "id": "1"}); 11])],
        ),
        ("/content/identity/ref_ids/0/id", {
            let mut bad = line(64);
            // Each of these has the right check digit of a My Number.
            bad.extend(
                ["123456789018", "1234-5678-9018", "１２３４ ５６７８ ９０１８", "000000000019", "000000200000"]
                    .map(|n| json!(n)),
            );
            bad
        }),
        ("/content/identity/ref_ids/0/system", line(50)),
        (
            "/content/contact/phones",
            vec![
                json!({}),
                Value::Array(vec![
                    json!({"number": "090-0000-0000", "kind": "home", "safe_to_call": true, "safe_to_leave_message": true});
                    6
                ]),
            ],
        ),
        ("/content/contact/phones/0/number", vec![json!(MARK), json!("1"), json!(90)]),
        ("/content/contact/phones/0/kind", code()),
        ("/content/contact/phones/0/safe_to_call", flag()),
        ("/content/contact/phones/0/safe_to_leave_message", flag()),
        ("/content/contact/phones/0/note", line(100)),
        (
            "/content/contact/email",
            vec![json!(MARK), json!("a@"), json!("a b@example.jp"), json!(format!("{}@example.jp", "a".repeat(250)))],
        ),
        (
            "/content/address/postal_code",
            vec![json!("120-8510"), json!("１２０８５１０"), json!("12085100"), json!(1_208_510), json!(MARK)],
        ),
        ("/content/address/full", line(200)),
        ("/content/address/no_fixed_abode", flag()),
        ("/content/household", vec![json!({}), json!(MARK), Value::Array(vec![json!({"relation": "子"}); 21])]),
        ("/content/household/0/name", line(100)),
        ("/content/household/0/relation", line(50)),
        ("/content/household/0/birth_date", days()),
        ("/content/household/0/lives_together", flag()),
        ("/content/household/0/own_consent", code()),
        ("/content/household/0/note", block(300)),
        ("/content/topics/codes", vec![json!("03"), Value::Array(vec![json!("03"); 31])]),
        ("/content/topics/codes/0", vec![json!(MARK), json!("3"), json!("00"), json!(3)]),
        ("/content/topics/main", vec![json!(MARK), json!("13"), json!(3)]),
        ("/content/topics/other", line(100)),
        ("/content/statement/subject_words", block(4000)),
        ("/content/statement/wish", block(1000)),
        ("/content/statement/done_here", block(2000)),
        ("/content/life/employment", line(100)),
        ("/content/life/note", block(1000)),
        ("/content/arrears/kinds/0", code()),
        ("/content/arrears/note", block(1000)),
        ("/content/health/note", block(2000)),
        ("/content/risk/flags", vec![json!("dv"), json!({}), Value::Array(vec![json!("dv"); 11])]),
        ("/content/risk/flags/0", code()),
        ("/content/risk/note", block(1000)),
        ("/content/opinion/text", block(2000)),
        ("/content/third_party/0/source", line(100)),
        ("/content/third_party/0/text", block(1000)),
    ]
}

on_both! {
    fn each_value_that_does_not_hold_is_refused_at_its_place(service) {
        let clerk = service.login("madoguchi");
        let mut full = sheet(&service);
        full["visitor"] = json!({"name": "見本 春子", "kana": "ミホン ハルコ", "phone": "03-0000-0000", "relation": "母"});
        full["content"]["identity"]["ref_ids"] = json!([{"system": "宛名番号", "id": "123456789012"}]);
        full["content"]["household"] = json!([{"relation": "母"}]);
        full["content"]["risk"]["flags"] = json!(["no_food"]);
        full["content"]["third_party"] = json!([{"source": "民生委員", "text": "様子を聞いた。"}]);
        for section in ["life", "health", "opinion"] {
            full["content"][section] = json!({});
        }
        // Twelve digits with a wrong check digit are no My Number.
        let made = clerk.post("/api/v1/sheets", &full);
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.json()["content"]["identity"]["ref_ids"][0]["id"], "123456789012");
        let draft = clerk.post("/api/v1/sheets", &with(&full, "/state", json!("draft"))).ok();
        let path = format!("/api/v1/sheets/{}", draft["id"].as_str().unwrap());
        let eye = Eye::of(&service);
        let before = eye.all();
        for (pointer, values) in cases() {
            for (index, value) in values.into_iter().enumerate() {
                let body = with(&full, pointer, value.clone());
                // A draft may be incomplete, but not wrong. Draft and registration take turns, so that the table stays quick.
                let body = if index % 2 == 0 { with(&body, "/state", body["state"].clone()) } else { body };
                let state = if pointer == "/state" || index % 2 == 0 { body["state"].clone() } else { json!("draft") };
                let body = with(&body, "/state", state);
                let answer = if index % 3 == 0 { clerk.put(&path, &body, "\"1\"") } else { clerk.post("/api/v1/sheets", &body) };
                assert_eq!(answer.status, 422, "{pointer} {value} {}", answer.text);
                let found = silent(answer).pointers(422, "invalid-input");
                let deeper = |p: &String| p.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                // A changed list of topics may also make `main` point to no topic, so an error there is fine.
                assert!(!found.is_empty() && found.iter().all(|p| deeper(p) || p == "/content/topics/main"), "{pointer} {value} {found:?}");
            }
        }
        assert_eq!(eye.all(), before);
        assert_eq!(clerk.get(&path).ok()["content"], draft["content"]);
    }

    fn what_is_marked_to_register_is_demanded_all_at_once(service) {
        let clerk = service.login("madoguchi");
        let eye = Eye::of(&service);
        let all = ["/received_at", "/channel", "/route", "/content/identity/identity_level", "/content/topics/codes",
            "/content/statement/subject_words", "/content/risk/flags"];
        let draft = clerk.post("/api/v1/sheets", &json!({"state": "draft"})).ok();
        let path = format!("/api/v1/sheets/{}", draft["id"].as_str().unwrap());
        let before = eye.all();
        assert_eq!(clerk.post("/api/v1/sheets", &json!({"state": "registered"})).pointers(422, "invalid-input"), all);
        assert_eq!(clerk.put(&path, &json!({"state": "registered"}), "\"1\"").pointers(422, "invalid-input"), all);
        for pointer in all {
            let body = crate::probe::without(&sheet(&service), pointer);
            let body = if pointer == "/content/topics/codes" { with(&body, "/content/topics", json!({"codes": []})) } else { body };
            invalid_at(clerk.post("/api/v1/sheets", &body), pointer);
        }
        clerk.post("/api/v1/sheets", &json!({})).pointers(422, "invalid-input");
        assert_eq!(eye.all(), before);
    }

    fn what_nobody_can_see_stays_in_a_name_beside_what_can_be_seen(service) {
        let clerk = service.login("madoguchi");
        let name = "辻\u{e0100}\u{200d}本\u{ad}";
        let made = clerk.post("/api/v1/sheets", &with(&sheet(&service), "/content/identity/family_name", json!(name))).ok();
        assert_eq!((&made["content"]["identity"]["family_name"], &made["warnings"]), (&json!(name), &json!([])));
    }

    fn a_character_of_private_use_is_kept_and_warned_of(service) {
        let clerk = service.login("madoguchi");
        let mut body = with(&sheet(&service), "/content/identity/family_name", json!("見\u{e000}"));
        body["visitor"] = json!({"name": "\u{f0000}本 春子", "relation": "母"});
        let made = clerk.post("/api/v1/sheets", &body).ok();
        assert_eq!((content(&made), &made["visitor"]["name"]), (body["content"].clone(), &body["visitor"]["name"]));
        let warned: Vec<_> = made["warnings"].as_array().unwrap().iter().map(|it| [&it["pointer"], &it["code"]]).collect();
        assert_eq!(json!(warned), json!([["/visitor/name", "private_use"], ["/content/identity", "private_use"]]));
    }

    fn nobody_is_received_before_birth(service) {
        let clerk = service.login("madoguchi");
        let at = |received: &str| with(&with(&sheet(&service), "/content/identity/birth_date", json!("2026-11-02")), "/received_at", json!(received));
        let refused = clerk.post("/api/v1/sheets", &at("2026-11-01T23:59:59+09:00")).problem(422, "invalid-input");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/received_at"), &json!("before_birth")));
        clerk.post("/api/v1/sheets", &at("2026-11-02T00:00:00+09:00")).ok();
        // Where only the year of birth is known, no day can contradict it.
        clerk.post("/api/v1/sheets", &with(&at("2026-11-01T09:00:00+09:00"), "/content/identity/birth_precision", json!("year"))).ok();
    }

    fn whether_a_telephone_may_be_used_may_be_left_open(service) {
        let clerk = service.login("madoguchi");
        let phones = json!([{"number": "090-0000-0000", "kind": "mobile"}, {"number": "03-0000-0000", "kind": "home", "safe_to_call": false}]);
        let made = clerk.post("/api/v1/sheets", &with(&sheet(&service), "/content/contact/phones", phones.clone())).ok();
        assert_eq!(made["content"]["contact"]["phones"], phones);
    }

    fn a_my_number_in_free_text_is_kept_and_warned_of(service) {
        let clerk = service.login("madoguchi");
        let mut body = sheet(&service);
        body["content"]["statement"]["subject_words"] = json!("番号は 1234 5678 9018 だと言う。");
        body["content"]["opinion"] = json!({"text": "控え:１２３４５６７８９０１８"});
        body["content"]["life"] = json!({"note": "口座 1234567890123、別の番号 123456789012"});
        let pointers = |answer: &Value| answer["warnings"].as_array().unwrap().iter().map(|w| w["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let made = clerk.post("/api/v1/sheets", &body);
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        assert_eq!(pointers(&made), ["/content/statement", "/content/opinion"]);
        let path = format!("/api/v1/sheets/{}", made["id"].as_str().unwrap());
        let read = clerk.get(&path).ok();
        assert_eq!((content(&read), pointers(&read).len()), (body["content"].clone(), 2));
        let put = clerk.put(&path, &sheet(&service), "\"1\"").ok();
        assert_eq!(put["warnings"], json!([]));
        // The number is found even when JSON escapes its digits.
        let escaped = sheet(&service).to_string().replace("仕事を見つけたい。", r"\u0031\u00323456789018");
        let answer = clerk.raw("POST", "/api/v1/sheets", &[("content-type", "application/json"), ("idempotency-key", "escaped")], Some(escaped.as_bytes()));
        assert_eq!(pointers(&answer.ok()), ["/content/statement"]);
    }
}
