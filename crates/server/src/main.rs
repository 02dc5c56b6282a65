//! See `tsunagu --help`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::run(server::cli::Cli::parse())
}
