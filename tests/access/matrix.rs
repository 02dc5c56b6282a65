//! Checks against the table: every operation of openapi.yaml × every role, a department system and nobody × every standing to the case.

use crate::calls::{Things, call, token};
use crate::document;
use crate::expectation::{BY_CODE, BY_CREDENTIALS, Expected, PUBLIC, ROLES, Row, STANDINGS, of_client, of_role, rows};
use crate::people::{Agency, staffed};
use crate::told::{CODES, Told, shown, told};
use std::collections::BTreeSet;
use tests::{Answer, Client, Service, on_both};

#[test]
fn every_operation_of_the_contract_has_a_row_and_every_row_an_operation() {
    let documented: BTreeSet<String> = document::operations().into_keys().collect();
    let rows = rows();
    let named = rows.iter().map(|row| row.operation).chain(PUBLIC).chain([BY_CREDENTIALS, BY_CODE]);
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    let without: Vec<_> = documented.difference(&named).collect();
    assert!(without.is_empty(), "without a row in expectation.rs: {without:?}");
    let idle: Vec<_> = named.difference(&documented).collect();
    assert!(idle.is_empty(), "rows for what openapi.yaml does not have: {idle:?}");
}

#[test]
fn what_is_open_to_everybody_is_so_in_the_contract_and_nothing_else_is() {
    let open = document::operations().into_iter().filter(|(_, operation)| operation.is_public);
    let (by_code, open): (Vec<_>, Vec<_>) = open.map(|(id, _)| id).partition(|id| id == BY_CODE);
    assert_eq!((by_code.len(), open), (1, PUBLIC.map(str::to_owned).to_vec()));
    assert!(PUBLIC.len() <= 8, "this list may only shrink");
    assert!(rows().iter().all(|row| !PUBLIC.contains(&row.operation)));
}

#[test]
fn the_contract_names_for_each_operation_the_scope_that_it_takes() {
    let rows = rows();
    let mut compared = 0;
    for (id, documented) in document::operations() {
        let Some(row) = rows.iter().find(|row| row.operation == id) else { continue };
        let needed: Option<Vec<String>> = match row.client {
            "-" => None,
            "any" => Some(Vec::new()),
            scope => Some(vec![scope.to_owned()]),
        };
        assert_eq!(documented.scopes, needed, "{id}");
        compared += 1;
    }
    assert!(compared > 60, "only {compared} operations were compared");
}

fn verdict(answer: &Answer) -> Result<Expected, String> {
    let strange = || Err(format!("{} {}", answer.status, answer.text));
    let problem = |name: &str| answer.text.contains(&format!("\"urn:tsunagu:problem:{name}\""));
    match answer.status {
        200 | 201 | 204 | 409 | 412 | 422 => Ok(Expected::Through),
        401 if problem("unauthenticated") => Ok(Expected::Unknown),
        403 if problem("forbidden") => Ok(Expected::Forbidden),
        404 if problem("not-found") => Ok(Expected::Hidden),
        _ => strange(),
    }
}

/// The prepared case, and what went wrong with it.
struct Trial<'a> {
    service: &'a Service,
    rows: Vec<Row>,
    agencies: Vec<Agency>,
    things: Vec<Things>,
    wrong: Vec<String>,
    asked: usize,
}

impl Trial<'_> {
    fn ask(&mut self, operation: &str, column: usize, who: &str, client: &Client, expected: Expected) -> Answer {
        let call = call(self.service, operation, &self.things[column]);
        let call = call.unwrap_or_else(|| panic!("calls.rs does not say how to call {operation}"));
        let answer = call.send(client);
        self.asked += 1;
        let place = STANDINGS[column];
        match verdict(&answer) {
            Ok(Expected::Through) if call.method == "GET" && answer.status != 200 => {
                let status = answer.status;
                self.wrong.push(format!("{operation} by {who} of the {place}: {status}, not 200"));
            }
            Ok(found) if found == expected => {}
            Ok(found) => self
                .wrong
                .push(format!("{operation} by {who} of the {place}: {found:?}, not {expected:?} ({})", answer.status)),
            Err(strange) => self.wrong.push(format!("{operation} by {who} of the {place}: {strange}")),
        }
        answer
    }

    /// Demands that a caller who must not see content is shown none, whatever the operation.
    fn shows_no_more(&mut self, operation: &str, column: usize, who: &str, answer: &Answer) {
        let place = STANDINGS[column];
        let may_see: &[&str] = match (place, who) {
            // The privacy officer, who decides on the exception, reads its facts.
            (_, "privacy_officer") if operation == "show_exception" => &["例外のしるし"],
            (_, "privacy_officer" | "auditor" | "admin") | ("stranger", _) => &[],
            ("addressee", _) => &["依頼のしるし"],
            ("former", _) => &["辞退のしるし"],
            _ => return,
        };
        let mut markers = shown(&answer.text);
        markers.retain(|marker| !may_see.contains(marker));
        if !markers.is_empty() {
            self.wrong.push(format!("{operation} shows {markers:?} to {who} of the {place}"));
        }
    }

    fn people(&mut self, operation: &str, column: usize) {
        for role in ROLES {
            let client = self.agencies[column].people[role].clone();
            let expected = of_role(&self.rows, operation, role, column);
            let answer = self.ask(operation, column, role, &client, expected);
            // A person never lacks a scope, so there is no challenge.
            if !answer.header("www-authenticate").is_empty() {
                self.wrong.push(format!("{operation} challenges {role}"));
            }
            self.shows_no_more(operation, column, role, &answer);
        }
    }

    fn system(&mut self, operation: &str, column: usize) {
        let scope = self.rows.iter().find(|row| row.operation == operation).map(|row| row.client);
        let full = self.agencies[column].system.full.clone();
        let expected = of_client(&self.rows, operation, column);
        let who = "a system with every scope";
        let answer = self.ask(operation, column, who, &full, expected);
        if !answer.header("www-authenticate").is_empty() {
            self.wrong.push(format!("{operation} challenges {who}"));
        }
        self.shows_no_more(operation, column, who, &answer);
        if let Some(without) = scope.and_then(|scope| self.agencies[column].system.without.get(scope)).cloned() {
            let answer =
                self.ask(operation, column, "a system with every scope but one", &without, Expected::Forbidden);
            let scope = scope.unwrap_or_default();
            self.is_challenged(operation, &answer, &format!(", error=\"insufficient_scope\", scope=\"{scope}\""));
        }
    }

    /// Demands that the header tells programs which scope their token lacks (RFC 6750 §3).
    fn is_challenged(&mut self, operation: &str, answer: &Answer, with: &str) {
        let challenge = answer.header("www-authenticate");
        if challenge != format!("Bearer realm=\"tsunagu\"{with}") {
            self.wrong.push(format!("{operation} challenges with {challenge:?}, not with {with:?}"));
        }
    }

    fn nobody(&mut self, operation: &str, column: usize) {
        let anonymous = self.service.anonymous();
        let answer = self.ask(operation, column, "nobody", &anonymous, Expected::Unknown);
        self.is_challenged(operation, &answer, "");
        let invented = anonymous.with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.");
        let answer = self.ask(operation, column, "an invented token", &invented, Expected::Unknown);
        self.is_challenged(operation, &answer, ", error=\"invalid_token\"");
    }
}

/// The things as each column calls them: its own relay, where it has one.
fn things(case: &Told, agency: &str, staff: &str, sheet_etag: &str) -> Vec<Things> {
    let relays = [&case.waiting, &case.accepted, &case.waiting, &case.declined, &case.waiting];
    let of = |relay: &serde_json::Value| Things {
        sheet: case.sheet_id.clone(),
        sheet_etag: sheet_etag.to_owned(),
        consent: case.consent_id.clone(),
        deferral: case.deferral_id.clone(),
        stop: case.stop_id.clone(),
        release: case.release_id.clone(),
        relay: relay["id"].as_str().unwrap().to_owned(),
        exception: case.exception_id.clone(),
        agency: agency.to_owned(),
        staff: staff.to_owned(),
    };
    relays.into_iter().map(of).collect()
}

on_both! {
    fn everybody_may_do_what_the_table_says_and_nothing_else(service) {
        let case = told(&service);
        let agencies: Vec<Agency> = CODES.iter().map(|code| staffed(&service, code, &ROLES)).collect();
        let origin = service.login("madoguchi");
        let before = case.etags(&origin);
        // The staff id is that of a person who does not ask here, because nobody may make a post for themselves.
        let staff = origin.get("/api/v1/session").ok()["staff"]["id"].as_str().unwrap().to_owned();
        let things = things(&case, &agencies[4].id, &staff, &before[0]);
        let mut trial = Trial { service: &service, rows: rows(), agencies, things, wrong: Vec::new(), asked: 0 };

        let documented = document::operations();
        let mut done = BTreeSet::new();
        // The operations follow the table, whose last row ends the sessions.
        let operations: Vec<_> = trial.rows.iter().map(|row| row.operation).collect();
        for operation in operations.into_iter().filter(|operation| done.insert(*operation)) {
            let call = call(&service, operation, &trial.things[0]).unwrap_or_else(|| panic!("calls.rs has no {operation}"));
            assert!(documented[operation].is_called_by(call.method, &call.path), "{operation} is not at {}", call.path);
            for column in 0..STANDINGS.len() {
                trial.nobody(operation, column);
                trial.system(operation, column);
                trial.people(operation, column);
            }
        }
        assert!(trial.asked > 45 * 5 * 9, "only {} calls", trial.asked);
        assert!(trial.wrong.is_empty(), "{} of {} are wrong:\n{}", trial.wrong.len(), trial.asked, trial.wrong.join("\n"));
        assert_eq!(case.etags(&origin), before, "a call has moved the case: the cells after it speak of another one");
    }

    fn what_is_public_is_open_and_a_token_needs_credentials(service) {
        let things = Things {
            sheet: String::new(), sheet_etag: String::new(), consent: String::new(), deferral: String::new(), stop: String::new(),
            release: String::new(), relay: String::new(), exception: String::new(), agency: String::new(), staff: String::new(),
        };
        let documented = document::operations();
        for operation in PUBLIC {
            let call = call(&service, operation, &things).unwrap_or_else(|| panic!("calls.rs has no {operation}"));
            assert!(documented[operation].is_called_by(call.method, &call.path), "{operation}");
            assert_eq!(call.send(&service.anonymous()).status, 200, "{operation}");
        }
        token(&service.anonymous(), None).token_refused(401, "invalid_client");
        token(&service.login("madoguchi"), None).token_refused(401, "invalid_client");
        let agency = staffed(&service, "npo-safetynet", &[]);
        token(&service.anonymous(), Some(&agency.system)).ok();
    }
}
