use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use crate::probe::{Eye, agencies};
use serde_json::json;
use tests::on_both;

on_both! {
    fn whoever_must_act_is_chased_once_a_day_by_the_sender_or_the_hub(service) {
        let [clerk, hub] = ["madoguchi", "hub"].map(|login| service.login(login));
        let codes = agencies(&clerk);
        let to = codes["hoken"].as_str();
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, to, &["identity"], None).ok();
        let path = format!("{}/chase", relay_path(&sent));
        service.send_mail();

        // The hub chases; the mail says that something waits, and until when. The revision stays, so an answer that is on its way still counts.
        let chased = hub.post(&path, &json!({})).ok();
        assert_eq!((&chased["chased_on"], &chased["state"], &chased["content"]), (&json!("2026-11-20"), &json!("sent"), &json!(null)));
        assert_eq!(etag(&chased), etag(&sent));
        assert_eq!(hub.get("/api/v1/relays").ok()["items"][0]["chased_on"], "2026-11-20");
        let mails = service.send_mail();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert!(mail.header("to").starts_with("hoken@"), "{}", mail.raw);
        let said = mail.text();
        assert!(said.contains("つなぎの対応をお待ちしています") && said.contains("R8-000001") && said.contains("12月7日"), "{said}");
        assert!(["見本", "花子", "収入"].iter().all(|word| !said.contains(word)), "{said}");

        // A relay can be chased once a day, no matter by whom, and again on the next day.
        for who in [&clerk, &hub] {
            assert_eq!(who.post(&path, &json!({})).problem(422, "invalid-input")["errors"][0]["code"], "already_chased");
        }
        assert!(service.send_mail().is_empty());
        service.set_clock("2026-11-21T00:00:00+09:00");
        let [clerk, hoken] = ["madoguchi", "hoken"].map(|login| service.login(login));
        clerk.post(&path, &json!({})).ok();
        assert_eq!(service.send_mail().len(), 1);
        // The agency that must act cannot chase, and an agency that has no part in the relay does not know of it.
        hoken.post(&path, &json!({})).problem(403, "forbidden");
        service.login("zei").post(&path, &json!({})).problem(404, "not-found");
        service.login("kansa").post(&path, &json!({})).problem(403, "forbidden");

        // A returned relay waits for the sender, so the hub may chase and the sender may not.
        service.set_clock("2026-11-24T09:00:00+09:00");
        let [clerk, hub, hoken] = ["madoguchi", "hub", "hoken"].map(|login| service.login(login));
        let returned = moved(&hoken, &sent, "return", &json!({"missing": ["住所"], "note": "住所を"}));
        service.send_mail();
        assert_eq!(clerk.post(&path, &json!({})).problem(409, "invalid-transition")["state"], "returned");
        hub.post(&path, &json!({})).ok();
        let mails = service.send_mail();
        assert!(mails.len() == 1 && mails[0].header("to").starts_with("fukushi-marugoto@"));

        // When nobody must act, nobody can be chased.
        moved(&clerk, &returned, "cancel", &json!({"reason": "別の方法で"}));
        assert_eq!(clerk.post(&path, &json!({})).problem(409, "invalid-transition")["state"], "cancelled");
        hub.post(&path, &json!({})).problem(404, "not-found");
        let events = Eye::of(&service).events();
        assert_eq!(events.iter().filter(|e| e.starts_with("relay.chased")).count(), 3);
        // The event says nothing about the person, and the chain is whole.
        assert_eq!(server::verify(service.audit_export().as_bytes()).code, 0);
    }

    fn a_chase_that_is_sent_twice_is_done_once(service) {
        let clerk = service.login("madoguchi");
        let to = service.agency("hoken");
        let sheet_id = registered(&service, &clerk);
        let consent_id = consented(&clerk, &sheet_id, &consent(&service, &[&to], &["identity"]));
        let sent = relay(&clerk, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        service.send_mail();
        let path = format!("{}/chase", relay_path(&sent));
        let key = [("content-type", "application/json"), ("idempotency-key", "chase")];
        let first = clerk.raw("POST", &path, &key, Some(b"{}"));
        let again = clerk.raw("POST", &path, &key, Some(b"{}"));
        assert_eq!((first.status, again.status), (200, 200));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(service.send_mail().len(), 1);
    }
}
