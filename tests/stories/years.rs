//! Over the years: a mother's spoken consent that nobody witnessed, her signed one, two terms that end, a leap day, and the son's own consent
//! when he comes of age.

use crate::forms::{consent, consented, id, moved, relay, relay_path, sheet};
use serde_json::{Value, json};
use tests::{Client, on_both};

/// The tasks of this party: kind and due day.
fn waits(by: &Client) -> Vec<(String, String)> {
    let page = by.get("/api/v1/tasks").ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(|task| (text(&task["kind"]), text(&task["due"]))).collect()
}

fn one(kind: &str, due: &str) -> Vec<(String, String)> {
    vec![(kind.to_owned(), due.to_owned())]
}

on_both! {
    fn from_a_mothers_yes_to_her_sons_own(service) {
        let everybody = || ["madoguchi", "kacho", "kurashi", "hoken"].map(|login| service.login(login));
        let [madoguchi, kacho, kurashi, _] = everybody();
        let (to, other) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
        let mut typed = sheet(&service);
        // He was born on a leap day, so he comes of age at the end of the last day before 1 March 2030.
        typed["content"]["identity"]["birth_date"] = json!("2012-02-29");
        let sheet_id = id(madoguchi.post("/api/v1/sheets", &typed));
        let path = format!("/api/v1/sheets/{sheet_id}");
        let of_mother = |method: &str, until: &str| {
            let mut form = consent(&service, &[&to], &["identity", "statement"]);
            form["given_by"] = json!({
                "kind": "legal_representative", "name": "見本 母子", "relation": "母", "authority_document": "戸籍全部事項証明書",
                "capacity_note": "中学生のため、母が説明を聞いて同意した。", "subject_intent": "agrees"
            });
            form["representative_not_suspected"] = json!(true);
            form["method"] = json!(method);
            form["effective_until"] = json!(until);
            form
        };

        // She says yes on the telephone. The manager should confirm it and never does, so nothing ever goes.
        let spoken = consented(&madoguchi, &sheet_id, &of_mother("phone", "2027-03-31"));
        for day in ["2026-11-20", "2026-11-26", "2027-02-01"] {
            service.set_clock(&format!("{day}T12:00:00+09:00"));
            service.sweep();
            let [madoguchi, kacho, ..] = everybody();
            assert_eq!(relay(&madoguchi, &sheet_id, &spoken, &to, &["identity"], None).clauses(), ["witness_missing"], "{day}");
            assert_eq!(waits(&kacho), one("consent_witness", "2026-11-26"), "{day}");
        }
        drop((madoguchi, kacho, kurashi));

        // She comes and signs. The receiver works with the sheet until the end of the fiscal year, and not a moment longer.
        let [madoguchi, _, kurashi, _] = everybody();
        let signed = consented(&madoguchi, &sheet_id, &of_mother("signature_paper", "2027-03-31"));
        let sent = relay(&madoguchi, &sheet_id, &signed, &to, &["identity", "statement"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        let is_open = || {
            let kurashi = service.login("kurashi");
            let open = kurashi.get(&relay_path(&sent)).ok()["content"]["identity"]["family_name"] == "見本";
            // The sheet says the same as the relay.
            assert_eq!(kurashi.get(&path).ok()["content"]["identity"]["family_name"] == "見本", open);
            open
        };
        service.set_clock("2027-03-31T23:59:59.999999+09:00");
        service.sweep();
        assert!(is_open());
        service.set_clock("2027-04-01T00:00:00+09:00");
        assert!(!is_open());
        service.sweep();
        assert!(waits(&service.login("kurashi")).contains(&one("consent_renewal", "2027-03-31")[0]));

        // She renews the consent at the agency that has the sheet now: until a day that exists, and until one that does not.
        let kurashi = service.login("kurashi");
        let until = |day: &str| kurashi.post(&format!("{path}/consents"), &of_mother("signature_paper", day));
        assert_eq!(until("2027-02-29").pointers(422, "invalid-input"), ["/effective_until"]);
        id(until("2028-02-29"));
        service.set_clock("2028-02-29T23:59:59+09:00");
        assert!(is_open());
        service.set_clock("2028-03-01T00:00:00+09:00");
        assert!(!is_open());
        let kurashi = service.login("kurashi");
        let last = consented(&kurashi, &sheet_id, &of_mother("signature_paper", "2031-03-31"));
        assert!(is_open());

        // He is eighteen. The agency that took the last consent must ask him; until he has answered, his mother's consent stands.
        service.set_clock("2030-02-28T23:59:59+09:00");
        service.sweep();
        let asked = || waits(&service.login("kurashi")).into_iter().filter(|(kind, _)| kind == "consent_of_age").collect::<Vec<_>>();
        assert_eq!(asked(), []);
        service.set_clock("2030-03-01T09:00:00+09:00");
        service.sweep();
        assert_eq!((asked(), is_open()), (one("consent_of_age", "2030-03-15"), true));

        // He withdraws it at the agency where he is, and then decides himself who may know what.
        let hers = format!("/api/v1/consents/{last}/withdrawal");
        service.login("madoguchi").post(&hers, &json!({"by": "self", "method": "oral"})).ok();
        assert_eq!((asked(), is_open()), (vec![], false));
        let mut own = consent(&service, &[&other], &["identity"]);
        own["effective_until"] = json!("2031-03-31");
        let [madoguchi, _, _, hoken] = everybody();
        let own = consented(&madoguchi, &sheet_id, &own);
        assert!(!is_open());
        let second = relay(&madoguchi, &sheet_id, &own, &other, &["identity"], None).ok();
        moved(&hoken, &second, "accept", &json!({}));
        assert_eq!(hoken.get(&path).ok()["content"]["identity"]["given_name"], "花子");

        // Earlier relays stay on record under the version on which they rested.
        assert_eq!(madoguchi.get(&relay_path(&sent)).ok()["basis"], json!({"consent_id": signed}));
        let states = |id: &str| madoguchi.get(&format!("/api/v1/consents/{id}")).ok()["state"].clone();
        assert_eq!([states(&spoken), states(&last), states(&own)], [json!("withdrawn"), json!("withdrawn"), json!("effective")]);
    }
}
