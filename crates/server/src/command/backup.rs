use crate::cli::Failure;
use crate::config::Config;
use crate::world::{SystemChance, SystemClock};
use domain::time::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use storage::keys::Keyring;
use storage::{DatabaseUrl, backup};

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A directory that does not exist yet; it appears when the copy is whole.
    ///
    /// The copy holds everything but the master key. Without the key it is noise; anybody who finds both in one place can read everything,
    /// so keep the key elsewhere. For a PostgreSQL database, PostgreSQL's pg_dump must be installed.
    directory: PathBuf,
}

/// Makes a copy, whatever the service is doing. It does not migrate: an older schema is copied as it is.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let url: DatabaseUrl = config.database_url.parse()?;
    let keys = Keyring::load(&config.master_key_file)?;
    let made = backup::make(&url, &keys, &arguments.directory, SystemClock.now(), &SystemChance::new())?;
    println!("copied to {}: {} bytes of {}", arguments.directory.display(), made.data.bytes, made.database);
    println!(
        "audit trail: to position {}, {} streams, heads {}",
        made.trail.position, made.trail.streams, made.trail.heads
    );
    println!(
        "The master key is not in the copy. Keep {} elsewhere: without it the copy is noise, beside it the copy is plain.",
        config.master_key_file.display()
    );
    if made.trail.broken > 0 {
        let broken = made.trail.broken;
        return Err(format!("the copy is made, but {broken} streams of the audit trail do not end where their heads say: run `tsunagu audit export` and `tsunagu audit verify`").into());
    }
    Ok(ExitCode::SUCCESS)
}
