//! An excluded agency stays excluded until somebody who sees the exclusion lifts it with a reason.

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::with;
use serde_json::{Value, json};
use tests::{Answer, Client, on_both};

fn list(client: &Client, consent_id: &str) -> Value {
    client.get(&format!("/api/v1/consents/{consent_id}")).ok()["exclusions"].clone()
}

fn clauses(preview: &Value) -> Vec<&str> {
    preview["refusals"].as_array().unwrap().iter().map(|it| it["clause"].as_str().unwrap()).collect()
}

on_both! {
    fn an_exclusion_stands_in_every_later_version_whoever_records_it(service) {
        let (origin, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let (a, b, zei) = (service.agency("kurashi-shigoto"), service.agency("hoken"), service.agency("nozei"));
        let sheet_id = registered(&service, &origin);
        let form = with(&consent(&service, &[&a, &b], &["identity"]), "/exclusions", json!([zei]));
        let first = consented(&origin, &sheet_id, &form);
        let sent = relay(&origin, &sheet_id, &first, &a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        let parent = sent["id"].as_str();

        // The receiver sees no exclusion and records a version that names the excluded agency, but still cannot relay to it.
        assert_eq!(list(&kurashi, &first), json!([]));
        let wider = with(&consent(&service, &[&a, &b, &zei], &["identity"]), "/allow_onward", json!("named"));
        let second = consented(&kurashi, &sheet_id, &wider);
        assert_eq!(list(&kurashi, &second), json!([]));
        assert_eq!(list(&origin, &second), json!([zei]));
        assert_eq!(relay(&kurashi, &sheet_id, &second, &zei, &["identity"], parent).clauses(), ["onward_not_allowed"]);
        assert_eq!(relay(&origin, &sheet_id, &second, &zei, &["identity"], None).clauses(), ["recipient_excluded"]);
        assert_eq!(relay(&kurashi, &sheet_id, &second, &b, &["identity"], parent).status, 201);
        let receipt = origin.get_as(&format!("/api/v1/consents/{second}/receipt?agency_id={zei}"), "application/jose");
        assert_eq!(receipt.status, 404, "{}", receipt.text);

        // A refusal in between does not end the exclusion.
        consented(&origin, &sheet_id, &with(&consent(&service, &[], &[]), "/decision", json!("refused")));
        let fourth = consented(&origin, &sheet_id, &consent(&service, &[&zei], &["identity"]));
        assert_eq!(list(&origin, &fourth), json!([zei]));
        assert_eq!(relay(&origin, &sheet_id, &fourth, &zei, &["identity"], None).clauses(), ["recipient_excluded"]);
    }

    fn who_sees_an_exclusion_lifts_it_with_a_reason(service) {
        let (origin, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let (a, zei, b) = (service.agency("kurashi-shigoto"), service.agency("nozei"), service.agency("hoken"));
        let sheet_id = registered(&service, &origin);
        let path = format!("/api/v1/sheets/{sheet_id}/consents");
        let first = consented(&origin, &sheet_id, &with(&consent(&service, &[&a], &["identity"]), "/exclusions", json!([zei])));
        let sent = relay(&origin, &sheet_id, &first, &a, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        let form = consent(&service, &[&a, &zei], &["identity"]);
        let lifting = |agency: &str| with(&form, "/lifted_exclusions", json!([{"agency_id": agency, "reason": "納税課にも相談したいと本人が言った。"}]));
        let refused = |answer: Answer| assert_eq!(answer.pointers(422, "invalid-input"), ["/lifted_exclusions/0/agency_id"]);
        // Lifting an exclusion that does not exist, and one that the recorder does not see, gets the same answer.
        let (hidden, nothing) = (kurashi.post(&path, &lifting(&zei)), kurashi.post(&path, &lifting(&b)));
        assert_eq!(hidden.json()["errors"], nothing.json()["errors"]);
        refused(hidden);
        refused(origin.post(&path, &lifting(&b)));
        refused(origin.post(&path, &with(&lifting(&zei), "/exclusions", json!([zei]))));
        let without = with(&form, "/lifted_exclusions", json!([{"agency_id": zei, "reason": ""}]));
        assert_eq!(origin.post(&path, &without).pointers(422, "invalid-input"), ["/lifted_exclusions/0/reason"]);

        // A spoken consent lifts the exclusion only when the witness confirms it: a version in between still carries the exclusion.
        let spoken = consented(&origin, &sheet_id, &with(&lifting(&zei), "/method", json!("oral")));
        let between = consented(&origin, &sheet_id, &with(&form, "/decision", json!("pending")));
        assert_eq!(list(&origin, &between), json!([zei]));
        service.login("kacho").post(&format!("/api/v1/consents/{spoken}/witness"), &json!({"confirmed": true})).ok();
        assert_eq!(list(&origin, &spoken), json!([]));
        assert_eq!(relay(&origin, &sheet_id, &spoken, &zei, &["identity"], None).status, 201);
        let shown = origin.get(&format!("/api/v1/consents/{spoken}")).ok();
        assert_eq!(shown["lifted_exclusions"][0]["reason"], "納税課にも相談したいと本人が言った。");
        let audited = service.login("kansa").get(&format!("/api/v1/consents/{spoken}")).ok();
        assert_eq!(audited["lifted_exclusions"], json!([{"agency_id": zei, "reason": null}]));
        assert_eq!(kurashi.get(&format!("/api/v1/consents/{spoken}")).ok()["lifted_exclusions"], json!([]));
        let trail = service.audit_export();
        assert!(trail.contains("lifted_agency_ids") && !trail.contains("相談したい"), "{trail}");

        // A receiver can lift the exclusion that it recorded; the one that the origin recorded of the same agency stands.
        let both = consented(&origin, &sheet_id, &with(&form, "/exclusions", json!([b])));
        let own = consented(&kurashi, &sheet_id, &with(&form, "/exclusions", json!([b])));
        assert_eq!((list(&kurashi, &own), list(&origin, &both)), (json!([b]), json!([b])));
        let lifted = consented(&kurashi, &sheet_id, &lifting(&b));
        assert_eq!((list(&kurashi, &lifted), list(&origin, &lifted)), (json!([]), json!([b])));
    }

    fn a_receivers_preview_tells_nothing_that_its_view_of_the_consent_hides(service) {
        let (origin, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let (a, zei, b) = (service.agency("kurashi-shigoto"), service.agency("nozei"), service.agency("hoken"));
        let asked = |recipients: &[&str], excluded: &[&str], onward: &str| {
            let sheet_id = registered(&service, &origin);
            let form = with(&consent(&service, recipients, &["identity"]), "/exclusions", json!(excluded));
            let consent_id = consented(&origin, &sheet_id, &with(&form, "/allow_onward", json!(onward)));
            let sent = relay(&origin, &sheet_id, &consent_id, &a, &["identity"], None).ok();
            moved(&kurashi, &sent, "accept", &json!({}));
            let ask = json!({"to_agency_id": zei, "sections": ["identity"], "purpose": "support_referral", "parent_relay_id": sent["id"]});
            let mut preview = kurashi.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &ask).ok();
            assert_eq!(clauses(&preview), ["onward_not_allowed"]);
            let event = service.audit_export().lines().rfind(|line| line.contains("relay.previewed")).unwrap().to_owned();
            assert!(!event.contains("recipient_excluded") && !event.contains("recipient_not_covered"), "{event}");
            preview.as_object_mut().unwrap().remove("disclosure_digest");
            preview
        };
        // An agency that is not named, one that is excluded, and a consent that allows no onward relay get the same answer.
        let not_named = asked(&[&a, &b], &[], "named");
        assert_eq!(not_named, asked(&[&a, &zei], &[&zei], "named"));
        assert_eq!(not_named, asked(&[&a, &zei], &[], "no"));
    }
}
