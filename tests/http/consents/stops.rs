//! What a withdrawal means for agencies that had opened the content, and a consent that was never valid.

use crate::forms::{self, consent, consented, etag, moved, registered, relay, relay_path};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const SECTIONS: [&str; 2] = ["identity", "statement"];

/// A sheet told to くらしとしごと (accepted) and 保健センター (not opened).
struct Case {
    counter: Client,
    sheet_id: String,
    consent_id: String,
    opened: Value,
    waiting: Value,
}

impl Case {
    fn new(service: &Service) -> Self {
        let counter = service.login("madoguchi");
        let [kurashi, hoken] = ["kurashi-shigoto", "hoken"].map(|code| service.agency(code));
        let sheet_id = registered(service, &counter);
        let consent_id = consented(&counter, &sheet_id, &consent(service, &[&kurashi, &hoken], &SECTIONS));
        let send = |to: &str| relay(&counter, &sheet_id, &consent_id, to, &SECTIONS, None).ok();
        let (opened, waiting) = (send(&kurashi), send(&hoken));
        moved(&service.login("kurashi"), &opened, "accept", &json!({}));
        service.send_mail();
        Self { counter, sheet_id, consent_id, opened, waiting }
    }

    fn withdraw(&self, body: &Value) {
        self.counter.post(&format!("/api/v1/consents/{}/withdrawal", self.consent_id), body).ok();
    }

    fn stops(&self, client: &Client) -> Vec<Value> {
        let list = client.get(&format!("/api/v1/sheets/{}/stop-notices", self.sheet_id)).ok();
        list["items"].as_array().unwrap().clone()
    }
}

/// The mailboxes of the mails since the last call, sorted.
fn mailed(service: &Service) -> Vec<String> {
    let name = |to: String| to.split('@').next().unwrap().trim_start_matches('<').to_owned();
    let mut to: Vec<String> = service.send_mail().iter().map(|mail| name(mail.header("to"))).collect();
    to.sort();
    to
}

fn answer(client: &Client, stop: &Value, body: &Value) -> tests::Answer {
    client.post(&format!("/api/v1/stop-notices/{}/answer", stop["id"].as_str().unwrap()), body)
}

on_both! {
    fn a_part_of_which_nothing_is_named_is_not_all(service) {
        let case = Case::new(&service);
        let path = format!("/api/v1/consents/{}/withdrawal", case.consent_id);
        for part in ["agency_ids", "sections"] {
            let refused = case.counter.post(&path, &json!({"by": "self", "method": "oral", part: []}));
            assert_eq!(refused.problem(422, "invalid-input")["errors"][0]["pointer"], json!(format!("/{part}")));
        }
        let consent = case.counter.get(&format!("/api/v1/consents/{}", case.consent_id)).ok();
        assert_eq!((&consent["state"], &consent["withdrawals"]), (&json!("effective"), &json!([])));
    }

    fn who_had_opened_is_asked_what_became_of_the_copies(service) {
        let case = Case::new(&service);
        let (kurashi, hoken) = (service.login("kurashi"), service.login("hoken"));
        case.withdraw(&json!({"by": "self", "method": "oral", "sections": ["statement"]}));
        let stops = case.stops(&kurashi);
        assert_eq!(stops.len(), 1);
        let stop = &stops[0];
        assert_eq!((&stop["cause"], &stop["state"], &stop["answer"]), (&json!("withdrawn"), &json!("waiting"), &Value::Null));
        assert_eq!((&stop["sections"], &stop["relay_ids"]), (&json!(["statement"]), &json!([case.opened["id"]])));
        // Friday 20 November; Monday is a holiday.
        assert_eq!(stop["due"], "2026-11-30");
        // The rest is withdrawn later: the new notice is about that rest, and nothing is asked for twice.
        service.advance_seconds(60);
        case.withdraw(&json!({"by": "self", "method": "phone"}));
        let stops = case.stops(&kurashi);
        assert_eq!((stops.len(), &stops[0]["sections"]), (2, &json!(["identity"])));
        // An agency that had opened nothing has no copies. It only hears that there is nothing any more.
        assert_eq!(case.stops(&hoken), [json!(null); 0]);
        assert_eq!(hoken.get(&relay_path(&case.waiting)).ok()["state"], "halted");
        let mut mails = mailed(&service);
        mails.dedup();
        assert_eq!(mails, ["hoken", "kurashi-shigoto"]);

        let kept = json!({"disposition": "kept", "note": "紙の控えのしるし"});
        assert_eq!(answer(&kurashi, stop, &kept).pointers(422, "invalid-input"), ["/legal_ground"]);
        let kept = json!({"disposition": "kept", "legal_ground": "見本法第一条のしるし", "note": "紙の控えのしるし"});
        for stranger in ["hoken", "zei", "npo"] {
            answer(&service.login(stranger), stop, &kept).problem(404, "not-found");
        }
        answer(&case.counter, stop, &kept).problem(403, "forbidden");
        let done = answer(&kurashi, stop, &kept).ok();
        assert_eq!((&done["state"], &done["answer"]["disposition"]), (&json!("answered"), &json!("kept")));
        answer(&kurashi, stop, &json!({"disposition": "deleted"})).problem(409, "invalid-transition");

        // The origin and the privacy officer read the legal ground, the auditor sees only that there is one, others see nothing.
        let ground = |client: &Client| case.stops(client)[1]["answer"]["legal_ground"].clone();
        assert_eq!((ground(&case.counter), ground(&service.login("hogo"))), (json!("見本法第一条のしるし"), json!("見本法第一条のしるし")));
        assert_eq!(ground(&service.login("kansa")), Value::Null);
        service.login("zei").get(&format!("/api/v1/sheets/{}/stop-notices", case.sheet_id)).problem(404, "not-found");
        let kinds = service.audit_kinds(&case.sheet_id);
        for (kind, count) in [("stop_notice.issued", 2), ("stop_notice.answered", 1), ("stop_notice.operation_refused", 1)] {
            assert_eq!(kinds.iter().filter(|k| *k == kind).count(), count, "{kind}");
        }
    }

    fn who_had_opened_and_declined_is_asked_too(service) {
        let case = Case::new(&service);
        let hoken = service.login("hoken");
        moved(&hoken, &case.waiting, "receive", &json!({}));
        moved(&hoken, &case.waiting, "decline", &json!({"reason": "no_capacity"}));
        assert_eq!(case.stops(&hoken), [json!(null); 0]);
        case.withdraw(&json!({"by": "self", "method": "oral", "agency_ids": [service.agency("hoken")]}));
        let stops = case.stops(&hoken);
        assert_eq!((stops.len(), &stops[0]["sections"]), (1, &json!(SECTIONS)));
        assert_eq!(case.stops(&service.login("kurashi")), [json!(null); 0]);
        answer(&hoken, &stops[0], &json!({"disposition": "deleted"})).ok();
        assert_eq!(case.stops(&case.counter)[0]["answer"]["disposition"], "deleted");
        service.login("hoken").get(&format!("/api/v1/sheets/{}", case.sheet_id)).problem(404, "not-found");
    }

    fn silence_is_reminded_of_once_and_then_told_to_the_privacy_officer(service) {
        let case = Case::new(&service);
        case.withdraw(&json!({"by": "self", "method": "oral"}));
        assert_eq!(mailed(&service), ["hoken", "kurashi-shigoto"]);
        service.set_clock("2026-11-30T23:59:59+09:00");
        assert_eq!(service.sweep(), 0);
        service.set_clock("2026-12-01T00:00:00+09:00");
        assert_eq!((service.sweep(), service.sweep()), (1, 0));
        assert_eq!(mailed(&service), ["kurashi-shigoto"]);
        // Five open days after the day on which it was due.
        service.set_clock("2026-12-07T23:59:59+09:00");
        assert_eq!(service.sweep(), 0);
        service.set_clock("2026-12-08T00:00:00+09:00");
        assert_eq!((service.sweep(), service.sweep()), (1, 0));
        assert_eq!(mailed(&service), ["hogo"]);
        let stops = case.stops(&service.login("hogo"));
        assert_eq!((&stops[0]["overdue_since"], &stops[0]["escalated_on"]), (&json!("2026-12-01"), &json!("2026-12-08")));
        service.set_clock("2027-03-01T09:00:00+09:00");
        assert_eq!(service.sweep(), 0);
        answer(&service.login("kurashi"), &stops[0], &json!({"disposition": "deleted"})).ok();
    }

    fn an_answer_in_time_ends_it(service) {
        let case = Case::new(&service);
        case.withdraw(&json!({"by": "self", "method": "oral"}));
        let kurashi = service.login("kurashi");
        answer(&kurashi, &case.stops(&kurashi)[0], &json!({"disposition": "deleted"})).ok();
        mailed(&service);
        service.set_clock("2027-03-01T09:00:00+09:00");
        assert_eq!((service.sweep(), mailed(&service).len()), (0, 0));
    }

    fn a_stop_notice_outlives_the_sheet(service) {
        let case = Case::new(&service);
        case.withdraw(&json!({"by": "self", "method": "oral"}));
        let stop = case.stops(&case.counter)[0].clone();
        let (kacho, sheet) = (service.login("kacho"), format!("/api/v1/sheets/{}", case.sheet_id));
        let now = etag(&kacho.get(&sheet).ok());
        kacho.step(&format!("{sheet}/void"), &json!({"reason": "誤登録のため"}), &now).ok();
        let kurashi = service.login("kurashi");
        kurashi.get(&sheet).problem(404, "not-found");
        assert_eq!(case.stops(&kurashi)[0]["id"], stop["id"]);
        answer(&kurashi, &stop, &json!({"disposition": "deleted"})).ok();
        service.login("hoken").get(&format!("{sheet}/stop-notices")).problem(404, "not-found");
    }

    fn what_was_invalid_from_the_start_is_told_from_what_was_withdrawn(service) {
        let case = Case::new(&service);
        let (kurashi, kacho) = (service.login("kurashi"), service.login("kacho"));
        let place = format!("/api/v1/consents/{}", case.consent_id);
        let reason = json!({"reason": "代理権のない人のしるし"});
        case.counter.post(&format!("{place}/invalidate"), &reason).problem(403, "forbidden");
        kurashi.post(&format!("{place}/invalidate"), &reason).problem(403, "forbidden");
        let done = kacho.post(&format!("{place}/invalidate"), &reason).ok();
        assert_eq!((&done["state"], &done["withdrawals"]), (&json!("invalid"), &json!([])));
        assert_eq!(done["invalid"]["reason"], "代理権のない人のしるし");
        kacho.post(&format!("{place}/invalidate"), &reason).problem(409, "invalid-transition");

        // The same happens as after a whole withdrawal, but the reason is another one.
        let relay = kurashi.get(&relay_path(&case.opened)).ok();
        assert_eq!((&relay["content"], &relay["basis_invalid"], &relay["withheld"][0]["reason"]), (&Value::Null, &json!(true), &json!("同意の無効")));
        assert_eq!(case.counter.get(&relay_path(&case.opened)).ok()["basis_invalid"], true);
        let halted = service.login("hoken").get(&relay_path(&case.waiting)).ok();
        assert_eq!((&halted["state"], &halted["withheld"][0]["reason"]), (&json!("halted"), &json!("同意の無効")));
        let stops = case.stops(&kurashi);
        assert_eq!((stops.len(), &stops[0]["cause"]), (1, &json!("invalid")));
        let refused = forms::relay(&case.counter, &case.sheet_id, &case.consent_id, &service.agency("hoken"), &SECTIONS, None);
        assert_eq!(refused.clauses(), ["invalid"]);
        let event = service.audit_export();
        let event = event.lines().find(|line| line.contains("consent.invalidated")).unwrap();
        assert!(event.contains(case.opened["id"].as_str().unwrap()) && event.contains(case.waiting["id"].as_str().unwrap()), "{event}");
    }

    fn the_privacy_officer_may_find_a_consent_invalid_and_reads_no_words(service) {
        let case = Case::new(&service);
        let path = format!("/api/v1/consents/{}/invalidate", case.consent_id);
        let done = service.login("hogo").post(&path, &json!({"reason": "代理権のない人のしるし"})).ok();
        assert_eq!((&done["state"], &done["invalid"]["reason"]), (&json!("invalid"), &Value::Null));
        assert_eq!(case.stops(&service.login("kurashi")).len(), 1);
        assert_eq!(case.counter.get(&relay_path(&case.opened)).ok()["basis_invalid"], true);
    }
}
