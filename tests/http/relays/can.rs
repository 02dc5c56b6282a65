//! What an answer says can be done now is what can be done: the page draws nothing else.

use crate::forms::{consent, consented, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use tests::{Client, on_both};

fn can(client: &Client, path: &str) -> Vec<String> {
    let shown: Value = client.get(path).ok();
    shown["can"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

on_both! {
    fn a_relay_says_what_each_side_can_do(service) {
        let (sender, receiver, hub) = (service.login("madoguchi"), service.login("kurashi"), service.login("hub"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &sender);
        let consent_id = consented(&sender, &sheet_id, &consent(&service, &[&to], &["identity", "topics"]));
        let relay = relay(&sender, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        let path = relay_path(&relay);
        assert_eq!(can(&sender, &path), ["amend_relay", "cancel_relay", "chase_relay"]);
        assert_eq!(can(&receiver, &path), ["receive_relay", "accept_relay", "return_relay", "decline_relay"]);
        assert_eq!(can(&hub, &path), ["chase_relay"]);
        assert_eq!(can(&service.login("kansa"), &path), Vec::<String>::new());
        sender.post(&format!("{path}/chase"), &json!({})).ok();
        assert_eq!(can(&sender, &path), ["amend_relay", "cancel_relay"]);
        moved(&receiver, &relay, "return", &json!({"missing": ["緊急連絡先"], "note": "教えてください。"}));
        assert_eq!(can(&sender, &path), ["resend_relay", "amend_relay", "cancel_relay"]);
        assert_eq!(can(&receiver, &path), Vec::<String>::new());
        moved(&sender, &relay, "cancel", &json!({"reason": "取りやめます。"}));
        assert_eq!(can(&sender, &path), Vec::<String>::new());
    }

    fn an_accepted_relay_and_its_sheet_say_who_holds_it(service) {
        let (sender, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &sender);
        let sheet = format!("/api/v1/sheets/{sheet_id}");
        let all = ["revise_sheet", "give_consent", "send_relay", "request_exception", "assign_sheet", "link_sheet", "unlink_sheet", "add_entry", "add_attachment", "close_sheet"];
        assert_eq!(can(&sender, &sheet), all);
        assert_eq!(can(&service.login("kacho"), &sheet), [&all[..], &["void_sheet"]].concat());
        let consent_id = consented(&sender, &sheet_id, &consent(&service, &[&to], &["identity", "topics"]));
        let relay = relay(&sender, &sheet_id, &consent_id, &to, &["identity"], None).ok();
        let path = relay_path(&relay);
        moved(&receiver, &relay, "accept", &json!({}));
        assert_eq!(can(&receiver, &path), ["report_relay", "hand_back_relay"]);
        assert_eq!(can(&sender, &path), ["amend_relay", "chase_relay"]);
        // The holder closes the sheet, and nobody else.
        assert_eq!(can(&sender, &sheet), all[..9]);
        let of_origin = ["revise_sheet", "link_sheet", "unlink_sheet"];
        let others: Vec<_> = all.into_iter().filter(|it| !of_origin.contains(it)).collect();
        assert_eq!(can(&receiver, &sheet), others);
        moved(&receiver, &relay, "hand-back", &json!({"reason": "担当を戻します。"}));
        assert_eq!(can(&sender, &path), ["accept_hand_back", "decline_hand_back", "amend_relay", "chase_relay"]);
        moved(&sender, &relay, "hand-back/accept", &json!({}));
        moved(&receiver, &relay, "report", &json!({"result": "other"}));
        assert_eq!(can(&sender, &path), ["confirm_relay", "amend_relay"]);
        moved(&sender, &relay, "confirm", &json!({}));
        assert_eq!(can(&sender, &path), Vec::<String>::new());
        let shown = sender.get(&sheet).ok();
        sender.step(&format!("{sheet}/closure"), &json!({"reason": "終わりました。"}), &crate::forms::etag(&shown)).ok();
        // A closed sheet may be reopened, so it is handed on to a colleague like an open one.
        assert_eq!(can(&sender, &sheet), ["assign_sheet", "link_sheet", "unlink_sheet", "reopen_sheet"]);
        assert_eq!(can(&receiver, &sheet), ["assign_sheet"]);
    }
}
