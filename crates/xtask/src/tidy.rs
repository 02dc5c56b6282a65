//! Habits that a program can check: twin migrations, telling names, files of a readable length, plain English.

use crate::process::Result;
use std::path::Path;

const LONGEST: usize = 600;
const VAGUE: &[&str] = &["utils", "util", "common", "helpers", "helper", "types"];
/// What no comment says; CONTRIBUTING.md has a plainer word for it.
const CLUMSY: &[&str] = &[
    "so many",
    "the own ",
    "whence",
    "thereof",
    "herein",
    "of those nobody",
    "meanwhile",
    "in the same breath",
    "now and then",
];

/// What the checks look at.
#[derive(Default)]
struct Tree {
    /// Paths below migrations/sqlite and migrations/postgres.
    sqlite: Vec<String>,
    postgres: Vec<String>,
    /// Each Rust file, with its number of lines.
    rust: Vec<(String, usize)>,
    /// Comments that say something clumsily: where, and what.
    clumsy: Vec<(String, &'static str)>,
}

/// Fails when a habit is broken.
pub(crate) fn check() -> Result {
    let errors = errors(&read()?);
    if errors.is_empty() { Ok(()) } else { Err(format!("not tidy:\n  {}", errors.join("\n  "))) }
}

fn read() -> Result<Tree> {
    let (mut rust, mut clumsy) = (Vec::new(), Vec::new());
    for directory in ["crates", "tests", "web/src", "web/tests"] {
        for path in files(directory)? {
            if ![".rs", ".ts", ".tsx"].iter().any(|end| path.ends_with(end)) {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
            clumsy.extend(clumsy_comments(&path, &text));
            if path.ends_with(".rs") {
                rust.push((path, text.lines().count()));
            }
        }
    }
    let below = |directory: &str| -> Result<Vec<String>> {
        let paths = files(directory)?;
        Ok(paths.iter().filter_map(|path| path.strip_prefix(directory)).map(|path| path.to_owned()).collect())
    };
    Ok(Tree { sqlite: below("migrations/sqlite/")?, postgres: below("migrations/postgres/")?, rust, clumsy })
}

/// The files under a directory, sorted, without hidden ones and npm's installed packages.
pub(crate) fn files(directory: &str) -> Result<Vec<String>> {
    let cannot = |error| format!("cannot list {directory}: {error}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = Path::new(directory).join(&name).to_string_lossy().into_owned();
        if name.starts_with('.') || name == "node_modules" {
            continue;
        } else if entry.file_type().map_err(cannot)?.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn errors(tree: &Tree) -> Vec<String> {
    let mut errors = Vec::new();
    let mut lonely = |some: &[String], others: &[String], here: &str, there: &str| {
        for file in some.iter().filter(|file| !others.contains(file)) {
            errors.push(format!(
                "migrations/{here}/{file} has no twin in migrations/{there}: write one, same stamp, same name"
            ));
        }
    };
    lonely(&tree.sqlite, &tree.postgres, "sqlite", "postgres");
    lonely(&tree.postgres, &tree.sqlite, "postgres", "sqlite");
    for (path, lines) in &tree.rust {
        if let Some(name) = vague(path) {
            errors.push(format!("{path}: `{name}` says nothing; name the module after the thing it knows"));
        }
        if *lines > LONGEST {
            errors.push(format!("{path} has {lines} lines, more than {LONGEST}: split it by concern"));
        }
    }
    for (place, phrase) in &tree.clumsy {
        errors.push(format!("{place}: a comment says `{}`; CONTRIBUTING.md has a plainer word", phrase.trim()));
    }
    errors
}

/// The clumsy phrases in the comments of a file, each with its line. What stands between backticks is code.
fn clumsy_comments(path: &str, text: &str) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
        let said: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
        let here = CLUMSY.iter().filter(|phrase| said.contains(**phrase));
        found.extend(here.map(|phrase| (format!("{path}:{}", number + 1), *phrase)));
    }
    found
}

/// The word in a path below `src` that says nothing, if there is one.
fn vague(path: &str) -> Option<&str> {
    let (_, below) = path.split_once("/src/")?;
    below.strip_suffix(".rs")?.split('/').find(|word| VAGUE.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Tree, clumsy_comments, errors};

    #[test]
    fn a_tidy_tree_passes() {
        let twin = vec!["2025-01-01-000000_first/up.sql".to_owned()];
        let rust = vec![("crates/api/src/relay.rs".to_owned(), LONGEST), ("tests/tests/common.rs".to_owned(), 1)];
        let tree = Tree { sqlite: twin.clone(), postgres: twin, rust, ..Tree::default() };
        assert_eq!(errors(&tree), Vec::<String>::new());
    }

    #[test]
    fn a_migration_without_its_twin_is_named_from_either_side() {
        let tree =
            Tree { sqlite: vec!["1_a/up.sql".to_owned()], postgres: vec!["1_b/up.sql".to_owned()], ..Tree::default() };
        let errors = errors(&tree);
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("migrations/sqlite/1_a/up.sql has no twin in migrations/postgres"));
        assert!(errors[1].starts_with("migrations/postgres/1_b/up.sql has no twin in migrations/sqlite"));
    }

    #[test]
    fn a_module_that_could_hold_anything_is_refused() {
        for path in ["crates/api/src/utils.rs", "crates/api/src/common/mod.rs", "tests/src/types.rs"] {
            let tree = Tree { rust: vec![(path.to_owned(), 1)], ..Tree::default() };
            assert_eq!(errors(&tree).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_comment_that_says_it_clumsily_is_named_with_its_line() {
        let text = "let a = \"so many\";\n    /// So many attachments a sheet may have.\n// `meanwhile` runs first\n";
        let clumsy = clumsy_comments("crates/api/src/relay.rs", text);
        assert_eq!(clumsy, [("crates/api/src/relay.rs:2".to_owned(), "so many")]);
        let errors = errors(&Tree { clumsy, ..Tree::default() });
        assert!(errors[0].starts_with("crates/api/src/relay.rs:2: a comment says `so many`"), "{errors:?}");
    }

    #[test]
    fn a_file_that_is_too_long_is_refused() {
        let tree = Tree { rust: vec![("crates/api/src/relay.rs".to_owned(), LONGEST + 1)], ..Tree::default() };
        assert_eq!(
            errors(&tree),
            [format!("crates/api/src/relay.rs has {} lines, more than {LONGEST}: split it by concern", LONGEST + 1)]
        );
    }
}
