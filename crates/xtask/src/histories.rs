//! `cargo xtask histories`: the long form of the test `histories`, against programs in processes of their own.

use crate::install;
use crate::postgres::{self, Cluster};
use crate::process::{Result, cargo, run, step};
use clap::Args;
use std::path::PathBuf;

/// How long, and with how many clients.
#[derive(Args)]
pub(crate) struct Extent {
    /// For how many seconds the clients move at random, in each setting; the races come after that.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many clients there are.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(8..=64))]
    clients: u64,
    /// The seed of their chances; without it, a different one every time.
    #[arg(long)]
    seed: Option<u64>,
    /// Only checks again what an earlier run has written to this file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "clients", "seed"])]
    check: Option<PathBuf>,
}

/// Records and checks; a history that does not hold is written to `target/histories`.
pub(crate) fn histories(extent: &Extent) -> Result {
    // With optimization, because that makes many times more calls in the same time.
    let mut tests = cargo(&["test", "--release", "--package", "tests", "--test", "histories"]);
    if let Some(file) = &extent.check {
        let file = file.canonicalize().map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        tests.args(["--", "written", "--nocapture"]).env("TSUNAGU_HISTORIES_CHECK", file);
        return run(&mut tests);
    }
    step("system packages", || install::ensure(&[install::BUILD, install::POSTGRES, install::TESTS]))?;
    step("server", || run(&mut cargo(&["build", "--release", "--package", "server"])))?;
    let cluster = step("PostgreSQL", || Cluster::start(postgres::Use::Tests))?;
    // One after the other; otherwise each would measure the other, too.
    tests.args(["--", "every_history", "as_one", "--nocapture", "--test-threads=1"]);
    tests.env(postgres::VARIABLE, cluster.url());
    tests.env("TSUNAGU_HISTORIES_SECONDS", extent.seconds.to_string());
    tests.env("TSUNAGU_HISTORIES_CLIENTS", extent.clients.to_string());
    if let Some(seed) = extent.seed {
        tests.env("TSUNAGU_HISTORIES_SEED", seed.to_string());
    }
    run(&mut tests)
}
