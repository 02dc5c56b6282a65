//! Amending a relay under an exception: more is never allowed, less always; and what a later consent changes.

use super::{TOLD, basis, decided, form, requested, seen, sent, urgent, why_not};
use crate::forms::{consent, consented, etag, moved, registered, relay_path};
use crate::probe::{agencies, with};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

/// A relay on an approved exception, accepted by 保健センター: (sheet, exception, relay).
fn told(service: &Service, clerk: &Client) -> (String, String, Value) {
    let to = agencies(clerk)["hoken"].clone();
    let sheet_id = registered(service, clerk);
    let path = requested(clerk, &sheet_id, &form("e7", &to));
    decided(&service.login("kacho"), &path, "approve").ok();
    let relay = sent(clerk, &sheet_id, &path, &to, &TOLD).ok();
    moved(&service.login("hoken"), &relay, "accept", &json!({}));
    (sheet_id, path, relay)
}

fn preview(clerk: &Client, relay: &Value, sections: &[&str], basis: Option<&Value>) -> Answer {
    let mut asked = json!({"sections": sections});
    if let Some(basis) = basis {
        asked["basis"] = basis.clone();
    }
    clerk.post(&format!("{}/amend/preview", relay_path(relay)), &asked)
}

fn amend(clerk: &Client, relay: &Value, sections: &[&str], basis: &Value, digest: &Value) -> Answer {
    let now = clerk.get(&relay_path(relay)).ok();
    let body = json!({"sections": sections, "basis": basis, "disclosure_digest": digest});
    clerk.step(&format!("{}/amend", relay_path(relay)), &body, &etag(&now))
}

on_both! {
    fn less_goes_at_once_and_more_only_with_a_consent(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let (sheet_id, path, relay) = told(&service, &clerk);
        let own = basis(&path);
        // More sections, and other sections: the exception was approved only for those that were asked for then.
        for sections in [&["identity", "risk", "statement"][..], &["statement"], &["identity", "risk"]] {
            assert_eq!(preview(&clerk, &relay, sections, Some(&own)).pointers(422, "invalid-input"), ["/basis/exception_id"]);
            assert_eq!(amend(&clerk, &relay, sections, &own, &json!("0")).pointers(422, "invalid-input"), ["/basis/exception_id"]);
        }
        assert_eq!(preview(&clerk, &relay, &["identity", "statement"], None).ok()["refusals"][0]["clause"], "no_consent");
        let less = preview(&clerk, &relay, &["risk"], None).ok();
        assert_eq!((&less["allowed"], less["disclosure"].as_object().unwrap().len()), (&json!(true), 1));
        amend(&clerk, &relay, &["risk"], &own, &json!("0")).problem(409, "preview-outdated");
        let amended = amend(&clerk, &relay, &["risk"], &own, &less["disclosure_digest"]).ok();
        assert_eq!((&amended["basis"], &amended["sections"]), (&own, &json!(["risk"])));
        let sheet = || hoken.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((seen(&sheet()), why_not(&sheet(), "identity").as_str()), (vec!["risk".to_owned()], "同意の範囲外"));
        // None of that told anybody anything.
        let disclosures = || service.login("hogo").get("/api/v1/disclosures").ok()["items"].as_array().unwrap().len();
        assert_eq!(disclosures(), 1);
        // With a consent the relay rests on that from then on, and the fate of the exception no longer matters to it.
        let agreed = consented(&clerk, &sheet_id, &consent(&service, &[&agencies(&clerk)["hoken"]], &["identity", "statement"]));
        let by_consent = json!({"consent_id": agreed});
        let more = preview(&clerk, &relay, &["identity", "statement"], Some(&by_consent)).ok();
        let amended = amend(&clerk, &relay, &["identity", "statement"], &by_consent, &more["disclosure_digest"]).ok();
        assert_eq!((&amended["basis"], &amended["without_consent"], seen(&sheet())), (&by_consent, &Value::Null, vec!["identity".to_owned(), "statement".to_owned()]));
        assert_eq!(disclosures(), 2);
    }

    fn less_goes_even_when_nothing_carries_it_any_more(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &urgent("e7", &to));
        let relay = sent(&clerk, &sheet_id, &path, &to, &TOLD).ok();
        moved(&hoken, &relay, "accept", &json!({}));
        decided(&service.login("kacho"), &path, "reject").ok();
        let less = preview(&clerk, &relay, &["risk"], None).ok();
        assert_eq!((&less["allowed"], &less["disclosure"]), (&json!(true), &json!({})), "nothing is seen of it");
        amend(&clerk, &relay, &["risk"], &basis(&path), &less["disclosure_digest"]).ok();
        assert_eq!(seen(&hoken.get(&relay_path(&relay)).ok()), [""; 0]);
        // The same with a consent that was withdrawn.
        let agreed = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity", "topics"]));
        let other = crate::forms::relay(&clerk, &sheet_id, &agreed, &to, &["identity", "topics"], None).ok();
        moved(&hoken, &other, "accept", &json!({}));
        clerk.post(&format!("/api/v1/consents/{agreed}/withdrawal"), &json!({"by": "self", "method": "oral", "sections": ["topics"]})).ok();
        let less = preview(&clerk, &other, &["identity"], None).ok();
        assert_eq!(seen(&json!({"content": less["disclosure"]})), ["identity"]);
        let amended = amend(&clerk, &other, &["identity"], &json!({"consent_id": agreed}), &less["disclosure_digest"]).ok();
        assert_eq!(amended["sections"], json!(["identity"]));
    }

    fn a_rejection_does_not_touch_a_relay_that_rests_on_a_consent_by_now(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &urgent("e7", &to));
        let relay = sent(&clerk, &sheet_id, &path, &to, &TOLD).ok();
        let agreed = json!({"consent_id": consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity", "topics"]))});
        let more = preview(&clerk, &relay, &["identity", "topics"], Some(&agreed)).ok();
        amend(&clerk, &relay, &["identity", "topics"], &agreed, &more["disclosure_digest"]).ok();
        service.send_mail();
        decided(&service.login("kacho"), &path, "reject").ok();
        assert!(service.send_mail().iter().all(|mail| !mail.text().contains("共有の停止")));
        let accepted = moved(&hoken, &relay, "accept", &json!({}));
        assert_eq!((&accepted["state"], seen(&accepted)), (&json!("accepted"), vec!["identity".to_owned(), "topics".to_owned()]));
    }

    fn a_secret_address_goes_by_an_exception_only_when_it_was_released(service) {
        let (clerk, hoken, kacho) = (service.login("madoguchi"), service.login("hoken"), service.login("kacho"));
        let to = agencies(&clerk)["hoken"].clone();
        let secret = with(&crate::forms::sheet(&service), "/address_secret", json!("dv_measure"));
        let sheet_id = crate::forms::id(clerk.post("/api/v1/sheets", &secret));
        let path = requested(&clerk, &sheet_id, &with(&form("e7", &to), "/sections", json!(["address"])));
        decided(&kacho, &path, "approve").ok();
        assert_eq!(sent(&clerk, &sheet_id, &path, &to, &["address"]).clauses(), ["address_secret"]);
        let asked = json!({"to_agency_id": to, "reason": "同行訪問のため"});
        let release = crate::forms::id(clerk.post(&format!("/api/v1/sheets/{sheet_id}/address-releases"), &asked));
        assert_eq!(sent(&clerk, &sheet_id, &path, &to, &["address"]).clauses(), ["address_secret"]);
        let decide = |step: &str| kacho.post(&format!("/api/v1/address-releases/{release}/{step}"), &json!({})).ok();
        decide("approve");
        let relay = sent(&clerk, &sheet_id, &path, &to, &["address"]).ok();
        moved(&hoken, &relay, "accept", &json!({}));
        let sheet = || hoken.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!(seen(&sheet()), ["address"]);
        decide("revoke");
        assert_eq!((seen(&sheet()), why_not(&sheet(), "address").as_str()), (vec![], "同意の範囲外"));
    }
}
