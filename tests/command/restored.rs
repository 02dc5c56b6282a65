//! A restore must not bring back what was withdrawn after the copy was made, nor the sessions of that time.

use crate::backup::{agency, sheet, time};
use crate::program::{Place, Serving, on_each};
use serde_json::{Value, json};
use tests::Client;

/// A consent that names this agency, and a relay to it that was accepted: sheet, relay, consent.
pub(crate) fn passed_on(clerk: &Client, receiver: &Client) -> [String; 3] {
    let to = agency(clerk);
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let sheet = id(clerk.post("/api/v1/sheets", &sheet()).ok());
    let consent = json!({
        "decision": "granted", "given_by": {"kind": "self"}, "identity_check": "document", "method": "signature_paper",
        "purpose": "support_referral", "sections": ["identity", "statement"], "recipients": {"agency_ids": [to], "classes": []},
        "exclusions": [], "allow_onward": "named", "allow_report_back": true, "obtained_at": time(0).to_string(),
        "effective_until": time(180).date().to_string()
    });
    let consent = id(clerk.post(&format!("/api/v1/sheets/{sheet}/consents"), &consent).ok());
    let mut relay = json!({"to_agency_id": to, "sections": ["identity", "statement"], "purpose": "support_referral"});
    let preview = clerk.post(&format!("/api/v1/sheets/{sheet}/relays/preview"), &relay).ok();
    relay["request"] = json!("家計の相談をお願いします。");
    relay["urgency"] = json!("normal");
    relay["handover"] = json!("system");
    relay["disclosure_digest"] = preview["disclosure_digest"].clone();
    relay["basis"] = json!({"consent_id": consent});
    let relay = id(clerk.post(&format!("/api/v1/sheets/{sheet}/relays"), &relay).ok());
    let at = format!("/api/v1/relays/{relay}");
    for step in ["receive", "accept"] {
        let etag = receiver.get(&at).etag();
        receiver.step(&format!("{at}/{step}"), &json!({}), &etag).ok();
    }
    [sheet, relay, consent]
}

fn ready(serving: &Serving) -> Value {
    let (status, text) = serving.ask("GET", "/health/ready", None, None);
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn shown(list: &Value) -> usize {
    list["items"].as_array().unwrap().len()
}

fn copied_at(place: &Place) -> String {
    let manifest: Value = serde_json::from_str(&place.read("copy/manifest.json")).unwrap();
    manifest["made_at"].as_str().unwrap().to_owned()
}

on_each! {
    fn what_was_withdrawn_after_the_copy_stays_shut_until_an_operator_has_named_the_gap(place) {
        place.run(&["demo"]).ok();
        let serving = place.serve();
        assert_eq!(ready(&serving), json!({"status": "ok"}));
        let (clerk, receiver) = (serving.client("madoguchi"), serving.client("kurashi"));
        let [sheet, relay, consent] = passed_on(&clerk, &receiver);
        let (of_sheet, of_relay) = (format!("/api/v1/sheets/{sheet}"), format!("/api/v1/relays/{relay}"));
        let withdrawal = format!("/api/v1/consents/{consent}/withdrawal");
        assert_eq!(receiver.get(&of_sheet).ok()["content"]["identity"]["given_name"], "花子");
        let key = "一度だけ".bytes().map(|byte| format!("{byte:x}")).collect::<String>();
        let entry = json!({"occurred_at": time(0).to_string(), "method": "phone", "text": "折り返した。", "section": "statement"});
        receiver.post_with_key(&format!("{of_sheet}/entries"), &entry, &key).ok();
        // A person was invited before the copy: the code of that letter must not work again.
        let code = place.run(&["staff", "code", "zei"]).ok();
        let code = code.lines().find_map(|line| line.strip_prefix("code=")).unwrap().to_owned();
        place.run(&["backup", "copy"]).ok();
        clerk.post(&withdrawal, &json!({"by": "self", "method": "oral"})).ok();
        assert!(receiver.get(&of_sheet).ok()["content"]["identity"].is_null());
        let (old_clerk, old_receiver) = (clerk.token(), receiver.token());
        serving.stop();

        let other = place.another();
        let said = other.run(&["restore", place.path().join("copy").to_str().unwrap()]).ok();
        let from = copied_at(&place);
        assert!(said.contains(&format!("tsunagu reopen --from {from}")), "{said}");
        let said = other.run(&["doctor"]);
        assert!(said.code == 1 && said.out.contains("WRONG  receivers: shut out"), "{said:?}");
        let codes = "select count(*) from staff where code_expires_at is not null";
        assert_eq!((place.sql(codes, codes), other.sql(codes, codes)), ("1".to_owned(), "0".to_owned()));
        let serving = other.serve();
        let note = ready(&serving)["note"].as_str().unwrap().to_owned();
        assert!(note.contains("tsunagu reopen"), "{note}");

        let chosen = json!({"login": "zei", "code": code, "new_password": "mihon-no-aikotoba-3"});
        assert_eq!(serving.ask("POST", "/api/v1/session/password", None, Some(chosen)).0, 401);

        // Nobody is logged in any more.
        for token in [old_clerk, old_receiver] {
            Client::at(&serving.url, &token).get("/api/v1/session").problem(401, "unauthenticated");
        }
        // The receiver reaches nothing: not by reading, not by a list, not by a kept answer.
        let (clerk, receiver) = (serving.client("madoguchi"), serving.client("kurashi"));
        for path in [&of_sheet, &of_relay, &format!("{of_sheet}/timeline"), &format!("{of_sheet}/consents"), "/api/v1/relays?box=inbox"] {
            let problem = receiver.get(path).problem(503, "not-ready");
            assert!(problem["detail"].as_str().unwrap().contains("電話で確かめて"), "{problem}");
        }
        receiver.post_with_key(&format!("{of_sheet}/entries"), &entry, &key).problem(503, "not-ready");
        assert_eq!(shown(&receiver.get("/api/v1/sheets").ok()), 0);
        let born = json!({"birth_date": "1986-04-01"});
        assert_eq!(shown(&receiver.post("/api/v1/sheets/search", &born).ok()), 0);
        // An agency that may not know of the sheet learns nothing new.
        serving.client("zei").get(&of_sheet).problem(404, "not-found");
        // The origin works on, and records again what the restore has undone.
        assert_eq!(shown(&clerk.post("/api/v1/sheets/search", &born).ok()), 1);
        assert_eq!(clerk.get(&of_sheet).ok()["content"]["identity"]["given_name"], "花子");
        assert_eq!(shown(&clerk.get("/api/v1/relays?box=outbox").ok()), 1);
        clerk.post(&withdrawal, &json!({"by": "self", "method": "oral"})).ok();

        let said = other.run(&["reopen", "--from", "2999-01-01T00:00:00+09:00"]).failed();
        assert!(said.contains("later than now"), "{said}");
        receiver.get(&of_sheet).problem(503, "not-ready");
        let said = other.run(&["reopen", "--from", &from]).ok();
        assert!(said.contains(&from), "{said}");
        let sheet = receiver.get(&of_sheet).ok();
        assert!(sheet["content"]["identity"].is_null() && shown(&receiver.get("/api/v1/sheets").ok()) == 1, "{sheet}");
        assert_eq!(shown(&receiver.get("/api/v1/relays?box=inbox").ok()), 1);
        assert_eq!(ready(&serving), json!({"status": "ok"}));
        let said = other.run(&["doctor"]).out;
        assert!(said.contains("ok     receivers: read what was passed on"), "{said}");
        let said = other.run(&["reopen", "--from", &from]).failed();
        assert!(said.contains("nothing was changed"), "{said}");
        serving.stop();

        // The gap stands in the trail, once.
        let export = other.run(&["audit", "export"]).ok();
        let events: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let gaps: Vec<&Value> = events.iter().filter(|event| event["kind"] == "service.reopened").collect();
        assert_eq!(gaps.len(), 1);
        let body: Value = serde_json::from_str(gaps[0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["data"]["gap_from"], *from);
        assert_eq!(body["data"]["gap_until"], gaps[0]["at"]);
        assert_eq!(other.tell(&["audit", "verify", "-"], &export).code, 0);
    }
}
