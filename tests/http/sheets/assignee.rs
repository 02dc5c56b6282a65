//! 担当者: each agency names the person who works on a sheet for it, and lists by that person.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use crate::probe::{agencies, ids, text};
use serde_json::{Value, json};
use tests::{Client, on_both};

/// The id of the person who is logged in.
fn me(client: &Client) -> String {
    text(&client.get("/api/v1/session").ok()["staff"]["id"])
}

on_both! {
    fn whoever_records_or_accepts_a_sheet_works_on_it_until_a_colleague_does(service) {
        let (clerk, kacho, kurashi) = (service.login("madoguchi"), service.login("kacho"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].as_str();
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}");
        assert_eq!(clerk.get(&path).ok()["assigned_staff_id"], json!(me(&clerk)));
        let listed = |client: &Client, query: &str| ids(&client.get(&format!("/api/v1/sheets?{query}")).ok());
        let of = |client: &Client| format!("assigned_staff_id={}", me(client));
        assert_eq!((listed(&clerk, &of(&clerk)), listed(&clerk, &of(&kacho))), (vec![sheet_id.clone()], vec![]));
        let before = clerk.get(&path).ok();
        let given = kacho.post(&format!("{path}/assignee"), &json!({"staff_id": me(&kacho), "reason": "absence"})).ok();
        // A correction that is being written is not refused because of it.
        assert_eq!((&given["assigned_staff_id"], &given["revision"]), (&json!(me(&kacho)), &before["revision"]));
        assert_eq!((listed(&clerk, &of(&clerk)), listed(&clerk, &of(&kacho))), (vec![], vec![sheet_id.clone()]));
        let events = service.audit_export();
        let event = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|it| it["kind"] == "sheet.assigned").unwrap();
        let said = serde_json::from_str::<Value>(event["body"].as_str().unwrap()).unwrap()["data"].clone();
        assert_eq!((&said["from_staff_id"], &said["to_staff_id"], &said["reason"]), (&json!(me(&clerk)), &json!(me(&kacho)), &json!("absence")));
        // The receiver has a person of its own; the sender is told who that is, and the receiver nothing of the sender's.
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        assert_eq!(kurashi.get(&path).ok()["assigned_staff_id"], json!(me(&kurashi)));
        assert_eq!(clerk.get(&path).ok()["assigned_staff_id"], json!(me(&kacho)));
        assert_eq!(clerk.get(&relay_path(&sent)).ok()["assigned_staff_id"], json!(me(&kurashi)));
        assert_eq!(listed(&kurashi, &format!("open=true&{}", of(&kurashi))), vec![sheet_id.clone()]);
        assert_eq!(ids(&kurashi.get(&format!("/api/v1/relays?box=inbox&{}", of(&kurashi))).ok()), [text(&sent["id"])]);
        assert!(ids(&kurashi.get(&format!("/api/v1/relays?box=inbox&{}", of(&clerk))).ok()).is_empty());
        // An accepted relay waits for no answer any more.
        assert!(ids(&clerk.get("/api/v1/relays?box=outbox&open=true").ok()).is_empty());
        let nobody = kurashi.post(&format!("{path}/assignee"), &json!({"reason": "workload"})).ok();
        assert_eq!(nobody["assigned_staff_id"], Value::Null);
        assert_eq!((listed(&kurashi, "unassigned=true"), listed(&clerk, "unassigned=true")), (vec![sheet_id.clone()], vec![]));
        assert_eq!(clerk.get(&relay_path(&sent)).ok()["assigned_staff_id"], Value::Null);
        service.set_clock("2026-12-10T09:00:00+09:00");
        let (kacho, auditor) = (service.login("kacho"), service.login("kansa"));
        assert_eq!(auditor.get("/api/v1/sheets?unassigned=true").pointers(422, "invalid-input"), ["/unassigned"]);
        kacho.step(&format!("{path}/void"), &json!({"reason": "誤って登録した"}), &etag(&kacho.get(&path).ok())).ok();
        kacho.post(&format!("{path}/assignee"), &json!({"staff_id": me(&kacho), "reason": "other"})).problem(409, "invalid-transition");
    }

    fn only_a_colleague_is_named_and_a_reason_is_given(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let path = format!("/api/v1/sheets/{}/assignee", registered(&service, &clerk));
        for (form, at) in [
            (json!({"staff_id": me(&kurashi), "reason": "transfer"}), "/staff_id"),
            (json!({"staff_id": me(&clerk)}), "/reason"),
            (json!({"staff_id": me(&clerk), "reason": "ZZ"}), "/reason"),
        ] {
            assert_eq!(clerk.post(&path, &form).pointers(422, "invalid-input"), [at], "{form}");
        }
        let form = json!({"staff_id": me(&clerk), "reason": "transfer"});
        kurashi.post(&path, &form).problem(404, "not-found");
    }

    fn the_work_of_a_colleague_is_left_out_and_what_nobody_does_is_not(service) {
        let (clerk, kacho, kurashi) = (service.login("madoguchi"), service.login("kacho"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].as_str();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok();
        let waits = |client: &Client, query: &str| client.get(&format!("/api/v1/tasks?{query}")).ok()["items"].as_array().unwrap().len();
        // Nobody has opened it, so everybody may.
        assert_eq!(waits(&kurashi, "mine=true"), 1);
        moved(&kurashi, &sent, "return", &json!({"missing": ["電話"], "note": "折り返し先をお願いします。"}));
        assert_eq!((waits(&clerk, "mine=true"), waits(&kacho, "mine=true"), waits(&kacho, "mine=false")), (1, 0, 1));
        // What a role must do waits for it whoever works on the sheet.
        let form = json!({"code": "e7", "to_agency_id": to, "sections": ["identity"], "consent_status": "hard_to_obtain", "emergency": false,
            "facts": "訪問のたびに新しいあざがあり、本人は理由を話さない。", "why_no_consent": "本人だけと話せない。", "harm_assessment": "伝える先を一つに限る。", "later_consent_plan": "あとで説明する。"});
        clerk.post(&format!("/api/v1/sheets/{sheet_id}/exceptions"), &form).ok();
        assert_eq!(waits(&kacho, "mine=true"), 1);
        clerk.post(&format!("/api/v1/sheets/{sheet_id}/assignee"), &json!({"reason": "transfer"})).ok();
        assert_eq!((waits(&clerk, "mine=true"), waits(&kacho, "mine=true")), (1, 2));
        // Whoever works on it has no post here any more: the sheet stands among those that nobody works on.
        kacho.post(&format!("/api/v1/sheets/{sheet_id}/assignee"), &json!({"staff_id": me(&clerk), "reason": "other"})).ok();
        assert!(ids(&kacho.get("/api/v1/sheets?unassigned=true").ok()).is_empty());
        let session = clerk.get("/api/v1/session").ok();
        let post = format!("/api/v1/staff/{}/posts/{}/end", text(&session["staff"]["id"]), text(&session["acting_post_id"]));
        service.login("admin").post(&post, &json!({"on": "2026-11-20"})).ok();
        service.set_clock("2026-11-24T09:00:00+09:00");
        let kacho = service.login("kacho");
        assert_eq!(ids(&kacho.get("/api/v1/sheets?open=true&unassigned=true").ok()), [sheet_id]);
        // Their tasks are everybody's until then.
        assert_eq!(waits(&kacho, "mine=true&kind=relay_returned"), 1);
        assert_eq!(kacho.get("/api/v1/tasks?mine=false&kind=relay_returned").ok()["items"][0]["open_days_left"], 9);
    }
}
