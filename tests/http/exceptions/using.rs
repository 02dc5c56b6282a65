use super::{TOLD, basis, decided, form, previewed, requested, seen, sent, why_not};
use crate::forms::{consent, consented, etag, moved, registered, relay, relay_path};
use crate::probe::{agencies, with};
use serde_json::{Value, json};
use tests::{Client, Service, on_both};

fn approved(service: &Service, clerk: &Client, sheet_id: &str, form: &Value) -> String {
    let path = requested(clerk, sheet_id, form);
    decided(&service.login("kacho"), &path, "approve").ok();
    path
}

on_both! {
    fn an_approved_exception_carries_exactly_what_was_asked_for_once(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let codes = agencies(&clerk);
        let (to, other) = (codes["hoken"].as_str(), codes["kurashi-shigoto"].as_str());
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &form("e7", to));
        assert_eq!(sent(&clerk, &sheet_id, &path, to, &TOLD).clauses(), ["exception_not_approved"]);
        decided(&service.login("kacho"), &path, "approve").ok();
        // Another recipient, fewer, more or other sections: each is a different disclosure from the approved one.
        assert_eq!(sent(&clerk, &sheet_id, &path, other, &TOLD).clauses(), ["exception_mismatch"]);
        for sections in [&["identity"][..], &["identity", "risk", "statement"], &["identity", "statement"]] {
            assert_eq!(sent(&clerk, &sheet_id, &path, to, sections).clauses(), ["exception_mismatch"]);
        }
        let preview = previewed(&clerk, &sheet_id, &path, to, &TOLD);
        assert_eq!((&preview["allowed"], preview["disclosure"].as_object().unwrap().len()), (&json!(true), 2));
        let first = sent(&clerk, &sheet_id, &path, to, &TOLD).ok();
        assert_eq!(first["basis"], basis(&path));
        assert_eq!(first["without_consent"], json!({"codes": ["e7"]}));
        let used = clerk.get(&path).ok();
        assert_eq!((&used["state"], &used["relay_id"]), (&json!("used"), &first["id"]));
        assert_eq!(sent(&clerk, &sheet_id, &path, to, &TOLD).clauses(), ["exception_used"]);
        // The recipient sees these sections and no more, and the restriction that it must observe.
        moved(&hoken, &first, "receive", &json!({}));
        let read = hoken.get(&relay_path(&first)).ok();
        assert_eq!((seen(&read), &read["restriction"]), (vec!["identity".to_owned(), "risk".to_owned()], &json!("家族には決して伝えないこと。")));
        moved(&hoken, &first, "accept", &json!({}));
        let sheet = hoken.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!((seen(&sheet), why_not(&sheet, "statement").as_str()), (vec!["identity".to_owned(), "risk".to_owned()], "同意の範囲外"));
        assert_eq!(sheet["without_consent"], json!({"codes": ["e7"]}));
        let search = |client: &Client| client.post("/api/v1/sheets/search", &json!({"kana_prefix": "ミホン"})).ok()["items"].as_array().unwrap().len();
        assert_eq!((search(&hoken), search(&service.login("kurashi"))), (1, 0));
        // An agency that has no part in the exception is not told that the sheet moved without consent.
        let agreed = consented(&clerk, &sheet_id, &with(&consent(&service, &[other], &["topics"]), "/effective_until", json!("2026-11-20")));
        let second = relay(&clerk, &sheet_id, &agreed, other, &["topics"], None).ok();
        moved(&service.login("kurashi"), &second, "accept", &json!({}));
        service.set_clock("2026-11-21T09:00:00+09:00");
        let now = |login: &str| service.login(login).get(&format!("/api/v1/sheets/{sheet_id}")).ok()["without_consent"].clone();
        assert_eq!((now("madoguchi"), now("kansa"), now("kurashi")), (json!({"codes": ["e7"]}), json!({"codes": ["e7"]}), Value::Null));
        let relay = service.login("hub").get(&relay_path(&first)).ok();
        assert_eq!((&relay["without_consent"], &relay["restriction"]), (&Value::Null, &Value::Null));
    }

    fn of_two_relays_at_once_one_uses_it(service) {
        let clerk = service.login("madoguchi");
        let to = agencies(&clerk)["hoken"].clone();
        for _ in 0..5 {
            let sheet_id = registered(&service, &clerk);
            let path = approved(&service, &clerk, &sheet_id, &form("e7", &to));
            let answers: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| {
                    let clerk = clerk.clone();
                    let (sheet_id, path, to) = (&sheet_id, &path, &to);
                    scope.spawn(move || sent(&clerk, sheet_id, path, to, &TOLD))
                }).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let (went, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
            assert_eq!((went.len(), refused.len()), (1, 3));
            for answer in refused {
                assert_eq!(answer.clauses(), ["exception_used"]);
            }
            assert_eq!(service.audit_kinds(&sheet_id).iter().filter(|kind| *kind == "relay.sent").count(), 1);
        }
    }

    fn what_keeps_a_recipient_from_being_told_keeps_it_here_too(service) {
        let clerk = service.login("madoguchi");
        let codes = agencies(&clerk);
        let hospital = codes["byoin"].as_str();
        let secret = with(&crate::forms::sheet(&service), "/address_secret", json!("dv_measure"));
        let sheet_id = crate::forms::id(clerk.post("/api/v1/sheets", &secret));
        let with_address = with(&form("e7", hospital), "/sections", json!(["identity", "address"]));
        let path = approved(&service, &clerk, &sheet_id, &with_address);
        assert_eq!(sent(&clerk, &sheet_id, &path, hospital, &["identity", "address"]).clauses(), ["address_secret", "agreement_missing"]);
        // All clauses that fail are named at once, in the order of the list.
        let hoken = codes["hoken"].as_str();
        let waiting = requested(&clerk, &sheet_id, &form("e7", hoken));
        let clauses = sent(&clerk, &sheet_id, &waiting, hospital, &["address"]).clauses();
        assert_eq!(clauses, ["address_secret", "agreement_missing", "exception_not_approved", "exception_mismatch"]);
        // An exception of another sheet does not exist for this one.
        let elsewhere = registered(&service, &clerk);
        let foreign = approved(&service, &clerk, &elsewhere, &form("e7", hoken));
        let asked = json!({"to_agency_id": hoken, "sections": TOLD, "purpose": "support_referral", "basis": basis(&foreign)});
        assert_eq!(clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).pointers(422, "invalid-input"), ["/basis/exception_id"]);
    }

    fn a_withdrawal_does_not_touch_it_and_it_lends_nothing_onward(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let codes = agencies(&clerk);
        let (to, other) = (codes["hoken"].as_str(), codes["kurashi-shigoto"].as_str());
        let sheet_id = registered(&service, &clerk);
        let agreed = consented(&clerk, &sheet_id, &consent(&service, &[to], &["identity", "statement"]));
        let by_consent = relay(&clerk, &sheet_id, &agreed, to, &["identity", "statement"], None).ok();
        let path = approved(&service, &clerk, &sheet_id, &form("e7", to));
        let excepted = sent(&clerk, &sheet_id, &path, to, &TOLD).ok();
        for relay in [&by_consent, &excepted] {
            moved(&hoken, relay, "accept", &json!({}));
        }
        let sheet = || hoken.get(&format!("/api/v1/sheets/{sheet_id}")).ok();
        assert_eq!(seen(&sheet()), ["identity", "risk", "statement"]);
        clerk.post(&format!("/api/v1/consents/{agreed}/withdrawal"), &json!({"by": "self", "method": "oral"})).ok();
        assert_eq!(seen(&sheet()), ["identity", "risk"]);
        assert_eq!(seen(&hoken.get(&relay_path(&excepted)).ok()), ["identity", "risk"]);
        // To pass it on, the recipient needs a basis of its own: it cannot use the sender's exception.
        let onward = json!({
            "to_agency_id": other, "sections": ["risk"], "purpose": "support_referral", "parent_relay_id": excepted["id"], "basis": basis(&path)
        });
        let preview = format!("/api/v1/sheets/{sheet_id}/relays/preview");
        assert_eq!(hoken.post(&preview, &onward).pointers(422, "invalid-input"), ["/basis/exception_id"]);
        let mut own = form("e7", other);
        own["sections"] = json!(["risk", "statement"]);
        let own_path = requested(&hoken, &sheet_id, &own);
        decided(&service.login("hogo"), &own_path, "approve").ok();
        let mut more = onward.clone();
        more["basis"] = basis(&own_path);
        more["sections"] = json!(["risk", "statement"]);
        assert_eq!(hoken.post(&preview, &more).ok()["refusals"][0]["clause"], "section_not_covered");
        own["sections"] = json!(["risk"]);
        let own_path = requested(&hoken, &sheet_id, &own);
        decided(&service.login("hogo"), &own_path, "approve").ok();
        more["basis"] = basis(&own_path);
        more["sections"] = json!(["risk"]);
        assert_eq!(hoken.post(&preview, &more).ok()["allowed"], true);
        // The origin knows of the exception about its sheet, without the other agency's words; the origin's manager does not decide on it.
        let known = clerk.get(&own_path).ok();
        assert_eq!((&known["state"], &known["facts"]), (&json!("approved"), &Value::Null));
        decided(&service.login("kacho"), &own_path, "reject").problem(403, "forbidden");
        // The words of a report are a disclosure of their own, which no exception allows.
        let now = hoken.get(&relay_path(&excepted)).ok();
        let report = json!({"result": "support_started", "text": "訪問した。"});
        assert_eq!(hoken.step(&format!("{}/report", relay_path(&excepted)), &report, &etag(&now)).clauses(), ["report_back_not_allowed"]);
        moved(&hoken, &excepted, "report", &json!({"result": "support_started"}));
    }

    fn a_relay_that_came_back_is_sent_again_on_the_same_exception(service) {
        let (clerk, hoken) = (service.login("madoguchi"), service.login("hoken"));
        let to = agencies(&clerk)["hoken"].clone();
        let sheet_id = registered(&service, &clerk);
        let path = approved(&service, &clerk, &sheet_id, &form("e7", &to));
        let first = sent(&clerk, &sheet_id, &path, &to, &TOLD).ok();
        moved(&hoken, &first, "return", &json!({"missing": ["連絡先"], "note": "連絡先を"}));
        let preview = previewed(&clerk, &sheet_id, &path, &to, &TOLD);
        assert_eq!(preview["allowed"], true, "{preview}");
        // The exception still does not carry a second relay.
        assert_eq!(sent(&clerk, &sheet_id, &path, &to, &TOLD).clauses(), ["exception_used"]);
        let resent = moved(&clerk, &first, "resend", &json!({"disclosure_digest": preview["disclosure_digest"]}));
        assert_eq!((&resent["state"], &resent["basis"]), (&json!("sent"), &basis(&path)));
        assert_eq!(previewed(&clerk, &sheet_id, &path, &to, &TOLD)["refusals"][0]["clause"], "exception_used");
        // Asking again for the same recipient: the answer says that it is a repetition, and warns where the article is not meant to be repeated.
        let again = |code: &str| clerk.post(&format!("/api/v1/sheets/{sheet_id}/exceptions"), &form(code, &to)).ok();
        let of_abuse = again("e7");
        assert_eq!((&of_abuse["repeated"], &of_abuse["warnings"]), (&json!(true), &json!([])));
        assert_eq!(again("a69_2_3")["repeated"], false);
        let third = approved(&service, &clerk, &sheet_id, &form("a69_2_3", &to));
        sent(&clerk, &sheet_id, &third, &to, &TOLD).ok();
        assert_eq!(again("a69_2_3")["warnings"][0]["code"], "repeated");
    }

    fn what_was_asked_for_before_a_refusal_is_not_used_after_it(service) {
        let clerk = service.login("madoguchi");
        let (kacho, to) = (service.login("kacho"), service.agency("hoken"));
        let refused = |sheet_id: &str| consented(&clerk, sheet_id, &with(&consent(&service, &[], &[]), "/decision", json!("refused")));
        for status in ["not_obtained", "hard_to_obtain"] {
            let form = with(&form("e7", &to), "/consent_status", json!(status));
            let sheet_id = registered(&service, &clerk);
            let path = approved(&service, &clerk, &sheet_id, &form);
            let waiting = requested(&clerk, &sheet_id, &form);
            refused(&sheet_id);
            assert_eq!(sent(&clerk, &sheet_id, &path, &to, &TOLD).clauses(), ["exception_outdated"]);
            // A request that still waits cannot be approved any more either.
            let answer = decided(&kacho, &waiting, "approve").problem(422, "invalid-input");
            assert_eq!(answer["errors"][0]["code"], "refused_since");
            decided(&kacho, &waiting, "reject").ok();
            // A new exception, asked for in the knowledge of the refusal, works.
            let anew = approved(&service, &clerk, &sheet_id, &with(&form, "/consent_status", json!("refused")));
            assert_eq!(sent(&clerk, &sheet_id, &anew, &to, &TOLD).status, 201);
        }
        // The same holds for an emergency that was not used before the refusal.
        let sheet_id = registered(&service, &clerk);
        let path = requested(&clerk, &sheet_id, &crate::exceptions::urgent("e7", &to));
        refused(&sheet_id);
        assert_eq!(sent(&clerk, &sheet_id, &path, &to, &TOLD).clauses(), ["exception_outdated"]);
        // A relay that came back is not sent again on such an exception.
        let sheet_id = registered(&service, &clerk);
        let path = approved(&service, &clerk, &sheet_id, &form("e7", &to));
        let relay = sent(&clerk, &sheet_id, &path, &to, &TOLD).ok();
        moved(&service.login("hoken"), &relay, "return", &json!({"missing": ["日時"], "note": "いつのことか教えてください。"}));
        refused(&sheet_id);
        assert_eq!(previewed(&clerk, &sheet_id, &path, &to, &TOLD)["refusals"][0]["clause"], "exception_outdated");
        // An exception that was decided in the knowledge of the refusal stays usable, even when the refusal is recorded later.
        let sheet_id = registered(&service, &clerk);
        let path = approved(&service, &clerk, &sheet_id, &with(&form("e7", &to), "/consent_status", json!("refused")));
        refused(&sheet_id);
        assert_eq!(sent(&clerk, &sheet_id, &path, &to, &TOLD).status, 201);
    }
}
