//! The table for people, and the file for programs.

use crate::Result;
use crate::gate::Gate;
use crate::measure::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What the process of the service takes.
#[derive(Serialize, Clone, Copy, Default)]
pub(crate) struct Process {
    /// The most memory resident at one time, over all runs.
    pub(crate) peak_memory_mb: f64,
    /// The time from its start to the first answer that it is ready; the slowest of all starts.
    pub(crate) ready_ms: f64,
    /// The size of the release binary.
    pub(crate) binary_mb: f64,
}

/// The size of the page, gzipped, and when it can be used on this machine.
#[derive(Serialize, Deserialize)]
pub(crate) struct Page {
    /// The script of the first load, until the log-in.
    first_load_bytes: u64,
    /// The script that each further screen loads, by its path.
    further_bytes: BTreeMap<String, u64>,
    /// The time from the request until the log-in is on the screen and accepts input; the median of seven.
    usable_ms: f64,
    /// The time from the request until the log-in can be sent; the median of seven.
    sendable_ms: f64,
}

/// Everything that was measured.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) process: Process,
    pub(crate) gate: Gate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<Page>,
}

/// Reads the measurements of the page and prints them.
pub(crate) fn page(path: &Path) -> Result<Page> {
    let page: Page = serde_json::from_slice(&std::fs::read(path)?)?;
    let kb = |bytes: u64| bytes.div_ceil(1000);
    let most = page.further_bytes.iter().max_by_key(|(_, bytes)| **bytes);
    let (screen, bytes) = most.map_or(("", 0), |(screen, bytes)| (screen.as_str(), *bytes));
    println!(
        "Page: first load {} KB of script gzipped, the heaviest further screen ({screen}) {} KB, the log-in usable after {:.0} ms, sent after {:.0} ms",
        kb(page.first_load_bytes),
        kb(bytes),
        page.usable_ms,
        page.sendable_ms
    );
    Ok(page)
}

pub(crate) const HEAD: &str = "| what | database | stored | connections | requests/s | p50 ms | p99 ms | CPU ms server | CPU ms database | statements |\n\
                               |---|---|--:|--:|--:|--:|--:|--:|--:|--:|";

/// One line of the table.
pub(crate) fn line(row: &Row) -> String {
    format!(
        "| {} | {} | {} | {} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | {} |",
        row.name,
        row.database,
        row.stored,
        row.connections,
        row.requests_per_s,
        row.p50_ms,
        row.p99_ms,
        row.cpu_ms_server,
        row.cpu_ms_database,
        row.statements.map(|count| count.to_string()).unwrap_or_default()
    )
}

/// Prints what the goals are about: each relay and each reading compared with its floor, and each read at the most stored sheets compared
/// with the fewest.
pub(crate) fn aims(rows: &[Row], process: Process, gate: Gate) {
    println!("\nBeside the floor (requests/s of the service / of the bare statements):");
    for row in rows {
        let floor = rows.iter().find(|floor| {
            floor.name.strip_suffix("_floor") == Some(row.name)
                && (floor.database, floor.stored, floor.connections) == (row.database, row.stored, row.connections)
        });
        if let Some(floor) = floor {
            let ratio = row.requests_per_s / floor.requests_per_s;
            println!(
                "  {} {} {} stored, {} connections: {ratio:.2}",
                row.name, row.database, row.stored, row.connections
            );
        }
    }
    println!("p99 at the most stored sheets / at the fewest:");
    let reads = ["read_relay", "inbox", "search", "audit_page"];
    let compared: Vec<&Row> = rows.iter().filter(|row| reads.contains(&row.name)).collect();
    let stored = || compared.iter().map(|row| row.stored);
    let (most, least) = (stored().max(), stored().min());
    for row in compared.iter().filter(|row| Some(row.stored) == most && most != least) {
        let small = compared.iter().find(|small| {
            Some(small.stored) == least
                && (small.name, small.database, small.connections) == (row.name, row.database, row.connections)
        });
        if let Some(small) = small {
            println!(
                "  {} {} {} connections: {:.2}",
                row.name,
                row.database,
                row.connections,
                row.p99_ms / small.p99_ms
            );
        }
    }
    println!("An inbox of sheets with many versions of a consent / with one (requests/s):");
    for row in rows.iter().filter(|row| row.name.starts_with("inbox_of_")) {
        if let Some(one) = rows.iter().find(|one| one.name == "inbox_of_1" && one.database == row.database) {
            println!("  {} {}: {:.2}", row.name, row.database, row.requests_per_s / one.requests_per_s);
        }
    }
    println!(
        "The gate for a sheet of {} bytes: covering test {:.2} µs, restriction {:.2} µs",
        gate.sheet_bytes, gate.covering_us, gate.restriction_us
    );
    println!(
        "Server: at most {:.0} MB resident, ready after {:.0} ms at most, binary {:.0} MB",
        process.peak_memory_mb, process.ready_ms, process.binary_mb
    );
}

pub(crate) fn write(path: &Path, report: &Report<'_>) -> Result {
    Ok(std::fs::write(path, serde_json::to_vec_pretty(report)?)?)
}
