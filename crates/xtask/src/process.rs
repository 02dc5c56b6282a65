//! Runs other programs, and reports what ran and how long it took.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Errors here are for a person to read, so they are sentences: what failed, and what to do next.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// Runs a program to its end; its output goes to ours.
pub(crate) fn run(command: &mut Command) -> Result {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", shown(command))) }
}

/// Runs a program to its end and returns what it printed; its errors go to ours.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.output().map_err(|error| not_started(command, &error))?;
    if !status.success() {
        let stderr = String::from_utf8_lossy(&stderr);
        return Err(format!("{} failed ({status}):\n{}", shown(command), stderr.trim_end()));
    }
    String::from_utf8(stdout).map_err(|_| format!("{} printed something that is not UTF-8", shown(command)))
}

/// Whether a program exists and succeeds with these arguments.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments);
    command
}

/// Builds the server (dev profile) and returns the path of its binary, which Cargo puts beside this one. It builds the whole workspace, so
/// that the server has the features that tests and bench ask for; otherwise everything from storage upwards would be compiled twice.
pub(crate) fn build_server() -> Result<PathBuf> {
    run(&mut cargo(&["build", "--workspace", "--bin", "tsunagu"]))?;
    Ok(myself()?.with_file_name("tsunagu"))
}

/// The path of this program: `<target>/debug/xtask`.
pub(crate) fn myself() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))
}

/// Runs one named step and prints how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("── {name}");
    let start = Instant::now();
    let done = work();
    let word = if done.is_ok() { "done" } else { "failed" };
    let seconds = start.elapsed().as_secs_f64();
    println!("── {name}: {word} after {seconds:.1} s");
    TIMES.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), seconds));
    done
}

/// The steps so far, each with its seconds.
static TIMES: Mutex<Vec<(String, f64)>> = Mutex::new(Vec::new());

/// Prints where the time went, the longest step first. Steps can overlap.
pub(crate) fn print_times() {
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    times.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (name, seconds) in times {
        println!("{seconds:8.1} s  {name}");
    }
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start {}: {error}", shown(command))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}
