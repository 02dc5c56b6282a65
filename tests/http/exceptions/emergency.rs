use super::{TOLD, decided, requested, seen, sent, urgent, why_not};
use crate::forms::{etag, moved, registered, relay_path};
use crate::probe::agencies;
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

/// An emergency that was used at noon of Friday the 20th, and whose relay was accepted: (sheet, exception, relay). Monday the 23rd is a
/// holiday, so it must be approved by the end of Tuesday the 24th.
fn used(service: &Service, clerk: &Client) -> (String, String, Value) {
    let to = agencies(clerk)["hoken"].clone();
    let sheet_id = registered(service, clerk);
    let path = requested(clerk, &sheet_id, &urgent("e7", &to));
    let relay = sent(clerk, &sheet_id, &path, &to, &TOLD).ok();
    moved(&service.login("hoken"), &relay, "accept", &json!({}));
    let used = clerk.get(&path).ok();
    assert_eq!(
        (&used["state"], &used["approve_by"], &used["approval"]),
        (&json!("used"), &json!("2026-11-24"), &Value::Null)
    );
    (sheet_id, path, relay)
}

fn mails(service: &Service) -> Vec<(String, String)> {
    let mut mails: Vec<(String, String)> = service
        .send_mail()
        .iter()
        .map(|mail| (mail.header("to"), mail.text().lines().next().unwrap().to_owned()))
        .collect();
    mails.sort();
    mails
}

on_both! {
    fn approved_in_time_it_stays_open(service) {
        let (sheet_id, path, relay) = used(&service, &service.login("madoguchi"));
        service.send_mail();
        service.set_clock("2026-11-24T23:59:59+09:00");
        assert_eq!(service.sweep(), 0);
        let hoken = service.login("hoken");
        assert_eq!(seen(&hoken.get(&relay_path(&relay)).ok()), ["identity", "risk"]);
        let approved = decided(&service.login("hogo"), &path, "approve").ok();
        assert_eq!((&approved["state"], &approved["approve_by"]), (&json!("used"), &Value::Null));
        service.set_clock("2027-03-31T12:00:00+09:00");
        // By then the relay is long overdue, but the exception is not.
        service.sweep();
        assert_eq!(mails(&service).iter().filter(|(_, subject)| subject.contains("承認の期限")).count(), 0);
        let hoken = service.login("hoken");
        assert_eq!(seen(&hoken.get(&format!("/api/v1/sheets/{sheet_id}")).ok()), ["identity", "risk"]);
        assert!(!service.audit_kinds(&sheet_id).contains(&"exception.overdue".to_owned()));
    }

    fn not_approved_in_time_it_closes_and_a_late_approval_opens_it_again(service) {
        let (sheet_id, path, relay) = used(&service, &service.login("madoguchi"));
        let told = mails(&service);
        assert_eq!(told.iter().filter(|(_, subject)| subject.contains("承認を待つ")).count(), 4, "asked, and used: {told:?}");
        service.set_clock("2026-11-25T00:00:00+09:00");
        let sheet = format!("/api/v1/sheets/{sheet_id}");
        let hoken = service.login("hoken");
        let found = |client: &Client| client.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミホン"})).ok()["items"].as_array().unwrap().len();
        // At midnight it is closed, whether a round has run or not.
        let closed = |hoken: &Client| {
            let (relay, sheet) = (hoken.get(&relay_path(&relay)).ok(), hoken.get(&sheet).ok());
            assert_eq!((seen(&relay), seen(&sheet), found(hoken)), (vec![], vec![], 0));
            assert_eq!((why_not(&relay, "risk"), why_not(&sheet, "identity")), ("例外の承認なし".to_owned(), "例外の承認なし".to_owned()));
            assert_eq!((&relay["request"], &relay["restriction"]), (&Value::Null, &Value::Null));
        };
        closed(&hoken);
        let before = hoken.get(&relay_path(&relay)).etag();
        assert_eq!((service.sweep(), service.sweep()), (1, 0));
        closed(&hoken);
        assert_ne!(hoken.get(&relay_path(&relay)).etag(), before, "who keeps a copy learns of it");
        let overdue = service.login("hogo").get(&path).ok();
        assert_eq!((&overdue["state"], &overdue["overdue_since"]), (&json!("overdue"), &json!("2026-11-25T00:00:00+09:00")));
        let told = mails(&service);
        assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["fukushi-marugoto@example.jp", "hogo@example.jp", "hoken@example.jp"]);
        assert!(told[..2].iter().all(|(_, subject)| subject.contains("承認の期限を過ぎた")), "{told:?}");
        // The agency that had opened it is told to stop, and is asked for its copies.
        assert!(told[2].1.contains("共有の停止"), "{told:?}");
        let stops = hoken.get(&format!("{sheet}/stop-notices")).ok();
        assert_eq!((&stops["items"][0]["cause"], &stops["items"][0]["sections"]), (&json!("unapproved"), &json!(["identity", "risk"])));
        let listed = service.login("hogo").get("/api/v1/exceptions?state=overdue").ok();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        decided(&service.login("hogo"), &path, "follow-up").problem(409, "invalid-transition");
        assert_eq!(decided(&service.login("hogo"), &path, "approve").ok()["state"], "used");
        let hoken = service.login("hoken");
        assert_eq!((seen(&hoken.get(&sheet).ok()), found(&hoken)), (vec!["identity".to_owned(), "risk".to_owned()], 1));
        let events = service.audit_kinds(&sheet_id);
        let of_it: Vec<_> = events.iter().filter(|kind| kind.starts_with("exception.") && !kind.ends_with(".read")).collect();
        assert_eq!(of_it, ["exception.requested", "exception.used", "exception.overdue", "exception.operation_refused", "exception.approved"]);
    }

    fn rejected_after_its_use_it_closes_at_once_and_the_recipient_is_told_to_stop(service) {
        let clerk = service.login("madoguchi");
        let (sheet_id, path, accepted) = used(&service, &clerk);
        let hoken = service.login("hoken");
        // Another emergency, whose relay still waits for its receiver.
        let to = service.agency("kurashi-shigoto");
        let other = requested(&clerk, &sheet_id, &urgent("e7", &to));
        let waiting = sent(&clerk, &sheet_id, &other, &to, &TOLD).ok();
        let kurashi = service.login("kurashi");
        moved(&kurashi, &waiting, "receive", &json!({}));
        service.send_mail();
        for exception in [&path, &other] {
            assert_eq!(decided(&service.login("kacho"), exception, "reject").ok()["state"], "rejected");
        }
        let stopped: Vec<_> = mails(&service).into_iter().filter(|(_, subject)| subject.contains("共有の停止")).map(|(to, _)| to).collect();
        assert_eq!(stopped, ["hoken@example.jp", "kurashi-shigoto@example.jp"]);
        let relay = hoken.get(&relay_path(&accepted)).ok();
        assert_eq!((&relay["state"], seen(&relay), why_not(&relay, "risk").as_str()), (&json!("accepted"), vec![], "例外の承認なし"));
        let halted = kurashi.get(&relay_path(&waiting)).ok();
        assert_eq!((&halted["state"], seen(&halted), why_not(&halted, "risk").as_str()), (&json!("halted"), vec![], "例外の承認なし"));
        kurashi.step(&format!("{}/accept", relay_path(&waiting)), &json!({}), &etag(&halted)).problem(409, "invalid-transition");
        assert_eq!(sent(&clerk, &sheet_id, &other, &to, &TOLD).clauses(), ["exception_used"]);
        assert!(service.audit_kinds(&sheet_id).contains(&"relay.halted".to_owned()));
    }

    fn a_sheet_is_closed_only_when_its_emergencies_are_followed_up(service) {
        let (clerk, hogo, hoken) = (service.login("madoguchi"), service.login("hogo"), service.login("hoken"));
        let (sheet_id, path, relay) = used(&service, &clerk);
        moved(&hoken, &relay, "report", &json!({"result": "support_started"}));
        moved(&clerk, &relay, "confirm", &json!({}));
        let sheet = format!("/api/v1/sheets/{sheet_id}");
        let close = || {
            let now = hoken.get(&sheet).ok();
            hoken.step(&format!("{sheet}/closure"), &json!({"reason": "見本の終結"}), &etag(&now))
        };
        close().problem(409, "invalid-transition");
        decided(&hogo, &path, "approve").ok();
        close().problem(409, "invalid-transition");
        let done = decided(&hogo, &path, "follow-up").ok();
        assert_eq!((&done["state"], &done["follow_up_text"]), (&json!("followed_up"), &json!("本人に会い、伝えたことを説明した。")));
        assert_eq!(seen(&hoken.get(&sheet).ok()), ["identity", "risk"]);
        assert_eq!(close().ok()["state"], "closed");
    }
}
