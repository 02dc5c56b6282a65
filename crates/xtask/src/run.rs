//! `cargo xtask run`: from a fresh clone to a running demonstration in one command.

use crate::process::{Result, cargo, myself, run as execute};
use crate::{install, page};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const DATABASE: &str = "var/tsunagu.db";

const LOGINS: &str = "\
Demonstration logins, all with the password `tsunagu-demo`:
  madoguchi  counter, 福祉まるごと相談課         kacho   manager, 福祉まるごと相談課
  kurashi    counter, くらしとしごとの相談センター  hoken   counter, 保健センター
  zei        counter, 納税課                     npo     counter, an NPO with a valid agreement
  byoin      counter, a hospital without one     hub     調整担当
  hogo       個人情報保護管理者                  kansa   auditor
  admin      administrator";

/// Builds, fills the demonstration database if there is none, and turns into the server.
pub(crate) fn run() -> Result {
    install::ensure(&[install::BUILD])?;
    page::build()?;
    let server = build()?;
    if !Path::new(DATABASE).exists() {
        execute(on_sqlite(&server).arg("demo"))
            .map_err(|error| format!("{error}; to begin anew, remove the directory var and run this again"))?;
    }
    println!("{LOGINS}");
    // The server replaces this process, so that Ctrl-C and SIGTERM reach it directly.
    Err(format!("cannot start the server: {}", on_sqlite(&server).arg("serve").exec()))
}

/// Builds the server in a profile of its own, which compiles in half the time; the tests' server is another file.
fn build() -> Result<PathBuf> {
    execute(&mut cargo(&["build", "--workspace", "--bin", "tsunagu", "--profile", "look"]))?;
    let target = myself()?.ancestors().nth(2).map(Path::to_owned).ok_or("this program is not in a target directory")?;
    Ok(target.join("look/tsunagu"))
}

/// The server without the variables that would lead it to another database: it must use the demonstration under ./var.
fn on_sqlite(server: &Path) -> Command {
    let mut command = Command::new(server);
    command.env_remove("TSUNAGU_DATABASE_URL").env_remove("TSUNAGU_MASTER_KEY_FILE");
    command
}
