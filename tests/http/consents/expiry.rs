//! What happens at midnight after the last day of a consent.

use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use crate::probe::with;
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

const SECTIONS: [&str; 2] = ["identity", "statement"];

/// A sheet told to くらしとしごと (accepted), 保健センター (opened) and 納税課 (not opened).
struct Case {
    counter: Client,
    sheet_id: String,
    consent_id: String,
    /// In the order of the three.
    relays: Vec<Value>,
    form: Value,
}

const LOGINS: [&str; 3] = ["kurashi", "hoken", "zei"];

impl Case {
    fn until(service: &Service, day: &str) -> Self {
        let counter = service.login("madoguchi");
        let to = ["kurashi-shigoto", "hoken", "nozei"].map(|code| service.agency(code));
        let sheet_id = registered(service, &counter);
        let form =
            with(&consent(service, &to.each_ref().map(String::as_str), &SECTIONS), "/effective_until", json!(day));
        let consent_id = consented(&counter, &sheet_id, &form);
        let relays = to.map(|to| relay(&counter, &sheet_id, &consent_id, &to, &SECTIONS, None).ok()).to_vec();
        moved(&service.login("kurashi"), &relays[0], "accept", &json!({}));
        moved(&service.login("hoken"), &relays[1], "receive", &json!({}));
        // The last day is so near that the prompt to renew goes at once.
        service.sweep();
        service.send_mail();
        Self { counter, sheet_id, consent_id, relays, form }
    }

    fn stops(&self, service: &Service, login: &str) -> Vec<Value> {
        let list = service.login(login).get(&format!("/api/v1/sheets/{}/stop-notices", self.sheet_id)).ok();
        list["items"].as_array().unwrap().clone()
    }

    fn states(&self, service: &Service) -> [String; 3] {
        let state = |place: usize| {
            service.login(LOGINS[place]).get(&relay_path(&self.relays[place])).ok()["state"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        [0, 1, 2].map(state)
    }

    fn count(&self, service: &Service, kind: &str) -> usize {
        service.audit_kinds(&self.sheet_id).iter().filter(|k| *k == kind).count()
    }
}

/// The mailbox and subject of each mail since the last call, sorted.
fn mailed(service: &Service) -> Vec<(String, String)> {
    let name = |to: String| to.split('@').next().unwrap().trim_start_matches('<').to_owned();
    let told = |text: &str| text.lines().next().unwrap().to_owned();
    let mut to: Vec<_> = service.send_mail().iter().map(|mail| (name(mail.header("to")), told(&mail.text()))).collect();
    to.sort();
    to
}

fn why(thing: &Value) -> Vec<&str> {
    let of_section = |section: &str| {
        let withheld = thing["withheld"].as_array().unwrap();
        withheld.iter().find(|w| w["section"] == section).map_or("", |w| w["reason"].as_str().unwrap())
    };
    SECTIONS.map(of_section).to_vec()
}

on_both! {
    fn at_midnight_it_acts_as_a_withdrawal_does(service) {
        let case = Case::until(&service, "2026-11-30");
        service.set_clock("2026-11-30T23:59:59+09:00");
        assert_eq!((service.sweep(), case.states(&service)), (0, ["accepted", "received", "sent"].map(str::to_owned)));
        service.set_clock("2026-12-01T00:00:00+09:00");
        // The content is closed already, although no round has run.
        let kurashi = service.login("kurashi");
        let before = kurashi.get(&relay_path(&case.relays[0])).ok();
        assert_eq!(why(&before), ["同意の期限切れ"; 2]);
        assert_eq!(case.states(&service)[2], "sent");
        assert_eq!((service.sweep(), service.sweep()), (1, 0));
        assert_eq!(case.states(&service), ["accepted", "halted", "halted"].map(str::to_owned));
        let after = kurashi.get(&relay_path(&case.relays[0])).ok();
        assert_ne!(etag(&after), etag(&before), "who keeps a copy learns of it");
        let zei = service.login("zei").get(&relay_path(&case.relays[2])).ok();
        assert_eq!((why(&zei), &zei["request"]), (vec!["同意の期限切れ"; 2], &Value::Null));
        service.login("zei").step(&format!("{}/accept", relay_path(&zei)), &json!({}), &etag(&zei)).problem(409, "invalid-transition");
        // An agency that had opened the relay is asked for its copies; one that had not has none.
        for login in ["kurashi", "hoken"] {
            let stops = case.stops(&service, login);
            assert_eq!(stops.len(), 1, "{login}");
            let stop = &stops[0];
            assert_eq!((&stop["cause"], &stop["sections"], &stop["due"]), (&json!("expired"), &json!(SECTIONS), &json!("2026-12-08")));
        }
        assert_eq!(case.stops(&service, "zei"), [Value::Null; 0]);
        let told = mailed(&service);
        assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["hoken", "kurashi-shigoto", "nozei"]);
        assert!(told.iter().all(|(_, subject)| subject.contains("共有の停止")), "{told:?}");
        let counted = ["consent.expired", "relay.halted", "stop_notice.issued"].map(|kind| case.count(&service, kind));
        assert_eq!(counted, [1, 2, 2]);
        assert_eq!(service.login("madoguchi").get(&format!("/api/v1/consents/{}", case.consent_id)).ok()["state"], "expired");
    }

    fn what_a_renewal_carries_does_not_end_with_the_version_before(service) {
        let case = Case::until(&service, "2026-11-30");
        let renewed = with(&case.form, "/effective_until", json!("2026-12-03"));
        let renewed = with(&with(&renewed, "/sections", json!(["identity"])), "/recipients/agency_ids", json!([service.agency("kurashi-shigoto"), service.agency("nozei")]));
        consented(&case.counter, &case.sheet_id, &renewed);
        service.sweep();
        service.send_mail();
        service.set_clock("2026-12-01T08:00:00+09:00");
        assert_eq!((service.sweep(), service.sweep()), (1, 0));
        // くらしとしごと and 納税課 keep the name; 保健センター keeps nothing.
        assert_eq!(case.states(&service), ["accepted", "halted", "sent"].map(str::to_owned));
        assert_eq!(case.stops(&service, "kurashi")[0]["sections"], json!(["statement"]));
        assert_eq!(case.stops(&service, "hoken")[0]["sections"], json!(SECTIONS));
        let seen = service.login("kurashi").get(&relay_path(&case.relays[0])).ok();
        assert_eq!(seen["content"].as_object().unwrap().keys().collect::<Vec<_>>(), ["identity"]);
        // When the renewal ends, the rest closes, and only about that rest are the copies asked for.
        service.set_clock("2026-12-04T08:00:00+09:00");
        assert_eq!((service.sweep(), service.sweep()), (1, 0));
        assert_eq!(case.states(&service), ["accepted", "halted", "halted"].map(str::to_owned));
        let stops = case.stops(&service, "kurashi");
        assert_eq!((stops.len(), &stops[0]["sections"]), (2, &json!(["identity"])));
        assert_eq!((case.stops(&service, "hoken").len(), case.stops(&service, "zei").len()), (1, 0));
    }

    fn with_a_renewal_that_never_was_valid_goes_what_it_alone_kept_open(service) {
        let case = Case::until(&service, "2026-11-30");
        let renewed = consented(&case.counter, &case.sheet_id, &with(&case.form, "/effective_until", json!("2027-11-30")));
        service.set_clock("2026-12-01T08:00:00+09:00");
        service.sweep();
        assert_eq!(case.states(&service), ["accepted", "received", "sent"].map(str::to_owned));
        let reason = json!({"reason": "代理権がない人だった。"});
        service.login("kacho").post(&format!("/api/v1/consents/{renewed}/invalidate"), &reason).ok();
        assert_eq!(case.states(&service), ["accepted", "halted", "halted"].map(str::to_owned));
        for login in ["kurashi", "hoken"] {
            let stops = case.stops(&service, login);
            let said: Vec<_> = stops.iter().map(|stop| (&stop["cause"], &stop["sections"])).collect();
            assert_eq!(said, [(&json!("invalid"), &json!(SECTIONS))], "{login}");
        }
        assert_eq!(case.stops(&service, "zei"), [Value::Null; 0]);
        let relay = service.login("kurashi").get(&relay_path(&case.relays[0])).ok();
        assert_eq!((&relay["content"], &relay["basis_invalid"], why(&relay)[0]), (&Value::Null, &json!(false), "同意の期限切れ"));
    }

    fn what_was_taken_back_before_is_not_asked_for_again(service) {
        let case = Case::until(&service, "2026-11-30");
        let path = format!("/api/v1/consents/{}/withdrawal", case.consent_id);
        case.counter.post(&path, &json!({"by": "self", "method": "oral", "sections": ["statement"]})).ok();
        service.send_mail();
        service.set_clock("2026-12-01T00:00:00+09:00");
        // The two agencies that had opened it have not answered about the withdrawal, although that was due the day before: they are reminded.
        assert_eq!(service.sweep(), 1 + 2);
        let causes: Vec<_> = case.stops(&service, "kurashi").iter().map(|s| (s["cause"].clone(), s["sections"].clone())).collect();
        assert_eq!(causes, [(json!("expired"), json!(["identity"])), (json!("withdrawn"), json!(["statement"]))]);
        let whole = Case::until(&service, "2026-12-02");
        whole.counter.post(&format!("/api/v1/consents/{}/withdrawal", whole.consent_id), &json!({"by": "self", "method": "oral"})).ok();
        service.send_mail();
        service.set_clock("2026-12-03T00:00:00+09:00");
        assert_eq!((service.sweep(), whole.count(&service, "consent.expired")), (0, 0));
    }
}
