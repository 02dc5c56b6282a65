//! openapi.yaml, generated from the handlers, and docs/scopes.md, generated from openapi.yaml. Both are committed, and CI compares them.

use crate::install;
use crate::process::{Result, build_server, output};
use std::collections::BTreeMap;
use std::process::Command;

/// Writes both.
pub(crate) fn write() -> Result {
    install::ensure(&[install::BUILD])?;
    for (file, text) in generate()? {
        std::fs::write(file, text).map_err(|error| format!("cannot write {file}: {error}"))?;
    }
    Ok(())
}

/// Fails when one of them does not match the handlers. Writes nothing.
pub(crate) fn check() -> Result {
    for (file, text) in generate()? {
        let committed = std::fs::read_to_string(file).unwrap_or_default();
        if let Some(line) = first_difference(&committed, &text) {
            return Err(format!(
                "{file} is out of step with the handlers from line {line} on; run `cargo xtask openapi`, read the difference \
                 (`git diff {file}`) and commit it"
            ));
        }
    }
    Ok(())
}

fn generate() -> Result<[(&'static str, String); 2]> {
    let document = output(Command::new(build_server()?).arg("openapi"))?;
    let table = scopes(&document);
    Ok([("openapi.yaml", document), ("docs/scopes.md", table)])
}

/// The table of scopes: the operations that a department system may call with each, from `security` in openapi.yaml.
fn scopes(document: &str) -> String {
    let mut by_scope: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut meanings: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut operation, mut of_systems, mut in_scheme) = ("", false, false);
    for line in document.lines() {
        let depth = line.len() - line.trim_start().len();
        // Links contain operation ids, too, but with a deeper indentation.
        if let Some(id) = line.strip_prefix("      operationId: ") {
            operation = id;
        } else if depth == 6 {
            of_systems = line == "      - oauth2:";
            if line == "      - oauth2: []" {
                by_scope.entry(ANY).or_default().push(operation);
            }
        } else if let (true, Some(scope)) = (of_systems, line.strip_prefix("        - ")) {
            by_scope.entry(scope).or_default().push(operation);
        } else if line.trim_start() == "clientCredentials:" {
            in_scheme = true;
        } else if let (true, 12, Some((scope, meaning))) = (in_scheme, depth, line.trim().split_once(": ")) {
            meanings.insert(scope, meaning);
        }
    }
    let mut table = String::from(HEAD);
    for (scope, mut operations) in by_scope {
        operations.sort_unstable();
        let meaning = meanings.get(scope).copied().unwrap_or(if scope == ANY {
            "機関と職員、コード、説明文の閲覧"
        } else {
            ""
        });
        let operations: Vec<String> = operations.iter().map(|operation| format!("`{operation}`")).collect();
        table.push_str(&format!("| {scope} | {meaning} | {} |\n", operations.join(" ")));
    }
    table
}

/// The label of the row for operations that need a token but no scope of it.
const ANY: &str = "(any token)";

const HEAD: &str = "\
# What a department system may call with which scope

Made by `cargo xtask openapi` from openapi.yaml, which asks `domain/src/permit.rs`: never edit it. An operation that is not here is a person's.
A token has the scopes that were asked for, of those with which the system was added (`POST /api/v1/clients`, by two persons, or `tsunagu client add`); to which sheets and relays they lead is a matter of the agency
to which the client belongs.

| scope | meaning | operations |
|---|---|---|
";

/// The number of the first line that differs, counted from 1.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.split_inclusive('\n').zip(b.split_inclusive('\n')).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::{first_difference, scopes};

    #[test]
    fn the_table_has_each_operation_under_its_scope() {
        let document = "\
paths:
  /a:
    get:
      operationId: show_a
      responses:
        '200':
          links:
            b:
              operationId: list_b
      security:
      - bearer: []
      - oauth2:
        - a:read
    put:
      operationId: change_a
      security:
      - bearer: []
  /b:
    get:
      operationId: list_b
      security:
      - oauth2: []
    post:
      operationId: add_a
      security:
      - oauth2:
        - a:read
components:
  securitySchemes:
    oauth2:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: /oauth2/token
          scopes:
            a:read: 閲覧
";
        let table = scopes(document);
        assert!(table.contains("| a:read | 閲覧 | `add_a` `show_a` |\n"), "{table}");
        assert!(table.contains("| (any token) |") && table.contains("| `list_b` |\n"), "{table}");
        assert!(!table.contains("change_a"), "{table}");
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a\nb", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
