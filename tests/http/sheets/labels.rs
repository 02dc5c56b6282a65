//! Lists say whom a sheet is about, as far as their reader sees that of the sheet itself, and what they showed is noted.

use crate::forms::{consent, consented, etag, moved, registered, relay, sheet};
use crate::probe::{agencies, with};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// The label of the only item of a list.
#[track_caller]
fn label(client: &Client, list: &str) -> Value {
    let page = client.get(list).ok();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
    page["items"][0]["label"].clone()
}

/// 見本 花子 with `age`, as a list shows her.
fn hanako(age: u16) -> Value {
    json!({"family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ", "age": age, "age_is_about": false})
}

/// The bodies of the events of a kind, newest last.
fn noted(service: &Service, kind: &str) -> Vec<Value> {
    let events = service.audit_export();
    let events =
        events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|it| it["kind"] == kind);
    events.map(|it| serde_json::from_str::<Value>(it["body"].as_str().unwrap()).unwrap()["data"].clone()).collect()
}

on_both! {
    fn a_list_shows_the_person_to_whoever_sees_the_person_of_the_sheet(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].as_str();
        let sheet_id = registered(&service, &clerk);
        let whole = json!({"person": hanako(40), "main_topic": "03"});
        assert_eq!(label(&clerk, "/api/v1/sheets"), whole);
        assert_eq!(clerk.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミ"})).ok()["items"][0]["label"], whole);
        let told = consent(&service, &[to], &["identity", "statement"]);
        let consent_id = consented(&clerk, &sheet_id, &told);
        let sent = relay(&clerk, &sheet_id, &consent_id, to, &["identity", "statement"], None).ok();
        assert_eq!(label(&clerk, "/api/v1/relays?box=outbox"), whole);
        // Before it is accepted, the receiver has no list that names anybody.
        assert_eq!((label(&kurashi, "/api/v1/relays?box=inbox"), label(&kurashi, "/api/v1/tasks")), (Value::Null, Value::Null));
        assert_eq!((&sent["label"], &kurashi.get(&crate::forms::relay_path(&sent)).ok()["label"]), (&whole_told(), &Value::Null));
        moved(&kurashi, &sent, "accept", &json!({}));
        for list in ["/api/v1/sheets", "/api/v1/relays?box=inbox", "/api/v1/tasks"] {
            assert_eq!(label(&kurashi, list), whole_told(), "{list}");
        }
        assert_eq!(kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["label"], whole_told());
        // Who works without content sees nobody.
        for (reader, list) in [("kansa", "/api/v1/sheets"), ("kansa", "/api/v1/relays"), ("hub", "/api/v1/relays")] {
            assert_eq!(label(&service.login(reader), list), Value::Null, "{reader}");
        }
        // A birthday changes the list, although nothing was written.
        service.set_clock("2027-04-01T09:00:00+09:00");
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        assert_eq!(label(&kurashi, "/api/v1/sheets")["person"]["age"], 41);
        clerk.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        for list in ["/api/v1/sheets", "/api/v1/relays?box=inbox"] {
            assert_eq!(label(&kurashi, list), Value::Null, "{list}");
        }
        assert_eq!(label(&clerk, "/api/v1/sheets")["person"]["age"], 41);
    }

    fn sections_are_shown_one_by_one_and_only_while_the_agency_may_be_told(service) {
        let (clerk, npo) = (service.login("madoguchi"), service.login("npo"));
        let codes = agencies(&clerk);
        let to = codes["npo-safetynet"].as_str();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity", "topics"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, to, &["topics"], None).ok();
        moved(&npo, &sent, "accept", &json!({}));
        assert_eq!(label(&npo, "/api/v1/sheets"), json!({"person": null, "main_topic": "03"}));
        // A corrected name and a birth of which only the year is known.
        let body = with(&sheet(&service), "/content/identity/birth_date", json!("1986-01-01"));
        let body = with(&body, "/content/identity/birth_precision", json!("year"));
        let body = with(&body, "/content/identity/family_name", json!("見本改"));
        let path = format!("/api/v1/sheets/{sheet_id}");
        clerk.put(&path, &body, &etag(&clerk.get(&path).ok())).ok();
        let person = label(&clerk, "/api/v1/sheets")["person"].clone();
        assert_eq!((&person["family_name"], &person["age"], &person["age_is_about"]), (&json!("見本改"), &json!(40), &json!(true)));
        let nobody = with(&body, "/content/identity", json!({"identity_level": "anonymous"}));
        clerk.put(&path, &nobody, &etag(&clerk.get(&path).ok())).ok();
        let person = label(&clerk, "/api/v1/sheets")["person"].clone();
        assert_eq!((&person["family_name"], &person["age"], &person["age_is_about"]), (&Value::Null, &Value::Null, &json!(false)));
        // The agreement ends, and with it what the NPO is shown.
        let agency = format!("/api/v1/agencies/{to}");
        let officer = service.login("admin");
        let mut record = officer.get(&agency).ok();
        record["agreement"]["valid_until"] = json!("2026-11-30");
        let fields = ["code", "name", "kana", "parent_id", "class", "topics", "mailbox", "phone", "hub", "active_from", "active_until", "agreement"];
        let form: Value = fields.iter().map(|field| ((*field).to_owned(), record[*field].clone())).collect::<serde_json::Map<_, _>>().into();
        officer.put(&agency, &form, &etag(&record)).ok();
        service.set_clock("2026-12-01T09:00:00+09:00");
        assert_eq!(label(&service.login("npo"), "/api/v1/sheets"), Value::Null);
    }

    fn what_a_list_showed_is_noted_without_saying_it(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].as_str();
        for _ in 0..2 {
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity"]));
            relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok();
        }
        clerk.get("/api/v1/sheets").ok();
        kurashi.get("/api/v1/relays").ok();
        let listed = noted(&service, "sheet.listed").pop().unwrap();
        let digests = listed["label_digests"].as_array().unwrap();
        assert_eq!((&listed["labels"], digests.len()), (&json!(2), 2));
        assert!(digests.iter().all(|it| it.as_str().is_some_and(|hex| hex.len() == 64)) && digests[0] != digests[1], "{listed}");
        let nobody = noted(&service, "relay.listed").pop().unwrap();
        assert_eq!((nobody["shown"].as_array().map(Vec::len), nobody.get("labels"), nobody.get("label_digests")), (Some(2), None, None));
        // The same list again commits to the same.
        clerk.get("/api/v1/sheets").ok();
        assert_eq!(noted(&service, "sheet.listed").pop().unwrap()["label_digests"], listed["label_digests"]);
        assert!(!listed.to_string().contains("見本") && !service.audit_export().contains("見本"));
    }
}

/// The label of a sheet of which the person is told, and the topics are not.
fn whole_told() -> Value {
    json!({"person": hanako(40), "main_topic": null})
}
