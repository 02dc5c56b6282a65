//! Consent as people really give it: a parent's, a child's, for a household, after a text that they can read.

use crate::forms::{consent, consented, id, sheet};
use crate::probe::{agencies, text, with, without};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// What a parent says.
fn by_parent(form: &Value) -> Value {
    let parent = json!({
        "kind": "legal_representative", "name": "見本 母子", "relation": "母", "authority_document": "戸籍全部事項証明書",
        "capacity_note": "未成年のため、母が説明を聞いて同意しました。", "subject_intent": "agrees"
    });
    with(form, "/given_by", parent)
}

/// A sheet with these fields changed.
fn recorded(service: &Service, clerk: &Client, birth: Option<&str>, flags: &[&str]) -> String {
    let mut form = with(&sheet(service), "/content/risk/flags", json!(flags));
    form["content"]["identity"]["birth_date"] = json!(birth);
    id(clerk.post("/api/v1/sheets", &form))
}

on_both! {
    fn a_representative_shows_who_she_is_and_why_she_speaks(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let path = format!("/api/v1/sheets/{}/consents", recorded(&service, &clerk, None, &["suicide"]));
        let form = by_parent(&consent(&service, &[&to], &["identity"]));
        for field in ["name", "authority_document", "capacity_note", "subject_intent"] {
            let pointer = format!("/given_by/{field}");
            assert_eq!(clerk.post(&path, &without(&form, &pointer)).pointers(422, "invalid-input"), [pointer]);
            let agent = with(&without(&form, &format!("/given_by/{field}")), "/given_by/kind", json!("agent"));
            assert_eq!(clerk.post(&path, &agent).status, 422);
        }
        // A representative's refusal or deferral is recorded as it was said.
        for decision in ["refused", "pending"] {
            let bare = json!({"kind": "legal_representative", "name": "見本 母子"});
            clerk.post(&path, &with(&with(&form, "/decision", json!(decision)), "/given_by", bare)).ok();
        }
        let given = clerk.post(&path, &form).ok();
        assert_eq!((&given["state"], &given["given_by"]["authority_document"]), (&json!("effective"), &json!("戸籍全部事項証明書")));
    }

    fn a_child_under_sixteen_speaks_for_itself_with_a_note_why(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let form = consent(&service, &[&to], &["identity"]);
        let given = |birth: Option<&str>, form: &Value| clerk.post(&format!("/api/v1/sheets/{}/consents", recorded(&service, &clerk, birth, &[])), form);
        // Today is 20 November 2026: the person turns sixteen today, turns sixteen tomorrow, or has no known age.
        assert_eq!(given(Some("2010-11-20"), &form).status, 201);
        assert_eq!(given(Some("2010-11-21"), &form).pointers(422, "invalid-input"), ["/given_by/capacity_note"]);
        assert_eq!(given(None, &form).status, 201);
        let noted = with(&form, "/given_by/capacity_note", json!("中学生で、説明をよく理解していました。"));
        assert_eq!(given(Some("2012-02-29"), &noted).status, 201);
        assert_eq!(given(Some("2012-02-29"), &with(&form, "/decision", json!("refused"))).status, 201);
        // The age on the day of the consent counts.
        let earlier = with(&form, "/obtained_at", json!("2026-11-19T10:00:00+09:00"));
        assert_eq!(given(Some("2010-11-20"), &earlier).status, 422);
    }

    fn a_representative_is_not_taken_unasked_where_violence_is_suspected(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let own = consent(&service, &[&to], &["identity"]);
        let form = by_parent(&own);
        let stated = with(&form, "/representative_not_suspected", json!(true));
        for flag in ["child_abuse", "elder_abuse", "disability_abuse", "dv"] {
            let path = format!("/api/v1/sheets/{}/consents", recorded(&service, &clerk, None, &["no_food", flag]));
            assert_eq!(clerk.post(&path, &form).pointers(422, "invalid-input"), ["/representative_not_suspected"], "{flag}");
            assert_eq!(clerk.post(&path, &own).status, 201);
            assert_eq!(clerk.post(&path, &stated).ok()["representative_not_suspected"], true);
        }
        let sheet_id = recorded(&service, &clerk, None, &[]);
        assert_eq!(clerk.post(&format!("/api/v1/sheets/{sheet_id}/consents"), &form).status, 201);
        // A recorder who does not see the risks is asked whatever they are, and so learns nothing from being asked.
        for flags in [&["dv"][..], &[]] {
            let sheet_id = recorded(&service, &clerk, Some("2012-01-01"), flags);
            let noted = with(&own, "/given_by/capacity_note", json!("説明をよく理解していました。"));
            let consent_id = consented(&clerk, &sheet_id, &with(&noted, "/sections", json!(["statement"])));
            let sent = crate::forms::relay(&clerk, &sheet_id, &consent_id, &to, &["statement"], None).ok();
            crate::forms::moved(&kurashi, &sent, "accept", &json!({}));
            let path = format!("/api/v1/sheets/{sheet_id}/consents");
            assert_eq!(kurashi.post(&path, &form).pointers(422, "invalid-input"), ["/representative_not_suspected"]);
            assert_eq!(kurashi.post(&path, &stated).status, 201);
            // The recorder does not see the date of birth either, so no note about capacity is asked for.
            assert_eq!(kurashi.post(&path, &own).status, 201);
        }
    }

    fn everything_that_was_written_down_comes_back_to_those_who_may_read_words(service) {
        let (clerk, kurashi, auditor) = (service.login("madoguchi"), service.login("kurashi"), service.login("kansa"));
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = recorded(&service, &clerk, None, &[]);
        let mut form = consent(&service, &[&to], &["identity", "household"]);
        let words = json!({
            "purpose_text": "家計と住まいの相談につなぐため", "obtained_place": "区役所二階の相談室", "copy_given_on": "2026-11-20",
            "household_members": [{"name": "見本 次郎", "own_consent": "given"}, {"name": "見本 梅子", "own_consent": "not_needed"}],
            "exclusion_note": "別れた夫の勤め先には伝えないでください。"
        });
        for (field, value) in words.as_object().unwrap() {
            form[field] = value.clone();
        }
        let given = clerk.post(&format!("/api/v1/sheets/{sheet_id}/consents"), &form).ok();
        let path = format!("/api/v1/consents/{}", text(&given["id"]));
        let read = clerk.get(&path).ok();
        for (field, value) in words.as_object().unwrap() {
            assert_eq!((&given[field], &read[field]), (value, value), "{field}");
        }
        let sent = crate::forms::relay(&clerk, &sheet_id, &text(&given["id"]), &to, &["identity"], None).ok();
        crate::forms::moved(&kurashi, &sent, "accept", &json!({}));
        for reader in [&kurashi, &auditor] {
            let read = reader.get(&path).ok();
            let words = ["purpose_text", "obtained_place", "exclusion_note", "representative_not_suspected"].map(|field| read[field].clone());
            assert_eq!((words, &read["household_members"]), ([Value::Null, Value::Null, Value::Null, Value::Null], &json!([])));
        }
    }

    fn a_consent_keeps_the_hash_of_the_very_text_that_was_shown(service) {
        let (clerk, admin) = (service.login("madoguchi"), service.login("admin"));
        let to = agencies(&clerk)["kurashi-shigoto"].clone();
        let notice = clerk.get("/api/v1/notices").ok()["items"][0].clone();
        let kinds: Vec<(String, String)> =
            notice["variants"].as_array().unwrap().iter().map(|v| (text(&v["kind"]), text(&v["language"]))).collect();
        let pair = |kind: &str, language: &str| (kind.to_owned(), language.to_owned());
        assert_eq!(kinds, [pair("standard", "ja"), pair("plain", "ja"), pair("furigana", "ja"), pair("other_language", "en")]);
        let path = format!("/api/v1/sheets/{}/consents", recorded(&service, &clerk, None, &[]));
        let form = consent(&service, &[&to], &["identity"]);
        let mut hashes = std::collections::BTreeSet::new();
        for variant in notice["variants"].as_array().unwrap() {
            let shown = json!({"kind": variant["kind"], "language": variant["language"]});
            let given = clerk.post(&path, &with(&form, "/notice_variant", shown.clone())).ok();
            assert_eq!((&given["notice_variant"], &given["explained_text_hash"]), (&shown, &variant["text_hash"]));
            hashes.insert(text(&given["explained_text_hash"]));
        }
        assert_eq!(hashes.len(), 4);
        // Without a choice the standard text counts as shown. A variant that the notice does not have cannot have been shown.
        let given = clerk.post(&path, &form).ok();
        assert_eq!((&given["notice_id"], &given["explained_text_hash"]), (&notice["id"], &notice["variants"][0]["text_hash"]));
        let absent = with(&form, "/notice_variant", json!({"kind": "other_language", "language": "fr"}));
        assert_eq!(clerk.post(&path, &absent).pointers(422, "invalid-input"), ["/notice_variant"]);
        // A new version of the notice has new hashes; old consents keep theirs.
        let next = json!({
            "title": "説明", "body": "新しい文です。", "in_force_from": "2026-11-20", "purpose": "支援につなぐため",
            "variants": [{"kind": "furigana", "language": "ja", "title": "{説明|せつめい}", "body": "{新|あたら}しい{文|ぶん}です。"}]
        });
        let next = admin.post("/api/v1/notices", &next).ok();
        let newer = clerk.post(&path, &form).ok();
        assert_eq!((&newer["notice_id"], &newer["explained_text_hash"]), (&next["id"], &next["variants"][0]["text_hash"]));
        assert_eq!(clerk.get(&format!("/api/v1/consents/{}", text(&given["id"]))).ok()["explained_text_hash"], given["explained_text_hash"]);
    }

    fn a_notice_with_a_variant_that_does_not_hold_is_refused_at_its_place(service) {
        let admin = service.login("admin");
        let good = json!({"kind": "plain", "language": "ja", "title": "せつめい", "body": "あなたの はなしです。"});
        let notice = |variants: Value| {
            json!({"title": "説明", "body": "文です。", "in_force_from": "2027-04-01", "variants": variants})
        };
        for (field, value, pointer) in [
            ("kind", json!("standard"), "/variants/0/kind"), ("kind", json!("ZZmarkerZZ"), "/variants/0/kind"),
            ("language", json!("日本語"), "/variants/0/language"), ("language", json!("ZZmarkerZZ"), "/variants/0/language"),
            ("title", json!("あ".repeat(101)), "/variants/0/title"), ("body", json!("a\u{202e}"), "/variants/0/body"),
        ] {
            let refused = admin.post("/api/v1/notices", &notice(json!([with(&good, &format!("/{field}"), value)])));
            assert_eq!(refused.pointers(422, "invalid-input"), [pointer]);
        }
        let slip = with(&notice(json!([])), "/in_force_from", json!("0027-04-01"));
        assert_eq!(admin.post("/api/v1/notices", &slip).pointers(422, "invalid-input"), ["/in_force_from"]);
        let ruby = with(&with(&good, "/kind", json!("furigana")), "/body", json!("{説明|}します"));
        assert_eq!(admin.post("/api/v1/notices", &notice(json!([good, ruby]))).pointers(422, "invalid-input"), ["/variants/1/body"]);
        assert_eq!(admin.post("/api/v1/notices", &notice(json!([good, good]))).pointers(422, "invalid-input"), ["/variants/1/language"]);
        assert_eq!(admin.post("/api/v1/notices", &notice(json!(vec![good.clone(); 21]))).status, 422);
        assert_eq!(admin.post("/api/v1/notices", &notice(json!([good]))).status, 201);
    }
}
