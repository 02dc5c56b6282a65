//! She refused, then there was a reason to tell all the same, and later she agreed: refusal, exception, later consent.

use crate::forms::{consent, etag, id, moved, relay_path, sheet};
use serde_json::{Value, json};
use tests::on_both;

on_both! {
    fn a_refusal_then_an_exception_then_a_later_consent(service) {
        let [madoguchi, hoken] = ["madoguchi", "hoken"].map(|login| service.login(login));
        let to = service.agency("hoken");
        let mut typed = sheet(&service);
        typed["content"]["risk"] = json!({"flags": ["elder_abuse"]});
        let sheet_id = id(madoguchi.post("/api/v1/sheets", &typed));
        let path = format!("/api/v1/sheets/{sheet_id}");
        let told = ["identity", "risk"];
        let relays = format!("{path}/relays");
        let ask = |basis: &Value, sections: &[&str]| {
            let asked = json!({"to_agency_id": to, "sections": sections, "purpose": "support_referral", "basis": basis});
            madoguchi.post(&format!("{relays}/preview"), &asked).ok()
        };
        let send = |basis: &Value, sections: &[&str]| {
            let relay = json!({
                "to_agency_id": to, "sections": sections, "purpose": "support_referral", "request": "訪問をお願いします。", "urgency": "urgent",
                "handover": "phoned", "disclosure_digest": ask(basis, sections)["disclosure_digest"], "basis": basis
            });
            madoguchi.post(&relays, &relay)
        };

        // Friday: she refuses, and nothing goes.
        let mut refusal = consent(&service, &[&to], &told);
        refusal["decision"] = json!("refused");
        let refused = id(madoguchi.post(&format!("{path}/consents"), &refusal));
        assert_eq!(send(&json!({"consent_id": refused}), &told).clauses(), ["refused"]);

        // Twenty minutes later there is danger. Two lines of facts are too little against a refusal.
        service.advance_seconds(1200);
        let mut request = json!({
            "code": "e7", "to_agency_id": to, "sections": told, "facts": "新しいあざがあり、本人は理由を話さない。", "consent_status": "refused",
            "why_no_consent": "本人は家族を気づかい、伝えないでほしいと言う。", "harm_assessment": "家族に知られると危険が増す。",
            "restriction": "家族には伝えないこと。", "later_consent_plan": "安全が確かめられたら、あらためて説明して同意を求める。", "emergency": true
        });
        let asked = madoguchi.post(&format!("{path}/exceptions"), &request);
        assert_eq!(asked.pointers(422, "invalid-input"), ["/facts"]);
        request["facts"] = json!("三日続けて新しいあざがあり、今日は右腕が上がらない。本人は理由を話さないが、同居の家族が怒鳴る声を近所の人が聞いている。");
        let exception = madoguchi.post(&format!("{path}/exceptions"), &request).ok();
        assert_eq!((&exception["state"], &exception["refusal_on_file"]), (&json!("requested"), &json!(true)));
        let basis = json!({"exception_id": exception["id"]});
        let exception_path = format!("/api/v1/exceptions/{}", exception["id"].as_str().unwrap());

        // The approved sections go at once, and nothing else; the manager approves on Tuesday, the first open day after the weekend and a holiday.
        let relay = send(&basis, &told).ok();
        moved(&hoken, &relay, "receive", &json!({}));
        moved(&hoken, &relay, "accept", &json!({}));
        let banner = |client: &tests::Client| client.get(&path).ok()["without_consent"].clone();
        assert_eq!((banner(&madoguchi), banner(&hoken)), (json!({"codes": ["e7"]}), json!({"codes": ["e7"]})));
        service.set_clock("2026-11-24T17:00:00+09:00");
        let kacho = service.login("kacho");
        let used = kacho.get(&exception_path).ok();
        kacho.step(&format!("{exception_path}/approve"), &json!({}), &etag(&used)).ok();
        assert_eq!(service.sweep(), 0);

        // She is safe and agrees to more than before: from now on the sheet rests on her consent, and the banner goes.
        service.set_clock("2026-12-10T10:00:00+09:00");
        let [madoguchi, kacho, hoken] = ["madoguchi", "kacho", "hoken"].map(|login| service.login(login));
        assert_eq!(banner(&madoguchi), json!({"codes": ["e7"]}));
        let wider = ["identity", "risk", "statement"];
        let agreed = id(madoguchi.post(&format!("{path}/consents"), &consent(&service, &[&to], &wider)));
        assert_eq!((banner(&madoguchi), banner(&hoken)), (Value::Null, Value::Null));
        let ask = json!({"to_agency_id": to, "sections": ["statement"], "purpose": "support_referral", "basis": {"consent_id": agreed}});
        let preview = madoguchi.post(&format!("{relays}/preview"), &ask).ok();
        assert_eq!(preview["allowed"], true);
        let mut more = ask;
        more["request"] = json!("本人の言葉も伝えます。");
        more["urgency"] = json!("normal");
        more["handover"] = json!("phoned");
        more["disclosure_digest"] = preview["disclosure_digest"].clone();
        let second = madoguchi.post(&relays, &more).ok();
        moved(&hoken, &second, "accept", &json!({}));
        let seen: Vec<String> = hoken.get(&path).ok()["content"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(seen, ["identity", "risk", "statement"]);

        // The first relay keeps for good the basis on which it was sent.
        let first = hoken.get(&relay_path(&relay)).ok();
        assert_eq!((&first["basis"], &first["without_consent"]), (&basis, &json!({"codes": ["e7"]})));
        let used = kacho.get(&exception_path).ok();
        let text = json!({"text": "本人に説明し、12月10日に同意を得た。"});
        kacho.step(&format!("{exception_path}/follow-up"), &text, &etag(&used)).ok();
        let kinds = service.audit_kinds(&sheet_id);
        let told: Vec<_> = kinds.iter().map(String::as_str)
            .filter(|kind| (kind.starts_with("exception.") || kind.starts_with("consent.g") || *kind == "relay.sent") && !kind.ends_with(".read"))
            .collect();
        assert_eq!(told, [
            "consent.given", "exception.requested", "relay.sent", "exception.used", "exception.approved", "consent.given", "relay.sent", "exception.followed_up"
        ]);
    }
}
