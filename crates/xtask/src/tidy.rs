//! Habits that a program can check: twin migrations, telling names, files that fit in a head.

use crate::process::Result;
use std::path::Path;

const LONGEST: usize = 600;
const VAGUE: &[&str] = &["utils", "util", "common", "helpers", "helper", "types"];

/// What the checks look at.
#[derive(Default)]
struct Tree {
    /// Paths below migrations/sqlite and migrations/postgres.
    sqlite: Vec<String>,
    postgres: Vec<String>,
    /// Each Rust file, with its number of lines.
    rust: Vec<(String, usize)>,
}

/// Fails when a habit is broken.
pub(crate) fn check() -> Result {
    let errors = errors(&read()?);
    if errors.is_empty() { Ok(()) } else { Err(format!("not tidy:\n  {}", errors.join("\n  "))) }
}

fn read() -> Result<Tree> {
    let mut rust = Vec::new();
    for path in files("crates")?.into_iter().chain(files("tests")?).filter(|path| path.ends_with(".rs")) {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        rust.push((path, text.lines().count()));
    }
    let below = |directory: &str| -> Result<Vec<String>> {
        let paths = files(directory)?;
        Ok(paths.iter().filter_map(|path| path.strip_prefix(directory)).map(|path| path.to_owned()).collect())
    };
    Ok(Tree { sqlite: below("migrations/sqlite/")?, postgres: below("migrations/postgres/")?, rust })
}

/// The files under a directory, sorted; hidden ones and installed packages of npm left out.
fn files(directory: &str) -> Result<Vec<String>> {
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
    errors
}

/// The word in a path below `src` that could mean anything.
fn vague(path: &str) -> Option<&str> {
    let (_, below) = path.split_once("/src/")?;
    below.strip_suffix(".rs")?.split('/').find(|word| VAGUE.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Tree, errors};

    #[test]
    fn a_tidy_tree_passes() {
        let twin = vec!["2025-01-01-000000_first/up.sql".to_owned()];
        let rust = vec![("crates/api/src/relay.rs".to_owned(), LONGEST), ("tests/tests/common.rs".to_owned(), 1)];
        assert_eq!(errors(&Tree { sqlite: twin.clone(), postgres: twin, rust }), Vec::<String>::new());
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
    fn a_file_that_is_too_long_is_refused() {
        let tree = Tree { rust: vec![("crates/api/src/relay.rs".to_owned(), LONGEST + 1)], ..Tree::default() };
        assert_eq!(
            errors(&tree),
            [format!("crates/api/src/relay.rs has {} lines, more than {LONGEST}: split it by concern", LONGEST + 1)]
        );
    }
}
