//! Drafts: nothing that was typed is lost, and nobody else sees it.

use crate::forms::{consent, consented, id, relay, sheet};
use crate::probe::{Eye, content, ids};
use serde_json::json;
use tests::on_both;

on_both! {
    fn a_draft_takes_whatever_is_there_and_keeps_no_earlier_revision(service) {
        let clerk = service.login("madoguchi");
        let eye = Eye::of(&service);
        let made = clerk.post("/api/v1/sheets", &json!({"state": "draft"}));
        assert_eq!((made.status, made.etag().as_str()), (201, "\"1\""));
        let path = made.header("location");
        let made = made.ok();
        assert_eq!((&made["state"], &made["number"], content(&made)), (&json!("draft"), &json!(null), json!({})));
        let steps = [
            json!({"state": "draft", "channel": "phone"}),
            json!({"state": "draft", "channel": null, "visitor": {}, "content": {"identity": {}}}),
            json!({"state": "draft", "visitor": {"name": "見本 春子"}, "content": {"identity": {"family_name": "見本"}, "topics": {"codes": []}, "household": []}}),
            json!({"state": "draft", "urgency": "early", "content": {"statement": {"wish": "家を"}, "risk": {"note": "あとで聞く"}, "contact": {"phones": []}}}),
        ];
        for (n, body) in steps.iter().enumerate() {
            let put = clerk.put(&path, body, &format!("\"{}\"", n + 1));
            assert_eq!(put.etag(), format!("\"{}\"", n + 2));
            let put = put.ok();
            assert_eq!((&put["state"], &put["number"]), (&json!("draft"), &json!(null)));
            assert_eq!(content(&put), body.get("content").cloned().unwrap_or(json!({})));
            assert_eq!(clerk.get(&path).ok()["content"], put["content"]);
        }
        for n in 1..5 {
            clerk.get(&format!("{path}/revisions/{n}")).problem(404, "not-found");
        }
        clerk.get(&format!("{path}/revisions/5")).ok();
        clerk.get(&format!("{path}/revisions/6")).problem(404, "not-found");
        // A draft can only be written: every other operation is refused.
        let before = eye.things();
        clerk.post(&format!("{path}/consents"), &consent(&service, &[made["holder_agency_id"].as_str().unwrap()], &["identity"])).problem(409, "invalid-transition");
        clerk.post(&format!("{path}/entries"), &json!({"occurred_at": service.now(), "method": "phone", "text": "x", "section": "opinion"})).problem(409, "invalid-transition");
        for step in ["closure", "reopen"] {
            clerk.step(&format!("{path}/{step}"), &json!({"reason": "x"}), "\"5\"").problem(409, "invalid-transition");
        }
        service.login("kacho").step(&format!("{path}/void"), &json!({"reason": "x"}), "\"5\"").problem(409, "invalid-transition");
        assert_eq!(eye.things(), before);
        // A PUT registers the draft once; from then on every revision stays.
        let registered = clerk.put(&path, &sheet(&service), "\"5\"").ok();
        assert_eq!((&registered["state"], &registered["number"]), (&json!("registered"), &json!("R8-000001")));
        let before = eye.things();
        let mut draft = sheet(&service);
        draft["state"] = json!("draft");
        assert_eq!(clerk.put(&path, &draft, "\"6\"").pointers(422, "invalid-input"), ["/state"]);
        clerk.delete(&path).problem(409, "invalid-transition");
        assert_eq!(eye.things(), before);
        for n in 1..6 {
            clerk.get(&format!("{path}/revisions/{n}")).problem(404, "not-found");
        }
        let kept = clerk.get(&format!("{path}/revisions/6")).ok();
        assert_eq!((content(&kept), kept.get("previous_revision")), (sheet(&service)["content"].clone(), None));
    }

    fn an_own_draft_can_be_thrown_away_and_nobody_else_knows_of_it(service) {
        let clerk = service.login("madoguchi");
        let colleague = service.login("kacho");
        let hoken = service.login("hoken");
        let made = clerk.post("/api/v1/sheets", &json!({"state": "draft", "content": {"identity": {"kana_family": "ステル", "birth_date": "1990-01-01"}}}));
        let path = made.header("location");
        let find = json!({"kana_prefix": "すて"});
        assert_eq!(ids(&colleague.post("/api/v1/sheets/search", &find).ok()), [made.ok()["id"].as_str().unwrap()]);
        assert!(ids(&hoken.post("/api/v1/sheets/search", &find).ok()).is_empty());
        for answer in [hoken.get(&path), hoken.delete(&path), hoken.put(&path, &json!({"state": "draft"}), "\"1\""), hoken.get(&format!("{path}/timeline"))] {
            answer.problem(404, "not-found");
        }
        assert_eq!(clerk.delete(&path).status, 204);
        clerk.get(&path).problem(404, "not-found");
        clerk.delete(&path).problem(404, "not-found");
        clerk.put(&path, &json!({"state": "draft"}), "\"1\"").problem(404, "not-found");
        assert!(ids(&clerk.get("/api/v1/sheets").ok()).is_empty());
        assert!(ids(&clerk.post("/api/v1/sheets/search", &find).ok()).is_empty());
        assert!(ids(&clerk.post("/api/v1/sheets/search", &json!({"birth_date": "1990-01-01"})).ok()).is_empty());
    }

    fn what_only_a_relay_needs_is_demanded_by_the_relay(service) {
        let clerk = service.login("madoguchi");
        let to = service.agency("hoken");
        let mut body = sheet(&service);
        body.as_object_mut().unwrap().remove("urgency");
        body["content"]["statement"].as_object_mut().unwrap().remove("done_here");
        body["content"]["identity"].as_object_mut().unwrap().remove("kana_given");
        let sheet_id = id(clerk.post("/api/v1/sheets", &body));
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let lacking = ["/content/identity/kana_given", "/content/statement/done_here", "/urgency"];
        assert_eq!(relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).pointers(422, "invalid-input"), lacking);
        let asked = json!({"to_agency_id": to, "sections": ["identity"], "purpose": "support_referral"});
        let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok();
        let told: Vec<_> = preview["missing"].as_array().unwrap().iter().map(|m| m["pointer"].clone()).collect();
        assert_eq!((&preview["allowed"], told), (&json!(true), lacking.map(|l| json!(l)).to_vec()));
        clerk.put(&format!("/api/v1/sheets/{sheet_id}"), &sheet(&service), "\"2\"").ok();
        assert_eq!(relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).status, 201);
    }
}
