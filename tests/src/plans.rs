//! No statement scans a table: every SQL statement that the service ran in a test is explained once, on the database where it ran.
//!
//! The tables of a test are so small that PostgreSQL prefers to scan them. So scans are made expensive before it is asked for a plan: a
//! scan that is still in the plan has no index that it could use.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Tables that may be read whole: a service has a few municipalities and versions of its master key, not thousands.
const SMALL: &[&str] = &["master_key", "municipality"];

#[derive(Default)]
struct Heard {
    /// Not explained yet.
    fresh: BTreeSet<String>,
    explained: BTreeSet<String>,
}

static HEARD: Mutex<Heard> = Mutex::new(Heard { fresh: BTreeSet::new(), explained: BTreeSet::new() });

/// Notes the SQL in a line of the log, if there is some.
pub(crate) fn listen_to(line: &[u8]) {
    const TARGET: &[u8] = b"\"target\":\"storage::sql\"";
    if !line.windows(TARGET.len()).any(|part| part == TARGET) {
        return;
    }
    let Ok(line) = serde_json::from_slice::<Value>(line) else { return };
    let sql = line["fields"]["sql"].as_str().unwrap_or_default();
    // This is a query with an empty list of ids: the database sees that there is nothing to look for.
    if sql.contains("(1=0)") {
        return;
    }
    if sql.starts_with("SELECT") || sql.starts_with("INSERT") || sql.starts_with("UPDATE") || sql.starts_with("DELETE")
    {
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        if !heard.explained.contains(sql) {
            heard.fresh.insert(sql.to_owned());
        }
    }
}

/// Explains what was heard on databases of this kind.
#[track_caller]
pub(crate) fn explain(database_url: &str) {
    let embedded = database_url.strip_prefix("sqlite:");
    let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    // SQLite's names stand between backticks.
    let fresh: Vec<String> =
        heard.fresh.iter().filter(|sql| sql.contains('`') == embedded.is_some()).cloned().collect();
    for sql in &fresh {
        heard.fresh.remove(sql);
        heard.explained.insert(sql.clone());
    }
    drop(heard);
    if fresh.is_empty() {
        return;
    }
    let scans = match embedded {
        Some(path) => scans_of_sqlite(path, &fresh),
        None => scans_of_postgres(database_url, &fresh),
    };
    assert!(scans.is_empty(), "these statements scan a table:\n{}", scans.join("\n"));
}

fn scans_of_sqlite(path: &str, statements: &[String]) -> Vec<String> {
    let script = "import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=10)
for sql in json.load(sys.stdin):
    rows = connection.execute('explain query plan ' + sql, [None] * sql.count('?'))
    print(json.dumps([row[3] for row in rows]))";
    let plans = run(Command::new("python3").args(["-c", script, path]), &serde_json::to_string(statements).unwrap());
    let plans = plans.lines().map(|line| serde_json::from_str::<Vec<String>>(line).expect("a plan"));
    let scans = statements.iter().zip(plans).flat_map(|(sql, plan)| {
        let scans = |step: &String| {
            let mut words = step.split(' ');
            let table = (words.next() == Some("SCAN")).then(|| words.next().unwrap_or_default());
            // Walking along an index until enough is found is no scan.
            let walks = step.contains(" INDEX ") && sql.contains(" LIMIT ");
            table.is_some_and(|table| !SMALL.contains(&table) && table != "CONSTANT" && !walks)
        };
        plan.into_iter().filter(scans).map(|step| format!("{step}: {sql}")).collect::<Vec<_>>()
    });
    scans.collect()
}

fn scans_of_postgres(url: &str, statements: &[String]) -> Vec<String> {
    let mut script = String::from("set enable_seqscan = off; set plan_cache_mode = force_generic_plan;\n");
    for (number, sql) in statements.iter().enumerate() {
        let places = (1..10_000).take_while(|place| sql.contains(&format!("${place}"))).count();
        let values = vec!["null"; places].join(", ");
        let call = if places == 0 { String::new() } else { format!("({values})") };
        script.push_str(&format!("\\echo @@\nprepare p{number} as {sql};\nexplain execute p{number}{call};\n"));
    }
    let said = run(Command::new("psql").args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", url]), &script);
    let plans = said.split("@@\n").skip(1);
    let scans = statements.iter().zip(plans).flat_map(|(sql, plan)| {
        let steps: Vec<&str> = plan.split("->").collect();
        let scans = |step: &&str| {
            let table = |before: &str| {
                let (_, rest) = step.split_once(before)?;
                rest.split_whitespace().next().map(str::to_owned)
            };
            if let Some(table) = table("Seq Scan on ") {
                return !SMALL.contains(&table.as_str());
            }
            let along = step.contains("Index Scan") || step.contains("Index Only Scan");
            // A bitmap scan names its index, whose name begins with the table.
            let table = table(" on ").unwrap_or_default();
            let is_small = SMALL.iter().any(|small| table.starts_with(small));
            along && !step.contains("Index Cond:") && !plan.starts_with("Limit") && !is_small
        };
        steps.into_iter().filter(scans).map(|step| format!("{}: {sql}", step.trim())).collect::<Vec<_>>()
    });
    scans.collect()
}

fn run(command: &mut Command, input: &str) -> String {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program that explains");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    let _ = writer.join();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
