//! 世帯: sheets of one origin about members of one household are linked, and nobody else learns of it.

use crate::forms::{consent, consented, etag, moved, registered, relay};
use crate::probe::{agencies, ids};
use serde_json::{Value, json};
use tests::{Answer, Client, on_both};

fn household(client: &Client, of: &str) -> Vec<String> {
    let mut found = ids(&client.get(&format!("/api/v1/sheets?household_of={of}")).ok());
    found.sort();
    found
}

fn link(client: &Client, sheet: &str, to: &str) -> Answer {
    client.post(&format!("/api/v1/sheets/{sheet}/household"), &json!({"sheet_id": to}))
}

on_both! {
    fn sheets_of_one_household_are_linked_and_parted_again(service) {
        let (clerk, kacho) = (service.login("madoguchi"), service.login("kacho"));
        let made = || { service.advance_seconds(1); registered(&service, &clerk) };
        let [mother, son, aunt] = [made(), made(), made()];
        assert_eq!(household(&clerk, &mother), [mother.as_str()]);
        let before = clerk.get(&format!("/api/v1/sheets/{son}")).ok();
        let linked = link(&clerk, &son, &mother).ok();
        // A correction that is being written is not refused because of it.
        assert_eq!(linked["revision"], before["revision"]);
        link(&kacho, &aunt, &son).ok();
        for one in [&mother, &son, &aunt] {
            assert_eq!(household(&kacho, one), [mother.as_str(), &son, &aunt]);
        }
        assert_eq!(link(&clerk, &aunt, &mother).pointers(422, "invalid-input"), ["/sheet_id"]);
        // Nobody leaves a household unasked.
        service.advance_seconds(1);
        let stranger = registered(&service, &clerk);
        let moved = link(&clerk, &mother, &stranger);
        assert_eq!(moved.json()["errors"][0]["code"], "in_household");
        assert_eq!(moved.pointers(422, "invalid-input"), ["/sheet_id"]);
        assert_eq!(household(&clerk, &son).len(), 3);
        let part = |id: &str| assert_eq!(clerk.delete(&format!("/api/v1/sheets/{id}/household")).status, 204);
        part(&mother);
        // Those that are left stay together, and it can come back.
        assert_eq!((household(&clerk, &mother), household(&clerk, &aunt)), (vec![mother.clone()], vec![son.clone(), aunt.clone()]));
        link(&clerk, &mother, &aunt).ok();
        assert_eq!(household(&clerk, &son), [mother.as_str(), &son, &aunt]);
        let kinds: Vec<_> = clerk.get(&format!("/api/v1/sheets/{mother}/timeline")).ok()["items"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
        assert!(kinds.contains(&json!("sheet.linked")) && kinds.contains(&json!("sheet.unlinked")), "{kinds:?}");
    }

    fn a_link_tells_nobody_else_anything(service) {
        let (clerk, kurashi) = (service.login("madoguchi"), service.login("kurashi"));
        let codes = agencies(&clerk);
        let to = codes["kurashi-shigoto"].as_str();
        let told = || {
            service.advance_seconds(1);
            let id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &id, &consent(&service, &[to], &["identity", "history"]));
            let sent = relay(&clerk, &id, &consent_id, to, &["identity", "history"], None).ok();
            moved(&kurashi, &sent, "accept", &json!({}));
            id
        };
        let (one, other) = (told(), told());
        let seen = |id: &str| -> (Value, String) {
            let path = format!("/api/v1/sheets/{id}");
            (kurashi.get(&path).ok(), kurashi.get(&format!("{path}/timeline")).ok().to_string())
        };
        let before = (seen(&one).0, kurashi.get("/api/v1/sheets").ok());
        link(&clerk, &one, &other).ok();
        assert_eq!((seen(&one).0, kurashi.get("/api/v1/sheets").ok()), before);
        assert!(!seen(&one).1.contains("linked"));
        assert!(household(&kurashi, &one).is_empty());
        // It cannot link what it has received, nor hang its own sheet on it.
        link(&kurashi, &one, &other).problem(403, "forbidden");
        kurashi.delete(&format!("/api/v1/sheets/{one}/household")).problem(403, "forbidden");
        let own = registered(&service, &kurashi);
        let strange = link(&kurashi, &own, &one).pointers(422, "invalid-input");
        assert_eq!(strange, link(&kurashi, &own, "01900000-0000-7000-8000-000000000000").pointers(422, "invalid-input"));
        assert_eq!(service.login("kansa").get(&format!("/api/v1/sheets?household_of={one}")).pointers(422, "invalid-input"), ["/household_of"]);
        let kacho = service.login("kacho");
        let path = format!("/api/v1/sheets/{one}");
        kacho.step(&format!("{path}/void"), &json!({"reason": "誤って登録した"}), &etag(&kacho.get(&path).ok())).ok();
        service.advance_seconds(1);
        let third = registered(&service, &clerk);
        link(&clerk, &third, &one).problem(409, "invalid-transition");
        // It stands in nobody's household any more.
        assert_eq!(household(&clerk, &other), [other.as_str()]);
    }
}
