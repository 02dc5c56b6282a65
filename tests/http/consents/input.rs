use crate::forms::{consent, consented, registered};
use crate::probe::{Eye, MARK, NOBODY, agencies, silent, with, without};
use serde_json::{Value, json};
use tests::on_both;

on_both! {
    fn a_consent_that_does_not_hold_is_refused_at_its_place(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/consents");
        let form = consent(&service, &[&to], &["identity"]);
        let me = clerk.get("/api/v1/session").ok()["staff"]["id"].clone();
        let eye = Eye::of(&service);
        let before = eye.all();
        let code = || vec![json!(MARK), json!(""), json!(1), json!(null), json!([])];
        let day = || vec![json!("2025-02-29"), json!("2026-13-01"), json!("令和8年1月1日"), json!(MARK), json!(20_260_101)];
        let id = || vec![json!(MARK), json!(""), json!(1), json!(format!("{NOBODY}0"))];
        let line = || vec![json!("a\u{202e}"), json!("a\u{7}"), json!("a\nb"), json!(""), json!("あ".repeat(301)), json!(1)];
        let many = |n: usize| Value::Array(vec![json!(to); n]);
        let cases: Vec<(&str, Vec<Value>)> = vec![
            ("/decision", code()), ("/given_by/kind", code()), ("/given_by/name", line()), ("/given_by/relation", line()),
            ("/given_by/authority_document", line()), ("/given_by/capacity_note", vec![json!(""), json!("a\u{202e}"), json!("あ".repeat(301))]),
            ("/given_by/subject_intent", vec![json!(MARK), json!(1)]), ("/given_by", vec![json!(MARK), json!(1)]),
            ("/identity_check", code()), ("/method", code()), ("/proxy_writer", line()), ("/purpose", code()),
            ("/witness_staff_id", [id(), vec![json!(NOBODY), me]].concat()), ("/notice_id", [id(), vec![json!(NOBODY)]].concat()),
            ("/sections", vec![json!([]), json!("identity"), Value::Array(vec![json!("identity"); 15])]),
            ("/sections/0", code()),
            ("/recipients", vec![json!(MARK), json!({}), json!({"agency_ids": [], "classes": []})]),
            ("/recipients/agency_ids", vec![many(101), many(1000), json!(to)]),
            ("/recipients/agency_ids/0", [id(), vec![json!(NOBODY)]].concat()),
            ("/recipients/agency_ids/1", vec![json!(NOBODY)]),
            ("/recipients/classes", vec![json!(vec!["ward"; 10])]),
            ("/recipients/classes/0", code()),
            ("/exclusions", vec![many(1000), json!(1)]),
            ("/exclusions/0", [id(), vec![json!(NOBODY)]].concat()),
            ("/allow_onward", code()),
            ("/allow_report_back", vec![json!("true"), json!(1), json!(null)]),
            ("/obtained_at", vec![json!("2026-11-20T12:00:01+09:00"), json!("2027-01-01T00:00:00Z"), json!("0026-11-20T09:00:00+09:00"), json!("1980-11-20T09:00:00+09:00"), json!("2026-11-20"), json!("令和8年1月1日"), json!(MARK), json!(null)]),
            ("/effective_from", [day(), vec![json!("0026-11-20")]].concat()), ("/effective_until", [day(), vec![json!("2026-11-19")]].concat()), ("/follow_up_on", [day(), vec![json!("0026-12-01")]].concat()),
            ("/purpose_text", vec![json!(""), json!("a\u{202e}"), json!("あ".repeat(301))]), ("/exclusion_note", vec![json!("a\u{7}"), json!("あ".repeat(501))]),
            ("/obtained_place", line()), ("/copy_given_on", [day(), vec![json!("2026-11-21"), json!("1999-12-31")]].concat()),
            ("/representative_not_suspected", vec![json!("true"), json!(1), json!(null)]),
            ("/household_members", vec![json!(1), Value::Array(vec![json!({"name": "見本 次郎", "own_consent": "none"}); 21])]),
            ("/notice_variant", vec![json!({"kind": "other_language", "language": "fr"}), json!({"kind": "plain", "language": "en"}), json!(1)]),
        ];
        for (pointer, values) in cases {
            for value in values {
                let answer = clerk.post(&path, &with(&form, pointer, value.clone()));
                assert_eq!(answer.status, 422, "{pointer} {value} {}", answer.text);
                let found = silent(answer).pointers(422, "invalid-input");
                assert!(found == [pointer], "{pointer} {value} {found:?}");
            }
        }
        // Everything unknown is named at once, and so is everything invalid.
        let unknown = with(&with(&form, "/recipients/agency_ids", json!([NOBODY, to, NOBODY])), "/exclusions", json!([NOBODY]));
        assert_eq!(clerk.post(&path, &unknown).pointers(422, "invalid-input"), ["/recipients/agency_ids/0", "/recipients/agency_ids/2", "/exclusions/0"]);
        let mut wrong = with(&form, "/obtained_at", json!("2026-11-21T00:00:00+09:00"));
        wrong["sections"] = json!([]);
        wrong["recipients"] = json!({});
        wrong["given_by"] = json!({"kind": "agent"});
        wrong["effective_until"] = json!("2026-11-01");
        assert_eq!(clerk.post(&path, &wrong).pointers(422, "invalid-input"), ["/obtained_at", "/effective_until", "/sections", "/recipients", "/given_by/name", "/given_by/authority_document", "/given_by/capacity_note", "/given_by/subject_intent"]);
        for pointer in ["/decision", "/given_by", "/identity_check", "/method", "/obtained_at"] {
            assert_eq!(clerk.post(&path, &without(&form, pointer)).pointers(422, "invalid-input"), [pointer]);
        }
        // A thousand different ids of recipients.
        let thousand: Vec<String> = (0..1000).map(|n| format!("01939999-9999-7999-8999-{n:012}")).collect();
        let answer = clerk.post(&path, &with(&form, "/recipients/agency_ids", json!(thousand)));
        assert_eq!(answer.pointers(422, "invalid-input"), ["/recipients/agency_ids"]);
        for (pointer, at) in [("", "/ZZ"), ("/given_by", "/given_by/ZZ"), ("/recipients", "/recipients/ZZ")] {
            let answer = silent(clerk.post(&path, &with(&form, &at.replace("ZZ", MARK), json!(1))));
            assert_eq!(answer.pointers(400, "malformed"), [pointer]);
        }
        let twice = form.to_string().replacen("{", r#"{"purpose":"support_referral","#, 1);
        let answer = clerk.raw("POST", &path, &[("content-type", "application/json"), ("idempotency-key", "k")], Some(twice.as_bytes()));
        assert_eq!(answer.problem(400, "malformed")["errors"][0]["code"], "duplicate_key");
        assert_eq!(eye.all(), before);

        // The same for a withdrawal.
        let consent_id = consented(&clerk, &sheet_id, &form);
        let before = eye.all();
        let path = format!("/api/v1/consents/{consent_id}/withdrawal");
        let form = json!({"by": "self", "method": "oral"});
        let cases: Vec<(&str, Vec<Value>)> = vec![
            ("/by", code()), ("/method", code()), ("/reason", vec![json!(""), json!("a\u{202e}"), json!("あ".repeat(501)), json!(1)]),
            ("/agency_ids", vec![json!(MARK), many(1000)]), ("/sections", vec![json!(MARK)]),
        ];
        for (pointer, values) in cases {
            for value in values {
                let answer = silent(clerk.post(&path, &with(&form, pointer, value.clone())));
                assert_eq!(answer.pointers(422, "invalid-input"), [pointer], "{value}");
            }
        }
        let unknown = with(&form, "/agency_ids", json!([to, NOBODY]));
        assert_eq!(clerk.post(&path, &unknown).pointers(422, "invalid-input"), ["/agency_ids/1"]);
        assert_eq!(silent(clerk.post(&path, &with(&form, "/sections", json!([MARK])))).pointers(422, "invalid-input"), ["/sections/0"]);
        assert_eq!(silent(clerk.post(&path, &with(&form, &format!("/{MARK}"), json!(1)))).pointers(400, "malformed"), [""]);
        clerk.raw("POST", &path, &[("content-type", "application/json")], Some(form.to_string().as_bytes())).problem(400, "idempotency-key-required");
        assert_eq!(eye.all(), before);
        assert_eq!(clerk.get(&format!("/api/v1/consents/{consent_id}")).ok()["state"], "effective");
    }
}
