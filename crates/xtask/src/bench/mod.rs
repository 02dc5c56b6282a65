//! `cargo xtask bench`: the release build of the service, a cluster with full durability, and the program that measures.

mod against;

use crate::install;
use crate::page;
use crate::postgres::{Cluster, Use};
use crate::process::{self, Result, cargo, step};
use std::path::Path;
use std::process::Command;

/// Builds service and bench for release and measures; `arguments` go to the bench. `--against REV`, if given, comes first.
pub(crate) fn run(arguments: &[String]) -> Result {
    step("system packages", || install::ensure(&[install::BUILD, install::POSTGRES, install::TESTS, install::BENCH]))?;
    step("page", page::build)?;
    step("release build", || build(Path::new(".")))?;
    if let [option, revision, arguments @ ..] = arguments
        && option == "--against"
    {
        return against::run(revision, arguments);
    }
    let weight = Path::new("target/page-weight.json");
    step("weight of the page", || page::weigh("target/release/tsunagu", weight))?;
    let cluster = step("PostgreSQL with full durability", || Cluster::start(Use::Bench))?;
    let mut bench = bench(Path::new("."), &cluster);
    process::run(bench.arg("--page").arg(weight).args(arguments))
}

/// Builds service and bench in a checkout. Each in a build of its own: a common one would give the service the features of the loader.
fn build(checkout: &Path) -> Result {
    process::run(cargo(&["build", "--release", "--package", "server"]).current_dir(checkout))?;
    process::run(cargo(&["build", "--release", "--package", "bench"]).current_dir(checkout))
}

/// The bench of a checkout, with its service.
fn bench(checkout: &Path, cluster: &Cluster) -> Command {
    let built = checkout.join("target/release");
    let mut bench = Command::new(built.join("bench"));
    bench.arg("--tsunagu").arg(built.join("tsunagu"));
    bench.args(["--postgres", cluster.url(), "--postmaster", cluster.postmaster()]);
    bench
}
