//! The prepared case: a resident's story in words that stand nowhere else, so that a test finds them wherever they show.

use crate::forms::{self, consent, consented, etag, id, moved, sheet};
use serde_json::{Value, json};
use tests::{Client, Service};

/// Words of the sheet's content and of everything that was written about the person. None may show to a reader who must not see content.
pub const MARKERS: [&str; 17] = [
    "印藤",
    "インドウ",
    "しるす子",
    "シルスコ",
    "1971-03-09",
    "080-7777-1234",
    "秘密区番地町九丁目",
    "話した言葉のしるし",
    "願いのしるし",
    "滞納のしるし",
    "来談者のしるし",
    "経過のしるし",
    "依頼のしるし",
    "辞退のしるし",
    "判断能力のしるし",
    "報告のしるし",
    "例外のしるし",
];

/// The markers that stand in an answer.
pub fn shown(text: &str) -> Vec<&'static str> {
    MARKERS.into_iter().filter(|marker| text.contains(marker)).collect()
}

/// The sections that the consent covers.
pub const SECTIONS: [&str; 5] = ["identity", "contact", "address", "topics", "statement"];

/// A sheet with a marker in every place.
pub fn marked(service: &Service) -> Value {
    let mut sheet = sheet(service);
    sheet["visitor"] = json!({"name": "来談者のしるし", "relation": "母"});
    sheet["route"] = json!("family_visit");
    let content = &mut sheet["content"];
    content["identity"] = json!({
        "family_name": "印藤", "given_name": "しるす子", "kana_family": "インドウ", "kana_given": "シルスコ",
        "birth_date": "1971-03-09", "sex": "2", "identity_level": "verified"
    });
    content["contact"]["phones"][0]["number"] = json!("080-7777-1234");
    content["address"]["full"] = json!("東京都秘密区番地町九丁目");
    content["statement"]["subject_words"] = json!("話した言葉のしるし");
    content["statement"]["wish"] = json!("願いのしるし");
    content["arrears"]["note"] = json!("滞納のしるし");
    sheet
}

/// A consent that lets `agencies` see [`SECTIONS`], with a marker.
pub fn marked_consent(service: &Service, agencies: &[&str]) -> Value {
    let mut consent = consent(service, agencies, &SECTIONS);
    consent["given_by"]["capacity_note"] = json!("判断能力のしるし");
    consent
}

/// Previews and sends with a marker in the request; gives back the relay.
#[track_caller]
pub fn sent(clerk: &Client, sheet_id: &str, consent_id: &str, to: &str) -> Value {
    let relay = json!({
        "to_agency_id": to, "sections": SECTIONS, "purpose": "support_referral", "basis": {"consent_id": consent_id},
        "request": "依頼のしるし", "urgency": "normal", "handover": "phoned"
    });
    forms::sent(clerk, sheet_id, relay).ok()
}

/// An entry of the progress record.
pub fn entry(service: &Service) -> Value {
    json!({"occurred_at": service.now(), "method": "interview", "text": "経過のしるし", "section": "statement"})
}

/// A request to tell an agency something without consent, with a marker.
pub fn excepted(to: &str) -> Value {
    json!({
        "code": "e7", "to_agency_id": to, "sections": ["identity", "risk"],
        "facts": "例外のしるし。訪問のたびに新しいあざがあり、本人は理由を話さない。", "consent_status": "hard_to_obtain",
        "why_no_consent": "例外のしるし", "harm_assessment": "例外のしるし", "restriction": "例外のしるし",
        "later_consent_plan": "例外のしるし", "emergency": false
    })
}

/// The case of the table in `expectation.rs`: origin 福祉まるごと相談課, participant くらしとしごとの相談センター, addressee 保健センター,
/// former 納税課; the NPO is the stranger.
pub struct Told {
    /// The sheet.
    pub sheet_id: String,
    /// Its consent.
    pub consent_id: String,
    /// The exception that the origin asks for, to the stranger.
    pub exception_id: String,
    /// A later version of the consent, which is pending.
    pub deferral_id: String,
    /// The stop request of the *former* agency, for which the consent was taken back.
    pub stop_id: String,
    /// A release of the address, which was secret for a while: rejected.
    pub release_id: String,
    /// The relay that was accepted.
    pub accepted: Value,
    /// The relay that waits.
    pub waiting: Value,
    /// The relay that was opened and declined.
    pub declined: Value,
}

/// The agencies of [`Told`], in the order of the table's columns.
pub const CODES: [&str; 5] = ["fukushi-marugoto", "kurashi-shigoto", "hoken", "nozei", "npo-safetynet"];

fn rejected_release(service: &Service, origin: &Client, sheet_id: &str, to: &str) -> String {
    let path = format!("/api/v1/sheets/{sheet_id}");
    let secret = |how: &str| {
        let mut sheet = marked(service);
        sheet["address_secret"] = json!(how);
        origin.put(&path, &sheet, &etag(&origin.get(&path).ok())).ok();
    };
    secret("requested");
    let request = json!({"to_agency_id": to, "reason": "試験のため"});
    let release = id(origin.post(&format!("{path}/address-releases"), &request));
    service.login("kacho").post(&format!("/api/v1/address-releases/{release}/reject"), &json!({})).ok();
    secret("none");
    release
}

/// Makes the case.
pub fn told(service: &Service) -> Told {
    let (origin, kurashi, zei) = (service.login("madoguchi"), service.login("kurashi"), service.login("zei"));
    let [_, to_kurashi, to_hoken, to_zei, to_npo] = CODES.map(|code| service.agency(code));
    let sheet_id = id(origin.post("/api/v1/sheets", &marked(service)));
    let consent = marked_consent(service, &[&to_kurashi, &to_hoken, &to_zei]);
    let consent_id = consented(&origin, &sheet_id, &consent);
    origin.post(&format!("/api/v1/sheets/{sheet_id}/entries"), &entry(service)).ok();
    let exception_id = id(origin.post(&format!("/api/v1/sheets/{sheet_id}/exceptions"), &excepted(&to_npo)));
    let accepted = sent(&origin, &sheet_id, &consent_id, &to_kurashi);
    moved(&kurashi, &accepted, "receive", &json!({}));
    moved(&kurashi, &accepted, "accept", &json!({}));
    let waiting = sent(&origin, &sheet_id, &consent_id, &to_hoken);
    let declined = sent(&origin, &sheet_id, &consent_id, &to_zei);
    moved(&zei, &declined, "receive", &json!({}));
    moved(&zei, &declined, "decline", &json!({"reason": "no_capacity", "note": "辞退のしるし"}));
    let withdrawal = json!({"by": "self", "method": "oral", "agency_ids": [to_zei]});
    origin.post(&format!("/api/v1/consents/{consent_id}/withdrawal"), &withdrawal).ok();
    let stops = zei.get(&format!("/api/v1/sheets/{sheet_id}/stop-notices")).ok();
    let stop_id = stops["items"][0]["id"].as_str().unwrap().to_owned();
    let deferral = json!({
        "decision": "pending", "given_by": {"kind": "self"}, "identity_check": "known", "method": "signature_paper",
        "obtained_at": service.now()
    });
    let deferral_id = consented(&origin, &sheet_id, &deferral);
    let release_id = rejected_release(service, &origin, &sheet_id, &to_kurashi);
    Told { sheet_id, consent_id, exception_id, deferral_id, stop_id, release_id, accepted, waiting, declined }
}

impl Told {
    /// The ETags of the sheet and the relays, as the origin sees them: they stay equal as long as nothing moves.
    pub fn etags(&self, origin: &Client) -> Vec<String> {
        let ids = [&self.accepted, &self.waiting, &self.declined].map(|relay| relay["id"].as_str().unwrap());
        let paths = ids.map(|id| format!("/api/v1/relays/{id}"));
        let sheet = format!("/api/v1/sheets/{}", self.sheet_id);
        [sheet].iter().chain(&paths).map(|path| etag(&origin.get(path).ok())).collect()
    }
}
