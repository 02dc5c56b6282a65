//! Every change that closes content to an agency that had opened it recalls that content: the agency gets a stop request, a task and a mail,
//! and the revision that it sees moves. Lists, search and kept answers close at once.

use crate::forms::{confirmed, consent, consented, etag, id, moved, registered, relay, relay_path, sheet};
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

const SECTIONS: [&str; 4] = ["identity", "address", "topics", "statement"];

/// A sheet that one agency has opened.
struct Case {
    origin: Client,
    login: &'static str,
    reader: Client,
    sheet_id: String,
    consent_id: String,
    relay: Value,
}

impl Case {
    /// Relays the sheet to the agency `code`; `login` opens it, and also accepts it if `accepted`.
    fn new(service: &Service, login: &'static str, code: &str, accepted: bool) -> Self {
        let (origin, reader) = (service.login("madoguchi"), service.login(login));
        let to = service.agency(code);
        let sheet_id = registered(service, &origin);
        let consent_id = consented(&origin, &sheet_id, &consent(service, &[&to], &SECTIONS));
        let relay = relay(&origin, &sheet_id, &consent_id, &to, &SECTIONS, None).ok();
        let mut case = Self { origin, login, reader, sheet_id, consent_id, relay };
        assert!(case.receive().ok()["content"]["address"].is_object());
        if accepted {
            moved(&case.reader, &case.relay, "accept", &json!({}));
        }
        case.settle(service);
        case
    }

    /// Sends the mails of everything so far, so that they do not count.
    fn settle(&mut self, service: &Service) {
        service.send_mail();
        service.advance_seconds(60);
    }

    /// Opens the relay under a fixed key: sent again, this is a replay.
    fn receive(&self) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", "opened-1"), ("if-match", "\"1\"")];
        self.reader.raw("POST", &format!("{}/receive", relay_path(&self.relay)), &headers, Some(b"{}"))
    }

    fn stops(&self) -> Vec<Value> {
        let list = self.reader.get(&format!("/api/v1/sheets/{}/stop-notices", self.sheet_id)).ok();
        list["items"].as_array().unwrap().clone()
    }

    fn seen(&self) -> Value {
        self.reader.get(&relay_path(&self.relay)).ok()
    }

    fn path(&self) -> String {
        format!("/api/v1/sheets/{}", self.sheet_id)
    }

    fn secret(&self, service: &Service, how: &str) {
        let mut secret = sheet(service);
        secret["address_secret"] = json!(how);
        self.origin.put(&self.path(), &secret, &etag(&self.origin.get(&self.path()).ok())).ok();
    }

    /// Demands one notice of this cause about these sections, one mail and one task, and that the relay has moved for the receiver.
    #[track_caller]
    fn is_recalled(&self, service: &Service, before: &Value, cause: &str, sections: &[&str]) {
        let stops = self.stops();
        assert_eq!(stops.len(), 1, "{stops:?}");
        let told = (&stops[0]["cause"], &stops[0]["sections"], &stops[0]["relay_ids"]);
        assert_eq!(told, (&json!(cause), &json!(sections), &json!([self.relay["id"]])));
        let tasks = self.reader.get("/api/v1/tasks").ok();
        let tasks: Vec<_> =
            tasks["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "stop_answer").collect();
        assert_eq!((tasks.len(), &tasks[0]["stop_notice_id"]), (1, &stops[0]["id"]));
        let mails = service.send_mail();
        let stop = mails.iter().filter(|mail| mail.text().contains("共有の停止")).count();
        assert_eq!(stop, 1, "{:?}", mails.iter().map(tests::Mail::text).collect::<Vec<_>>());
        let now = self.seen();
        assert_ne!(etag(&now), etag(before));
        let since = service.now().replace('+', "%2B");
        let moved = self.reader.get(&format!("/api/v1/relays?updated_since={since}")).ok();
        assert_eq!(moved["items"][0]["id"], self.relay["id"], "{moved}");
        let again = self.receive();
        assert_eq!((again.status, again.header("idempotent-replayed").as_str()), (200, "true"), "{}", again.text);
        let again = again.json();
        assert_eq!((&again["content"], &again["request"]), (&Value::Null, &Value::Null), "{again}");
        let kinds = service.audit_kinds(&self.sheet_id);
        assert_eq!(kinds.iter().filter(|kind| *kind == "stop_notice.issued").count(), 1);
    }
}

fn unreleased(case: &Case, service: &Service) -> String {
    let request = json!({"to_agency_id": service.agency("kurashi-shigoto"), "reason": "試験のため"});
    let release = id(case.origin.post(&format!("{}/address-releases", case.path()), &request));
    service.login("kacho").post(&format!("/api/v1/address-releases/{release}/approve"), &json!({})).ok();
    release
}

fn agreed_until(service: &Service, code: &str, day: &str) {
    let (admin, path) = (service.login("admin"), format!("/api/v1/agencies/{}", service.agency(code)));
    let mut agency = admin.get(&path).ok();
    let at = etag(&agency);
    agency["agreement"]["valid_until"] = json!(day);
    for of_the_service in ["id", "revision"] {
        agency.as_object_mut().unwrap().remove(of_the_service);
    }
    admin.put(&path, &agency, &at).ok();
}

on_both! {
    fn an_address_that_becomes_secret_is_recalled_and_nobody_hears_that_it_is_secret(service) {
        let case = Case::new(&service, "kurashi", "kurashi-shigoto", true);
        let before = case.seen();
        case.secret(&service, "dv_measure");
        case.is_recalled(&service, &before, "narrowed", &["address"]);
        // What is closed already does not close again.
        service.advance_seconds(60);
        case.secret(&service, "requested");
        assert_eq!(case.stops().len(), 1);
        // It is told again and closes again, so the copies are asked for again.
        case.secret(&service, "none");
        assert!(case.seen()["content"]["address"].is_object());
        case.secret(&service, "requested");
        assert_eq!(case.stops().len(), 2);
    }

    fn a_release_that_is_revoked_is_recalled(service) {
        let mut case = Case::new(&service, "kurashi", "kurashi-shigoto", true);
        case.secret(&service, "requested");
        let release = unreleased(&case, &service);
        assert!(case.seen()["content"]["address"].is_object());
        case.settle(&service);
        let before = case.seen();
        let earlier = case.stops().len();
        service.login("kacho").post(&format!("/api/v1/address-releases/{release}/revoke"), &json!({})).ok();
        let stops = case.stops();
        assert_eq!((stops.len(), &stops[0]["cause"], &stops[0]["sections"]), (earlier + 1, &json!("narrowed"), &json!(["address"])));
        assert_ne!(etag(&case.seen()), etag(&before));
    }

    fn an_agreement_that_ends_is_recalled_and_closes_lists_search_and_kept_answers_at_once(service) {
        let mut case = Case::new(&service, "npo", "npo-safetynet", true);
        agreed_until(&service, "npo-safetynet", "2026-11-20");
        let topic = "/api/v1/sheets?topic=03";
        let birth = json!({"birth_date": "1986-04-01"});
        let found = |case: &Case| {
            let search = case.reader.post("/api/v1/sheets/search", &birth).ok();
            (case.reader.get(topic).ok()["items"].as_array().unwrap().len(), search["items"].as_array().unwrap().len())
        };
        assert_eq!(found(&case), (1, 1));
        let before = case.seen();
        service.set_clock("2026-11-21T00:00:00+09:00");
        case.reader = service.login(case.login);
        // The round of the service has not run yet.
        assert_eq!(found(&case), (0, 0));
        let again = case.receive();
        assert_eq!((again.status, &again.json()["content"]), (200, &Value::Null), "{}", again.text);
        assert_eq!(case.stops(), [json!(null); 0]);
        service.sweep();
        case.is_recalled(&service, &before, "agency_ended", &SECTIONS);
        service.sweep();
        assert_eq!(case.stops().len(), 1);
    }

    fn an_agreement_that_ends_again_after_it_was_renewed_is_recalled_again(service) {
        let mut case = Case::new(&service, "npo", "npo-safetynet", true);
        let mut known = (etag(&case.seen()), etag(&case.reader.get(&case.path()).ok()));
        // Each of these days closes or opens it without any write to the sheet.
        for (day, until, notices, opens) in [
            ("2026-11-21", "2026-11-20", 1, false),
            ("2026-11-22", "2026-11-23", 1, true),
            ("2026-11-24", "2026-11-23", 2, false),
        ] {
            agreed_until(&service, "npo-safetynet", until);
            if opens {
                confirmed(&service, &service.agency("npo-safetynet"));
            }
            service.set_clock(&format!("{day}T00:00:00+09:00"));
            service.sweep();
            case.reader = service.login(case.login);
            assert_eq!(case.stops().len(), notices, "on {day}");
            let (relay, sheet) = (case.seen(), case.reader.get(&case.path()).ok());
            assert_eq!((relay["content"].is_object(), sheet["content"]["identity"].is_object()), (opens, opens), "on {day}");
            let now = (etag(&relay), etag(&sheet));
            assert!(now.0 != known.0 && now.1 != known.1, "on {day}: {now:?}");
            assert_eq!((service.sweep(), etag(&case.seen())), (0, now.0.clone()), "on {day}");
            known = now;
        }
    }

    fn a_sheet_that_is_voided_is_recalled(service) {
        let case = Case::new(&service, "kurashi", "kurashi-shigoto", true);
        let at = etag(&case.origin.get(&case.path()).ok());
        service.login("kacho").step(&format!("{}/void", case.path()), &json!({"reason": "誤登録のため"}), &at).ok();
        let stops = case.stops();
        assert_eq!((stops.len(), &stops[0]["cause"], &stops[0]["sections"]), (1, &json!("voided"), &json!(SECTIONS)));
        let tasks = case.reader.get("/api/v1/tasks").ok();
        assert_eq!(tasks["items"][0]["stop_notice_id"], stops[0]["id"], "{tasks}");
        // A later withdrawal does not ask for the same copies twice.
        case.origin.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &json!({"by": "self", "method": "oral"})).ok();
        assert_eq!(case.stops().len(), 1);
    }

    fn a_relay_that_is_cancelled_after_it_was_opened_is_recalled(service) {
        let case = Case::new(&service, "kurashi", "kurashi-shigoto", false);
        let before = case.seen();
        moved(&case.origin, &case.relay, "cancel", &json!({"reason": "送り先の誤りのため"}));
        case.is_recalled(&service, &before, "cancelled", &SECTIONS);
    }

    fn sections_that_are_told_no_more_are_recalled(service) {
        let case = Case::new(&service, "kurashi", "kurashi-shigoto", true);
        let before = case.seen();
        let basis = json!({"consent_id": case.consent_id});
        let asked = json!({"sections": ["identity", "statement"], "basis": basis});
        let preview = case.origin.post(&format!("{}/amend/preview", relay_path(&case.relay)), &asked).ok();
        let body = json!({"sections": ["identity", "statement"], "basis": basis, "disclosure_digest": preview["disclosure_digest"]});
        case.origin.step(&format!("{}/amend", relay_path(&case.relay)), &body, &etag(&before)).ok();
        case.is_recalled(&service, &before, "narrowed", &["address", "topics"]);
    }

    fn what_nobody_had_opened_is_not_recalled(service) {
        let (origin, reader) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let sheet_id = registered(&service, &origin);
        let consent_id = consented(&origin, &sheet_id, &consent(&service, &[&to], &SECTIONS));
        let sent = relay(&origin, &sheet_id, &consent_id, &to, &SECTIONS, None).ok();
        moved(&origin, &sent, "cancel", &json!({"reason": "送り先の誤りのため"}));
        assert_eq!(reader.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok()["items"], json!([]));
        assert!(!service.audit_kinds(&sheet_id).contains(&"stop_notice.issued".to_owned()));
    }
}
