//! The cost of processes: processor time and memory, from `/proc` (proc(5)).

use crate::Result;
use std::path::Path;
use std::time::Duration;

/// Linux counts in hundredths of a second for every program that asks for nothing finer (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// The processor time of a process, and that of its children that it has waited for.
fn time_of(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may contain anything; the fields from number 3 on follow the last parenthesis.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u32 = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u32>().ok()).sum();
    Some(TICK * ticks)
}

/// The processor time of a process, without running children.
pub(crate) fn time(pid: u32) -> Duration {
    time_of(pid).unwrap_or_default()
}

/// The processor time of a process and its children, including those that have ended.
pub(crate) fn time_of_family(pid: u32) -> Duration {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let living: Duration = children.split_whitespace().filter_map(|child| time_of(child.parse().ok()?)).sum();
    time_of(pid).unwrap_or_default() + living
}

/// The most memory that the process ever had resident, in MB.
pub(crate) fn peak_memory_mb(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// The size of a file in MB.
pub(crate) fn size_mb(path: &Path) -> Result<f64> {
    Ok(std::fs::metadata(path)?.len() as f64 / 1e6)
}

/// A short pause between two looks at something.
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
