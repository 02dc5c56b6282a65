//! Legal exceptions to consent: asked for, approved by another person, used once, followed up.

mod amending;
mod deciding;
mod emergency;
mod input;
mod overview;
mod using;

use crate::forms::{self, etag, id};
use serde_json::{Value, json};
use tests::{Answer, Client};

/// The sections that every exception of these tests tells.
pub const TOLD: [&str; 2] = ["identity", "risk"];

/// Asks for an exception as a clerk would type it.
pub fn form(code: &str, to: &str) -> Value {
    json!({
        "code": code, "to_agency_id": to, "sections": TOLD,
        "facts": "訪問のたびに新しいあざがあり、本人は理由を話さない。同居の家族が声を荒らげるのを、近所の人が何度も聞いている。",
        "consent_status": "hard_to_obtain", "why_no_consent": "家族が離れず、本人だけと話せない。",
        "harm_assessment": "家族に知られると危険が増すため、伝える先を一つに限る。", "restriction": "家族には決して伝えないこと。",
        "later_consent_plan": "安全が確かめられたら、本人に説明して同意を求める。", "emergency": false
    })
}

/// The same for an emergency.
pub fn urgent(code: &str, to: &str) -> Value {
    let mut form = form(code, to);
    form["emergency"] = json!(true);
    form
}

/// Asks, and returns the path of the exception.
#[track_caller]
pub fn requested(clerk: &Client, sheet_id: &str, form: &Value) -> String {
    format!("/api/v1/exceptions/{}", id(clerk.post(&format!("/api/v1/sheets/{sheet_id}/exceptions"), form)))
}

/// Decides at the present revision.
#[track_caller]
pub fn decided(by: &Client, path: &str, step: &str) -> Answer {
    let body = match step {
        "reject" => json!({"reason": "根拠となる事実が足りない。"}),
        "follow-up" => json!({"text": "本人に会い、伝えたことを説明した。"}),
        _ => json!({}),
    };
    // A caller who may not read it is refused anyway, so any tag will do.
    let now = by.get(path);
    let tag = if now.status == 200 { etag(&now.json()) } else { "\"1\"".to_owned() };
    by.step(&format!("{path}/{step}"), &body, &tag)
}

/// The basis that names the exception at `path`.
pub fn basis(path: &str) -> Value {
    json!({"exception_id": path.rsplit('/').next().unwrap()})
}

/// The preview: what would go, or why not.
#[track_caller]
pub fn previewed(clerk: &Client, sheet_id: &str, path: &str, to: &str, sections: &[&str]) -> Value {
    let asked = json!({"to_agency_id": to, "sections": sections, "purpose": "support_referral", "basis": basis(path)});
    clerk.post(&format!("/api/v1/sheets/{sheet_id}/relays/preview"), &asked).ok()
}

/// Previews and sends on an exception; the answer may be a refusal.
#[track_caller]
pub fn sent(clerk: &Client, sheet_id: &str, path: &str, to: &str, sections: &[&str]) -> Answer {
    let relay = json!({
        "to_agency_id": to, "sections": sections, "purpose": "support_referral", "request": "すぐに様子を見てください。",
        "urgency": "urgent", "handover": "phoned", "basis": basis(path)
    });
    forms::sent(clerk, sheet_id, relay)
}

/// The keys of the content that a reader sees.
pub fn seen(thing: &Value) -> Vec<String> {
    thing["content"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// The reason why a section is withheld.
pub fn why_not(thing: &Value, section: &str) -> String {
    let withheld = thing["withheld"].as_array().unwrap();
    let found = withheld.iter().find(|w| w["section"] == section).unwrap_or_else(|| panic!("{thing}"));
    found["reason"].as_str().unwrap().to_owned()
}
