//! The expected answers, written by hand from docs/domain.md ("Who may do what") and read by this test alone.
//!
//! `yes` may do it · `meta` may do it, without content · `403` may know of it, but not do it · `404` may not know of it.

use super::*;
use crate::account::Role;
use crate::agency::Scope;
use crate::ids::{ClientId, PostId, SessionId, StaffId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use uuid::Uuid;

/// Operations that concern no particular sheet. The last column is the scope that a department system needs: `any` = none at all, `-` = it
/// never may, because only a person does this.
const COLLECTIONS: &str = "
    operation           counter  manager  hub   privacy_officer  auditor  admin  client
    show_session        yes      yes      yes   yes              yes      yes    -
    end_session         yes      yes      yes   yes              yes      yes    -
    choose_acting_post  yes      yes      yes   yes              yes      yes    -
    change_password     yes      yes      yes   yes              yes      yes    -
    list_sessions       yes      yes      yes   yes              yes      yes    -
    end_own_session     yes      yes      yes   yes              yes      yes    -
    list_staff_sessions  403     403      403   403              403      yes    -
    end_staff_sessions  403      403      403   403              403      yes    -
    list_agencies       yes      yes      yes   yes              yes      yes    any
    show_agency         yes      yes      yes   yes              yes      yes    any
    show_import_template  yes    yes      yes   yes              yes      yes    any
    list_staff          yes      yes      yes   yes              yes      yes    sheets:write
    list_codes          yes      yes      yes   yes              yes      yes    any
    show_code_list      yes      yes      yes   yes              yes      yes    any
    show_postal_code    yes      yes      yes   yes              yes      yes    any
    list_notices        yes      yes      yes   yes              yes      yes    any
    create_agency       403      403      403   403              403      yes    directory:write
    import_agencies     403      403      403   403              403      yes    directory:write
    change_agency       403      403      403   403              403      yes    directory:write
    confirm_agency_change  403   403      403   yes              403      yes    -
    reject_agency_change   403   403      403   yes              403      yes    -
    create_notice       403      403      403   403              403      yes    directory:write
    create_staff        403      403      403   403              403      yes    -
    add_post            403      403      403   403              403      yes    -
    issue_code          403      403      403   403              403      yes    -
    confirm_post        403      yes      403   yes              403      yes    -
    end_post            403      yes      403   yes              403      yes    -
    list_clients        403      403      403   yes              403      yes    -
    create_client       403      403      403   403              403      yes    -
    confirm_client      403      403      403   yes              403      yes    -
    rotate_client       403      403      403   403              403      yes    -
    revoke_client       403      403      403   yes              403      yes    -
    disable_staff       403      403      403   403              403      yes    -
    enable_staff        403      403      403   403              403      yes    -
    create_sheet        yes      yes      yes   403              403      403    sheets:write
    list_sheets         yes      yes      yes   403              meta     403    sheets:read
    search_sheets       yes      yes      yes   403              403      403    sheets:read
    list_relays         yes      yes      yes   403              meta     403    relays:read
    list_tasks          yes      yes      yes   yes              meta     403    sheets:read
    show_load           403      yes      403   403              403      403    -
    show_board          403      403      yes   403              yes      403    -
    list_exceptions     yes      yes      yes   yes              meta     403    sheets:read
    list_audit_events   403      403      403   yes              yes      403    audit:read
    list_disclosures    403      403      403   yes              yes      403    audit:read
    show_privacy_overview  403   403      403   yes              yes      403    audit:read
    list_address_releases  yes   yes      yes   meta             meta     403    sheets:read
";

/// Operations on a sheet, or on one of its consents, for the roles that work on cases: `counter`, `manager` and `hub` at their own agency,
/// and a department system with the scope (`-`: persons only; `manager`: that role only). The last two columns are the auditor and
/// 個人情報保護管理者, who know of every sheet of the municipality; `no` = their role gives them nothing here. Everybody else is refused:
/// with 404 where the column says `404`, else with 403.
const SHEETS: &str = "
    operation         scope         origin  participant  addressee  former  neighbour  stranger  auditor  officer
    show_sheet        sheets:read   yes     yes          403        404     404        404       meta     no
    show_timeline     sheets:read   yes     yes          403        404     404        404       meta     no
    list_consents     sheets:read   yes     yes          403        404     404        404       meta     no
    show_consent      sheets:read   yes     yes          403        404     404        404       meta     no
    show_receipt      sheets:read   yes     yes          403        404     404        404       meta     no
    show_slip         sheets:read   yes     yes          403        404     404        404       meta     no
    list_entries      sheets:read   yes     yes          403        404     404        404       403      no
    show_revision     sheets:read   yes     403          403        404     404        404       403      no
    list_attachments  sheets:read   yes     yes          403        404     404        404       meta     no
    show_attachment   sheets:read   yes     yes          403        404     404        404       403      no
    add_attachment    sheets:write  yes     yes          403        404     404        404       no       no
    withdraw_attachment sheets:write yes    yes          403        404     404        404       no       no
    list_evidence     sheets:read   yes     yes          403        404     404        404       403      no
    revise_sheet      sheets:write  yes     403          403        404     404        404       no       no
    discard_sheet     sheets:write  yes     403          403        404     404        404       no       no
    add_entry         sheets:write  yes     yes          403        404     404        404       no       no
    assign_sheet      sheets:write  yes     yes          403        404     404        404       no       no
    link_sheet        sheets:write  yes     403          403        404     404        404       no       no
    unlink_sheet      sheets:write  yes     403          403        404     404        404       no       no
    close_sheet       sheets:write  yes     yes          403        404     404        404       no       no
    reopen_sheet      sheets:write  yes     yes          403        404     404        404       no       no
    give_consent      sheets:write  yes     yes          403        404     404        404       no       no
    add_evidence      sheets:write  yes     yes          403        404     404        404       no       no
    withdraw_consent  sheets:write  yes     yes          403        404     404        404       no       no
    keep_sharing      sheets:write  yes     403          403        404     404        404       no       no
    invalidate_consent  manager     yes     yes          403        404     404        404       no       meta
    request_address_release  -       yes  403    403        404     404        404       no       no
    show_address_release  sheets:read  yes  403  403        404     404        404       meta     meta
    approve_address_release  manager  yes  403   403        404     404        404       no       no
    reject_address_release   manager  yes  403   403        404     404        404       no       no
    revoke_address_release  sheets:write  yes  403  403     404     404        404       no       no
    list_stop_notices  sheets:read  yes     yes          yes        yes     404        404       meta     meta
    witness_consent   -             yes     yes          403        404     404        404       no       no
    request_exception -             yes     yes          403        404     404        404       no       no
    preview_relay     relays:write  yes     yes          403        404     404        404       no       no
    send_relay        relays:write  yes     yes          403        404     404        404       no       no
    void_sheet        manager       yes     403          403        404     404        404       no       no
";

/// Operations on a relay. `hub` is what 調整担当 may do with the relays of others (and never with what its own agency reported).
const RELAYS: &str = "
    operation      scope         origin  sender  receiver  neighbour  stranger  hub   auditor
    show_relay     relays:read   yes     yes     yes       404        404       meta  meta
    confirm_relay  relays:write  403     yes     403       404        404       meta  no
    chase_relay    relays:write  403     yes     403       404        404       meta  no
    resend_relay   relays:write  403     yes     403       404        404       no    no
    cancel_relay   relays:write  403     yes     403       404        404       no    no
    receive_relay  relays:write  403     403     yes       404        404       no    no
    accept_relay   relays:write  403     403     yes       404        404       no    no
    decline_relay  relays:write  403     403     yes       404        404       no    no
    return_relay   relays:write  403     403     yes       404        404       no    no
    report_relay   relays:write  403     403     yes       404        404       no    no
    answer_stop_notice  relays:write  403  403  yes       404        404       no    no
    hand_back_relay     relays:write  403  403  yes       404        404       no    no
    accept_hand_back    relays:write  403  yes  403       404        404       no    no
    decline_hand_back   relays:write  403  yes  403       404        404       no    no
    preview_amendment   relays:write  403  yes  403       404        404       no    no
    amend_relay         relays:write  403  yes  403       404        404       no    no
";

/// Operations on an exception: `sender` is the agency that asks for it, `origin` the sheet's origin. `clerks` are counter, manager and hub;
/// the last two columns are the roles that look after all exceptions of the municipality.
const EXCEPTIONS: &str = "
    operation            scope        clerks   sender  origin  neighbour  stranger  privacy_officer  auditor
    show_exception       sheets:read  all      yes     meta    404        404       yes              meta
    approve_exception    -            manager  yes     403     404        404       yes              no
    reject_exception     -            manager  yes     403     404        404       yes              no
    follow_up_exception  -            manager  yes     403     404        404       yes              no
";

const SHEET_RELATIONS: [(&str, Relation); 6] = [
    ("origin", Relation::Origin),
    ("participant", Relation::Participant),
    ("addressee", Relation::Addressee),
    ("former", Relation::Former),
    ("neighbour", Relation::Neighbour),
    ("stranger", Relation::Stranger),
];
const EXCEPTION_RELATIONS: [(&str, Relation); 4] = [
    ("sender", Relation::Sender),
    ("origin", Relation::Origin),
    ("neighbour", Relation::Neighbour),
    ("stranger", Relation::Stranger),
];
const RELAY_RELATIONS: [(&str, Relation); 5] = [
    ("origin", Relation::Origin),
    ("sender", Relation::Sender),
    ("receiver", Relation::Receiver),
    ("neighbour", Relation::Neighbour),
    ("stranger", Relation::Stranger),
];

type Row = BTreeMap<&'static str, &'static str>;
type Rows = BTreeMap<&'static str, Row>;

static COLLECTION_ROWS: LazyLock<Rows> = LazyLock::new(|| rows(COLLECTIONS));
static SHEET_ROWS: LazyLock<Rows> = LazyLock::new(|| rows(SHEETS));
static RELAY_ROWS: LazyLock<Rows> = LazyLock::new(|| rows(RELAYS));
static EXCEPTION_ROWS: LazyLock<Rows> = LazyLock::new(|| rows(EXCEPTIONS));

/// The rows of a table by operation, each cell under the name of its column.
fn rows(table: &'static str) -> Rows {
    let mut lines =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|cells| !cells.is_empty());
    let head = lines.next().unwrap();
    let mut rows = BTreeMap::new();
    for cells in lines {
        assert_eq!(cells.len(), head.len(), "{cells:?}");
        let row: Row = head.iter().copied().zip(cells).collect();
        let twice = rows.insert(row["operation"], row.clone());
        assert!(twice.is_none(), "{} stands twice", row["operation"]);
    }
    rows
}

fn staff(role: Role) -> Principal {
    let id = Uuid::from_u128(1);
    Principal::Staff { staff_id: StaffId(id), session_id: SessionId(id), post_id: PostId(id), role }
}

fn client(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal::Client { client_id: ClientId(Uuid::from_u128(2)), scopes: scopes.into_iter().collect() }
}

const ROLES: [Role; 6] = [Role::Counter, Role::Manager, Role::Hub, Role::PrivacyOfficer, Role::Auditor, Role::Admin];

/// Every possible principal: six roles, and a department system with each set of scopes.
fn principals() -> Vec<Principal> {
    let sets = (0..1u32 << Scope::ALL.len()).map(|set| {
        let has = |place: &usize| set & (1 << place) != 0;
        client((0..Scope::ALL.len()).filter(has).map(|place| Scope::ALL[place]))
    });
    ROLES.into_iter().map(staff).chain(sets).collect()
}

fn parse(cell: &str) -> Permit {
    match cell {
        "yes" => Permit::Allowed,
        "meta" => Permit::MetadataOnly,
        "403" => Permit::Forbidden,
        "404" => Permit::Hidden,
        other => panic!("{other} is no answer"),
    }
}

/// The refusal in this relation to the thing: an agency that may do anything with it knows of it.
fn refused(row: &Row, column: &str) -> Permit {
    match parse(row[column]) {
        Permit::Hidden => Permit::Hidden,
        _ => Permit::Forbidden,
    }
}

/// Whether the principal has the scope that the row names.
fn has(scopes: &BTreeSet<Scope>, named: &str) -> bool {
    named.parse().is_ok_and(|scope: Scope| scopes.contains(&scope))
}

/// The answer of the tables; none for a question that is never asked (a list has no receiver).
fn expected(principal: &Principal, operation: Operation, relation: Relation) -> Option<Permit> {
    if let Some(row) = COLLECTION_ROWS.get(operation.id()) {
        return (relation == Relation::Collection).then(|| match principal {
            Principal::Staff { role, .. } => parse(row[role.as_str()]),
            Principal::Client { scopes, .. } => match row["client"] {
                "any" => Permit::Allowed,
                scope if has(scopes, scope) => Permit::Allowed,
                _ => Permit::Forbidden,
            },
        });
    }
    let works = |row: &Row| match principal {
        Principal::Staff { role: Role::Manager, .. } => true,
        Principal::Staff { role, .. } => matches!(role, Role::Counter | Role::Hub) && row["scope"] != "manager",
        Principal::Client { scopes, .. } => has(scopes, row["scope"]),
    };
    let is = |wanted: Role| matches!(principal, Principal::Staff { role, .. } if *role == wanted);
    if let Some(row) = SHEET_ROWS.get(operation.id()) {
        let (column, _) = SHEET_RELATIONS.iter().find(|(_, r)| *r == relation)?;
        let here = relation != Relation::Stranger;
        return Some(match (works(row), row["auditor"]) {
            (true, _) => parse(row[column]),
            _ if row["officer"] == "meta" && is(Role::PrivacyOfficer) && here => Permit::MetadataOnly,
            (false, answer @ ("meta" | "403")) if is(Role::Auditor) && relation != Relation::Stranger => parse(answer),
            _ => refused(row, column),
        });
    }
    if let Some(row) = EXCEPTION_ROWS.get(operation.id()) {
        let (column, _) = EXCEPTION_RELATIONS.iter().find(|(_, r)| *r == relation)?;
        let works = works(row) && (row["clerks"] == "all" || is(Role::Manager));
        return Some(match row["auditor"] {
            _ if is(Role::PrivacyOfficer) && relation != Relation::Stranger => parse(row["privacy_officer"]),
            "meta" if is(Role::Auditor) && relation != Relation::Stranger => Permit::MetadataOnly,
            _ if works => parse(row[column]),
            _ => refused(row, column),
        });
    }
    let row = RELAY_ROWS.get(operation.id()).unwrap_or_else(|| panic!("{} stands in no table", operation.id()));
    let (column, _) = RELAY_RELATIONS.iter().find(|(_, r)| *r == relation)?;
    let here = relation != Relation::Stranger;
    // 調整担当 confirms and chases for the municipality, even what its own agency sent, but never what its own agency reported.
    let confirms = ["confirm_relay", "chase_relay"].contains(&operation.id()) && relation != Relation::Receiver;
    let as_hub = confirms || (operation == op::ShowRelay::OPERATION && row[column] != "yes");
    Some(match (row["hub"], row["auditor"]) {
        ("meta", _) if is(Role::Hub) && here && as_hub => Permit::MetadataOnly,
        (_, "meta") if is(Role::Auditor) && here => Permit::MetadataOnly,
        _ if works(row) => parse(row[column]),
        _ => refused(row, column),
    })
}

fn all() -> impl Iterator<Item = (Operation, Relation)> {
    Operation::all().flat_map(|operation| Relation::ALL.map(move |relation| (operation, relation)))
}

fn rank(permit: Permit) -> u8 {
    match permit {
        Permit::Hidden => 0,
        Permit::Forbidden => 1,
        Permit::MetadataOnly => 2,
        Permit::Allowed => 3,
    }
}

#[test]
fn every_operation_stands_in_exactly_one_table_and_every_row_names_one() {
    let mut named: Vec<_> = [&*COLLECTION_ROWS, &*SHEET_ROWS, &*RELAY_ROWS, &*EXCEPTION_ROWS]
        .into_iter()
        .flat_map(|table| table.keys().copied())
        .collect();
    let mut known: Vec<_> = Operation::all().map(Operation::id).collect();
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);
}

#[test]
fn everybody_may_do_what_the_tables_say_and_nothing_else() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for principal in principals() {
        for (operation, relation) in all() {
            let Some(expected) = expected(&principal, operation, relation) else {
                continue;
            };
            asked += 1;
            let answer = permit(&principal, operation, relation);
            if answer != expected {
                wrong.push(format!("{principal:?} {} {relation:?}: {answer:?}, not {expected:?}", operation.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_question_that_is_never_asked_opens_nothing() {
    for principal in principals() {
        for (operation, relation) in all() {
            if expected(&principal, operation, relation).is_some() {
                continue;
            }
            let answer = permit(&principal, operation, relation);
            // A list that is asked for "as a receiver" shows no more than the list; a thing that is asked for "as a list" is not shown.
            match expected(&principal, operation, Relation::Collection) {
                Some(list) => assert!(rank(answer) <= rank(list), "{principal:?} {} {relation:?}", operation.id()),
                None => assert_ne!(answer, Permit::Allowed, "{principal:?} {} {relation:?}", operation.id()),
            }
        }
    }
}

fn a_principal() -> impl Strategy<Value = Principal> {
    proptest::sample::select(principals())
}

fn a_scope_set() -> impl Strategy<Value = BTreeSet<Scope>> {
    proptest::sample::subsequence(Scope::ALL.to_vec(), 0..=Scope::ALL.len()).prop_map(|s| s.into_iter().collect())
}

fn an_operation() -> impl Strategy<Value = Operation> {
    proptest::sample::select(Operation::all().collect::<Vec<_>>())
}

fn a_relation() -> impl Strategy<Value = Relation> {
    proptest::sample::select(Relation::ALL.to_vec())
}

/// Whether the operation shows or changes what is known about a person.
fn is_about_a_person(operation: Operation) -> bool {
    SHEET_ROWS.contains_key(operation.id())
        || RELAY_ROWS.contains_key(operation.id())
        || ["create_sheet", "list_sheets", "search_sheets", "list_relays"].contains(&operation.id())
}

proptest! {
    #[test]
    fn auditor_admin_and_privacy_officer_are_never_shown_content(operation in an_operation(), relation in a_relation()) {
        prop_assume!(is_about_a_person(operation));
        for role in [Role::Auditor, Role::Admin, Role::PrivacyOfficer] {
            prop_assert_ne!(permit(&staff(role), operation, relation), Permit::Allowed, "{:?}", role);
        }
        let of_officer = SHEET_ROWS.get(operation.id()).is_some_and(|row| row["officer"] == "meta");
        for role in [Role::Admin, Role::PrivacyOfficer].into_iter().filter(|role| *role == Role::Admin || !of_officer) {
            prop_assert_ne!(permit(&staff(role), operation, relation), Permit::MetadataOnly, "{:?}", role);
        }
    }

    #[test]
    fn from_a_stranger_every_sheet_and_relay_is_hidden(principal in a_principal(), operation in an_operation()) {
        let tables = [&*SHEET_ROWS, &*RELAY_ROWS, &*EXCEPTION_ROWS];
        prop_assume!(tables.iter().any(|table| table.contains_key(operation.id())));
        prop_assert_eq!(permit(&principal, operation, Relation::Stranger), Permit::Hidden);
    }

    #[test]
    fn a_scope_more_takes_no_right_away(
        scopes in a_scope_set(), more in a_scope_set(), operation in an_operation(), relation in a_relation()
    ) {
        let with_more = client(scopes.union(&more).copied());
        let answer = permit(&client(scopes), operation, relation);
        prop_assert!(rank(permit(&with_more, operation, relation)) >= rank(answer));
    }

    #[test]
    fn a_client_without_scopes_reads_the_directory_and_does_nothing_else(operation in an_operation()) {
        let reads_the_directory = COLLECTION_ROWS.get(operation.id()).is_some_and(|row| row["client"] == "any");
        prop_assert_eq!(is_permitted_somewhere(&client([]), operation), reads_the_directory);
    }

    #[test]
    fn a_manager_may_do_all_that_a_counter_may(operation in an_operation(), relation in a_relation()) {
        let counter = permit(&staff(Role::Counter), operation, relation);
        prop_assert!(rank(permit(&staff(Role::Manager), operation, relation)) >= rank(counter));
    }
}
