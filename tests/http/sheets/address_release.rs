//! A secret address is told to nobody until a manager approves that one named receiver is told.

use crate::forms::{consent, consented, etag, id, moved, relay, relay_path, sheet};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

const SECTIONS: [&str; 2] = ["identity", "address"];
const ADDRESS: &str = "東京都見本区見本町一丁目1番1号";

/// A sheet with a secret address, and a consent that would let くらしとしごと and 保健センター see it.
struct Case {
    clerk: Client,
    sheet_id: String,
    consent_id: String,
    kurashi: String,
    hoken: String,
}

impl Case {
    fn new(service: &Service) -> Self {
        let clerk = service.login("madoguchi");
        let [kurashi, hoken] = ["kurashi-shigoto", "hoken"].map(|code| service.agency(code));
        let mut secret = sheet(service);
        secret["address_secret"] = json!("dv_measure");
        let sheet_id = id(clerk.post("/api/v1/sheets", &secret));
        let consent_id = consented(&clerk, &sheet_id, &consent(service, &[&kurashi, &hoken], &SECTIONS));
        Self { clerk, sheet_id, consent_id, kurashi, hoken }
    }

    fn request(&self, by: &Client, to: &str) -> Answer {
        let asked = json!({"to_agency_id": to, "named_staff": "見本係長のしるし", "reason": "同行訪問のためのしるし"});
        by.post(&format!("/api/v1/sheets/{}/address-releases", self.sheet_id), &asked)
    }

    fn relay(&self, by: &Client, to: &str, parent: Option<&str>) -> Answer {
        relay(by, &self.sheet_id, &self.consent_id, to, &SECTIONS, parent)
    }

    fn address(&self, by: &Client) -> Value {
        by.get(&format!("/api/v1/sheets/{}", self.sheet_id)).ok()["content"]["address"]["full"].clone()
    }
}

fn step(by: &Client, release: &Value, name: &str) -> Answer {
    by.post(
        &format!("/api/v1/address-releases/{}/{name}", release["id"].as_str().unwrap()),
        &json!({"reason": "理由のしるし"}),
    )
}

on_both! {
    fn one_named_receiver_is_told_while_the_release_stands(service) {
        let case = Case::new(&service);
        let (kacho, kurashi) = (service.login("kacho"), service.login("kurashi"));
        assert_eq!(case.relay(&case.clerk, &case.kurashi, None).clauses(), ["address_secret"]);
        let release = case.request(&case.clerk, &case.kurashi).ok();
        assert_eq!((&release["state"], &release["named_staff"]), (&json!("requested"), &json!("見本係長のしるし")));
        case.request(&case.clerk, &case.kurashi).problem(409, "invalid-transition");
        // A release that is only asked for does not open the address.
        assert_eq!(case.relay(&case.clerk, &case.kurashi, None).clauses(), ["address_secret"]);
        step(&case.clerk, &release, "approve").problem(403, "forbidden");
        let approved = step(&kacho, &release, "approve").ok();
        assert_eq!((&approved["state"], &approved["decision_reason"]), (&json!("approved"), &json!("理由のしるし")));
        step(&kacho, &release, "reject").problem(409, "invalid-transition");

        // The address goes to exactly that agency, and no further.
        let told = case.relay(&case.clerk, &case.kurashi, None).ok();
        assert_eq!(case.relay(&case.clerk, &case.hoken, None).clauses(), ["address_secret"]);
        let accepted = moved(&kurashi, &told, "accept", &json!({}));
        assert_eq!(accepted["content"]["address"]["full"], ADDRESS);
        assert_eq!(case.address(&kurashi), ADDRESS);
        assert_eq!(case.relay(&kurashi, &case.hoken, told["id"].as_str()).clauses(), ["section_not_covered"]);

        step(&case.clerk, &release, "revoke").ok();
        assert_eq!(case.address(&kurashi), Value::Null);
        let seen = kurashi.get(&relay_path(&told)).ok();
        assert!(seen["content"]["address"].is_null() && !seen.to_string().contains(ADDRESS), "{seen}");
        assert!(seen["withheld"].as_array().unwrap().contains(&json!({"section": "address", "reason": "同意の範囲外", "code": "not_covered"})));
        step(&case.clerk, &release, "revoke").problem(409, "invalid-transition");
        // It may be asked for again.
        case.request(&case.clerk, &case.kurashi).ok();
        let kinds = service.audit_kinds(&case.sheet_id);
        for (kind, count) in [("address_release.requested", 2), ("address_release.approved", 1), ("address_release.revoked", 1)] {
            assert_eq!(kinds.iter().filter(|k| *k == kind).count(), count, "{kind}");
        }
    }

    fn nobody_approves_the_own_request(service) {
        let case = Case::new(&service);
        let kacho = service.login("kacho");
        let release = case.request(&kacho, &case.kurashi).ok();
        for verdict in ["approve", "reject"] {
            let refused = step(&kacho, &release, verdict).problem(403, "forbidden");
            assert!(refused["detail"].as_str().unwrap().contains("申請した人"), "{refused}");
        }
        let noted = service.audit_kinds(&case.sheet_id);
        assert_eq!(noted.iter().filter(|kind| *kind == "address_release.operation_refused").count(), 2, "{noted:?}");
        assert_eq!(case.relay(&case.clerk, &case.kurashi, None).clauses(), ["address_secret"]);
        // A manager of another agency cannot revoke it either, and does not learn of it.
        step(&service.login("zei"), &release, "revoke").problem(404, "not-found");
    }

    fn a_rejected_request_opens_nothing(service) {
        let case = Case::new(&service);
        let release = case.request(&case.clerk, &case.kurashi).ok();
        step(&service.login("kacho"), &release, "reject").ok();
        assert_eq!(case.relay(&case.clerk, &case.kurashi, None).clauses(), ["address_secret"]);
        step(&service.login("kacho"), &release, "approve").problem(409, "invalid-transition");
    }

    fn what_had_been_told_before_it_became_secret_opens_again_for_the_named_one_only(service) {
        let clerk = service.login("madoguchi");
        let case = Case { sheet_id: id(clerk.post("/api/v1/sheets", &sheet(&service))), ..Case::new(&service) };
        let consent_id = consented(&clerk, &case.sheet_id, &consent(&service, &[&case.kurashi, &case.hoken], &SECTIONS));
        let case = Case { consent_id, ..case };
        let receivers = [("kurashi", &case.kurashi), ("hoken", &case.hoken)].map(|(login, to)| {
            let client = service.login(login);
            moved(&client, &case.relay(&clerk, to, None).ok(), "accept", &json!({}));
            client
        });
        assert_eq!(case.request(&clerk, &case.kurashi).pointers(422, "invalid-input"), [""]);
        let path = format!("/api/v1/sheets/{}", case.sheet_id);
        let mut secret = sheet(&service);
        secret["address_secret"] = json!("requested");
        clerk.put(&path, &secret, &etag(&clerk.get(&path).ok())).ok();
        assert!(receivers.iter().all(|client| case.address(client).is_null()));
        let release = case.request(&clerk, &case.kurashi).ok();
        step(&service.login("kacho"), &release, "approve").ok();
        assert_eq!(receivers.each_ref().map(|client| case.address(client)), [json!(ADDRESS), Value::Null]);
    }

    fn it_shows_in_every_list_of_the_privacy_officer(service) {
        let case = Case::new(&service);
        let release = case.request(&case.clerk, &case.kurashi).ok();
        let place = format!("/api/v1/address-releases/{}", release["id"].as_str().unwrap());
        let (hogo, kansa) = (service.login("hogo"), service.login("kansa"));
        for client in [&hogo, &kansa, &case.clerk] {
            let list = client.get("/api/v1/address-releases").ok();
            let items = list["items"].as_array().unwrap();
            assert_eq!((items.len(), &items[0]["id"], &items[0]["state"], &items[0]["number"]), (1, &release["id"], &json!("requested"), &json!("R8-000001")));
            assert!(!list.to_string().contains("しるし"), "{list}");
        }
        assert_eq!(hogo.get(&place).ok()["reason"], "同行訪問のためのしるし");
        assert_eq!((&kansa.get(&place).ok()["reason"], &kansa.get(&place).ok()["named_staff"]), (&Value::Null, &Value::Null));
        // The agency that would be told does not know that there was anything to release.
        let kurashi = service.login("kurashi");
        kurashi.get(&place).problem(404, "not-found");
        assert_eq!(kurashi.get("/api/v1/address-releases").ok()["items"], json!([]));
        let page = hogo.get("/api/v1/privacy/overview").ok();
        assert_eq!(page["address_releases"]["items"][0]["id"], release["id"]);
        assert!(!page.to_string().contains("しるし"));
        // The record of disclosures marks those that told the secret address, and no others.
        step(&service.login("kacho"), &release, "approve").ok();
        case.relay(&case.clerk, &case.kurashi, None).ok();
        relay(&case.clerk, &case.sheet_id, &case.consent_id, &case.kurashi, &["identity"], None).ok();
        relay(&case.clerk, &case.sheet_id, &case.consent_id, &case.hoken, &["identity"], None).ok();
        let told = hogo.get("/api/v1/disclosures").ok();
        let mut told: Vec<_> = told["items"].as_array().unwrap().iter().map(|it| (it["sections"].as_array().unwrap().len(), it["address_released"].clone())).collect();
        told.sort_by_key(|(sections, _)| *sections);
        assert_eq!(told, [(1, json!(false)), (1, json!(false)), (2, json!(true))]);
    }

    fn a_release_ends_with_the_protection_and_with_the_address_that_it_was_given_for(service) {
        let (kacho, kurashi) = (service.login("kacho"), service.login("kurashi"));
        let revised = |case: &Case, how: &str, address: &str| {
            let path = format!("/api/v1/sheets/{}", case.sheet_id);
            let mut sheet = sheet(&service);
            sheet["address_secret"] = json!(how);
            sheet["content"]["address"]["full"] = json!(address);
            case.clerk.put(&path, &sheet, &etag(&case.clerk.get(&path).ok())).ok();
        };
        let ways: [(&str, &[(&str, &str)]); 3] = [
            ("protection_ended", &[("none", ADDRESS), ("dv_measure", ADDRESS)]),
            ("protection_changed", &[("ex_officio", ADDRESS)]),
            ("address_changed", &[("dv_measure", "東京都見本区別町二丁目2番2号")]),
        ];
        for (cause, revisions) in ways {
            let case = Case::new(&service);
            let release = case.request(&case.clerk, &case.kurashi).ok();
            let waiting = case.request(&case.clerk, &case.hoken).ok();
            step(&kacho, &release, "approve").ok();
            let told = case.relay(&case.clerk, &case.kurashi, None).ok();
            moved(&kurashi, &told, "accept", &json!({}));
            // A revision of anything else leaves the release.
            revised(&case, "dv_measure", ADDRESS);
            assert_eq!(case.address(&kurashi), ADDRESS);
            for (how, address) in revisions {
                revised(&case, how, address);
            }
            assert_eq!(case.address(&kurashi), Value::Null, "{cause}");
            assert_eq!(case.relay(&case.clerk, &case.kurashi, None).clauses(), ["address_secret"], "{cause}");
            let ended = case.clerk.get(&format!("/api/v1/address-releases/{}", release["id"].as_str().unwrap())).ok();
            assert_eq!((&ended["state"], &ended["ended_by"]), (&json!("revoked"), &json!(cause)));
            assert!(ended["revoked_at"].is_string() && ended["revoked_by"].is_string(), "{ended}");
            // A request that was made under the earlier protection cannot be approved either.
            step(&kacho, &waiting, "approve").problem(409, "invalid-transition");
            let events = service.audit_export();
            let events = events.lines().filter(|line| line.contains("address_release.revoked") && line.contains(&case.sheet_id));
            assert_eq!(events.filter(|line| line.contains(cause)).count(), 2, "{cause}");
            // A new release opens the address again.
            step(&kacho, &case.request(&case.clerk, &case.kurashi).ok(), "approve").ok();
            assert!(case.address(&kurashi).is_string());
        }
        let case = Case::new(&service);
        let release = case.request(&case.clerk, &case.kurashi).ok();
        let taken = step(&case.clerk, &release, "revoke").ok();
        assert_eq!(taken["ended_by"], "taken_back");
    }
}
