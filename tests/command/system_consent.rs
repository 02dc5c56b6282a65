//! A department system cannot invent a consent: a person of its agency must confirm it, or is named and can object.

use crate::forms::{consent, moved, registered, relay, relay_path};
use crate::program::Place;
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

fn place(service: &Service) -> Place {
    Place::empty()
        .with("TSUNAGU_DATABASE_URL", &service.config.database_url)
        .with("TSUNAGU_MASTER_KEY_FILE", service.config.master_key_file.to_str().unwrap())
}

const SCOPES: &str = "sheets:write,sheets:read,relays:write,relays:read";

fn add(place: &Place, scopes: &str, more: &[&str]) -> crate::program::Said {
    let fixed = ["client", "add", "--name", "試験システム", "--agency", "fukushi-marugoto", "--scope", scopes];
    place.run(&[fixed.as_slice(), more].concat())
}

/// The system whose credentials were printed.
fn system(service: &Service, printed: &str) -> Client {
    let of = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    service.system(&of("client_id="), &of("client_secret="))
}

fn staff_id(client: &Client) -> Value {
    client.get("/api/v1/session").ok()["staff"]["id"].clone()
}

fn tasks(client: &Client, kind: &str) -> usize {
    let list = client.get("/api/v1/tasks").ok();
    list["items"].as_array().unwrap().iter().filter(|task| task["kind"] == kind).count()
}

fn state(client: &Client, consent: &Value) -> Value {
    client.get(&format!("/api/v1/consents/{}", consent["id"].as_str().unwrap())).ok()["state"].clone()
}

fn witness(client: &Client, consent: &Value, confirmed: bool) -> tests::Answer {
    client.post(
        &format!("/api/v1/consents/{}/witness", consent["id"].as_str().unwrap()),
        &json!({"confirmed": confirmed}),
    )
}

on_both! {
    fn what_a_system_records_alone_waits_for_a_person_of_its_agency(service) {
        service.set_clock_to_system();
        let system = system(&service, &add(&place(&service), SCOPES, &[]).ok());
        let (clerk, to) = (service.login("madoguchi"), service.agency("kurashi-shigoto"));
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/consents");
        let recorded = system.post(&path, &consent(&service, &[&to], &["identity"])).ok();
        assert_eq!((&recorded["state"], &recorded["witness"]["state"]), (&json!("pending"), &json!("awaited")));
        let consent_id = recorded["id"].as_str().unwrap();
        assert_eq!(relay(&system, &sheet_id, consent_id, &to, &["identity"], None).clauses(), ["witness_missing"]);
        witness(&system, &recorded, true).problem(403, "forbidden");
        witness(&service.login("kurashi"), &recorded, true).problem(404, "not-found");
        assert_eq!((tasks(&clerk, "consent_witness"), tasks(&service.login("kurashi"), "consent_witness")), (1, 0));
        let confirmed = witness(&clerk, &recorded, true).ok();
        assert_eq!((&confirmed["state"], tasks(&clerk, "consent_witness")), (&json!("effective"), 0));
        assert_eq!(relay(&system, &sheet_id, consent_id, &to, &["identity"], None).status, 201);
        // If the person cannot confirm it, it stays without effect.
        let other = system.post(&path, &consent(&service, &[&to], &["identity"])).ok();
        assert_eq!(witness(&clerk, &other, false).ok()["state"], "pending");
        assert_eq!(state(&clerk, &recorded), "effective");
        // A system without the scope cannot name the person who heard it, and neither can a person.
        let mut named = consent(&service, &[&to], &["identity"]);
        named["heard_by_staff_id"] = staff_id(&clerk);
        for by in [&system, &clerk] {
            assert_eq!(by.post(&path, &named).pointers(422, "invalid-input"), ["/heard_by_staff_id"]);
        }
        // A refusal protects, so it counts as it was said.
        let mut refusal = consent(&service, &[], &[]);
        refusal["decision"] = json!("refused");
        assert_eq!(system.post(&path, &refusal).ok()["state"], "refused");
        assert_eq!(state(&clerk, &recorded), "superseded");
    }

    fn a_reviewed_system_names_who_heard_it_and_that_person_confirms_or_objects(service) {
        service.set_clock_to_system();
        let place = place(&service);
        let reviewed = format!("{SCOPES},consents:record");
        let refused = add(&place, &reviewed, &[]).failed();
        assert!(refused.contains("a privacy officer confirms it"), "{refused}");
        let scopes: Vec<&str> = reviewed.split(',').collect();
        let asked = json!({"name": "試験システム", "agency_id": service.agency("fukushi-marugoto"), "scopes": scopes});
        let added = service.login("admin").post("/api/v1/clients", &asked).ok();
        let id = added["id"].as_str().unwrap();
        service.login("hogo").post(&format!("/api/v1/clients/{id}/confirm"), &json!({})).ok();
        let system = service.system(id, added["client_secret"].as_str().unwrap());
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));

        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{sheet_id}/consents");
        let form = |hearer: Value| {
            let mut form = consent(&service, &[&to], &["identity"]);
            form["heard_by_staff_id"] = hearer;
            form
        };
        for hearer in [Value::Null, staff_id(&kurashi), json!("01980000-0000-7000-8000-000000000000")] {
            assert_eq!(system.post(&path, &form(hearer)).pointers(422, "invalid-input"), ["/heard_by_staff_id"]);
        }
        let recorded = system.post(&path, &form(staff_id(&clerk))).ok();
        assert_eq!((&recorded["state"], &recorded["heard_confirmed_at"]), (&json!("effective"), &Value::Null));
        let sent = relay(&system, &sheet_id, recorded["id"].as_str().unwrap(), &to, &["identity"], None).ok();
        moved(&kurashi, &sent, "accept", &json!({}));
        assert_eq!((tasks(&clerk, "consent_heard"), tasks(&service.login("kacho"), "consent_heard")), (1, 0));
        witness(&service.login("kacho"), &recorded, false).problem(409, "invalid-transition");
        let confirmed = witness(&clerk, &recorded, true).ok();
        assert!(confirmed["heard_confirmed_at"].is_string());
        assert_eq!((&confirmed["state"], tasks(&clerk, "consent_heard")), (&json!("effective"), 0));
        witness(&clerk, &recorded, false).problem(409, "invalid-transition");

        // The named person objects: the consent was invalid from the start, and agencies that were told must stop.
        let invented = system.post(&path, &form(staff_id(&clerk))).ok();
        let again = relay(&system, &sheet_id, invented["id"].as_str().unwrap(), &to, &["identity"], None).ok();
        moved(&kurashi, &again, "accept", &json!({}));
        let objected = witness(&clerk, &invented, false).ok();
        assert_eq!((&objected["state"], tasks(&clerk, "consent_heard")), (&json!("invalid"), 0));
        assert!(kurashi.get(&relay_path(&again)).ok()["content"].is_null());
        let stops = kurashi.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok();
        assert_eq!(stops["items"][0]["cause"], "invalid");
        // For a spoken consent the witness must still be a person other than the one who heard it.
        let mut oral = form(staff_id(&clerk));
        oral["method"] = json!("oral");
        let oral = system.post(&path, &oral).ok();
        assert_eq!(oral["state"], "pending");
        witness(&clerk, &oral, true).ok();
        assert_eq!(state(&clerk, &oral), "pending");
        witness(&clerk, &oral, true).pointers(422, "invalid-input");
        assert_eq!(witness(&service.login("kacho"), &oral, true).ok()["state"], "effective");
    }
}
