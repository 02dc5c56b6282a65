use crate::cli::Failure;
use std::process::ExitCode;

/// Prints the OpenAPI document.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run() -> Result<ExitCode, Failure> {
    print!("{}", api::openapi()?);
    Ok(ExitCode::SUCCESS)
}
