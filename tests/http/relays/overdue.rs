use crate::forms::{consent, consented, moved, registered, relay, relay_path};
use crate::probe::{Eye, agencies};
use serde_json::json;
use tests::on_both;

on_both! {
    fn whoever_must_act_is_reminded_once_when_the_day_has_passed(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let send = |to: &str| {
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity"]));
            relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok()
        };
        // Each due on 2026-12-07: one unopened, one opened, one returned, one accepted, one declined.
        let (kurashi, hoken) = (service.login("kurashi"), service.login("hoken"));
        let [unopened, opened, returned, accepted, declined] = [send(a), send(b), send(b), send(a), send(a)];
        moved(&hoken, &opened, "receive", &json!({}));
        moved(&hoken, &returned, "return", &json!({"missing": ["住所"], "note": "住所を"}));
        moved(&kurashi, &accepted, "accept", &json!({}));
        moved(&kurashi, &declined, "decline", &json!({"reason": "no_capacity"}));
        assert_eq!(unopened["reply_due"], "2026-12-07");
        service.send_mail();
        assert_eq!(service.sweep(), 0);
        service.set_clock("2026-12-07T23:59:59+09:00");
        assert_eq!(service.sweep(), 0);
        service.set_clock("2026-12-08T00:00:00+09:00");
        assert_eq!(service.sweep(), 3);
        assert_eq!(service.sweep(), 0);
        let mails = service.send_mail();
        let mut to: Vec<String> = mails.iter().map(|m| m.header("to")).collect();
        to.sort();
        assert_eq!(to.len(), 3);
        for (to, code) in to.iter().zip(["fukushi-marugoto@", "hoken@", "kurashi-shigoto@"]) {
            assert!(to.contains(code), "{to}");
        }
        let clerk = service.login("madoguchi");
        for (relay, since) in [(&unopened, json!("2026-12-08")), (&opened, json!("2026-12-08")), (&returned, json!("2026-12-08")),
            (&accepted, json!(null)), (&declined, json!(null))] {
            assert_eq!(clerk.get(&relay_path(relay)).ok()["overdue_since"], since);
        }
        service.set_clock("2026-12-20T09:00:00+09:00");
        assert_eq!((service.sweep(), service.send_mail().len()), (0, 0));
        let events = Eye::of(&service).events();
        assert_eq!(events.iter().filter(|e| e.starts_with("relay.overdue")).count(), 3);
    }
}
