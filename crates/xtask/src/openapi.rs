//! openapi.yaml: generated from the handlers, committed, compared in CI.

use crate::install;
use crate::process::{Result, build_server, output};
use std::process::Command;

const FILE: &str = "openapi.yaml";

/// Writes openapi.yaml.
pub(crate) fn write() -> Result {
    install::ensure(&[install::BUILD])?;
    std::fs::write(FILE, generate()?).map_err(|error| format!("cannot write {FILE}: {error}"))
}

/// Fails when openapi.yaml is not what the handlers say. Writes nothing.
pub(crate) fn check() -> Result {
    let generated = generate()?;
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    match first_difference(&committed, &generated) {
        None => Ok(()),
        Some(line) => Err(format!(
            "{FILE} is out of step with the handlers from line {line} on; run `cargo xtask openapi`, read the difference \
             (`git diff {FILE}`) and commit it"
        )),
    }
}

fn generate() -> Result<String> {
    output(Command::new(build_server()?).arg("openapi"))
}

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
    use super::first_difference;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a\nb", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
