//! See `tsunagu --help`.

use clap::Parser;
use std::process::ExitCode;

/// The exit code for a wrong command line (`EX_USAGE`). clap's own 2 would look like a verdict of `audit verify`.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    match server::cli::Cli::try_parse() {
        Ok(cli) => server::cli::run(cli),
        Err(told) => {
            let _ = told.print();
            if told.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
        }
    }
}
