//! The SMTP server that the tests send mail to: aiosmtpd from PyPI, in a virtual environment under the target directory.

use crate::install;
use crate::process::{Result, myself, output, run, succeeds};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the Python interpreter that can `import aiosmtpd` to the tests.
pub(crate) const VARIABLE: &str = "TSUNAGU_TEST_SMTPD_PYTHON";

const AIOSMTPD: &str = "aiosmtpd==1.4.6";

/// Makes the environment unless it is there, and returns the path of its interpreter.
pub(crate) fn python() -> Result<PathBuf> {
    let target = myself()?.ancestors().nth(2).map(Path::to_owned).ok_or("this program is not in a target directory")?;
    let directory = target.join("smtpd-venv");
    let python = directory.join("bin/python");
    if !succeeds(&python.to_string_lossy(), &["-c", "import aiosmtpd"]) {
        install::ensure(&[install::PYTHON])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet", AIOSMTPD]))?;
    }
    Ok(python)
}
