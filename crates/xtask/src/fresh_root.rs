//! Installs the service on a new Debian line by line, as docs/operation.md says, and starts what the unit starts, as the unit's user.

use crate::install;
use crate::process::{Result, build_server, output, run, step};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The lines of operation.md that the operator copies are between these.
const MARKS: [&str; 2] = ["<!-- install: begin -->", "<!-- install: end -->"];
const UNIT: &str = "/etc/systemd/system/tsunagu.service";
const AGENCIES: &str = "code,name,kana,class,active_from\nmihon,見本課,ミホンカ,ward,2026-04-01\n";

/// Makes the root in a temporary directory, does everything in it, and removes it.
pub(crate) fn fresh_root() -> Result {
    if !install::is_root()? {
        return Err("a new Debian is made by root only (debootstrap, chroot)".to_owned());
    }
    install::ensure(&[install::BUILD, install::FRESH_ROOT])?;
    let lines = lines()?;
    let server = step("the server", build_server)?;
    let root =
        PathBuf::from(output(Command::new("mktemp").args(["--directory", "--tmpdir", "tsunagu-root-XXXXXX"]))?.trim());
    // mktemp makes a directory that only its owner can enter; everybody must be able to enter `/`, the service's user among them.
    run(Command::new("chmod").arg("755").arg(&root))?;
    let done = in_root(&root, &server, &lines);
    run(Command::new("rm").args(["--recursive", "--one-file-system"]).arg(&root))?;
    done
}

/// The commands in operation.md.
fn lines() -> Result<String> {
    let path = "docs/operation.md";
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let between = text.split_once(MARKS[0]).and_then(|(_, rest)| rest.split_once(MARKS[1]));
    let (block, _) = between.ok_or_else(|| format!("{path} has no lines between {} and {}", MARKS[0], MARKS[1]))?;
    Ok(block.lines().filter(|line| !line.starts_with("```")).map(|line| format!("{line}\n")).collect())
}

fn in_root(root: &Path, server: &Path, lines: &str) -> Result {
    step("a new Debian 12", || {
        let mut debootstrap = Command::new("debootstrap");
        debootstrap.args(["--variant=minbase", "--include=systemd", "bookworm"]).arg(root);
        run(debootstrap.arg("http://deb.debian.org/debian").stdout(Stdio::null()))
    })?;
    let here = root.join("root/install");
    let put = |name: &str, text: &[u8]| {
        std::fs::write(here.join(name), text).map_err(|error| format!("{}: {error}", here.join(name).display()))
    };
    std::fs::create_dir(&here).map_err(|error| error.to_string())?;
    std::fs::copy(server, here.join("tsunagu")).map_err(|error| error.to_string())?;
    for name in ["tsunagu.service", "tsunagu.toml"] {
        std::fs::copy(Path::new("deploy").join(name), here.join(name)).map_err(|error| error.to_string())?;
    }
    put("agencies.csv", AGENCIES.as_bytes())?;
    put("lines.sh", lines.as_bytes())?;
    step("the lines of operation.md", || {
        run(inside(root, &["sh", "-ec", "cd /root/install && . ./lines.sh"]).env("DEBIAN_FRONTEND", "noninteractive"))
    })?;
    step("systemd-analyze verify", || {
        let said = output(&mut inside(root, &["sh", "-ec", &format!("systemd-analyze verify {UNIT} 2>&1")]))?;
        if said.trim().is_empty() { Ok(()) } else { Err(format!("it says:\n{said}")) }
    })?;
    step("what the unit starts, as its user", || start(root))
}

/// A command in the new root; its environment contains nothing of ours.
fn inside(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("chroot");
    command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").arg(root);
    command.args(arguments);
    command
}

/// The one value of a setting of the unit.
fn setting<'a>(unit: &'a str, key: &str) -> Result<&'a str> {
    let found = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    found.ok_or_else(|| format!("the unit has no {key}="))
}

/// Starts the service in the unit's directory with its umask, waits for its line, asks whether it is ready, and stops it.
fn start(root: &Path) -> Result {
    let path = root.join(UNIT.trim_start_matches('/'));
    let unit = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (user, state) = (setting(&unit, "User")?, setting(&unit, "StateDirectory")?);
    let shell =
        format!("umask {}; cd /var/lib/{state}; exec {}", setting(&unit, "UMask")?, setting(&unit, "ExecStart")?);
    let as_user =
        ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--no-new-privs", "--", "sh", "-c", &shell];
    let mut command = inside(root, &as_user);
    // The configured port may be in use on the machine of the test.
    command.env("TSUNAGU_LISTEN", "127.0.0.1:0").stdout(Stdio::piped());
    let mut service = command.spawn().map_err(|error| format!("cannot start the service: {error}"))?;
    let mut line = String::new();
    if let Some(stdout) = service.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
    }
    let asked = match line.trim().strip_prefix("listening on http://") {
        Some(address) => ready(address),
        None => Err("the service does not say that it listens".to_owned()),
    };
    // Every step to the service uses `exec`, so the child is the service itself.
    run(Command::new("kill").args(["-TERM", &service.id().to_string()]))?;
    let status = service.wait().map_err(|error| error.to_string())?;
    asked?;
    if status.success() { Ok(()) } else { Err(format!("the service did not end cleanly ({status})")) }
}

fn ready(address: &str) -> Result {
    let mut stream = std::net::TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
    let asked = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).map_err(|error| error.to_string())?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).map_err(|error| error.to_string())?;
    if status.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(format!("it is not ready: {}", status.trim())) }
}
