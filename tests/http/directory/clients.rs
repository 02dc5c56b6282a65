//! Department systems: the person who adds one, or asks for a new secret, has seen the secret, so another person must confirm it.

use super::told;
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

const LIST: &str = "/api/v1/clients";

fn add(service: &Service, scopes: &[&str]) -> Value {
    let body = json!({"name": "見本システム", "agency_id": service.agency("fukushi-marugoto"), "scopes": scopes});
    service.login("admin").post(LIST, &body).ok()
}

fn deed(by: &Client, client: &Value, what: &str, body: &Value) -> Answer {
    by.post(&format!("{LIST}/{}/{what}", id(client)), body)
}

fn id(client: &Value) -> &str {
    client["id"].as_str().unwrap()
}

fn token(service: &Service, client: &Value, secret: &Value) -> Answer {
    service.ask_token(id(client), secret.as_str().unwrap())
}

/// The system as the list shows it.
fn shown(service: &Service, client: &Value) -> Value {
    let list = service.login("hogo").get(LIST).ok();
    list["items"].as_array().unwrap().iter().find(|one| one["id"] == client["id"]).unwrap().clone()
}

fn waiting_mails(service: &Service) -> usize {
    service.send_mail().iter().filter(|mail| mail.text().contains("確認を待つ連携システムがあります")).count()
}

on_both! {
    fn a_system_counts_when_another_person_has_confirmed_it(service) {
        let (admin, officer) = (service.login("admin"), service.login("hogo"));
        let added = add(&service, &["sheets:read", "relays:read", "sheets:read"]);
        assert_eq!((&added["scopes"], &added["pending"]), (&json!(["sheets:read", "relays:read"]), &json!(true)));
        // Administrator and privacy officer sit in two agencies, so there are two mails; neither names the system.
        assert_eq!(waiting_mails(&service), 2);
        token(&service, &added, &added["client_secret"]).token_refused(401, "invalid_client");
        deed(&admin, &added, "confirm", &json!({})).problem(403, "forbidden");
        deed(&admin, &added, "rotate", &json!({"overlap_hours": 0})).problem(409, "invalid-transition");
        for login in ["kacho", "hub", "kansa", "madoguchi"] {
            deed(&service.login(login), &added, "confirm", &json!({})).problem(403, "forbidden");
        }
        let confirmed = deed(&officer, &added, "confirm", &json!({})).ok();
        assert_eq!((&confirmed["pending"], &confirmed["client_secret"]), (&json!(false), &Value::Null));
        assert_eq!(deed(&officer, &added, "confirm", &json!({})).problem(409, "invalid-transition")["state"], "nothing_pending");
        service.system(id(&added), added["client_secret"].as_str().unwrap()).get("/api/v1/sheets").ok();
        assert_eq!(told(&service, "client.confirmed")[0]["scopes"], json!(["sheets:read", "relays:read"]));
        // Nobody sees the secret again.
        assert_eq!(shown(&service, &added).get("client_secret"), None);
    }

    fn the_secret_is_not_said_again_to_who_asks_again(service) {
        let body = json!({"name": "見本システム", "agency_id": service.agency("fukushi-marugoto"), "scopes": ["sheets:read"]});
        let (admin, key) = (service.login("admin"), "01980000-0000-7000-8000-0000000000c1");
        let first = admin.post_with_key(LIST, &body, key).ok();
        let again = admin.post_with_key(LIST, &body, key).ok();
        assert_eq!((&again["id"], again.get("client_secret")), (&first["id"], None));
        deed(&service.login("hogo"), &first, "confirm", &json!({})).ok();
        let (path, key) = (format!("{LIST}/{}/rotate", id(&first)), "01980000-0000-7000-8000-0000000000c2");
        let rotated = admin.post_with_key(&path, &json!({"overlap_hours": 1}), key).ok();
        assert!(rotated["client_secret"].is_string());
        assert_eq!(admin.post_with_key(&path, &json!({"overlap_hours": 1}), key).ok(), json!({"client_id": first["id"]}));
    }

    fn consents_record_is_given_by_administrator_and_privacy_officer_together(service) {
        let added = add(&service, &["sheets:write", "consents:record"]);
        let post = json!({"agency_id": service.agency("admin"), "role": "admin", "valid_from": "2026-04-01"});
        service.hire("admin-2", "natsu-no-yuugure-41", &post);
        let second = service.login_with("admin-2", "natsu-no-yuugure-41");
        deed(&second, &added, "confirm", &json!({})).problem(403, "forbidden");
        deed(&service.login("hogo"), &added, "confirm", &json!({})).ok();
        let secret = deed(&second, &added, "rotate", &json!({"overlap_hours": 0})).ok()["client_secret"].clone();
        deed(&service.login("admin"), &added, "confirm", &json!({})).problem(403, "forbidden");
        deed(&service.login("hogo"), &added, "confirm", &json!({})).ok();
        assert_eq!(token(&service, &added, &secret).status, 200);
        // Without the scope `consents:record` another administrator is enough.
        let other = add(&service, &["sheets:read"]);
        deed(&second, &other, "confirm", &json!({})).ok();
    }

    fn two_secrets_overlap_for_as_long_as_was_asked(service) {
        let (admin, officer) = (service.login("admin"), service.login("hogo"));
        let added = add(&service, &["sheets:read"]);
        deed(&officer, &added, "confirm", &json!({})).ok();
        let first = added["client_secret"].clone();
        let dropped = deed(&admin, &added, "rotate", &json!({"overlap_hours": 1})).ok()["client_secret"].clone();
        let second = deed(&admin, &added, "rotate", &json!({"overlap_hours": 2})).ok()["client_secret"].clone();
        let waiting = shown(&service, &added);
        assert_eq!((&waiting["secret_pending"], &waiting["pending"]), (&json!(true), &json!(false)));
        token(&service, &added, &second).token_refused(401, "invalid_client");
        deed(&admin, &added, "confirm", &json!({})).problem(403, "forbidden");
        let confirmed = deed(&officer, &added, "confirm", &json!({})).ok();
        assert!(confirmed["earlier_secret_until"].is_string() && confirmed["secret_pending"] == json!(false));
        for (secret, status) in [(&first, 200), (&second, 200), (&dropped, 401)] {
            assert_eq!(token(&service, &added, secret).status, status);
        }
        service.advance_seconds(2 * 3600 - 1);
        assert_eq!(token(&service, &added, &first).status, 200);
        service.advance_seconds(1);
        token(&service, &added, &first).token_refused(401, "invalid_client");
        assert_eq!(token(&service, &added, &second).status, 200);
        for wrong in [-1, 745] {
            let refused = deed(&service.login("admin"), &added, "rotate", &json!({"overlap_hours": wrong}));
            assert_eq!(refused.pointers(422, "invalid-input"), ["/overlap_hours"]);
        }
        assert_eq!(told(&service, "client.rotation_asked").len(), 2);
        assert_eq!(told(&service, "client.rotated").len(), 1);
    }

    fn a_system_that_is_shut_out_may_do_nothing_any_more(service) {
        let officer = service.login("hogo");
        let added = add(&service, &["sheets:read"]);
        deed(&officer, &added, "confirm", &json!({})).ok();
        let system = service.system(id(&added), added["client_secret"].as_str().unwrap());
        system.get("/api/v1/sheets").ok();
        assert!(deed(&officer, &added, "revoke", &json!({})).ok()["revoked_at"].is_string());
        system.get("/api/v1/sheets").problem(401, "unauthenticated");
        token(&service, &added, &added["client_secret"]).token_refused(401, "invalid_client");
        for what in ["revoke", "confirm"] {
            assert_eq!(deed(&officer, &added, what, &json!({})).problem(409, "invalid-transition")["state"], "revoked");
        }
        // A system that still waits is turned down in the same way, and then waits no more.
        let other = add(&service, &["sheets:read"]);
        deed(&service.login("admin"), &other, "revoke", &json!({})).ok();
        assert_eq!(shown(&service, &other)["pending"], json!(false));
        deed(&officer, &other, "confirm", &json!({})).problem(409, "invalid-transition");
        assert_eq!(told(&service, "client.revoked").len(), 2);
    }

    fn a_system_is_of_an_agency_of_the_own_municipality_and_has_a_scope(service) {
        let admin = service.login("admin");
        let body = |agency: &str, scopes: Value| json!({"name": "見本システム", "agency_id": agency, "scopes": scopes});
        let own = service.agency("fukushi-marugoto");
        let nowhere = body("01980000-0000-7000-8000-000000000000", json!(["sheets:read"]));
        assert_eq!(admin.post(LIST, &nowhere).pointers(422, "invalid-input"), ["/agency_id"]);
        assert_eq!(admin.post(LIST, &body(&own, json!([]))).pointers(422, "invalid-input"), ["/scopes"]);
        assert_eq!(admin.post(LIST, &body(&own, json!(["sheets:all"]))).pointers(422, "invalid-input"), ["/scopes/0"]);
        let unknown = json!({"id": "01980000-0000-7000-8000-000000000000"});
        for (what, with) in [("confirm", json!({})), ("revoke", json!({})), ("rotate", json!({"overlap_hours": 1}))] {
            deed(&admin, &unknown, what, &with).problem(404, "not-found");
        }
    }
}
