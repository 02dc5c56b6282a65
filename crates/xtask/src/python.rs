//! The Python programs of the tests, in a virtual environment under the target directory: an SMTP server to which mail is sent (aiosmtpd),
//! and an independent program that checks receipts (PyJWT).

use crate::install;
use crate::process::{Result, myself, output, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that tells the tests the interpreter of this environment.
pub(crate) const VARIABLE: &str = "TSUNAGU_TEST_PYTHON";

const PACKAGES: [&str; 3] = ["aiosmtpd==1.4.6", "PyJWT==2.15.1", "cryptography==50.0.2"];

/// Makes the environment unless it is there, and returns the path of its interpreter.
pub(crate) fn interpreter() -> Result<PathBuf> {
    let target = myself()?.ancestors().nth(2).map(Path::to_owned).ok_or("this program is not in a target directory")?;
    let directory = target.join("test-venv");
    let python = directory.join("bin/python");
    let there = output(Command::new(&python).args(["-m", "pip", "freeze"])).unwrap_or_default();
    if !PACKAGES.iter().all(|package| there.lines().any(|line| line.eq_ignore_ascii_case(package))) {
        install::ensure(&[install::PYTHON])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
    }
    Ok(python)
}
