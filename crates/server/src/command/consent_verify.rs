use crate::world::SystemClock;
use api::proof::{Validity, verify};
use clap::Args;
use domain::time::{Clock, Instant};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `tsunagu consent verify`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The receipt that `GET /api/v1/consents/{id}/receipt` returned.
    file: PathBuf,
    /// The keys that `/.well-known/jwks.json` returned.
    #[arg(long)]
    jwks: PathBuf,
    /// The status list that the receipt names, fetched just now.
    #[arg(long)]
    status: Option<PathBuf>,
}

/// The most bytes that a file may have.
const LONGEST: u64 = 1 << 20;

/// Says what is known, and as of when: 0 in force, 1 tampered, 2 no longer in force, 4 unusable.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let (code, message) = match found(arguments) {
        Ok(found) => told(&found),
        Err(message) => (4, format!("unusable: {message}")),
    };
    println!("{message}");
    ExitCode::from(code)
}

fn found(arguments: &Arguments) -> Result<Validity, String> {
    let status = arguments.status.as_deref().map(read).transpose()?;
    let now = SystemClock.now().as_micros() / 1_000_000;
    Ok(verify(&read(&arguments.file)?, &read(&arguments.jwks)?, status.as_deref(), now))
}

fn read(path: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if std::fs::metadata(path).map_err(told)?.len() > LONGEST {
        return Err(format!("{}: too long for what it should be", path.display()));
    }
    std::fs::read_to_string(path).map_err(told)
}

fn told(found: &Validity) -> (u8, String) {
    let when = |seconds: i64| Instant::from_micros(seconds.saturating_mul(1_000_000));
    match found {
        Validity::AsIssued { at } => (
            0,
            format!(
                "valid as of {}, when it was made. Whether it was withdrawn since only a fresh status list tells: --status FILE",
                when(*at)
            ),
        ),
        Validity::AsOf { at, status: 0 } => (0, format!("valid as of {}", when(*at))),
        Validity::AsOf { at, status: 1 } => (2, format!("withdrawn, as of {}", when(*at))),
        Validity::AsOf { at, status: 2 } => (2, format!("expired, as of {}", when(*at))),
        Validity::AsOf { at, .. } => (2, format!("superseded by a newer version, as of {}", when(*at))),
        Validity::Tampered(why) => (1, format!("tampered: {why}")),
        Validity::Unusable(why) => (4, format!("unusable: {why}")),
    }
}
