//! How much that stays for good may be added in a day, by one person or to one sheet.

use super::{login, retry_after};
use crate::forms::{consent, registered};
use crate::probe::agencies;
use serde_json::json;
use tests::on_both;

const A_DAY: i64 = 24 * 3600;

on_both! {
    fn a_sheet_is_rewritten_a_hundred_times_a_day_and_a_draft_as_often_as_one_likes(service) {
        let clerk = service.login("madoguchi");
        let draft = json!({"state": "draft", "content": {"health": {"note": "見本"}}});
        let mut saved = clerk.post("/api/v1/sheets", &draft);
        let path = saved.header("location");
        for _ in 0..110 {
            saved = clerk.put(&path, &draft, &saved.etag());
            assert_eq!(saved.status, 200, "{}", saved.text);
        }
        let form = crate::forms::sheet(&service);
        saved = clerk.put(&path, &form, &saved.etag());
        // The registration is the first of the hundred revisions that are kept.
        for n in 1..100 {
            saved = clerk.put(&path, &form, &saved.etag());
            assert_eq!(saved.status, 200, "{n}: {}", saved.text);
        }
        let refused = clerk.put(&path, &form, &saved.etag());
        assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("too_many_today")));
        assert_eq!(clerk.get(&path).etag(), saved.etag());
        // Another sheet has its own limit, and so has the next day.
        let other = format!("/api/v1/sheets/{}", registered(&service, &clerk));
        clerk.put(&other, &form, &clerk.get(&other).etag()).ok();
        service.advance_seconds(A_DAY);
        let clerk = service.login("madoguchi");
        clerk.put(&path, &form, &saved.etag()).ok();
    }

    fn a_sheets_consent_is_recorded_twenty_times_a_day(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/consents");
        let form = consent(&service, &[&to], &["identity"]);
        for _ in 0..20 {
            clerk.post(&path, &form).ok();
        }
        let refused = clerk.post(&path, &form);
        assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("too_many_today")));
        let last = clerk.get(&path).ok()["items"][0].clone();
        assert_eq!((&last["version"], &last["state"]), (&json!(20), &json!("effective")));
        // A consent can always be withdrawn.
        let withdrawn = json!({"by": "self", "method": "oral"});
        clerk.post(&format!("/api/v1/consents/{}/withdrawal", last["id"].as_str().unwrap()), &withdrawn).ok();
        service.advance_seconds(A_DAY);
        let clerk = service.login("madoguchi");
        clerk.post(&path, &consent(&service, &[&to], &["identity"])).ok();
    }

    fn a_person_opens_two_hundred_sessions_a_day(service) {
        let open = |who: &str| login(&service, "192.0.2.1", who, "tsunagu-demo", None);
        for n in 0..200 {
            assert_eq!(open("zei").status, 200, "{n}");
        }
        assert_eq!(retry_after(open("zei")), 3600);
        assert_eq!(open("hoken").status, 200);
        service.advance_seconds(A_DAY);
        assert_eq!(open("zei").status, 200);
    }
}
