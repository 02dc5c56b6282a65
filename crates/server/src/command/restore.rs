use crate::cli::Failure;
use crate::config::Config;
use crate::world::SystemChance;
use std::path::PathBuf;
use std::process::ExitCode;
use storage::keys::Keyring;
use storage::{DatabaseUrl, backup, migrate};

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory that `tsunagu backup` made.
    directory: PathBuf,
}

/// Restores a copy into the configured database, which must be empty (SQLite: must not exist). The key file must hold the master key under
/// which the copy was made; this command never makes one.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let url: DatabaseUrl = config.database_url.parse()?;
    let keys = Keyring::load(&config.master_key_file)?;
    config.make_directory()?;
    let restored = backup::restore(&url, &keys, &arguments.directory, &SystemChance::new())?;
    println!("restored the copy of {}, made by version {}", restored.made_at, restored.program);
    println!(
        "audit trail: to position {}, {} streams, heads {}, as the manifest says",
        restored.trail.position, restored.trail.streams, restored.trail.heads
    );
    let waiting = migrate::compare(restored.schema)?.pending.len();
    if waiting > 0 {
        println!("{waiting} migrations wait for the next start");
    }
    println!(
        "Everybody is logged out. What other agencies recorded is shut to its receivers: a withdrawal made after the copy is not in it.\n\
         Next: `tsunagu doctor`, and `tsunagu audit export` with `tsunagu audit verify`. Then start the service, record again from paper what was \
         withdrawn since the copy (docs/operation.md), and run\n  tsunagu reopen --from {}",
        restored.made_at
    );
    if restored.trail.broken > 0 {
        let broken = restored.trail.broken;
        return Err(format!(
            "{broken} streams of the audit trail do not end where their heads say; so it was when the copy was made"
        )
        .into());
    }
    Ok(ExitCode::SUCCESS)
}
