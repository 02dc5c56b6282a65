use crate::cli::Failure;
use crate::config::Config;
use std::process::ExitCode;
use storage::DatabaseUrl;

/// Brings the schema up to date and says what was done.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config) -> Result<ExitCode, Failure> {
    let url: DatabaseUrl = config.database_url.parse()?;
    config.make_directory()?;
    let done = storage::migrate::run(&url)?;
    for name in &done {
        println!("applied {name}");
    }
    if done.is_empty() {
        println!("nothing to do");
    }
    Ok(ExitCode::SUCCESS)
}
