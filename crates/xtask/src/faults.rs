//! `cargo xtask faults`: the long form of the fault tests of `cargo xtask test`.

use crate::install;
use crate::process::{Result, build_server, cargo, output, run, step};

/// How long, and which.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many crashes, spread over the cases (perhaps a few more, so that all cases have equally many).
    #[arg(long, default_value_t = 200)]
    crashes: u32,
    /// The seed of an earlier run, to repeat it; without it, one from the clock. Each case prints its seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the cases whose name contains this.
    filter: Option<String>,
}

/// Builds the server and crashes it.
pub(crate) fn faults(arguments: &Arguments) -> Result {
    step("system packages", || install::ensure(&[install::BUILD, install::POSTGRES, install::TESTS]))?;
    step("no failpoints in the product", absent)?;
    step("build", build_server)?;
    step("faults", || {
        let mut tests = cargo(&["test", "--package", "tests", "--test", "faults"]);
        tests.args(&arguments.filter).args(["--", "--nocapture"]);
        tests.env("TSUNAGU_FAULTS_CRASHES", arguments.crashes.to_string());
        if let Some(seed) = arguments.seed {
            tests.env("TSUNAGU_FAULTS_SEED", seed.to_string());
        }
        run(&mut tests)
    })
}

/// Checks that the released server is built without the failpoints, and without the crate that makes them.
pub(crate) fn absent() -> Result {
    let tree =
        output(&mut cargo(&["tree", "--package", "server", "--edges", "normal,build,features", "--prefix", "none"]))?;
    let found = tree.lines().find(|line| line.starts_with("fail ") || line.contains("failpoints"));
    found.map_or(Ok(()), |line| Err(format!("the server would be released with failpoints: {line}")))
}
