//! The line of versions: which version supersedes, ends or leaves in force the one before.

use crate::forms::{consent, consented, registered, relay, relay_path};
use crate::probe::{Eye, agencies, ids, with};
use serde_json::json;
use tests::on_both;

on_both! {
    fn a_new_consent_supersedes_a_refusal_ends_and_a_deferral_leaves(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}");
        let state = |id: &str| clerk.get(&format!("/api/v1/consents/{id}")).ok()["state"].as_str().unwrap().to_owned();
        let sheet_state = || clerk.get(&path).ok()["state"].as_str().unwrap().to_owned();
        let first = consented(&clerk, &sheet_id, &consent(&service, &[a], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &first, a, &["identity"], None).ok();
        // The second version replaces the first as a whole: a recipient that it does not name is lost.
        let second = consented(&clerk, &sheet_id, &consent(&service, &[b], &["identity"]));
        assert_eq!((state(&first), state(&second)), ("superseded".into(), "effective".into()));
        assert_eq!(relay(&clerk, &sheet_id, &second, a, &["identity"], None).clauses(), ["recipient_not_covered"]);
        // A relay keeps the version under which it was sent.
        let kept = clerk.get(&relay_path(&sent)).ok();
        assert_eq!((&kept["state"], &kept["basis"]["consent_id"]), (&json!("sent"), &json!(first)));
        // A pending version leaves the earlier one in force, and comes back as a task after ten open days.
        let answer = clerk.post(&format!("{path}/consents"), &with(&consent(&service, &[a], &["identity"]), "/decision", json!("pending"))).ok();
        assert_eq!((&answer["state"], &answer["version"], &answer["follow_up_on"]), (&json!("pending"), &json!(3), &json!("2026-12-07")));
        assert_eq!(state(&second), "effective");
        assert_eq!(relay(&clerk, &sheet_id, &second, b, &["identity"], None).status, 201);
        // A spoken consent supersedes only when its witness has confirmed it.
        let spoken = consented(&clerk, &sheet_id, &with(&consent(&service, &[a], &["identity"]), "/method", json!("oral")));
        assert_eq!((state(&spoken), state(&second)), ("pending".into(), "effective".into()));
        clerk.post(&format!("/api/v1/consents/{spoken}/witness"), &json!({"confirmed": true})).pointers(422, "invalid-input");
        assert_eq!(state(&spoken), "pending");
        service.login("kacho").post(&format!("/api/v1/consents/{spoken}/witness"), &json!({"confirmed": true})).ok();
        assert_eq!((state(&spoken), state(&second)), ("effective".into(), "superseded".into()));
        service.login("kacho").post(&format!("/api/v1/consents/{spoken}/witness"), &json!({"confirmed": false})).problem(409, "invalid-transition");
        // A refusal ends what was in force for new relays.
        let refusal = consented(&clerk, &sheet_id, &with(&consent(&service, &[], &[]), "/decision", json!("refused")));
        assert_eq!((state(&refusal), state(&spoken)), ("refused".into(), "superseded".into()));
        let preview = json!({"to_agency_id": a, "sections": ["identity"], "purpose": "support_referral"});
        let preview = clerk.post(&format!("{path}/relays/preview"), &preview).ok();
        assert_eq!(preview["refusals"][0]["clause"], "refused");
        assert_eq!(clerk.get(&relay_path(&sent)).ok()["state"], "sent");
        assert_eq!(sheet_state(), "relaying");
        clerk.post(&format!("/api/v1/consents/{refusal}/withdrawal"), &json!({"by": "self", "method": "oral"})).problem(409, "invalid-transition");
        let list = clerk.get(&format!("{path}/consents")).ok();
        assert_eq!(ids(&list).len(), 5);
        for (decision, expected) in [("refused", "consent_pending"), ("pending", "consent_pending"), ("partial", "consented")] {
            let other = registered(&service, &clerk);
            consented(&clerk, &other, &with(&consent(&service, &[a], &["identity"]), "/decision", json!(decision)));
            assert_eq!(clerk.get(&format!("/api/v1/sheets/{other}")).ok()["state"], expected);
        }
    }

    fn a_witness_who_did_not_hear_it_leaves_it_pending(service) {
        let clerk = service.login("madoguchi");
        let kacho = service.login("kacho");
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let spoken = consented(&clerk, &sheet_id, &with(&consent(&service, &[&a], &["identity"]), "/method", json!("phone")));
        let denied = kacho.post(&format!("/api/v1/consents/{spoken}/witness"), &json!({"confirmed": false})).ok();
        assert_eq!((&denied["state"], &denied["witness"]["state"]), (&json!("pending"), &json!("denied")));
        assert_eq!(relay(&clerk, &sheet_id, &spoken, &a, &["identity"], None).clauses(), ["witness_missing"]);
        // Only the named witness may confirm.
        let named = service.login("hoken").get("/api/v1/session").ok()["staff"]["id"].clone();
        let form = with(&with(&consent(&service, &[&a], &["identity"]), "/method", json!("oral")), "/witness_staff_id", named);
        let spoken = consented(&clerk, &sheet_id, &form);
        kacho.post(&format!("/api/v1/consents/{spoken}/witness"), &json!({"confirmed": true})).problem(422, "invalid-input");
        for (body, status) in [(json!({}), 422), (json!({"confirmed": "true"}), 422), (json!({"confirmed": true, "x": 1}), 400)] {
            assert_eq!(kacho.post(&format!("/api/v1/consents/{spoken}/witness"), &body).status, status);
        }
    }

    fn a_consent_runs_out_at_midnight_in_japan(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let idle = registered(&service, &clerk);
        let form = with(&consent(&service, &[a, b], &["identity"]), "/effective_until", json!("2026-11-20"));
        let consent_id = consented(&clerk, &sheet_id, &form);
        let of_idle = consented(&clerk, &idle, &form);
        let sent = relay(&clerk, &sheet_id, &consent_id, a, &["identity"], None).ok();
        crate::forms::moved(&kurashi, &sent, "accept", &json!({}));
        service.set_clock("2026-11-20T23:59:59.999999+09:00");
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        assert_eq!(clerk.get(&format!("/api/v1/consents/{of_idle}")).ok()["state"], "effective");
        assert_eq!(clerk.get(&format!("/api/v1/sheets/{idle}")).ok()["state"], "consented");
        assert_eq!(relay(&clerk, &sheet_id, &consent_id, b, &["identity"], None).status, 201);
        assert_eq!(kurashi.get(&relay_path(&sent)).ok()["content"]["identity"]["family_name"], "見本");
        assert_eq!(ids(&kurashi.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミ"})).ok()).len(), 1);
        service.set_clock("2026-11-21T00:00:00+09:00");
        assert_eq!(clerk.get(&format!("/api/v1/consents/{of_idle}")).ok()["state"], "expired");
        assert_eq!(relay(&clerk, &idle, &of_idle, a, &["identity"], None).clauses(), ["expired"]);
        let auditor = service.login("kansa");
        for reader in [&clerk, &auditor] {
            assert_eq!(reader.get(&format!("/api/v1/sheets/{idle}")).ok()["state"], "registered");
            assert_eq!(ids(&reader.get("/api/v1/sheets?state=registered").ok()), std::slice::from_ref(&idle));
            assert!(ids(&reader.get("/api/v1/sheets?state=consented").ok()).is_empty());
        }
        // A receiver that had accepted sees nothing of it any more, anywhere.
        assert!(kurashi.get(&relay_path(&sent)).ok()["content"].is_null());
        let seen = kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!(seen["content"], json!({}));
        assert!(seen["withheld"].as_array().unwrap().iter().any(|w| w["section"] == "identity" && w["reason"] == "同意の期限切れ"));
        assert!(ids(&kurashi.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミ"})).ok()).is_empty());
        // A renewed consent opens it again.
        consented(&clerk, &sheet_id, &consent(&service, &[a], &["identity"]));
        assert_eq!(kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["content"]["identity"]["family_name"], "見本");
    }

    fn a_consent_takes_effect_on_its_first_day(service) {
        let clerk = service.login("madoguchi");
        let a = agencies(&clerk)["kurashi-shigoto"].clone();
        let sheet_id = registered(&service, &clerk);
        let eye = Eye::of(&service);
        let form = with(&consent(&service, &[&a], &["identity"]), "/effective_from", json!("2026-11-21"));
        let consent_id = consented(&clerk, &sheet_id, &form);
        let things = eye.things();
        assert_eq!(relay(&clerk, &sheet_id, &consent_id, &a, &["identity"], None).clauses(), ["not_yet_effective"]);
        assert_eq!(eye.things(), things);
        service.set_clock("2026-11-21T00:00:00+09:00");
        let clerk = service.login("madoguchi");
        assert_eq!(relay(&clerk, &sheet_id, &consent_id, &a, &["identity"], None).status, 201);
    }

    fn a_refusal_and_a_narrower_version_name_who_can_still_see_more(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/consents");
        let told = |by: &tests::Client, form: &serde_json::Value| by.post(&path, form).ok()["still_told"].clone();
        let both = consent(&service, &[a, b], &["identity", "address"]);
        let first = consented(&clerk, &sheet_id, &both);
        let sent = relay(&clerk, &sheet_id, &first, a, &["identity", "address"], None).ok();
        crate::forms::moved(&kurashi, &sent, "accept", &json!({}));
        relay(&clerk, &sheet_id, &first, b, &["identity"], None).ok();
        // A version that is as wide as before, left open, or not confirmed by the witness yet changes nothing.
        assert_eq!(told(&clerk, &both), json!([]));
        assert_eq!(told(&clerk, &with(&both, "/decision", json!("pending"))), json!([]));
        let narrower = consent(&service, &[a, b], &["identity"]);
        assert_eq!(told(&clerk, &with(&narrower, "/method", json!("oral"))), json!([]));
        // One section less, one recipient less, a refusal of everything.
        assert_eq!(told(&clerk, &narrower), json!([a]));
        assert_eq!(told(&clerk, &consent(&service, &[b], &["identity", "address"])), json!([a]));
        let refusal = with(&consent(&service, &[], &[]), "/decision", json!("refused"));
        let mut all = vec![a, b];
        all.sort_unstable();
        assert_eq!(told(&clerk, &refusal), json!(all));
        // A receiver learns only about the agencies of its own relays.
        assert_eq!(told(&kurashi, &refusal), json!([a]));
        let withdrawal = json!({"by": "self", "method": "oral", "agency_ids": [a]});
        clerk.post(&format!("/api/v1/consents/{first}/withdrawal"), &withdrawal).ok();
        assert_eq!(told(&clerk, &refusal), json!([b]));
    }
}
