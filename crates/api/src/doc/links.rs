//! Links (OpenAPI 3.1 §4.8.20): which answer leads to which operation, so that programs can find their way from one to the next.

use super::is_at_revision;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};

/// Where the id in the path of the next operation comes from.
const MADE: &str = "$response.body#/id";
const SAME: &str = "$request.path.id";
const OF_SHEET: &str = "$response.body#/sheet_id";

/// The operations that can follow an answer with a sheet and its ETag; those that need `If-Match` are found by [`is_at_revision`].
const AFTER_SHEET: &[&str] = &[
    "show_sheet",
    "revise_sheet",
    "discard_sheet",
    "show_timeline",
    "add_entry",
    "list_entries",
    "give_consent",
    "list_consents",
    "request_exception",
    "list_stop_notices",
    "preview_relay",
    "send_relay",
    "close_sheet",
    "reopen_sheet",
    "void_sheet",
];
const AFTER_RELAY: &[&str] = &[
    "show_relay",
    "receive_relay",
    "accept_relay",
    "decline_relay",
    "return_relay",
    "resend_relay",
    "cancel_relay",
    "report_relay",
    "confirm_relay",
    "preview_amendment",
    "amend_relay",
    "hand_back_relay",
    "accept_hand_back",
    "decline_hand_back",
    "chase_relay",
];

/// From the first operations, by this id, to the last ones. A next operation that needs `If-Match` gets the ETag of the answer.
const LINKS: &[(&[&str], &str, &[&str])] = &[
    (&["create_sheet", "show_sheet", "revise_sheet", "close_sheet", "reopen_sheet", "void_sheet"], MADE, AFTER_SHEET),
    (&["discard_sheet"], SAME, &["show_sheet", "list_entries", "show_timeline", "list_consents"]),
    (
        &["give_consent"],
        MADE,
        &["show_consent", "witness_consent", "withdraw_consent", "invalidate_consent", "list_evidence"],
    ),
    (&["give_consent"], SAME, &["show_sheet", "preview_relay", "send_relay", "list_consents"]),
    (&["preview_relay"], SAME, &["send_relay"]),
    (
        &[
            "send_relay",
            "show_relay",
            "receive_relay",
            "accept_relay",
            "decline_relay",
            "return_relay",
            "resend_relay",
            "report_relay",
            "amend_relay",
            "hand_back_relay",
            "accept_hand_back",
            "decline_hand_back",
        ],
        MADE,
        AFTER_RELAY,
    ),
    (&["accept_relay", "confirm_relay"], OF_SHEET, &["show_sheet", "give_consent", "preview_relay", "add_entry"]),
    (
        &["request_exception", "show_exception", "approve_exception", "reject_exception"],
        MADE,
        &["show_exception", "approve_exception", "reject_exception", "follow_up_exception"],
    ),
    (
        &["create_agency", "show_agency", "change_agency"],
        MADE,
        &["show_agency", "change_agency", "confirm_agency_change", "reject_agency_change"],
    ),
    (&["create_client", "rotate_client"], MADE, &["confirm_client", "rotate_client", "revoke_client"]),
    (&["create_staff"], MADE, &["add_post", "issue_code"]),
];

/// Adds the links to the answers of success.
pub(super) fn put(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            put_into(operation);
        }
    }
}

fn put_into(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let succeeded = operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2'));
    for response in
        succeeded.filter_map(|(_, response)| if let RefOr::T(response) = response { Some(response) } else { None })
    {
        let tagged = response.headers.contains_key("ETag");
        for (_, whence, next) in LINKS.iter().filter(|(from, _, _)| from.contains(&id.as_str())) {
            for next in next.iter().filter(|next| **next != id && (!is_at_revision(next) || tagged)) {
                response.links.insert((*next).to_owned(), RefOr::T(link(next, whence, is_at_revision(next))));
            }
        }
    }
}

fn link(next: &str, whence: &str, with_tag: bool) -> Link {
    let link = LinkBuilder::new().operation_id(next).parameter("path.id", whence);
    if with_tag { link.parameter("header.If-Match", "$response.header.ETag").build() } else { link.build() }
}
