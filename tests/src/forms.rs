//! Forms as a clerk would fill them in, which a test can vary. All of it is invented.

use crate::{Answer, Client, Service};
use serde_json::{Value, json};

/// A sheet that may be registered and relayed.
pub fn sheet(service: &Service) -> Value {
    json!({
        "state": "registered",
        "received_at": service.now(),
        "channel": "visit",
        "route": "self_visit",
        "visitor": null,
        "urgency": "normal",
        "address_secret": "none",
        "content": {
            "identity": {
                "family_name": "見本", "given_name": "花子", "kana_family": "ミホン", "kana_given": "ハナコ",
                "birth_date": "1986-04-01", "sex": "2", "identity_level": "verified"
            },
            "contact": {"phones": [{"number": "090-0000-0000", "kind": "mobile", "safe_to_call": true, "safe_to_leave_message": false}]},
            "address": {"postal_code": "1208510", "full": "東京都見本区見本町一丁目1番1号", "no_fixed_abode": false},
            "topics": {"codes": ["03", "05"], "main": "03"},
            "statement": {"subject_words": "収入が減って、家賃と税金が払えない。", "wish": "仕事を見つけたい。", "done_here": "収支を聞き取り、利用できる制度を説明した。"},
            "arrears": {"kinds": ["tax", "rent"], "note": "住民税を三期分"},
            "risk": {"flags": []}
        }
    })
}

/// A consent to tell `agencies` the sections `sections`.
pub fn consent(service: &Service, agencies: &[&str], sections: &[&str]) -> Value {
    json!({
        "decision": "granted",
        "given_by": {"kind": "self"},
        "identity_check": "document",
        "method": "signature_paper",
        "purpose": "support_referral",
        "sections": sections,
        "recipients": {"agency_ids": agencies, "classes": []},
        "exclusions": [],
        "allow_onward": "named",
        "allow_report_back": true,
        "obtained_at": service.now(),
        "effective_until": "2027-11-19"
    })
}

/// Registers a sheet and returns its id.
pub fn registered(service: &Service, clerk: &Client) -> String {
    id(clerk.post("/api/v1/sheets", &sheet(service)))
}

/// The id of what was made.
#[track_caller]
pub fn id(answer: Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Records a consent and returns its id.
#[track_caller]
pub fn consented(clerk: &Client, sheet_id: &str, consent: &Value) -> String {
    id(clerk.post(&format!("/api/v1/sheets/{sheet_id}/consents"), consent))
}

/// Previews and sends; the answer may be a refusal.
#[track_caller]
pub fn relay(
    clerk: &Client,
    sheet_id: &str,
    consent_id: &str,
    to: &str,
    sections: &[&str],
    parent: Option<&str>,
) -> Answer {
    let relay = json!({
        "to_agency_id": to, "sections": sections, "purpose": "support_referral", "request": "家計と仕事の相談をお願いします。",
        "urgency": "normal", "handover": "accompanied", "parent_relay_id": parent, "basis": {"consent_id": consent_id}
    });
    sent(clerk, sheet_id, relay)
}

/// The same for a relay whose fields are all given, except the digest, which comes from the preview.
#[track_caller]
pub fn sent(clerk: &Client, sheet_id: &str, mut relay: Value) -> Answer {
    let mut asked = relay.clone();
    for word in ["request", "urgency", "handover"] {
        asked.as_object_mut().unwrap().remove(word);
    }
    let preview = clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok();
    relay["disclosure_digest"] = preview["disclosure_digest"].clone();
    clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays"), &relay)
}

/// The path of a relay.
pub fn relay_path(relay: &Value) -> String {
    format!("/api/v1/relays/{}", relay["id"].as_str().unwrap())
}

/// The ETag of a thing by its revision.
pub fn etag(thing: &Value) -> String {
    format!("\"{}\"", thing["revision"])
}

/// Moves a relay at its present revision, and returns it.
#[track_caller]
pub fn moved(client: &Client, relay: &Value, step: &str, body: &Value) -> Value {
    let now = client.get(&relay_path(relay)).ok();
    client.step(&format!("{}/{step}", relay_path(relay)), body, &etag(&now)).ok()
}

/// The second person confirms the change that waits at an agency; returns the agency.
#[track_caller]
pub fn confirmed(service: &Service, agency_id: &str) -> Value {
    let officer = service.login("hogo");
    let path = format!("/api/v1/agencies/{agency_id}");
    let now = officer.get(&path).ok();
    officer.step(&format!("{path}/pending/confirm"), &json!({}), &etag(&now)).ok()
}
