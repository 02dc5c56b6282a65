//! The table for people and the file for programs.

use crate::Result;
use crate::measure::Row;
use serde::Serialize;
use std::path::Path;

/// What the service's process takes.
#[derive(Serialize, Clone, Copy, Default)]
pub(crate) struct Process {
    /// The most memory resident at once, in all runs.
    pub(crate) peak_memory_mb: f64,
    /// From its start to its first answer that it is ready, the slowest of all starts.
    pub(crate) ready_ms: f64,
    /// The release binary.
    pub(crate) binary_mb: f64,
}

#[derive(Serialize)]
struct Report<'a> {
    rows: &'a [Row],
    process: Process,
}

pub(crate) const HEAD: &str = "| what | database | stored | connections | requests/s | p50 ms | p99 ms | CPU ms server | CPU ms database |\n\
                               |---|---|--:|--:|--:|--:|--:|--:|--:|";

/// One line of the table.
pub(crate) fn line(row: &Row) -> String {
    format!(
        "| {} | {} | {} | {} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} |",
        row.name,
        row.database,
        row.stored,
        row.connections,
        row.requests_per_s,
        row.p50_ms,
        row.p99_ms,
        row.cpu_ms_server,
        row.cpu_ms_database
    )
}

/// What the aims are about: each relay and each reading beside its floor, each read at most stored beside least.
pub(crate) fn aims(rows: &[Row], process: Process) {
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
    let (most, least) = (rows.iter().map(|row| row.stored).max(), rows.iter().map(|row| row.stored).min());
    for row in rows.iter().filter(|row| reads.contains(&row.name) && Some(row.stored) == most && most != least) {
        let small = rows.iter().find(|small| {
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
    println!(
        "Server: at most {:.0} MB resident, ready after {:.0} ms at most, binary {:.0} MB",
        process.peak_memory_mb, process.ready_ms, process.binary_mb
    );
}

pub(crate) fn write(path: &Path, rows: &[Row], process: Process) -> Result {
    Ok(std::fs::write(path, serde_json::to_vec_pretty(&Report { rows, process })?)?)
}
