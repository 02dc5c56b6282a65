//! The covering test: it names every clause that fails, all of them at once.

use crate::forms::{confirmed, consent, consented, moved, registered, relay, sheet};
use crate::probe::{Eye, agencies, relay_body, with};
use serde_json::{Value, json};
use tests::{Answer, Client, on_both};

/// The clauses of a preview; sending must say the same.
#[track_caller]
fn clauses(clerk: &Client, sheet_id: &str, consent_id: &str, to: &str, sections: &[&str]) -> Vec<String> {
    let ask = json!({"to_agency_id": to, "sections": sections, "purpose": "support_referral", "basis": {"consent_id": consent_id}});
    let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &ask).ok();
    let said: Vec<String> =
        preview["refusals"].as_array().unwrap().iter().map(|r| r["clause"].as_str().unwrap().to_owned()).collect();
    assert_eq!(preview["allowed"].as_bool().unwrap(), said.is_empty());
    assert_eq!(preview["disclosure"].is_null(), !said.is_empty());
    let body = relay_body(to, consent_id, sections, &preview["disclosure_digest"]);
    if !said.is_empty() {
        assert_eq!(clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays"), &body).clauses(), said);
    }
    said
}

on_both! {
    fn each_clause_refuses_by_itself(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let (to, other, own) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str(), codes["fukushi-marugoto"].as_str());
        let form = consent(&service, &[to], &["identity", "statement"]);
        let eye = Eye::of(&service);
        let said = |form: &Value, to: &str, sections: &[&str]| {
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, form);
            clauses(&clerk, &sheet_id, &consent_id, to, sections)
        };
        let is = |form: &Value, clause: &str| assert_eq!(said(form, to, &["identity"]), [clause]);
        assert!(said(&form, to, &["identity"]).is_empty());
        is(&with(&form, "/decision", json!("refused")), "refused");
        is(&with(&form, "/decision", json!("pending")), "pending");
        is(&with(&form, "/identity_check", json!("none")), "identity_unchecked");
        for method in ["oral", "phone"] {
            is(&with(&form, "/method", json!(method)), "witness_missing");
        }
        is(&with(&form, "/proxy_writer", json!("見本 代筆(本人の手が不自由)")), "witness_missing");
        is(&with(&form, "/effective_from", json!("2026-11-21")), "not_yet_effective");
        is(&with(&form, "/exclusions", json!([to])), "recipient_excluded");
        assert_eq!(said(&form, other, &["identity"]), ["recipient_not_covered"]);
        assert_eq!(said(&form, to, &["identity", "arrears"]), ["section_not_covered"]);
        assert_eq!(said(&consent(&service, &[own], &["identity"]), own, &["identity"]), ["own_agency"]);
        let hospital = codes["byoin"].as_str();
        assert_eq!(said(&consent(&service, &[hospital], &["identity"]), hospital, &["identity"]), ["agreement_missing"]);
        // The recipients are named by class instead of by name; an exclusion beats the class.
        let ward = with(&form, "/recipients", json!({"classes": ["ward"]}));
        for to in [to, other] {
            assert!(said(&ward, to, &["statement"]).is_empty());
        }
        assert_eq!(said(&ward, codes["npo-safetynet"].as_str(), &["statement"]), ["recipient_not_covered"]);
        assert_eq!(said(&with(&ward, "/exclusions", json!([other])), other, &["statement"]), ["recipient_excluded"]);
        let npo = with(&form, "/recipients", json!({"classes": ["npo", "medical"]}));
        assert!(said(&npo, codes["npo-safetynet"].as_str(), &["statement"]).is_empty());
        assert_eq!(said(&npo, hospital, &["statement"]), ["agreement_missing"]);
        // Without any consent only that clause is named.
        let bare = registered(&service, &clerk);
        let ask = json!({"to_agency_id": other, "sections": ["identity", "arrears"], "purpose": "support_referral"});
        let preview = clerk.post(&format!("/api/v1/sheets/{bare}/relays/preview"), &ask).ok();
        assert_eq!(preview["refusals"].as_array().unwrap().iter().map(|r| &r["clause"]).collect::<Vec<_>>(), [&json!("no_consent")]);
        assert!(preview["disclosure_digest"].is_string());
        // A secret address goes to nobody.
        let secret = with(&sheet(&service), "/address_secret", json!("dv_measure"));
        let secret = crate::forms::id(clerk.post("/api/v1/sheets", &secret));
        let consent_id = consented(&clerk, &secret, &consent(&service, &[to], &["identity", "address"]));
        assert_eq!(clauses(&clerk, &secret, &consent_id, to, &["identity", "address"]), ["address_secret"]);
        assert!(clauses(&clerk, &secret, &consent_id, to, &["identity"]).is_empty());
        // None of that made a relay, and each attempt to send stands in the trail.
        let events = eye.events();
        assert!(!events.iter().any(|e| e.starts_with("relay.sent")));
        assert_eq!(events.iter().filter(|e| e.starts_with("relay.refused")).count(), 16);
    }

    fn all_clauses_that_fail_are_named_at_once(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let hospital = codes["byoin"].as_str();
        let secret = with(&sheet(&service), "/address_secret", json!("requested"));
        let sheet_id = crate::forms::id(clerk.post("/api/v1/sheets", &secret));
        let mut form = consent(&service, &[codes["hoken"].as_str()], &["identity"]);
        form["identity_check"] = json!("none");
        form["method"] = json!("oral");
        form["exclusions"] = json!([hospital]);
        form["effective_from"] = json!("2026-12-01");
        let consent_id = consented(&clerk, &sheet_id, &form);
        assert_eq!(clauses(&clerk, &sheet_id, &consent_id, hospital, &["identity", "address"]), [
            "not_yet_effective", "identity_unchecked", "witness_missing", "recipient_not_covered", "recipient_excluded",
            "section_not_covered", "address_secret", "agreement_missing",
        ]);
        // One version is withdrawn, superseded and expired at once.
        let again = registered(&service, &clerk);
        let to = codes["kurashi-shigoto"].as_str();
        let first = consented(&clerk, &again, &consent(&service, &[to], &["identity"]));
        consented(&clerk, &again, &consent(&service, &[to], &["identity"]));
        assert_eq!(clauses(&clerk, &again, &first, to, &["identity"]), ["superseded"]);
        clerk.post(&format!("/api/v1/consents/{first}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        assert_eq!(clauses(&clerk, &again, &first, to, &["identity"]), ["withdrawn", "superseded"]);
        service.set_clock("2027-11-20T09:00:00+09:00");
        let clerk = service.login("madoguchi");
        assert_eq!(clauses(&clerk, &again, &first, to, &["identity"]), ["withdrawn", "superseded", "expired"]);
    }

    fn an_agency_that_is_gone_is_told_nothing(service) {
        let clerk = service.login("madoguchi");
        let admin = service.login("admin");
        let codes = agencies(&clerk);
        let to = codes["npo-safetynet"].as_str();
        let path = format!("/api/v1/agencies/{to}");
        let change = |change: &dyn Fn(&mut Value)| {
            let mut agency = admin.get(&path).ok();
            let etag = format!("\"{}\"", agency["revision"]);
            let fields = agency.as_object_mut().unwrap();
            fields.remove("id");
            fields.remove("revision");
            change(&mut agency);
            admin.put(&path, &agency, &etag).ok();
        };
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity"]));
        let said = || clauses(&clerk, &sheet_id, &consent_id, to, &["identity"]);
        assert!(said().is_empty());
        change(&|agency| agency["agreement"]["valid_until"] = json!("2026-11-19"));
        assert_eq!(said(), ["agreement_missing"]);
        change(&|agency| agency["active_until"] = json!("2026-11-19"));
        assert_eq!(said(), ["recipient_inactive", "agreement_missing"]);
        change(&|agency| {
            agency["active_until"] = json!("2026-11-20");
            agency["agreement"]["valid_until"] = json!("2026-11-20");
        });
        assert_eq!(said(), ["agreement_missing"]);
        confirmed(&service, to);
        assert!(said().is_empty());
        service.set_clock("2026-11-21T00:00:00+09:00");
        let clerk = service.login("madoguchi");
        assert_eq!(clauses(&clerk, &sheet_id, &consent_id, to, &["identity"]), ["recipient_inactive", "agreement_missing"]);
    }

    fn passing_on_needs_leave_and_what_one_may_see_oneself(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let onward = |allow: &str, recipients: Value, sections: &[&str]| -> Answer {
            let sheet_id = registered(&service, &clerk);
            let form = with(&consent(&service, &[a], &["identity", "statement"]), "/allow_onward", json!(allow));
            let consent_id = consented(&clerk, &sheet_id, &with(&form, "/recipients", recipients));
            let first = relay(&clerk, &sheet_id, &consent_id, a, &["identity"], None).ok();
            moved(&kurashi, &first, "accept", &json!({}));
            relay(&kurashi, &sheet_id, &consent_id, b, sections, Some(first["id"].as_str().unwrap()))
        };
        let (named, class) = (json!({"agency_ids": [a, b]}), json!({"classes": ["ward"]}));
        assert_eq!(onward("named", named.clone(), &["identity"]).ok()["hop"], 2);
        assert_eq!(onward("classes", class.clone(), &["identity"]).status, 201);
        assert_eq!(onward("no", named.clone(), &["identity"]).clauses(), ["onward_not_allowed"]);
        assert_eq!(onward("named", class, &["identity"]).clauses(), ["onward_not_allowed"]);
        assert_eq!(onward("named", json!({"agency_ids": [a]}), &["identity"]).clauses(), ["onward_not_allowed"]);
        assert_eq!(onward("named", named, &["identity", "statement"]).clauses(), ["section_not_covered"]);
    }
}
