//! Rules in the wrong room: who may do what in which state is decided in `domain`, and neither the API nor the page decides it again.
//!
//! The places that still do are listed with their number in `rules.txt`. A place more is refused, and so is a place fewer until the
//! number is lowered: the list only shrinks.

use crate::process::Result;
use crate::tidy::files;
use std::collections::BTreeMap;

const LIST: &str = "crates/xtask/rules.txt";

/// In the API: a role, or a state that the domain computes, named in a line of code.
const IN_API: &[&str] = &[
    "Role::",
    "RelayState::",
    "SheetState::",
    "ConsentState::",
    "ExceptionState::",
    "ReleaseState::",
    "StopState::",
    "Standing::",
    "today() <",
    "today() >",
    "< today",
    "> today",
];
/// In the page: a comparison of a role or a state.
const IN_WEB: &[&str] = &[
    "role === ",
    "role !== ",
    "state === ",
    "state !== ",
    "\"counter\"",
    "\"manager\"",
    "\"hub\"",
    "\"privacy_officer\"",
    "\"auditor\"",
    "\"admin\"",
    "\"closed\"",
    "\"voided\"",
];
/// What others write, or what names no rule.
const LEFT_OUT: &[&str] = &["web/src/api/schema.ts", "web/src/texts/"];

/// Fails when a rule stands where none may, or when the list says more than there is.
pub(crate) fn check() -> Result {
    let listed = std::fs::read_to_string(LIST).map_err(|error| format!("cannot read {LIST}: {error}"))?;
    let errors = compare(&parse(&listed)?, &found()?);
    if errors.is_empty() { Ok(()) } else { Err(format!("rules in the wrong room:\n  {}", errors.join("\n  "))) }
}

type Places = BTreeMap<String, usize>;

fn parse(listed: &str) -> Result<Places> {
    let lines = listed.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let place = |line: &str| {
        let (count, path) = line.trim().split_once(' ')?;
        Some((path.to_owned(), count.parse().ok()?))
    };
    lines.map(|line| place(line).ok_or_else(|| format!("{LIST}: `{line}` is no number and path"))).collect()
}

fn found() -> Result<Places> {
    let mut found = Places::new();
    for (directory, words) in [("crates/api/src", IN_API), ("web/src", IN_WEB)] {
        for path in files(directory)?.into_iter().filter(|path| !LEFT_OUT.iter().any(|left| path.starts_with(left))) {
            let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
            let count = count(&text, words);
            if count > 0 {
                found.insert(path, count);
            }
        }
    }
    Ok(found)
}

/// Lines of code with one of the words.
fn count(text: &str, words: &[&str]) -> usize {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.starts_with("use "));
    code.filter(|line| words.iter().any(|word| line.contains(word))).count()
}

fn compare(listed: &Places, found: &Places) -> Vec<String> {
    let paths: std::collections::BTreeSet<_> = listed.keys().chain(found.keys()).collect();
    let of = |places: &Places, path: &String| places.get(path).copied().unwrap_or_default();
    paths
        .into_iter()
        .filter_map(|path| match (of(listed, path), of(found, path)) {
            (before, now) if now > before => Some(format!(
                "{path} compares roles, states or days in {now} lines, {before} are listed: let `domain` decide, and ask it"
            )),
            (before, now) if now < before => Some(format!("{path} has {now} lines left: lower its {before} in {LIST}")),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{IN_API, compare, count, parse};

    #[test]
    fn a_rule_more_is_refused_and_a_rule_fewer_lowers_the_number() {
        let listed = parse("# why\n2 crates/api/src/a.rs\n1 crates/api/src/b.rs\n").unwrap();
        let now = parse("3 crates/api/src/a.rs\n1 crates/api/src/c.rs\n").unwrap();
        let errors = compare(&listed, &now);
        assert!(errors[0].starts_with("crates/api/src/a.rs compares roles, states or days in 3 lines, 2 are listed"));
        assert_eq!(errors[1], "crates/api/src/b.rs has 0 lines left: lower its 1 in crates/xtask/rules.txt");
        assert!(errors[2].starts_with("crates/api/src/c.rs"));
        assert!(compare(&listed, &listed).is_empty());
        assert!(parse("many crates/api/src/a.rs").is_err());
    }

    #[test]
    fn comments_and_imports_are_no_rules() {
        let text = "use domain::account::Role::Hub;\n// Role::Hub\nlet a = Role::Hub == role;\nif day < today {}\n";
        assert_eq!(count(text, IN_API), 2);
    }
}
