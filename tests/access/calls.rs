//! How each operation is called on the prepared case. A call that is let through must not change the case, or the next cell of the table
//! would be asked of another one. So moves come with a stale ETag, and a call without an ETag names an agency that does not exist.

use crate::expectation::{BY_CODE, BY_CREDENTIALS};
use crate::people::System;
use crate::told::{SECTIONS, entry, excepted, marked};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use tests::{Answer, Client, Service};

/// A well-formed id that nothing has.
pub const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// An ETag that was never right.
pub const OLD: &str = "\"999999\"";

/// The things that calls name.
#[derive(Clone)]
pub struct Things {
    /// A sheet.
    pub sheet: String,
    /// Its ETag.
    pub sheet_etag: String,
    /// A consent.
    pub consent: String,
    /// A version of the consent that grants nothing, and so cannot be found invalid.
    pub deferral: String,
    /// A stop request.
    pub stop: String,
    /// A release of the address that was rejected.
    pub release: String,
    /// A relay.
    pub relay: String,
    /// An exception.
    pub exception: String,
    /// An agency.
    pub agency: String,
    /// A member of staff.
    pub staff: String,
}

/// A request.
pub struct Call {
    /// Its method.
    pub method: &'static str,
    /// Its path.
    pub path: String,
    /// Its ETag.
    pub if_match: Option<String>,
    /// Its body.
    pub body: Option<Value>,
}

impl Call {
    fn get(path: String) -> Self {
        Self { method: "GET", path, if_match: None, body: None }
    }

    fn post(path: String, body: Value) -> Self {
        Self { method: "POST", body: Some(body), ..Self::get(path) }
    }

    fn put(path: String, body: Value) -> Self {
        Self { method: "PUT", ..Self::post(path, body) }
    }

    /// The same call with this ETag.
    pub fn at(self, etag: &str) -> Self {
        Self { if_match: Some(etag.to_owned()), ..self }
    }

    /// Sends it, with a fresh Idempotency-Key where it is a POST.
    pub fn send(&self, client: &Client) -> Answer {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let key = format!("access-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut headers = vec![("idempotency-key", key.as_str())];
        // A JSON string is sent as the bytes of a file.
        let body = match &self.body {
            Some(Value::String(csv)) => Some(("text/csv", csv.clone())),
            Some(json) => Some(("application/json", json.to_string())),
            None => None,
        };
        if let Some((kind, _)) = &body {
            headers.push(("content-type", kind));
        }
        if let Some(etag) = &self.if_match {
            headers.push(("if-match", etag));
        }
        client.raw(self.method, &self.path, &headers, body.as_ref().map(|(_, sent)| sent.as_bytes()))
    }
}

/// The call of an operation; none if this file has no call for it.
pub fn call(service: &Service, operation: &str, things: &Things) -> Option<Call> {
    let Things { sheet, sheet_etag, consent, deferral, stop, release, relay, exception, agency, staff } = things;
    let api = |path: &str| format!("/api/v1{path}");
    let of_sheet = |below: &str| format!("/api/v1/sheets/{sheet}{below}");
    let of_consent = |below: &str| format!("/api/v1/consents/{consent}{below}");
    let of_relay = |below: &str| format!("/api/v1/relays/{relay}{below}");
    let of_exception = |below: &str| format!("/api/v1/exceptions/{exception}{below}");
    let step = |name: &str, body: Value| Call::post(of_relay(&format!("/{name}")), body).at(OLD);
    let reason = json!({"reason": "試験のため"});
    let asked = json!({
        "to_agency_id": NOBODY, "sections": SECTIONS, "purpose": "support_referral", "basis": {"consent_id": consent}
    });
    let some_agency = json!({
        "code": "fukushi-marugoto", "name": "見本課", "kana": "ミホンカ", "parent_id": null, "class": "ward", "topics": [],
        "mailbox": null, "phone": null, "hub": false, "active_from": "2026-04-01", "active_until": null, "agreement": null
    });
    Some(match operation {
        "show_session" => Call::get(api("/session")),
        "end_session" => Call { method: "DELETE", ..Call::get(api("/session")) },
        "change_password" => {
            Call::put(api("/session/password"), json!({"old_password": "kasa", "new_password": "short"}))
        }
        "choose_acting_post" => Call::put(api("/session/acting-post"), json!({"post_id": NOBODY})),

        "list_agencies" => Call::get(api("/agencies")),
        "create_agency" => Call::post(api("/agencies"), some_agency),
        "import_agencies" => Call::post(api("/agencies/import?dry_run=true"), json!("")),
        "show_import_template" => Call::get(api("/agencies/import/template")),
        "show_agency" => Call::get(api(&format!("/agencies/{agency}"))),
        "confirm_agency_change" => Call::post(api(&format!("/agencies/{agency}/pending/confirm")), json!({})).at(OLD),
        "reject_agency_change" => Call::post(api(&format!("/agencies/{agency}/pending/reject")), json!({})).at(OLD),
        "change_agency" => Call::put(api(&format!("/agencies/{agency}")), some_agency).at(OLD),
        "list_staff" => Call::get(api("/staff")),
        "create_staff" => {
            let post = json!({"agency_id": NOBODY, "role": "counter", "valid_from": "2026-04-01"});
            let staff = json!({"login": "nobody", "name": "見本 誰", "posts": [post]});
            Call::post(api("/staff"), staff)
        }
        "add_post" => {
            let post = json!({"agency_id": NOBODY, "role": "counter", "valid_from": "2026-04-01"});
            Call::post(api(&format!("/staff/{staff}/posts")), post)
        }
        "end_post" => Call::post(api(&format!("/staff/{staff}/posts/{NOBODY}/end")), json!({})),
        "disable_staff" => Call::post(api(&format!("/staff/{NOBODY}/disable")), json!({})),
        "enable_staff" => Call::post(api(&format!("/staff/{NOBODY}/enable")), json!({})),
        "list_sessions" => Call::get(api("/sessions")),
        "end_own_session" => Call { method: "DELETE", ..Call::get(api(&format!("/sessions/{NOBODY}"))) },
        "list_staff_sessions" => Call::get(api(&format!("/staff/{NOBODY}/sessions"))),
        "end_staff_sessions" => Call { method: "DELETE", ..Call::get(api(&format!("/staff/{NOBODY}/sessions"))) },
        "issue_code" => Call::post(api(&format!("/staff/{NOBODY}/code")), json!({})),
        "confirm_post" => Call::post(api(&format!("/staff/{staff}/posts/{NOBODY}/confirm")), json!({})),
        "list_clients" => Call::get(api("/clients")),
        "create_client" => {
            let client = json!({"name": "見本システム", "agency_id": NOBODY, "scopes": ["sheets:read"]});
            Call::post(api("/clients"), client)
        }
        "confirm_client" => Call::post(api(&format!("/clients/{NOBODY}/confirm")), json!({})),
        "rotate_client" => Call::post(api(&format!("/clients/{NOBODY}/rotate")), json!({"overlap_hours": 1})),
        "revoke_client" => Call::post(api(&format!("/clients/{NOBODY}/revoke")), json!({})),
        "list_codes" => Call::get(api("/codes")),
        "show_code_list" => Call::get(api("/codes/topics")),
        "show_postal_code" => Call::get(api("/postal-codes/1200001")),
        "list_notices" => Call::get(api("/notices")),
        "create_notice" => {
            let notice = json!({"title": "説明文", "body": "試験の文です。", "in_force_from": "2027-04-01"});
            Call::post(api("/notices"), notice)
        }

        "create_sheet" => Call::post(api("/sheets"), json!({"state": "draft"})),
        "list_sheets" => Call::get(api("/sheets")),
        "search_sheets" => Call::post(api("/sheets/search"), json!({"kana_prefix": "インドウ"})),
        "show_sheet" => Call::get(of_sheet("")),
        "revise_sheet" => Call::put(of_sheet(""), marked(service)).at(OLD),
        "discard_sheet" => Call { method: "DELETE", ..Call::get(of_sheet("")) },
        "show_revision" => Call::get(of_sheet("/revisions/1")),
        "assign_sheet" => Call::post(of_sheet("/assignee"), json!({"staff_id": NOBODY, "reason": "other"})),
        "link_sheet" => Call::post(of_sheet("/household"), json!({"sheet_id": NOBODY})),
        "unlink_sheet" => Call { method: "DELETE", ..Call::get(of_sheet("/household")) },
        // These two have the right ETag, because the check for the holder comes after it. A relay waits, so the sheet cannot be closed.
        "close_sheet" => Call::post(of_sheet("/closure"), reason).at(sheet_etag),
        "reopen_sheet" => Call::post(of_sheet("/reopen"), reason).at(sheet_etag),
        "void_sheet" => Call::post(of_sheet("/void"), reason).at(OLD),
        "show_timeline" => Call::get(of_sheet("/timeline")),
        "add_entry" => Call::post(of_sheet("/entries"), entry(service)),
        "list_entries" => Call::get(of_sheet("/entries")),

        "give_consent" => {
            let pending = json!({
                "decision": "pending", "given_by": {"kind": "self"}, "identity_check": "known", "method": "signature_paper",
                "recipients": {"agency_ids": [NOBODY]}, "obtained_at": service.now()
            });
            Call::post(of_sheet("/consents"), pending)
        }
        "list_consents" => Call::get(of_sheet("/consents")),
        "show_consent" => Call::get(of_consent("")),
        "show_receipt" => Call::get(of_consent(&format!("/receipt?agency_id={}", service.agency("kurashi-shigoto")))),
        "show_slip" => Call::get(of_sheet("/slip")),
        "witness_consent" => Call::post(of_consent("/witness"), json!({"confirmed": true})),
        "withdraw_consent" => {
            let withdrawal = json!({"by": "self", "method": "oral", "agency_ids": [NOBODY]});
            Call::post(of_consent("/withdrawal"), withdrawal)
        }
        "keep_sharing" => Call::post(of_consent("/keep-sharing"), json!({})),

        "request_exception" => Call::post(of_sheet("/exceptions"), excepted(NOBODY)),
        "list_exceptions" => Call::get(api("/exceptions")),
        "show_exception" => Call::get(of_exception("")),
        "approve_exception" => Call::post(of_exception("/approve"), json!({})).at(OLD),
        "reject_exception" => Call::post(of_exception("/reject"), reason).at(OLD),
        "follow_up_exception" => Call::post(of_exception("/follow-up"), json!({"text": "説明した。"})).at(OLD),
        // The body is no valid file; a caller who may not attach does not hear that.
        "add_attachment" => Call::post(of_sheet("/attachments?kind=other"), json!({})),
        "list_attachments" => Call::get(of_sheet("/attachments")),
        "withdraw_attachment" => Call::post(api(&format!("/attachments/{NOBODY}/withdrawal")), reason),
        "show_attachment" => Call::get(api(&format!("/attachments/{NOBODY}"))),
        "add_evidence" => {
            let signature = json!({"strokes": [[[1, 1, 0]]], "width": 10, "height": 10, "text_hash": "0"});
            Call::post(of_consent("/evidence"), json!({"signature": signature}))
        }
        "list_evidence" => Call::get(of_consent("/evidence")),
        "invalidate_consent" => Call::post(api(&format!("/consents/{deferral}/invalidate")), reason),
        "list_stop_notices" => Call::get(of_sheet("/stop-notices")),
        "request_address_release" => {
            Call::post(of_sheet("/address-releases"), json!({"to_agency_id": NOBODY, "reason": "試験のため"}))
        }
        "list_address_releases" => Call::get(api("/address-releases")),
        "show_address_release" => Call::get(api(&format!("/address-releases/{release}"))),
        "approve_address_release" => Call::post(api(&format!("/address-releases/{release}/approve")), json!({})),
        "reject_address_release" => Call::post(api(&format!("/address-releases/{release}/reject")), json!({})),
        "revoke_address_release" => Call::post(api(&format!("/address-releases/{release}/revoke")), json!({})),
        // The answer says that the copies are kept, but names no law, so it is invalid.
        "answer_stop_notice" => {
            Call::post(api(&format!("/stop-notices/{stop}/answer")), json!({"disposition": "kept"}))
        }

        "preview_relay" => Call::post(of_sheet("/relays/preview"), asked),
        "send_relay" => {
            let mut relay = asked;
            relay["request"] = json!("お願いします。");
            relay["urgency"] = json!("normal");
            relay["handover"] = json!("phoned");
            relay["disclosure_digest"] = json!("0");
            Call::post(of_sheet("/relays"), relay)
        }
        "list_relays" => Call::get(api("/relays")),
        "show_relay" => Call::get(of_relay("")),
        "receive_relay" => step("receive", json!({})),
        "accept_relay" => step("accept", json!({})),
        "decline_relay" => step("decline", json!({"reason": "no_capacity"})),
        "return_relay" => step("return", json!({"missing": [], "note": "不足があります。"})),
        "resend_relay" => step("resend", json!({"disclosure_digest": "0"})),
        "cancel_relay" => step("cancel", reason),
        "report_relay" => step("report", json!({"result": "advice_given"})),
        "chase_relay" => Call::post(of_relay("/chase"), json!({})),
        "confirm_relay" => step("confirm", json!({})),
        "hand_back_relay" => step("hand-back", reason),
        "accept_hand_back" => step("hand-back/accept", json!({})),
        "decline_hand_back" => step("hand-back/decline", json!({})),
        "preview_amendment" => Call::post(of_relay("/amend/preview"), json!({"sections": ["identity"]})),
        "amend_relay" => {
            let basis = json!({"consent_id": consent});
            step("amend", json!({"sections": ["identity"], "basis": basis, "disclosure_digest": "0"}))
        }

        "list_tasks" => Call::get(api("/tasks")),
        "show_load" => Call::get(api("/load")),
        "show_board" => Call::get(api("/board")),
        "list_audit_events" => Call::get(api("/audit/events")),
        "list_disclosures" => Call::get(api("/disclosures")),
        "show_privacy_overview" => Call::get(api("/privacy/overview")),

        BY_CODE => {
            Call::post(api("/session/password"), json!({"login": "nobody", "code": "0", "new_password": "short"}))
        }
        "create_session" => Call::post(api("/session"), json!({"login": "madoguchi", "password": "tsunagu-demo"})),
        "show_keys" => Call::get("/.well-known/jwks.json".to_owned()),
        "list_statuses" => Call::get(api("/consents/status")),
        "documentation" => Call::get(api("/docs")),
        "health_live" => Call::get("/health/live".to_owned()),
        "health_ready" => Call::get("/health/ready".to_owned()),
        "openapi_document" => Call::get(api("/openapi.yaml")),
        BY_CREDENTIALS => Call::post("/oauth2/token".to_owned(), Value::Null),
        _ => return None,
    })
}

/// Fetches a token with the credentials of this system instead of a login.
pub fn token(client: &Client, system: Option<&System>) -> Answer {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    if let Some(system) = system {
        headers.push(("authorization", &system.basic));
    }
    client.raw("POST", "/oauth2/token", &headers, Some(b"grant_type=client_credentials"))
}
