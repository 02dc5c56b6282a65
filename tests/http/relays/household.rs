//! 世帯員: a member who did not consent is left out of what is told, unless somebody decides otherwise with a reason.

use crate::forms::{consent, consented, etag, id, moved, relay_path, sheet};
use crate::probe::with;
use serde_json::{Value, json};
use tests::{Answer, Client, Service, on_both};

const SECTIONS: [&str; 2] = ["identity", "household"];
const REASON: &str = "介護の手配に、弟の体調を伝える必要があるため。";

fn mother() -> Value {
    json!({"name": "見本 梅子", "relation": "母", "own_consent": "given"})
}

fn father(own_consent: &str) -> Value {
    json!({"name": "見本 松男", "relation": "父", "own_consent": own_consent, "note": "入院中"})
}

/// A brother whose own consent nobody wrote down.
fn brother() -> Value {
    json!({"name": "見本 竹次", "relation": "弟"})
}

fn chosen(index: usize) -> Value {
    json!([{"index": index, "reason": REASON}])
}

struct Case {
    origin: Client,
    receiver: Client,
    to: String,
    sheet: String,
    consent_id: String,
}

impl Case {
    fn new(service: &Service, household: &Value) -> Self {
        let (origin, receiver) = (service.login("madoguchi"), service.login("kurashi"));
        let to = service.agency("kurashi-shigoto");
        let form = with(&sheet(service), "/content/household", household.clone());
        let sheet_id = id(origin.post("/api/v1/sheets", &form));
        let consent_id = consented(&origin, &sheet_id, &consent(service, &[&to, &service.agency("hoken")], &SECTIONS));
        Self { origin, receiver, to, sheet: format!("/api/v1/sheets/{sheet_id}"), consent_id }
    }

    fn ask(&self, members: &Value) -> Value {
        json!({
            "to_agency_id": self.to, "sections": SECTIONS, "purpose": "support_referral",
            "basis": {"consent_id": self.consent_id}, "household_members": members
        })
    }

    fn preview(&self, members: &Value) -> Value {
        self.origin.post(&format!("{}/relays/preview", self.sheet), &self.ask(members)).ok()
    }

    fn send(&self, members: &Value, digest: &Value) -> Answer {
        let mut body = self.ask(members);
        for (key, value) in [
            ("request", json!("お願いします。")),
            ("urgency", json!("normal")),
            ("handover", json!("phoned")),
            ("disclosure_digest", digest.clone()),
        ] {
            body[key] = value;
        }
        self.origin.post(&format!("{}/relays", self.sheet), &body)
    }

    fn sent(&self, members: &Value) -> Value {
        self.send(members, &self.preview(members)["disclosure_digest"]).ok()
    }

    /// Sends a relay, which the receiver accepts.
    fn told(&self, members: &Value) -> Value {
        let relay = self.sent(members);
        moved(&self.receiver, &relay, "accept", &json!({}));
        relay
    }

    fn write(&self, service: &Service, household: &Value) {
        let form = with(&sheet(service), "/content/household", household.clone());
        let form = with(&form, "/received_at", self.origin.get(&self.sheet).ok()["received_at"].clone());
        self.origin.put(&self.sheet, &form, &self.origin.get(&self.sheet).etag()).ok();
    }

    /// The members that the receiver sees in the relay, and on the sheet.
    fn seen(&self, relay: &Value) -> [Value; 2] {
        [&relay_path(relay), &self.sheet].map(|path| self.receiver.get(path).ok()["content"]["household"].clone())
    }

    fn amended(&self, relay: &Value, sections: &[&str], members: &Value) -> Answer {
        let body =
            json!({"sections": sections, "basis": {"consent_id": self.consent_id}, "household_members": members});
        let path = relay_path(relay);
        let preview = self.origin.post(&format!("{path}/amend/preview"), &body).ok();
        let body = with(&body, "/disclosure_digest", preview["disclosure_digest"].clone());
        self.origin.step(&format!("{path}/amend"), &body, &self.origin.get(&path).etag())
    }
}

on_both! {
    fn who_did_not_consent_is_left_out_and_named_to_the_sender(service) {
        let case = Case::new(&service, &json!([father("none"), mother(), brother()]));
        let preview = case.preview(&json!([]));
        assert_eq!(preview["allowed"], true);
        assert_eq!(preview["disclosure"]["household"], json!([mother()]));
        assert_eq!(preview["household_left_out"], json!([
            {"index": 0, "name": "見本 松男", "relation": "父", "own_consent": "none"},
            {"index": 2, "name": "見本 竹次", "relation": "弟", "own_consent": "unknown"},
        ]));
        let relay = case.told(&json!([]));
        assert_eq!(case.seen(&relay), [json!([mother()]), json!([mother()])]);
        for path in [relay_path(&relay), case.sheet.clone(), format!("{}/timeline", case.sheet), "/api/v1/relays?box=inbox".to_owned()] {
            let text = case.receiver.get(&path).text;
            assert!(!text.contains("松男") && !text.contains("竹次") && !text.contains("left_out"), "{path} {text}");
        }
        // The origin sees the whole household on the sheet; the relay shows what went.
        let own = case.origin.get(&case.sheet).ok();
        assert_eq!(own["content"]["household"], json!([father("none"), mother(), brother()]));
        assert_eq!(case.origin.get(&relay_path(&relay)).ok()["content"]["household"], json!([mother()]));
    }

    fn nobody_left_looks_like_nothing_written(service) {
        let (some, none) = (Case::new(&service, &json!([brother()])), Case::new(&service, &Value::Null));
        let [some, none] = [some, none].map(|case| {
            let relay = case.told(&json!([]));
            let read = case.receiver.get(&relay_path(&relay)).ok();
            let sheet = case.receiver.get(&case.sheet).ok();
            (read["content"].clone(), read["withheld"].clone(), sheet["content"].clone(), sheet["withheld"].clone())
        });
        assert_eq!(some, none);
    }

    fn a_member_is_told_of_with_a_reason_that_stays_with_the_sender(service) {
        let case = Case::new(&service, &json!([father("none"), mother(), brother()]));
        let preview = case.preview(&chosen(2));
        assert_eq!(preview["disclosure"]["household"], json!([mother(), brother()]));
        assert_eq!(preview["household_left_out"].as_array().unwrap().len(), 1);
        let relay = case.told(&chosen(2));
        assert_eq!(case.seen(&relay), [json!([mother(), brother()]), json!([mother(), brother()])]);
        assert_eq!(case.origin.get(&relay_path(&relay)).ok()["household_members"], chosen(2));
        let read = case.receiver.get(&relay_path(&relay));
        assert!(!read.text.contains(REASON));
        assert_eq!(read.ok()["household_members"], json!([]));
        // Events carry the number of members; auditor and privacy officer see it.
        let events = service.audit_export();
        assert!(!events.contains("竹次") && !events.contains("介護の手配"));
        let line = events.lines().find(|line| line.contains("relay.sent")).unwrap();
        assert!(line.contains(r#"\"household_members\":1"#), "{line}");
        let listed = service.login("hogo").get("/api/v1/disclosures").ok();
        assert_eq!(listed["items"][0]["household_members"], 1);
        // The same request is answered the same again as long as its reader still sees every member.
        case.write(&service, &json!([brother(), father("unknown"), mother(), {"name": "見本 梅香", "relation": "妹"}]));
        let sheet = case.receiver.get(&case.sheet).ok();
        assert_eq!(sheet["content"]["household"], json!([brother(), mother()]));
        assert_eq!(case.origin.get(&relay_path(&relay)).ok()["household_members"], chosen(0));
    }

    fn what_was_shown_of_the_household_is_what_goes(service) {
        let case = Case::new(&service, &json!([mother(), brother()]));
        let digest = case.preview(&json!([]))["disclosure_digest"].clone();
        case.send(&chosen(1), &digest).problem(409, "preview-outdated");
        let decided = case.preview(&chosen(1))["disclosure_digest"].clone();
        case.send(&json!([{"index": 1, "reason": "別の理由です。"}]), &decided).problem(409, "preview-outdated");
        // A member who would be left out was added in between: the preview did not say so.
        case.write(&service, &json!([mother(), brother(), father("unknown")]));
        case.send(&json!([]), &digest).problem(409, "preview-outdated");
        case.send(&chosen(1), &decided).problem(409, "preview-outdated");
        case.sent(&chosen(2));
    }

    fn who_says_no_later_is_shown_no_more_and_copies_are_asked_for(service) {
        let case = Case::new(&service, &json!([mother(), father("given"), brother()]));
        let relay = case.sent(&chosen(2));
        let path = format!("{}/accept", relay_path(&relay));
        let headers = [("content-type", "application/json"), ("idempotency-key", "household-accept"), ("if-match", "\"1\"")];
        let accept = || case.receiver.raw("POST", &path, &headers, Some(b"{}"));
        let accepted = accept();
        assert!(accepted.ok()["content"].to_string().contains("松男"));
        service.send_mail();
        service.advance_seconds(60);
        let before = case.receiver.get(&relay_path(&relay)).ok();
        let refused = with(&brother(), "/own_consent", json!("none"));
        case.write(&service, &json!([mother(), father("none"), refused]));
        // Neither the present text nor the one that was sent shows them: the decision about the brother was made before he said no.
        assert_eq!(case.seen(&relay), [json!([mother()]), json!([mother()])]);
        assert_ne!(case.receiver.get(&relay_path(&relay)).ok()["revision"], before["revision"]);
        let again = accept();
        assert!(again.ok()["content"].is_null(), "a kept answer shows who has said no");
        let stops = case.receiver.get(&format!("{}/stop-notices", case.sheet)).ok();
        assert_eq!(stops["items"][0]["cause"], "member_refused");
        assert_eq!(stops["items"][0]["sections"], json!(["household"]));
        assert!(!service.send_mail().is_empty());
        // The sender still sees what went out.
        assert_eq!(case.origin.get(&relay_path(&relay)).ok()["content"]["household"].as_array().unwrap().len(), 3);
        // The sender decides once more, knowing that he said no.
        case.amended(&relay, &SECTIONS, &chosen(1)).ok();
        assert_eq!(case.seen(&relay), [json!([mother(), father("none")]), json!([mother(), father("none")])]);
    }

    fn an_amendment_tells_of_more_or_fewer_members(service) {
        let case = Case::new(&service, &json!([mother(), brother()]));
        let relay = case.told(&json!([]));
        case.amended(&relay, &SECTIONS, &chosen(1)).ok();
        assert_eq!(case.seen(&relay)[1], json!([mother(), brother()]));
        // Telling less is always possible, even when the consent does not cover it any more.
        let narrower = json!({"by": "self", "method": "oral", "sections": ["identity"]});
        case.origin.post(&format!("/api/v1/consents/{}/withdrawal", case.consent_id), &narrower).ok();
        let body = json!({"sections": SECTIONS, "basis": {"consent_id": case.consent_id}, "household_members": []});
        let path = relay_path(&relay);
        let preview = case.origin.post(&format!("{path}/amend/preview"), &body).ok();
        assert_eq!((&preview["allowed"], &preview["disclosure"]["household"]), (&json!(true), &json!([mother()])));
        let body = with(&body, "/disclosure_digest", preview["disclosure_digest"].clone());
        case.origin.step(&format!("{path}/amend"), &body, &case.origin.get(&path).etag()).ok();
        assert_eq!(case.seen(&relay), [json!([mother()]), json!([mother()])]);
        let stops = case.receiver.get(&format!("{}/stop-notices", case.sheet)).ok();
        assert!(stops["items"].as_array().unwrap().iter().any(|it| it["cause"] == "narrowed" && it["sections"] == json!(["household"])), "{stops}");
        // Telling more is not possible.
        assert_eq!(case.amended(&relay, &SECTIONS, &chosen(1)).clauses(), ["withdrawn"]);
    }

    fn a_relay_that_came_back_is_decided_on_anew(service) {
        let case = Case::new(&service, &json!([mother(), brother()]));
        let relay = case.sent(&chosen(1));
        moved(&case.receiver, &relay, "receive", &json!({}));
        moved(&case.receiver, &relay, "return", &json!({"missing": ["住所"], "note": "足りません。"}));
        let path = relay_path(&relay);
        let resend = |members: &Value, digest: &Value| {
            let body = json!({"disclosure_digest": digest, "household_members": members});
            case.origin.step(&format!("{path}/resend"), &body, &case.origin.get(&path).etag())
        };
        let decided = case.preview(&chosen(1))["disclosure_digest"].clone();
        resend(&json!([]), &decided).problem(409, "preview-outdated");
        resend(&json!([]), &case.preview(&json!([]))["disclosure_digest"]).ok();
        moved(&case.receiver, &relay, "accept", &json!({}));
        assert_eq!(case.seen(&relay), [json!([mother()]), json!([mother()])]);
    }

    fn a_receiver_passes_on_only_whom_it_sees_and_decides_itself(service) {
        let case = Case::new(&service, &json!([father("none"), brother(), mother()]));
        let relay = case.told(&chosen(1));
        let hoken = service.login("hoken");
        let ask = |members: Value| json!({
            "to_agency_id": service.agency("hoken"), "sections": SECTIONS, "purpose": "support_referral", "parent_relay_id": relay["id"],
            "basis": {"consent_id": case.consent_id}, "household_members": members
        });
        let preview = case.receiver.post(&format!("{}/relays/preview", case.sheet), &ask(json!([]))).ok();
        assert_eq!(preview["disclosure"]["household"], json!([mother()]));
        assert_eq!(preview["household_left_out"], json!([{"index": 0, "name": "見本 竹次", "relation": "弟", "own_consent": "unknown"}]));
        let onward = crate::forms::sent(&case.receiver, case.sheet.rsplit('/').next().unwrap(), {
            let mut body = ask(chosen(0));
            for (key, value) in [("request", "続けてお願いします。"), ("urgency", "normal"), ("handover", "phoned")] {
                body[key] = json!(value);
            }
            body
        }).ok();
        moved(&hoken, &onward, "accept", &json!({}));
        assert_eq!(hoken.get(&case.sheet).ok()["content"]["household"], json!([brother(), mother()]));
        // A member that the onward sender no longer sees is not shown to it in the onward relay either.
        case.amended(&relay, &SECTIONS, &json!([])).ok();
        let passed = case.receiver.get(&relay_path(&onward)).ok();
        assert_eq!((&passed["content"]["household"], &passed["household_members"]), (&json!([mother()]), &json!([])));
        assert_eq!(hoken.get(&case.sheet).ok()["content"]["household"], json!([brother(), mother()]));
    }

    fn without_consent_of_the_person_the_same_holds(service) {
        let case = Case::new(&service, &json!([mother(), brother()]));
        let form = json!({
            "code": "e7", "to_agency_id": case.to, "sections": SECTIONS, "facts": "見本の事実を二十文字より長く書き留めたものです。あざが続けて見られました。",
            "consent_status": "not_obtained", "why_no_consent": "連絡がつかない。", "harm_assessment": "本人に害はない。",
            "later_consent_plan": "落ち着いたら説明する。", "emergency": false
        });
        let exception = id(case.origin.post(&format!("{}/exceptions", case.sheet), &form));
        let manager = service.login("kacho");
        let path = format!("/api/v1/exceptions/{exception}");
        manager.step(&format!("{path}/approve"), &json!({}), &etag(&manager.get(&path).ok())).ok();
        let by_law = |members: &Value| {
            let mut body = case.ask(members);
            body["basis"] = json!({"exception_id": exception});
            for (key, value) in [("request", "至急お願いします。"), ("urgency", "urgent"), ("handover", "phoned")] {
                body[key] = json!(value);
            }
            body
        };
        let ask = crate::probe::without(&crate::probe::without(&crate::probe::without(&by_law(&json!([])), "/urgency"), "/handover"), "/request");
        let preview = case.origin.post(&format!("{}/relays/preview", case.sheet), &ask).ok();
        assert_eq!(preview["disclosure"]["household"], json!([mother()]));
        assert_eq!(preview["household_left_out"][0]["index"], 1);
        let relay = crate::forms::sent(&case.origin, case.sheet.rsplit('/').next().unwrap(), by_law(&json!([]))).ok();
        moved(&case.receiver, &relay, "accept", &json!({}));
        assert_eq!(case.seen(&relay), [json!([mother()]), json!([mother()])]);
    }

    fn choices_that_do_not_hold_are_refused_at_their_place(service) {
        let twin = brother();
        let case = Case::new(&service, &json!([mother(), father("none"), twin, twin]));
        let path = format!("{}/relays/preview", case.sheet);
        let at = |members: Value| case.origin.post(&path, &case.ask(&members)).pointers(422, "invalid-input");
        let one = |index: Value, reason: Value| json!([{"index": index, "reason": reason}]);
        for index in [json!(0), json!(2), json!(4), json!(20), json!(-1), json!("1")] {
            assert_eq!(at(one(index.clone(), json!(REASON))), ["/household_members/0/index"], "{index}");
        }
        for reason in [json!(""), json!("\u{3164}"), json!("あ".repeat(301)), json!("a\u{202e}"), json!(1)] {
            assert_eq!(at(one(json!(1), reason.clone())), ["/household_members/0/reason"], "{reason}");
        }
        assert_eq!(at(json!([{"index": 1, "reason": REASON}, {"index": 1, "reason": REASON}])), ["/household_members/1/index"]);
        assert_eq!(at(json!(vec![json!({"index": 1, "reason": REASON}); 21])), ["/household_members"]);
        let only_name = with(&case.ask(&chosen(1)), "/sections", json!(["identity"]));
        assert_eq!(case.origin.post(&path, &only_name).pointers(422, "invalid-input"), ["/household_members/0/index"]);
    }

    fn an_edit_of_who_is_left_out_moves_nothing_that_the_receiver_reads(service) {
        let case = Case::new(&service, &json!([mother(), brother()]));
        let relay = case.told(&json!([]));
        service.send_mail();
        service.advance_seconds(60);
        let before = case.receiver.get(&relay_path(&relay));
        case.write(&service, &json!([mother(), with(&brother(), "/note", json!("通院中")), father("none")]));
        let after = case.receiver.get(&relay_path(&relay));
        assert_eq!((after.etag(), &after.text), (before.etag(), &before.text));
        assert_eq!(service.send_mail().len(), 0);
        // A member's later consent opens the sheet; the relay stays as it was sent.
        let agreed = with(&brother(), "/own_consent", json!("given"));
        case.write(&service, &json!([mother(), agreed]));
        assert_eq!(case.seen(&relay), [json!([mother()]), json!([mother(), agreed])]);
        assert_eq!(service.send_mail().len(), 1);
    }
}
