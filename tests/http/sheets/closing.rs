//! The refusal to close a sheet names what stands in the way, as far as the caller may know of it.

use crate::forms::{consent, consented, etag, moved, registered, relay};
use crate::probe::agencies;
use serde_json::json;
use tests::on_both;

on_both! {
    fn what_holds_up_the_closing_is_named_and_of_others_only_counted(service) {
        let clerk = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let of = agencies(&clerk);
        let (a, b) = (&of["kurashi-shigoto"], &of["hoken"]);
        let id = registered(&service, &clerk);
        let path = format!("/api/v1/sheets/{id}");
        let consent_id = consented(&clerk, &id, &consent(&service, &[a, b], &["identity", "statement"]));
        let [to_a, to_b] = [a, b].map(|to| {
            service.advance_seconds(1);
            relay(&clerk, &id, &consent_id, to, &["identity", "statement"], None).ok()
        });
        let close = |client: &tests::Client| {
            let now = client.get(&path).ok();
            client.step(&format!("{path}/closure"), &json!({"reason": "終わり"}), &etag(&now))
        };
        let refused = close(&clerk).problem(409, "invalid-transition");
        let why = refused["detail"].as_str().unwrap();
        assert!(why.contains("くらしとしごとの相談センター(送付済)、保健センター(送付済)"), "{why}");
        assert_eq!(refused["state"], "relaying");
        moved(&kurashi, &to_a, "accept", &json!({}));
        // The holder of the baton knows of its own relay, and only that there is another one.
        let refused = close(&kurashi).problem(409, "invalid-transition");
        let why = refused["detail"].as_str().unwrap();
        assert!(why.contains("くらしとしごとの相談センター(受理)、ほかに1件") && !why.contains("保健"), "{why}");
        moved(&kurashi, &to_a, "report", &json!({"result": "advice_given"}));
        moved(&clerk, &to_a, "confirm", &json!({}));
        moved(&clerk, &to_b, "cancel", &json!({"reason": "重なった"}));
        close(&kurashi).ok();
        // Nothing stands in the way of a sheet that is closed already.
        let again = close(&kurashi).problem(409, "invalid-transition");
        assert!(again["detail"].as_str().unwrap().starts_with("ほかの人が先に進めたか"), "{again}");
    }
}
