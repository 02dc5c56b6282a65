//! One whole round: record, consent, relay, receive, accept, report, confirm, close.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use serde_json::json;
use tests::on_both;

on_both! {
    fn the_sheet_goes_round(service) {
        let madoguchi = service.login("madoguchi");
        let kurashi = service.login("kurashi");
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &madoguchi);
        let sheet = madoguchi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((&sheet["number"], &sheet["state"]), (&json!("R8-000001"), &json!("registered")));

        // Nobody else may know of it.
        kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).problem(404, "not-found");

        let sections = ["identity", "contact", "statement"];
        let consent_id = consented(&madoguchi, &sheet_id, &consent(&service, &[&to], &sections));
        assert_eq!(madoguchi.get(&format!("/api/v1/sheets/{sheet_id}")).ok()["state"], "consented");
        let sent = relay(&madoguchi, &sheet_id, &consent_id, &to, &sections, None);
        assert_eq!((sent.status, sent.etag()), (201, "\"1\"".to_owned()), "{}", sent.text);
        let sent = sent.json();
        assert_eq!((&sent["state"], &sent["reply_due"]), (&json!("sent"), &json!("2026-12-07")));

        // Before the relay is opened it shows the request, but no content.
        let waiting = kurashi.get(&relay_path(&sent)).ok();
        assert_eq!(waiting["content"], json!(null));
        assert_eq!(waiting["request"], "家計と仕事の相談をお願いします。");
        kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).problem(403, "forbidden");

        let opened = moved(&kurashi, &sent, "receive", &json!({}));
        assert_eq!(opened["content"]["identity"]["family_name"], "見本");
        assert!(opened["content"].get("arrears").is_none());
        let accepted = moved(&kurashi, &sent, "accept", &json!({"contact_by": "2026-11-24"}));
        assert_eq!(accepted["state"], "accepted");
        let sheet = kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((&sheet["state"], &sheet["holder_agency_id"]), (&json!("in_support"), &json!(to)));
        assert!(sheet["content"].get("arrears").is_none());
        assert!(sheet["withheld"].as_array().unwrap().iter().any(|w| w["section"] == "arrears"));

        let reported = moved(&kurashi, &sent, "report", &json!({"result": "support_started", "text": "家計相談を始めました。"}));
        assert_eq!(reported["report"]["result"], "support_started");
        let seen = madoguchi.get(&relay_path(&sent)).ok();
        assert_eq!(seen["report"]["text"], "家計相談を始めました。");
        moved(&madoguchi, &sent, "confirm", &json!({}));

        let sheet = kurashi.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        let closed = kurashi.step(&format!("/api/v1/sheets/{sheet_id}/closure"), &json!({"reason": "支援につながったため"}), &etag(&sheet)).ok();
        assert_eq!(closed["state"], "closed");

        let mails = service.send_mail();
        let to: Vec<String> = mails.iter().map(|m| m.header("to")).collect();
        assert_eq!(to.iter().filter(|t| t.contains("kurashi-shigoto@")).count(), 1, "{to:?}");
        assert_eq!(to.iter().filter(|t| t.contains("fukushi-marugoto@")).count(), 2, "{to:?}");

        let kinds = service.audit_kinds(&sheet_id);
        for kind in ["sheet.created", "sheet.registered", "sheet.read", "consent.given", "relay.previewed", "relay.sent", "relay.read",
            "relay.received", "relay.accepted", "relay.reported", "relay.closed", "sheet.closed"] {
            assert!(kinds.iter().any(|k| k == kind), "{kind} is not in {kinds:?}");
        }
        let verified = server::verify(service.audit_export().as_bytes());
        assert_eq!(verified.code, 0, "{}", verified.message);
    }
}
