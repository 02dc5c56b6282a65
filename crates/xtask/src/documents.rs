//! Documents name files that exist: a map that leads nowhere is worse than none.

use crate::process::Result;
use crate::tidy::files;

/// The documents at the top level; those under docs/ come with them.
const DOCUMENTS: [&str; 4] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"];
/// Where the named files are.
const SOURCES: [&str; 4] = ["crates", "tests", "web/src", "web/tests"];

/// Fails when a document names a source file that is not there.
pub(crate) fn check() -> Result {
    let mut sources = Vec::new();
    for directory in SOURCES {
        sources.extend(files(directory)?);
    }
    let mut documents: Vec<String> = DOCUMENTS.map(str::to_owned).into();
    documents.extend(files("docs")?.into_iter().filter(|path| path.ends_with(".md")));
    let mut lost = Vec::new();
    for document in documents {
        let text = std::fs::read_to_string(&document).map_err(|error| format!("cannot read {document}: {error}"))?;
        lost.extend(lost_in(&text, &sources).into_iter().map(|(line, path)| format!("{document}:{line}: {path}")));
    }
    if lost.is_empty() {
        Ok(())
    } else {
        Err(format!("documents name files that are not there:\n  {}", lost.join("\n  ")))
    }
}

/// The source files that a text names between backticks and that are not there, each with its line. A name may leave out how its path begins.
/// What has a placeholder (`<area>`) or no folder names no file.
fn lost_in(text: &str, sources: &[String]) -> Vec<(usize, String)> {
    let is_there = |name: &str| sources.iter().any(|path| path == name || path.ends_with(&format!("/{name}")));
    let mut lost = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for name in line.split('`').skip(1).step_by(2) {
            let is_source = [".rs", ".ts", ".tsx"].iter().any(|end| name.ends_with(end));
            if !is_source || !name.contains('/') || name.contains(['<', ' ']) {
                continue;
            }
            lost.extend(each(name).into_iter().filter(|name| !is_there(name)).map(|name| (number + 1, name)));
        }
    }
    lost
}

/// The names that one with braces stands for: `{a,b}.rs` is `a.rs` and `b.rs`.
fn each(name: &str) -> Vec<String> {
    let parts = name.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match parts {
        Some((before, (inside, after))) => {
            inside.split(',').flat_map(|part| each(&format!("{before}{part}{after}"))).collect()
        }
        None => vec![name.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::lost_in;

    #[test]
    fn a_name_of_a_file_that_is_not_there_is_found_with_its_line() {
        let sources = ["crates/domain/src/case/relay/mod.rs", "crates/domain/src/age.rs", "web/src/ui/later.tsx"];
        let sources = sources.map(str::to_owned);
        let text = "`domain/src/{age,case/relay/mod}.rs` and `ui/later.tsx`\n`domain/src/{age,gone}.rs`, `relay/mod.rs`, `elay/mod.rs`\n";
        let lost = [(2, "domain/src/gone.rs".to_owned()), (2, "elay/mod.rs".to_owned())];
        assert_eq!(lost_in(text, &sources), lost);
        assert_eq!(lost_in("domain/src/gone.rs `<area>/gone.rs` `gone.rs` `GET /gone`", &sources), []);
    }
}
