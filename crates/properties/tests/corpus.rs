//! Runs what the fuzzer has collected through the properties again: each file is a regression test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is a test from top to bottom")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_property_has_its_fuzz_target_and_its_corpus() {
    let properties: BTreeSet<String> = properties::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), properties);
    assert_eq!(names(&fuzz().join("corpus")), properties);
}

#[test]
fn every_property_holds_for_its_corpus() {
    let mut broken = Vec::new();
    for (name, property) in properties::ALL {
        let corpus = fuzz().join("corpus").join(name);
        let files: Vec<PathBuf> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= 10, "{name}: a corpus of {} files", files.len());
        for file in files {
            let data = std::fs::read(&file).unwrap();
            if std::panic::catch_unwind(|| property(&data)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "the property says no (above) to {broken:?}");
}
