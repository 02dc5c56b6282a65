use crate::forms::{registered, sheet};
use crate::probe::{MARK, silent, with};
use serde_json::{Value, json};
use tests::{Answer, on_both};

/// The only error of the answer: its pointer, its code, and the values that are allowed there.
#[track_caller]
fn told(answer: Answer, status: u16, name: &str) -> (String, String, Vec<String>) {
    let problem = silent(answer).problem(status, name);
    let [error] = problem["errors"].as_array().unwrap().as_slice() else { panic!("{problem}") };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let allowed = error["allowed"].as_array().into_iter().flatten().map(|one| {
        let label = one["label"].as_str().map(|label| format!(" {label}")).unwrap_or_default();
        text(&one["value"]) + &label
    });
    (text(&error["pointer"]), text(&error["code"]), allowed.collect())
}

on_both! {
    fn an_unknown_code_is_told_which_there_are(service) {
        let clerk = service.login("madoguchi");
        let good = sheet(&service);
        for (pointer, some) in [("/channel", "visit 来所"), ("/state", "draft 下書き"), ("/urgency", "urgent "), ("/content/topics/codes/2", "13 ひきこもり・不登校"),
            ("/content/identity/sex", "9 "), ("/content/risk/flags/0", "no_food ")] {
            let (at, code, allowed) = told(clerk.post("/api/v1/sheets", &with(&good, pointer, json!(MARK))), 422, "invalid-input");
            assert_eq!((at.as_str(), code.as_str()), (pointer, "unknown_code"));
            assert!(allowed.iter().any(|one| one.starts_with(some)), "{pointer}: {allowed:?}");
        }
        let topics = clerk.get("/api/v1/codes/topics").ok()["codes"].as_array().unwrap().len();
        let (at, code, allowed) = told(clerk.get(&format!("/api/v1/sheets?topic={MARK}")), 422, "invalid-input");
        assert_eq!((at.as_str(), code.as_str(), allowed.len()), ("/topic", "unknown_code", topics));
        let (at, code, allowed) = told(clerk.get(&format!("/api/v1/relays?box={MARK}")), 422, "invalid-input");
        assert_eq!((at.as_str(), code.as_str(), allowed.len()), ("/box", "bad_query", 2), "{allowed:?}");
        // Only an unknown code gets a list of what is allowed.
        let (_, code, allowed) = told(clerk.post("/api/v1/sheets", &with(&good, "/channel", json!(7))), 422, "invalid-input");
        assert_eq!((code.as_str(), allowed), ("wrong_type", vec![]));
    }

    fn an_unknown_field_is_told_where_it_stands_and_which_there_are(service) {
        let clerk = service.login("madoguchi");
        let good = sheet(&service);
        // Names of fields that look like serde's own error texts.
        let names = [MARK.to_owned(), format!("`{MARK}`"), format!("x`, expected one of `{MARK}"), format!("x`, expected `{MARK}` at line 1 column 1"),
            format!("x`, there are no fields`{MARK}"), String::new()];
        for name in &names {
            for (parent, some) in [("", "received_at"), ("/content", "identity"), ("/content/identity", "family_name"), ("/content/topics", "main")] {
                let sent = with(&good, &format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1")), json!(MARK));
                let (at, code, allowed) = told(clerk.post("/api/v1/sheets", &sent), 400, "malformed");
                assert_eq!((at.as_str(), code.as_str()), (parent, "unknown_field"), "{name}");
                assert!(allowed.iter().any(|one| one == some) && !allowed.iter().any(|one| one == "history"), "{parent}: {allowed:?}");
            }
            // Where no field is allowed, the list is empty.
            let sheet_id = registered(&service, &clerk);
            let path = format!("/api/v1/sheets/{sheet_id}/consents");
            let (at, code, _) = told(clerk.post(&path, &json!({name: MARK})), 400, "malformed");
            assert_eq!((at.as_str(), code.as_str()), ("", "unknown_field"));
            let chased = format!("/api/v1/relays/{sheet_id}/receive");
            let (at, code, allowed) = told(clerk.step(&chased, &json!({name: MARK}), "\"1\""), 400, "malformed");
            assert_eq!((at.as_str(), code.as_str(), allowed), ("", "unknown_field", vec![]), "{name}");
        }
    }
}
