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
        // Five relays are due on 2026-12-07: one unopened, one opened, one returned, one accepted, one declined.
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

    fn a_round_tells_a_mailbox_in_one_mail_how_many_of_each_kind_wait(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let (a, b) = (codes["kurashi-shigoto"].as_str(), codes["hoken"].as_str());
        let send = |to: &str| {
            let sheet_id = registered(&service, &clerk);
            let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[a, b], &["identity"]));
            (relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok(), consent_id)
        };
        let kurashi = service.login("kurashi");
        // くらしとしごと: four relays that nobody opens, and two stop requests that nobody answers. 保健センター: one relay.
        for _ in 0..4 {
            send(a);
        }
        let alone = send(b).0;
        for _ in 0..2 {
            let (taken_on, consent_id) = send(a);
            moved(&kurashi, &taken_on, "accept", &json!({}));
            clerk.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        }
        service.send_mail();
        service.set_clock("2026-12-08T00:00:00+09:00");
        // The mail goes only when the round is over, and then once.
        assert!(service.sweep() >= 7);
        let to = |mails: &[tests::Mail], code: &str| -> Vec<String> {
            mails.iter().filter(|mail| mail.header("to").contains(code)).map(tests::Mail::text).collect()
        };
        let mails = service.send_mail();
        let several = to(&mails, "kurashi-shigoto@");
        assert_eq!(several.len(), 1, "{several:?}");
        let text = &several[0];
        assert!(text.starts_with("【つなぐ】確認していただきたいものがあります(6件)"), "{text}");
        assert!(text.contains("・期限を過ぎたつなぎがあります:4件") && text.contains("・共有の停止への回答の期限を過ぎています:2件"), "{text}");
        assert!(!text.contains("R8-") && !text.contains("/sheets/"), "{text}");
        // A single thing is told in the usual form.
        let one = to(&mails, "hoken@");
        assert!(one.len() == 1 && one[0].contains(alone["number"].as_str().unwrap()) && one[0].contains("/relays/"), "{one:?}");
        let boxes: std::collections::BTreeSet<String> = mails.iter().map(|mail| mail.header("to")).collect();
        assert_eq!(boxes.len(), mails.len(), "two mails to one mailbox");
        // In the next round the privacy officer hears of both stop requests, again in one mail.
        assert_eq!(service.sweep(), 2);
        let escalated: Vec<String> = service.send_mail().iter().map(tests::Mail::text).collect();
        assert!(escalated.len() == 1 && escalated[0].contains("・共有の停止への回答がない機関があります:2件"), "{escalated:?}");
        assert_eq!((service.sweep(), service.send_mail().len()), (0, 0));
    }
}
