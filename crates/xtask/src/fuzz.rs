//! `cargo xtask fuzz`: the properties of the parsers that read input from outside (`crates/properties`), under libFuzzer, by cargo-fuzz.

use crate::install;
use crate::process::{Result, myself, output, run, step};
use std::path::Path;
use std::process::Command;

const VERSION: &str = "0.13.2";

/// Runs one target, or all of them in turn, for `seconds` each. New inputs are kept under the target directory; the committed corpus is
/// only where a run begins.
pub(crate) fn fuzz(seconds: u32, wanted: Option<&str>) -> Result {
    install::ensure(&[install::BUILD, install::FUZZ])?;
    let target = myself()?.ancestors().nth(2).map(Path::to_owned).ok_or("this program is not in a target directory")?;
    let home = target.join("cargo-fuzz");
    let program = home.join("bin/cargo-fuzz");
    let version = output(Command::new(&program).arg("--version")).unwrap_or_default();
    if version.split_whitespace().last() != Some(VERSION) {
        step("cargo-fuzz", || {
            let mut cargo = Command::new("cargo");
            cargo.args(["install", "cargo-fuzz", "--locked", "--version", VERSION, "--root"]).arg(&home);
            run(&mut cargo)
        })?;
    }
    for name in names()?.iter().filter(|name| wanted.is_none_or(|wanted| wanted == *name)) {
        let found = target.join("fuzz-corpus").join(name);
        std::fs::create_dir_all(&found).map_err(|error| format!("cannot make {}: {error}", found.display()))?;
        step(name, || {
            let mut cargo = Command::new(&program);
            // Coverage needs flags of rustc that are not stable yet. No sanitizer, because we have no unsafe code.
            cargo.env("RUSTC_BOOTSTRAP", "1").args(["run", "--sanitizer", "none", "--target-dir"]);
            cargo.arg(target.join("fuzz")).arg(name).arg(&found).arg(Path::new("fuzz/corpus").join(name));
            cargo.args(["--", "-print_final_stats=1", &format!("-max_total_time={seconds}")]);
            run(&mut cargo)
        })?;
    }
    Ok(())
}

/// The targets: each is one file.
fn names() -> Result<Vec<String>> {
    let directory = "fuzz/fuzz_targets";
    let entries = std::fs::read_dir(directory).map_err(|error| format!("cannot list {directory}: {error}"))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}
