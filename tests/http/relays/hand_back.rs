//! Handing the baton back after acceptance: this is an offer, and the baton moves only when the sender takes it.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// An accepted relay from 福祉まるごと to くらしとしごと, which holds the sheet since then.
fn accepted(service: &Service) -> (Client, Client, String, Value) {
    let (counter, receiver) = (service.login("madoguchi"), service.login("kurashi"));
    let (to, next) = (service.agency("kurashi-shigoto"), service.agency("hoken"));
    let sheet_id = registered(service, &counter);
    let consent_id = consented(&counter, &sheet_id, &consent(service, &[&to, &next], &["identity"]));
    let relay = relay(&counter, &sheet_id, &consent_id, &to, &["identity"], None).ok();
    moved(&receiver, &relay, "accept", &json!({}));
    service.send_mail();
    (counter, receiver, sheet_id, relay)
}

fn holder(client: &Client, sheet_id: &str) -> Value {
    client.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["holder_agency_id"].clone()
}

fn offer(client: &Client, relay: &Value) -> Value {
    moved(client, relay, "hand-back", &json!({"reason": "戻す理由のしるし"}))
}

fn tried(client: &Client, relay: &Value, step: &str, body: &Value) -> tests::Answer {
    let now = client.get(&relay_path(relay)).ok();
    client.step(&format!("{}/{step}", relay_path(relay)), body, &etag(&now))
}

on_both! {
    fn the_baton_goes_back_only_when_the_sender_takes_it(service) {
        let (counter, receiver, sheet_id, relay) = accepted(&service);
        let (own, there) = (json!(service.agency("fukushi-marugoto")), json!(service.agency("kurashi-shigoto")));
        let offered = offer(&receiver, &relay);
        assert_eq!((&offered["state"], &offered["hand_back"]["state"]), (&json!("accepted"), &json!("offered")));
        assert_eq!(holder(&counter, &sheet_id), there);
        assert_eq!(service.send_mail().len(), 1);
        assert_eq!(counter.get(&relay_path(&relay)).ok()["hand_back"]["reason"], "戻す理由のしるし");
        tried(&receiver, &relay, "hand-back", &json!({"reason": "もう一度"})).problem(409, "invalid-transition");
        tried(&receiver, &relay, "hand-back/accept", &json!({})).problem(403, "forbidden");

        let declined = moved(&counter, &relay, "hand-back/decline", &json!({"note": "断る理由のしるし"}));
        assert_eq!((&declined["hand_back"]["state"], holder(&counter, &sheet_id)), (&json!("declined"), there));
        assert_eq!(receiver.get(&relay_path(&relay)).ok()["hand_back"]["note"], "断る理由のしるし");
        tried(&counter, &relay, "hand-back/accept", &json!({})).problem(409, "invalid-transition");

        // It may be offered again. When the sender takes it, the sender holds the sheet, and the receiver must still report.
        offer(&receiver, &relay);
        let taken = moved(&counter, &relay, "hand-back/accept", &json!({}));
        assert_eq!((&taken["state"], &taken["hand_back"]["state"]), (&json!("accepted"), &json!("accepted")));
        assert_eq!(holder(&counter, &sheet_id), own);
        assert!(receiver.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["content"]["identity"].is_object());
        tried(&receiver, &relay, "hand-back", &json!({"reason": "もうない"})).problem(409, "invalid-transition");
        moved(&receiver, &relay, "report", &json!({"result": "other"}));
        moved(&counter, &relay, "confirm", &json!({}));
        let kinds = service.audit_kinds(&sheet_id);
        for (kind, count) in [("relay.hand_back_offered", 2), ("relay.hand_back_declined", 1), ("relay.hand_back_accepted", 1)] {
            assert_eq!(kinds.iter().filter(|k| *k == kind).count(), count, "{kind}");
        }
        // The holder closes the sheet.
        let (path, now) = (format!("/api/v1/sheets/{sheet_id}"), counter.get(&format!("/api/v1/sheets/{sheet_id}")).ok());
        counter.step(&format!("{path}/closure"), &json!({"reason": "終わったため"}), &etag(&now)).ok();
    }

    fn who_has_passed_the_baton_on_has_none_to_hand_back(service) {
        let (counter, receiver, sheet_id, first) = accepted(&service);
        offer(&receiver, &first);
        let consent_id = first["basis"]["consent_id"].as_str().unwrap();
        let parent = first["id"].as_str();
        let onward = relay(&receiver, &sheet_id, consent_id, &service.agency("hoken"), &["identity"], parent).ok();
        moved(&service.login("hoken"), &onward, "accept", &json!({}));
        tried(&counter, &first, "hand-back/accept", &json!({})).problem(409, "invalid-transition");
        assert_eq!(holder(&counter, &sheet_id), json!(service.agency("hoken")));
        moved(&counter, &first, "hand-back/decline", &json!({}));
        tried(&receiver, &first, "hand-back", &json!({"reason": "持っていない"})).problem(409, "invalid-transition");
    }

    fn only_what_was_accepted_is_handed_back(service) {
        let counter = service.login("madoguchi");
        let (kurashi, to) = (service.login("kurashi"), service.agency("kurashi-shigoto"));
        let sheet_id = registered(&service, &counter);
        let consent_id = consented(&counter, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let waiting = relay(&counter, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        tried(&kurashi, &waiting, "hand-back", &json!({"reason": "まだ"})).problem(409, "invalid-transition");
        tried(&counter, &waiting, "hand-back", &json!({"reason": "自分のもの"})).problem(403, "forbidden");
        let path = format!("{}/hand-back", relay_path(&waiting));
        service.login("hoken").step(&path, &json!({"reason": "他人"}), "\"1\"").problem(404, "not-found");
    }
}
