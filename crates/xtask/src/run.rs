//! `cargo xtask run`: from an empty clone to a served demonstration, in one command.

use crate::process::{Result, build_server, run as execute};
use crate::{install, page};
use std::os::unix::process::CommandExt;
use std::path::Path;
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

/// Builds, fills the demonstration database when there is none, and becomes the server.
pub(crate) fn run() -> Result {
    install::ensure(&[install::BUILD])?;
    page::build()?;
    let server = build_server()?;
    if !Path::new(DATABASE).exists() {
        execute(on_sqlite(&server).arg("demo"))
            .map_err(|error| format!("{error}; to begin anew, remove the directory var and run this again"))?;
    }
    println!("{LOGINS}");
    // The server takes this process's place, so that Ctrl-C and SIGTERM reach it and nothing stands between.
    Err(format!("cannot start the server: {}", on_sqlite(&server).arg("serve").exec()))
}

/// The server without the variables that would lead it to another database: the demonstration is the one under ./var.
fn on_sqlite(server: &Path) -> Command {
    let mut command = Command::new(server);
    command.env_remove("TSUNAGU_DATABASE_URL").env_remove("TSUNAGU_MASTER_KEY_FILE");
    command
}
