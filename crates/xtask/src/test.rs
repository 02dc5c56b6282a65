//! `cargo xtask test`: everything that must hold before a change goes in. CI runs the same.

use crate::postgres::Cluster;
use crate::process::{Result, build_server, cargo, print_times, run, step};
use crate::{arrows, deny, documents, faults, fuzz_api, install, openapi, page, postgres, python, rules, tidy};

/// The most tests of one program that run at a time. The programs run one after the other, each with the machine to itself.
const AT_ONCE: usize = 4;

/// Runs every check in order, cheapest first, and stops at the first that fails. Prints how long each took.
pub(crate) fn test(filter: Option<&str>) -> Result {
    let done = checks(filter);
    print_times();
    done
}

fn checks(filter: Option<&str>) -> Result {
    step("format", || {
        let advice = |error| format!("{error}; run `cargo fmt --all`");
        run(&mut cargo(&["fmt", "--all", "--check"])).map_err(advice)
    })?;
    step("arrows", arrows)?;
    step("licences and doubled versions", deny::check)?;
    step("system packages", || install::ensure(&[install::BUILD, install::POSTGRES, install::TESTS]))?;
    let python = step("Python for the tests", python::interpreter)?;
    step("clippy", || run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])))?;
    // The server holds the page: built later, it would compile the server and its tests once more.
    step("page", page::build)?;
    step("page: style and types", page::check)?;
    // The server and its tests at once, so that both cores have work to the end.
    step("build of the server and the tests", || run(&mut cargo(&["test", "--workspace", "--no-run"])))?;
    step("openapi.yaml in step", openapi::check)?;
    let cluster = step("PostgreSQL", || Cluster::start(postgres::Use::Tests))?;
    step("tests", || {
        // One run tells of every suite that fails, not of the first alone.
        let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
        tests.args(filter).env(postgres::VARIABLE, cluster.url()).env(python::VARIABLE, &python);
        // The tests wait for the disk or for an answer half of their time: with two tests a core, the run takes two thirds of the time.
        tests.env("RUST_TEST_THREADS", AT_ONCE.to_string());
        run(&mut tests)
    })?;
    // A filter means that somebody is at work on one thing.
    if filter.is_some() {
        return Ok(());
    }
    let server = build_server()?;
    step("page in a browser", || page::test(&server))?;
    fuzz_api::against(&server, &cluster, fuzz_api::FEW)
}

/// Checks the map of the workspace, failpoints and tidiness: a second of work, no compiler.
pub(crate) fn arrows() -> Result {
    arrows::check()?;
    faults::absent()?;
    rules::check()?;
    documents::check()?;
    tidy::check()
}
