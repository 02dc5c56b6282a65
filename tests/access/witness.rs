//! Only a person who was there may confirm a consent that was given orally.

use crate::told::{marked_consent, shown, told};
use serde_json::{Value, json};
use tests::on_both;

on_both! {
    fn a_recipient_confirms_only_what_it_was_named_for_and_hears_no_words(service) {
        let case = told(&service);
        let (origin, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let named = kurashi.get("/api/v1/session").ok()["staff"]["id"].clone();
        let mut oral = marked_consent(&service, &[&service.agency("kurashi-shigoto"), &service.agency("hoken")]);
        oral["method"] = json!("oral");
        let give = |terms: &Value| {
            let given = origin.post(&format!("/api/v1/sheets/{}/consents", case.sheet_id), terms).ok();
            format!("/api/v1/consents/{}", given["id"].as_str().unwrap())
        };
        // The receiver is not shown a version that is not in force yet, so it gets 404.
        let unheard = give(&oral);
        kurashi.get(&unheard).problem(404, "not-found");
        kurashi.post(&format!("{unheard}/witness"), &json!({"confirmed": true})).problem(404, "not-found");
        assert_eq!(origin.get(&unheard).ok()["witness"]["state"], "awaited");
        // The named witness was there, so that person confirms, and is told the part that concerns the agency.
        oral["witness_staff_id"] = named;
        let heard = give(&oral);
        let confirmed = kurashi.post(&format!("{heard}/witness"), &json!({"confirmed": true})).ok();
        assert_eq!((&confirmed["state"], &confirmed["witness"]["state"]), (&json!("effective"), &json!("confirmed")));
        assert_eq!(confirmed["recipients"]["agency_ids"], json!([service.agency("kurashi-shigoto")]));
        assert_eq!(shown(&confirmed.to_string()), [""; 0]);
    }
}
