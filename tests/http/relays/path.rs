//! The way of a sheet: its hops, how often it was declined, and whether it goes in a circle.

use crate::forms::{consent, consented, moved, registered, relay};
use crate::probe::{agencies, text};
use serde_json::{Value, json};
use tests::{Client, on_both};

fn preview(by: &Client, sheet_id: &str, to: &str, parent: Option<&Value>) -> Value {
    let asked = json!({
        "to_agency_id": to, "sections": ["identity"], "purpose": "support_referral", "parent_relay_id": parent.map(|it| &it["id"])
    });
    by.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok()
}

fn warned(preview: &Value) -> Vec<String> {
    preview["warnings"].as_array().unwrap().iter().map(|warning| text(&warning["code"])).collect()
}

fn way(by: &Client, sheet_id: &str) -> Value {
    by.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["path"].clone()
}

on_both! {
    fn a_circle_is_warned_of_until_somebody_has_reported(service) {
        let [clerk, kurashi, hoken] = ["madoguchi", "kurashi", "hoken"].map(|login| service.login(login));
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity"]));
        assert_eq!(way(&clerk, &sheet_id), json!({"hops": 0, "bounces": 0, "loops": 0}));
        let first = relay(&clerk, &sheet_id, &consent_id, a, &["identity"], None).ok();
        assert_eq!(way(&clerk, &sheet_id)["hops"], 0);
        moved(&kurashi, &first, "accept", &json!({}));
        // The sheet is at that agency already: a reader of the way is warned, and may still send.
        let doubled = preview(&clerk, &sheet_id, a, None);
        assert_eq!((warned(&doubled), &doubled["allowed"]), (vec!["already_there".to_owned()], &json!(true)));
        assert!(warned(&preview(&kurashi, &sheet_id, b, Some(&first))).is_empty());
        service.advance_seconds(1);
        let second = relay(&kurashi, &sheet_id, &consent_id, b, &["identity"], Some(&text(&first["id"]))).ok();
        moved(&hoken, &second, "accept", &json!({}));
        // The agency that got the sheet from it is warned that it would go back, and learns nothing about the rest of the way.
        let back = preview(&hoken, &sheet_id, a, Some(&second));
        assert_eq!((warned(&back), &back["allowed"], &back["path"]), (vec!["loop".to_owned()], &json!(true), &Value::Null));
        service.advance_seconds(1);
        let third = relay(&hoken, &sheet_id, &consent_id, a, &["identity"], Some(&text(&second["id"]))).ok();
        moved(&kurashi, &third, "accept", &json!({}));
        let all = json!({"hops": 3, "bounces": 0, "loops": 1});
        assert_eq!((way(&clerk, &sheet_id), way(&service.login("kansa"), &sheet_id)), (all.clone(), all));
        assert_eq!((way(&kurashi, &sheet_id), way(&hoken, &sheet_id)), (Value::Null, Value::Null));
        let step = |it: &Value, parent: &Value| {
            json!({"relay_id": it["id"], "parent_relay_id": parent, "from_agency_id": it["from_agency_id"], "to_agency_id": it["to_agency_id"],
                "state": "accepted", "sent_at": it["sent_at"]})
        };
        let steps = json!([step(&first, &Value::Null), step(&second, &first["id"]), step(&third, &second["id"])]);
        let sheet = |by: &Client| by.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((&sheet(&clerk)["way"], &sheet(&service.login("kansa"))["way"]), (&steps, &steps));
        // The relay under which each agency would pass the sheet on.
        let onward = [&clerk, &kurashi, &hoken].map(|by| sheet(by)["onward_from"].clone());
        assert_eq!((onward, sheet(&kurashi).get("way")), ([Value::Null, third["id"].clone(), second["id"].clone()], None));
        // Kurashi is warned about hoken, from which it now has the sheet.
        assert_eq!(warned(&preview(&kurashi, &sheet_id, b, Some(&third))), ["loop"]);
        // After a report, going back is an answer and no loop.
        moved(&hoken, &second, "report", &json!({"result": "support_started"}));
        assert_eq!(way(&clerk, &sheet_id)["loops"], 0);
    }

    fn what_is_declined_again_and_again_is_told_to_whoever_sees_the_way(service) {
        let [clerk, kurashi, hoken] = ["madoguchi", "kurashi", "hoken"].map(|login| service.login(login));
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity", "history"]));
        let taken = relay(&clerk, &sheet_id, &consent_id, a, &["identity"], None).ok();
        moved(&kurashi, &taken, "accept", &json!({}));
        for bounces in 1..=2 {
            assert!(warned(&preview(&clerk, &sheet_id, b, None)).is_empty());
            service.advance_seconds(1);
            let declined = relay(&clerk, &sheet_id, &consent_id, b, &["identity"], None).ok();
            moved(&hoken, &declined, "decline", &json!({"reason": "no_capacity"}));
            assert_eq!(way(&clerk, &sheet_id)["bounces"], bounces);
        }
        let again = preview(&clerk, &sheet_id, b, None);
        assert_eq!((warned(&again), &again["path"]), (vec!["bounced".to_owned()], &json!({"hops": 1, "bounces": 2, "loops": 0})));
        // An agency that is not told the history is not warned; one that is told it is warned.
        assert!(warned(&preview(&kurashi, &sheet_id, b, Some(&taken))).is_empty());
        service.advance_seconds(1);
        let wider = relay(&clerk, &sheet_id, &consent_id, a, &["identity", "history"], None).ok();
        moved(&kurashi, &wider, "accept", &json!({}));
        assert_eq!((way(&kurashi, &sheet_id)["bounces"].clone(), warned(&preview(&kurashi, &sheet_id, b, Some(&wider)))), (json!(2), vec!["bounced".to_owned()]));
    }
}
