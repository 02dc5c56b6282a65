//! `cargo xtask bench` builds the service for release and runs this program. It starts the service on each database, drives it with a
//! closed loop of keep-alive connections, and in the same run measures what the databases do with the bare statements.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on stdout and stderr")]

mod cell;
mod chance;
mod client;
mod floor;
mod gate;
mod load;
mod mailbox;
mod measure;
mod plan;
mod process;
mod report;
mod statements;
mod world;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Failures are for a person to read.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the service.
#[derive(Parser)]
struct Arguments {
    /// The service's release binary.
    #[arg(long)]
    tsunagu: PathBuf,
    /// The URL of a database on a PostgreSQL cluster with full durability, as its superuser.
    #[arg(long)]
    postgres: String,
    /// The process id of that cluster's postmaster.
    #[arg(long)]
    postmaster: u32,
    /// Fewer stored sheets, fewer connections, shorter cells: takes less than eight minutes.
    #[arg(long)]
    quick: bool,
    /// The size of the page, in the file that its browser test wrote.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Writes the rows, and the numbers of the process and the page, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Only this database.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    database: Option<String>,
    /// Only these numbers of stored sheets.
    #[arg(long, value_delimiter = ',')]
    stored: Vec<u32>,
    /// Only these numbers of connections.
    #[arg(long, value_delimiter = ',')]
    connections: Vec<usize>,
    /// Seconds for each cell.
    #[arg(long)]
    seconds: Option<f64>,
}

fn main() -> ExitCode {
    match plan::run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
