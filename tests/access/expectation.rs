//! Who may do what on the prepared case (see `told.rs`): one sheet, recorded at the *origin*, relayed to three agencies. The
//! *participant* has accepted (and holds the sheet since then), the *addressee* was sent it and has not answered, the *former* has opened and
//! declined it, the *stranger* has nothing to do with it. On operations of a relay each of them uses its own, the origin and the
//! stranger that of the addressee.
//!
//! Written by hand from docs/domain.md. In each of the five agencies there is a person in every role and a department system.
//!
//! - `client` is the scope that a department system needs: `any` none at all, `-` it may not in any case.
//! - `who` are the roles of the row; `clerks` means counter, manager and hub. A later row for the same operation overrules an
//!   earlier one, for the roles that it names. A department system with the scope may do what the first row allows.
//! - `yes`: it is let through (2xx, or the state or the input does not allow it: 409, 412, 422).
//! - **A caller that is in no row gets 403**, and so does a department system without the scope: an operation that a role may never do tells
//!   nothing about the thing.
//! - An exception was asked for by the origin: no other clerk knows of it, and the privacy officer sees all exceptions.
//! - 調整担当 sees and confirms the open relays of others, but nobody confirms a report of their own agency.
//! - `show_attachment` and `withdraw_attachment` are called with an id that nothing has; `tests/http/attachments.rs` tests who gets which file.
//! - `invalidate_consent` is called on a pending version, which only the origin knows of.
//! - A caller that is not logged in gets 401, except on the operations in `PUBLIC`.

/// The table.
pub const TABLE: &str = "
    operation           client           who                      origin  participant  addressee  former  stranger

    show_session        -                everybody                yes     yes          yes        yes     yes
    choose_acting_post  -                everybody                yes     yes          yes        yes     yes
    change_password     -                everybody                yes     yes          yes        yes     yes
    list_sessions       -                everybody                yes     yes          yes        yes     yes
    end_own_session     -                everybody                404     404          404        404     404

    list_agencies       any              everybody                yes     yes          yes        yes     yes
    show_agency         any              everybody                yes     yes          yes        yes     yes
    show_import_template  any            everybody                yes     yes          yes        yes     yes
    list_staff          sheets:write     everybody                yes     yes          yes        yes     yes
    list_codes          any              everybody                yes     yes          yes        yes     yes
    show_code_list      any              everybody                yes     yes          yes        yes     yes
    show_postal_code    any              everybody                yes     yes          yes        yes     yes
    list_notices        any              everybody                yes     yes          yes        yes     yes
    create_agency       directory:write  admin                    yes     yes          yes        yes     yes
    import_agencies     directory:write  admin                    yes     yes          yes        yes     yes
    change_agency       directory:write  admin                    yes     yes          yes        yes     yes
    confirm_agency_change  -             admin,privacy_officer    yes     yes          yes        yes     yes
    reject_agency_change   -             admin,privacy_officer    yes     yes          yes        yes     yes
    create_notice       directory:write  admin                    yes     yes          yes        yes     yes
    create_staff        -                admin                    yes     yes          yes        yes     yes
    add_post            -                admin                    yes     yes          yes        yes     yes
    issue_code          -                admin                    404     404          404        404     404
    disable_staff       -                admin                    404     404          404        404     404
    enable_staff        -                admin                    404     404          404        404     404
    list_staff_sessions  -               admin                    404     404          404        404     404
    end_staff_sessions  -                admin                    404     404          404        404     404
    end_post            -                admin                    404     404          404        404     404
    end_post            -                privacy_officer,manager  404     404          404        404     404
    list_clients        -                admin,privacy_officer    yes     yes          yes        yes     yes
    create_client       -                admin                    yes     yes          yes        yes     yes
    confirm_client      -                admin,privacy_officer    404     404          404        404     404
    rotate_client       -                admin                    404     404          404        404     404
    revoke_client       -                admin,privacy_officer    404     404          404        404     404
    confirm_post        -                admin                    404     404          404        404     404
    confirm_post        -                privacy_officer,manager  404     404          404        404     404

    create_sheet        sheets:write     clerks                   yes     yes          yes        yes     yes
    list_sheets         sheets:read      clerks                   yes     yes          yes        yes     yes
    list_sheets         -                auditor                  yes     yes          yes        yes     yes
    search_sheets       sheets:read      clerks                   yes     yes          yes        yes     yes

    show_sheet          sheets:read      clerks                   yes     yes          403        404     404
    show_sheet          -                auditor                  yes     yes          yes        yes     yes
    show_timeline       sheets:read      clerks                   yes     yes          403        404     404
    show_timeline       -                auditor                  yes     yes          yes        yes     yes
    list_entries        sheets:read      clerks                   yes     yes          403        404     404
    show_revision       sheets:read      clerks                   yes     403          403        404     404
    add_entry           sheets:write     clerks                   yes     yes          403        404     404
    revise_sheet        sheets:write     clerks                   yes     403          403        404     404
    discard_sheet       sheets:write     clerks                   yes     403          403        404     404
    assign_sheet        sheets:write     clerks                   yes     yes          403        404     404
    link_sheet          sheets:write     clerks                   yes     403          403        404     404
    unlink_sheet        sheets:write     clerks                   yes     403          403        404     404
    close_sheet         sheets:write     clerks                   403     yes          403        404     404
    reopen_sheet        sheets:write     clerks                   403     yes          403        404     404
    void_sheet          -                manager                  yes     403          403        404     404

    list_consents       sheets:read      clerks                   yes     yes          403        404     404
    list_consents       -                auditor                  yes     yes          yes        yes     yes
    show_consent        sheets:read      clerks                   yes     yes          403        404     404
    show_consent        -                auditor                  yes     yes          yes        yes     yes
    show_receipt        sheets:read      clerks                   yes     yes          403        404     404
    show_receipt        -                auditor                  yes     yes          yes        yes     yes
    show_slip           sheets:read      clerks                   yes     yes          403        404     404
    show_slip           -                auditor                  yes     yes          yes        yes     yes
    give_consent        sheets:write     clerks                   yes     yes          403        404     404
    witness_consent     -                clerks                   yes     yes          403        404     404
    add_attachment      sheets:write     clerks                   yes     yes          403        404     404
    list_attachments    sheets:read      clerks                   yes     yes          403        404     404
    list_attachments    -                auditor                  yes     yes          yes        yes     yes
    show_attachment     sheets:read      clerks                   404     404          404        404     404
    withdraw_attachment sheets:write     clerks                   404     404          404        404     404
    add_evidence        sheets:write     clerks                   yes     403          403        404     404
    list_evidence       sheets:read      clerks                   yes     403          403        404     404
    withdraw_consent    sheets:write     clerks                   yes     yes          403        404     404
    keep_sharing        sheets:write     clerks                   yes     403          403        404     404
    invalidate_consent  -                manager                  yes     404          403        404     404
    invalidate_consent  -                privacy_officer          yes     yes          yes        yes     yes
    list_stop_notices   sheets:read      clerks                   yes     yes          yes        yes     404
    list_stop_notices   -                privacy_officer,auditor  yes     yes          yes        yes     yes
    answer_stop_notice  relays:write     clerks                   403     404          404        yes     404

    request_address_release  -           clerks                   yes     403          403        404     404
    list_address_releases  sheets:read   clerks                   yes     yes          yes        yes     yes
    list_address_releases  -             privacy_officer,auditor  yes     yes          yes        yes     yes
    show_address_release  sheets:read    clerks                   yes     404          404        404     404
    show_address_release  -              privacy_officer,auditor  yes     yes          yes        yes     yes
    approve_address_release  -           manager                  yes     404          404        404     404
    reject_address_release   -           manager                  yes     404          404        404     404
    revoke_address_release  sheets:write clerks                   yes     404          404        404     404

    request_exception   -                clerks                   yes     yes          403        404     404
    list_exceptions     sheets:read      clerks                   yes     yes          yes        yes     yes
    list_exceptions     -                auditor,privacy_officer  yes     yes          yes        yes     yes
    show_exception      sheets:read      clerks                   yes     404          404        404     404
    show_exception      -                auditor,privacy_officer  yes     yes          yes        yes     yes
    approve_exception   -                manager                  yes     404          404        404     404
    approve_exception   -                privacy_officer          yes     yes          yes        yes     yes
    reject_exception    -                manager                  yes     404          404        404     404
    reject_exception    -                privacy_officer          yes     yes          yes        yes     yes
    follow_up_exception -                manager                  yes     404          404        404     404
    follow_up_exception -                privacy_officer          yes     yes          yes        yes     yes

    preview_relay       relays:write     clerks                   yes     yes          403        404     404
    send_relay          relays:write     clerks                   yes     yes          403        404     404
    list_relays         relays:read      clerks                   yes     yes          yes        yes     yes
    list_relays         -                auditor                  yes     yes          yes        yes     yes
    show_relay          relays:read      clerks                   yes     yes          yes        yes     404
    show_relay          -                auditor,hub              yes     yes          yes        yes     yes
    receive_relay       relays:write     clerks                   403     yes          yes        yes     404
    accept_relay        relays:write     clerks                   403     yes          yes        yes     404
    decline_relay       relays:write     clerks                   403     yes          yes        yes     404
    return_relay        relays:write     clerks                   403     yes          yes        yes     404
    report_relay        relays:write     clerks                   403     yes          yes        yes     404
    resend_relay        relays:write     clerks                   yes     403          403        403     404
    cancel_relay        relays:write     clerks                   yes     403          403        403     404
    hand_back_relay     relays:write     clerks                   403     yes          yes        yes     404
    accept_hand_back    relays:write     clerks                   yes     403          403        403     404
    decline_hand_back   relays:write     clerks                   yes     403          403        403     404
    preview_amendment   relays:write     clerks                   yes     403          403        403     404
    amend_relay         relays:write     clerks                   yes     403          403        403     404
    confirm_relay       relays:write     clerks                   yes     403          403        403     404
    confirm_relay       -                hub                      yes     403          403        403     yes
    chase_relay         relays:write     clerks                   yes     403          403        403     404
    chase_relay         -                hub                      yes     403          403        403     yes

    list_tasks          sheets:read      clerks                   yes     yes          yes        yes     yes
    list_tasks          -                privacy_officer,auditor  yes     yes          yes        yes     yes
    show_load           -                manager                  yes     yes          yes        yes     yes
    show_board          -                hub,auditor              yes     yes          yes        yes     yes

    list_audit_events   audit:read       auditor,privacy_officer  yes     yes          yes        yes     yes
    list_disclosures    audit:read       auditor,privacy_officer  yes     yes          yes        yes     yes
    show_privacy_overview audit:read     auditor,privacy_officer  yes     yes          yes        yes     yes

    end_session         -                everybody                yes     yes          yes        yes     yes
";

/// Operations that need no log-in. This list may only shrink: a new operation needs a row above. The last two let anybody who holds a receipt
/// check it: they give public keys, and states by place, without a person or an agency.
pub const PUBLIC: [&str; 7] = [
    "create_session",
    "documentation",
    "health_live",
    "health_ready",
    "list_statuses",
    "openapi_document",
    "show_keys",
];

/// This operation authenticates the caller itself, by HTTP Basic: a department system fetches its token here.
pub const BY_CREDENTIALS: &str = "issue_token";

/// This operation authenticates the caller itself, by a one-time code: a person sets the password with it.
pub const BY_CODE: &str = "use_code";

/// The agencies of the table's columns.
pub const STANDINGS: [&str; 5] = ["origin", "participant", "addressee", "former", "stranger"];

/// The roles.
pub const ROLES: [&str; 6] = ["counter", "manager", "hub", "privacy_officer", "auditor", "admin"];

/// What is expected of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Anything but 401, 403 and 404.
    Through,
    /// 401
    Unknown,
    /// 403
    Forbidden,
    /// 404
    Hidden,
}

/// A row.
pub struct Row {
    /// The operationId.
    pub operation: &'static str,
    /// The scope, `any` or `-`.
    pub client: &'static str,
    who: Vec<&'static str>,
    cells: [Expected; 5],
}

/// The rows, in their order.
pub fn rows() -> Vec<Row> {
    let lines = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty());
    let row = |words: Vec<&'static str>| {
        let [operation, client, who, cells @ ..] = words.as_slice() else { panic!("{words:?}") };
        let cells: Vec<_> = cells.iter().map(|cell| expected(cell)).collect();
        let who = match *who {
            "everybody" => ROLES.to_vec(),
            "clerks" => vec!["counter", "manager", "hub"],
            named => named.split(',').collect(),
        };
        assert!(who.iter().all(|role| ROLES.contains(role)), "{who:?}");
        Row { operation, client, who, cells: cells.try_into().expect("five cells") }
    };
    lines.skip(1).map(row).collect()
}

fn expected(cell: &str) -> Expected {
    match cell {
        "yes" => Expected::Through,
        "403" => Expected::Forbidden,
        "404" => Expected::Hidden,
        other => panic!("{other} is no expectation"),
    }
}

/// The expectation of an operation's rows for a person in this role at the agency of this column.
pub fn of_role(rows: &[Row], operation: &str, role: &str, column: usize) -> Expected {
    let named = rows.iter().rev().find(|row| row.operation == operation && row.who.contains(&role));
    named.map_or(Expected::Forbidden, |row| row.cells[column])
}

/// The expectation of an operation's first row for a department system with the fitting scope.
pub fn of_client(rows: &[Row], operation: &str, column: usize) -> Expected {
    let first = rows.iter().find(|row| row.operation == operation).expect("a row");
    if first.client == "-" { Expected::Forbidden } else { first.cells[column] }
}
