//! The project's own commands: `cargo xtask run | test | bench | …`. They need only a Rust tool chain and, where a system package is
//! missing, Debian's apt.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on stdout and stderr")]

mod arrows;
mod bench;
mod deny;
mod documents;
mod faults;
mod fresh_root;
mod fuzz;
mod fuzz_api;
mod histories;
mod install;
mod openapi;
mod page;
mod postgres;
mod process;
mod python;
mod rules;
mod run;
mod test;
mod tidy;

use clap::{Parser, Subcommand};
use postgres::Use;
use process::Result;
use std::path::Path;
use std::process::ExitCode;

/// The project's own commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds everything and serves it on SQLite under ./var, filled with the demonstration directory.
    Run,
    /// Checks format, arrows, lints and openapi.yaml, then runs every test on SQLite and on PostgreSQL.
    Test {
        /// Runs only the tests whose name contains this.
        filter: Option<String>,
    },
    /// What .ci/run runs: the same as `test`.
    Ci,
    /// Checks only the arrows between the crates, the absence of failpoints from the released server, the twin migrations, and the names
    /// and lengths of files.
    Arrows,
    /// Checks the licences and the doubled versions of what is built in against deny.toml.
    Deny,
    /// Prints what the service is built from (CycloneDX, JSON).
    Sbom,
    /// Starts the private PostgreSQL cluster of the tests and prints the variables by which tests find it; runs until Ctrl-C.
    Postgres,
    /// Measures the release build on both databases, next to the bare statements. `--quick` takes less than eight minutes, `--json FILE`
    /// writes the results, `--help` lists the other options.
    #[command(disable_help_flag = true)]
    Bench {
        /// Passed on to the bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Crashes the service, its database, its disk, its mail server and its clock again and again, and checks what is left each time.
    Faults(faults::Arguments),
    /// Installs the service on a new Debian as docs/operation.md says, and starts what the systemd unit starts, as its user.
    FreshRoot,
    /// Writes openapi.yaml from the handlers.
    Openapi,
    /// Takes the pictures of the page in README again.
    Screenshots,
    /// Runs many clients at once against `tsunagu serve` on SQLite, on PostgreSQL, and on two servers with one PostgreSQL; checks what they
    /// recorded.
    Histories(histories::Extent),
    /// Runs the fuzz targets of the parsers that read input from outside, one after the other.
    Fuzz {
        /// How many seconds each target runs.
        #[arg(long, default_value_t = 300)]
        seconds: u32,
        /// Only this target (a file name in fuzz/fuzz_targets without its extension).
        target: Option<String>,
    },
    /// Runs schemathesis against openapi.yaml as every role, on both databases.
    FuzzApi {
        /// How many examples are tried for each operation and phase.
        #[arg(long, default_value_t = 100)]
        examples: u32,
    },
    /// Keeps a PostgreSQL cluster running until standard input ends. For `test` and `postgres`, not for people.
    #[command(hide = true)]
    KeepPostgres {
        /// With full durability.
        #[arg(long)]
        durable: bool,
    },
}

fn main() -> ExitCode {
    match work(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn work(task: Task) -> Result {
    // Every path in this program is relative to the project's root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(&root).map_err(|error| format!("cannot go to {}: {error}", root.display()))?;
    match task {
        Task::Run => run::run(),
        Task::Test { filter } => test::test(filter.as_deref()),
        Task::Ci => test::test(None),
        Task::Arrows => test::arrows(),
        Task::Deny => deny::check(),
        Task::Sbom => deny::sbom(),
        Task::Postgres => postgres::stay(),
        Task::Faults(arguments) => faults::faults(&arguments),
        Task::FreshRoot => fresh_root::fresh_root(),
        Task::Openapi => openapi::write(),
        Task::Screenshots => {
            page::build()?;
            page::pictures(&process::build_server()?)
        }
        Task::KeepPostgres { durable } => postgres::keep(if durable { Use::Bench } else { Use::Tests }),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Histories(extent) => histories::histories(&extent),
        Task::Fuzz { seconds, target } => fuzz::fuzz(seconds, target.as_deref()),
        Task::FuzzApi { examples } => fuzz_api::fuzz_api(examples),
    }
}
