//! `cargo xtask bench --against REV`: the processor time of a request beside that of an earlier commit. Each fills databases of its own and
//! is driven by its own bench; they take turns, so that a slow minute of the machine meets both.

use super::{bench, build};
use crate::postgres::{Cluster, Use};
use crate::process::{self, Result, step};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the earlier commit is checked out and built.
const CHECKOUT: &str = "target/against";
/// Where the benches run.
const PLACE: &str = "target/against-run";
/// How often each is measured; the middle one counts.
const TURNS: usize = 3;
/// What is compared, from the rows of the benches.
const COMPARED: [(&str, &[&str]); 6] = [
    ("create", &["create_sheet"]),
    ("whole referral", &["create_sheet", "give_consent", "preview", "relay"]),
    ("read a relay", &["read_relay"]),
    ("inbox of 50", &["inbox"]),
    ("search", &["search"]),
    ("audit page", &["audit_page"]),
];
/// The last row that is compared: what a bench measures after it is about one commit alone.
const LAST: &str = "audit_page";

/// Milliseconds of processor time, of service and database together, by row.
type Costs = BTreeMap<String, f64>;

/// Builds the commit `revision` beside this one, measures both and prints the ratios. `arguments` go to both benches.
pub(crate) fn run(revision: &str, arguments: &[String]) -> Result {
    step("checkout of the earlier commit", || check_out(revision))?;
    step("release build of the earlier commit", || build(Path::new(CHECKOUT)))?;
    let absolute = |path| std::fs::canonicalize(path).map_err(|error| format!("cannot find {path}: {error}"));
    let (here, there) = (absolute(".")?, absolute(CHECKOUT)?);
    let cluster = step("PostgreSQL with full durability", || Cluster::start(Use::Bench))?;
    println!("| what | database | ms before | ms now | ratio |\n|---|---|--:|--:|--:|");
    for database in ["postgres", "sqlite"] {
        let (mut before, mut now) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            before.push(measured(bench(&there, &cluster).args(["--database", database]).args(arguments))?);
            now.push(measured(bench(&here, &cluster).args(["--database", database]).args(arguments))?);
        }
        for (what, rows) in COMPARED {
            // A row that one of the benches does not print is left out on both sides.
            let printed = |row: &&&str| before.iter().chain(&now).all(|costs| costs.contains_key(**row));
            let rows: Vec<&str> = rows.iter().filter(printed).copied().collect();
            let (before, now) = (middle(&before, &rows), middle(&now, &rows));
            println!("| {what} ({}) | {database} | {before:.3} | {now:.3} | {:.2} |", rows.join(", "), now / before);
        }
    }
    Ok(())
}

fn check_out(revision: &str) -> Result {
    let mut git = Command::new("git");
    match Path::new(CHECKOUT).exists() {
        true => git.args(["-C", CHECKOUT, "checkout", "--quiet", "--detach", revision]),
        false => git.args(["worktree", "add", "--quiet", "--detach", CHECKOUT, revision]),
    };
    process::run(&mut git)?;
    // The service holds the page, which is not measured here.
    process::run(Command::new("cp").args(["-rT", "web/dist"]).arg(Path::new(CHECKOUT).join("web/dist")))
}

/// Runs a bench with 8 connections until its last row that is compared, and then ends it with its service and its database.
fn measured(bench: &mut Command) -> Result<Costs> {
    let failed = |error| format!("cannot make a directory for the bench: {error}");
    // The bench makes its databases under `target` of where it runs.
    std::fs::create_dir_all(Path::new(PLACE).join("target")).map_err(failed)?;
    bench.current_dir(PLACE).args(["--stored", "1000", "--connections", "8", "--seconds", "3"]);
    let mut running = bench
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot start the bench: {error}"))?;
    let stdout = running.stdout.take().ok_or("the bench has no standard output")?;
    let mut costs = Costs::new();
    let mut columns: Vec<String> = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|error| format!("cannot hear the bench: {error}"))?;
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        if columns.is_empty() {
            columns = cells;
            continue;
        }
        let cell = |name: &str| cells.get(columns.iter().position(|column| column == name)?);
        let cost = |name: &str| cell(name).and_then(|cell| cell.parse::<f64>().ok());
        let (Some(what), Some(server), Some(database)) = (cell("what"), cost("CPU ms server"), cost("CPU ms database"))
        else {
            continue;
        };
        costs.insert(what.clone(), server + database);
        if what == LAST {
            break;
        }
    }
    process::run(Command::new("kill").args(["-KILL", "--", &format!("-{}", running.id())]))?;
    running.wait().map_err(|error| format!("the bench does not end: {error}"))?;
    std::fs::remove_dir_all(PLACE).map_err(|error| format!("cannot remove {PLACE}: {error}"))?;
    if costs.contains_key(LAST) { Ok(costs) } else { Err("the bench ended before its last row".to_owned()) }
}

/// The middle of the turns' sums over these rows.
fn middle(turns: &[Costs], rows: &[&str]) -> f64 {
    let mut sums: Vec<f64> = turns.iter().map(|costs| rows.iter().filter_map(|row| costs.get(*row)).sum()).collect();
    sums.sort_by(f64::total_cmp);
    sums.get(sums.len() / 2).copied().unwrap_or(f64::NAN)
}
