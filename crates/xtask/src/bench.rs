//! `cargo xtask bench`: the release build of the service, a cluster with full durability, and the program that measures.

use crate::install;
use crate::page;
use crate::postgres::{Cluster, Use};
use crate::process::{self, Result, cargo, step};
use std::path::Path;
use std::process::Command;

/// Builds service and bench for release and measures; `arguments` go to the bench.
pub(crate) fn run(arguments: &[String]) -> Result {
    step("system packages", || install::ensure(&[install::BUILD, install::POSTGRES, install::TESTS, install::BENCH]))?;
    // Each in a build of its own: a common build would give the service the features of the loader.
    step("page", page::build)?;
    step("release build", || {
        process::run(&mut cargo(&["build", "--release", "--package", "server"]))?;
        process::run(&mut cargo(&["build", "--release", "--package", "bench"]))
    })?;
    let weight = Path::new("target/page-weight.json");
    step("weight of the page", || page::weigh("target/release/tsunagu", weight))?;
    let cluster = step("PostgreSQL with full durability", || Cluster::start(Use::Bench))?;
    let mut bench = Command::new("target/release/bench");
    bench.args(["--tsunagu", "target/release/tsunagu", "--postgres", cluster.url()]);
    bench.arg("--page").arg(weight);
    process::run(bench.args(["--postmaster", cluster.postmaster()]).args(arguments))
}
