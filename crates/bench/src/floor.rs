//! The floor: exactly the statements of one request, in one transaction each, without the service. On PostgreSQL `pgbench` runs them, on
//! SQLite a bare loop. The floor works on the older half of the stored sheets, and deletes its relays at the end, because the service could
//! not open them.

use crate::Result;
use crate::chance::Seeded;
use crate::measure::{Place, Row, Step, Watched, run};
use crate::statements::{FLOOR, Party, Statement, Value};
use crate::world::{AGENCIES, MILLIS, agencies_of, id_of};
use domain::time::Instant;
use rusqlite::types::Value as Sql;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// Runs `pgbench` with a script of the statements.
pub(crate) fn postgres(
    name: &'static str,
    place: Place,
    watched: Watched,
    limit: Duration,
    database: &str,
    statements: &[Statement],
) -> Result<Row> {
    let since = crate::plan::now();
    let directory = tempfile::tempdir()?;
    let mut script = Script::new(place.stored);
    statements.iter().try_for_each(|statement| script.add(statement))?;
    script.end();
    let file = directory.path().join("script.sql");
    std::fs::write(&file, &script.text)?;
    let mut command = Command::new("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--log", "--log-prefix=latency", "--file"]).arg(&file);
    command.arg(format!("--client={}", place.connections));
    command.arg(format!("--jobs={}", place.connections.min(2)));
    command.arg(format!("--time={}", limit.as_secs().max(1)));
    for (name, value) in &script.values {
        command.arg(format!("--define={name}={value}"));
    }
    let watched = Watched { server: None, ..watched };
    let before = watched.postmaster.map(crate::process::time_of_family).unwrap_or_default();
    let output = command.arg(database).current_dir(directory.path()).output()?;
    let after = watched.postmaster.map(crate::process::time_of_family).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("pgbench: {}{said}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split(' ').next());
    let tps: f64 = tps.ok_or("pgbench says no tps")?.parse()?;
    let mut latencies: Vec<u32> = Vec::new();
    for entry in std::fs::read_dir(directory.path())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("latency") {
            let text = std::fs::read_to_string(entry.path())?;
            latencies.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u32>().ok()));
        }
    }
    crate::plan::psql(database, &format!("set session_replication_role = replica; {}", clear("'", since)))?;
    let elapsed = Duration::from_secs_f64(latencies.len() as f64 / tps.max(0.001));
    Row::of(name, place, latencies, elapsed, (Duration::ZERO, after - before))
}

/// The statement that deletes the floor's relays. The service never deletes a relay, so no index helps to find them or relays that continue
/// them: it looks through the newest relays only, and without foreign keys.
fn clear(quote: &str, since: Instant) -> String {
    let millis = u128::try_from(since.as_micros() / 1000).unwrap_or(0);
    let first = Uuid::from_u128(millis << 80).simple();
    format!("delete from relay where id >= {quote}{first}' and number = '{FLOOR}'")
}

/// How many sheets the floor works on: those that no worker reads ([`crate::cell`]), for after it they no longer match their heads.
fn older_half(stored: u32) -> u32 {
    let agencies = AGENCIES as u32;
    stored / agencies / 2 * agencies
}

/// A script for `pgbench`. Long values are variables, as a program sends them with each execution.
struct Script {
    text: String,
    values: Vec<(String, String)>,
    in_transaction: bool,
    knows_sheet: bool,
}

/// How the statement begins that locks a stream and reads its head: place and hash come first.
const LOCK: &str = "SELECT \"stream\"";

/// The two agencies of a case, as [`agencies_of`] computes them.
const AGENCIES_OF: &str = "\\set origin :n % ALL\n\\set receiver (:origin + 1 + (:n / ALL) % (ALL - 1)) % ALL\n";
const NEW_ID: &str = "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7000' || \
                      substr(md5(random()::text), 1, 16))::uuid";

impl Script {
    fn new(stored: u32) -> Self {
        let all = AGENCIES_OF.replace("ALL", &AGENCIES.to_string());
        let text = format!("\\set n random(0, {})\n{all}", older_half(stored) - 1);
        Self { text, values: Vec::new(), in_transaction: false, knows_sheet: false }
    }

    fn add(&mut self, statement: &Statement) -> Result {
        if statement.in_transaction && !self.in_transaction {
            self.text.push_str("begin;\n");
            self.in_transaction = true;
        }
        let (mut sql, mut rest) = (String::new(), statement.sql.as_str());
        for place in &statement.places {
            let (before, after) = rest.split_once('$').ok_or("fewer places than values")?;
            sql.push_str(before);
            let value = self.value(place);
            sql.push_str(&value);
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        sql.push_str(rest);
        // The next event continues the head of the stream. The sheet's id is selected with it, so that it is computed once.
        if statement.sql.starts_with(LOCK) {
            let sql = sql.replacen(" FROM ", ", substr(\"stream\".\"name\", 7) as sheet FROM ", 1);
            writeln!(self.text, "{sql} \\gset")?;
            self.knows_sheet = true;
        } else {
            writeln!(self.text, "{sql};")?;
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.in_transaction {
            self.text.push_str("commit;\n");
        }
    }

    fn value(&mut self, value: &Value) -> String {
        let sheet = if self.knows_sheet { ":sheet".to_owned() } else { id_from("n") };
        match value {
            Value::Sheet => sheet,
            Value::Serial => ":n + 1".to_owned(),
            Value::Stream if self.knows_sheet => "'sheet:' || :sheet".to_owned(),
            Value::Stream => format!("'sheet:' || {sheet}::text"),
            Value::NewId => NEW_ID.to_owned(),
            Value::NewKey => "'floor-' || md5(random()::text || clock_timestamp()::text)".to_owned(),
            Value::NextSeq => ":seq + 1".to_owned(),
            Value::Head => ":hash".to_owned(),
            Value::Now => "clock_timestamp()".to_owned(),
            Value::Id(id) => format!("'{id}'"),
            Value::Agency(party) => id_from(variable_of(*party)),
            Value::Agencies(parties) => {
                let ids: Vec<String> = parties.iter().map(|party| id_from(variable_of(*party))).collect();
                format!("array[{}]", ids.join(","))
            }
            Value::Text(text) if text.len() < 40 => format!("'{text}'"),
            Value::Text(text) => self.variable(text.clone()),
            Value::Int(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Bytes(length) => self.variable(format!("\\x{}", "5a".repeat(*length))),
            Value::Day(day) => format!("'{day}'"),
            Value::Null => "null".to_owned(),
        }
    }

    fn variable(&mut self, value: String) -> String {
        let name = format!("v{}", self.values.len());
        self.values.push((name.clone(), value));
        format!(":{name}")
    }
}

fn variable_of(party: Party) -> &'static str {
    match party {
        Party::Origin => "origin",
        Party::Receiver => "receiver",
    }
}

/// [`id_of`] for a variable of the script.
fn id_from(variable: &str) -> String {
    format!(
        "(lpad(to_hex({MILLIS} + :{variable}), 12, '0') || '70008000' || lpad(to_hex(:{variable}::bigint), 12, '0'))::uuid"
    )
}

/// Runs a bare loop on one connection, with one commit for each turn.
pub(crate) fn sqlite(
    name: &'static str,
    place: Place,
    limit: Duration,
    database: &Path,
    statements: &[Statement],
) -> Result<Row> {
    let since = crate::plan::now();
    let conn = rusqlite::Connection::open(database)?;
    conn.set_prepared_statement_cache_capacity(64);
    // The pragmas of the service's writer, except for 4,000 pages between checkpoints instead of SQLite's 1,000.
    conn.execute_batch(
        "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma cache_size = -8192; pragma wal_autocheckpoint = 4000; pragma secure_delete = on;
         pragma temp_store = memory;",
    )?;
    let worker = Loop { conn, statements, stored: place.stored, chance: Seeded::new(7) };
    // The loop is database and client at the same time.
    let watched = Watched { server: Some(std::process::id()), postmaster: None };
    let (row, workers) = run(name, place, watched, limit, vec![worker])?;
    for worker in workers {
        worker.conn.execute_batch(&format!("pragma foreign_keys = off; {}", clear("x'", since)))?;
    }
    Ok(Row { cpu_ms_server: 0.0, cpu_ms_database: row.cpu_ms_server, ..row })
}

struct Loop<'a> {
    conn: rusqlite::Connection,
    statements: &'a [Statement],
    stored: u32,
    chance: Seeded,
}

/// What the statements of one turn hand on to each other.
struct Turn {
    n: u32,
    seq: i64,
    head: Vec<u8>,
    now: i64,
}

impl Step for Loop<'_> {
    fn step(&mut self) -> Result<Option<()>> {
        let n = u32::try_from(self.chance.below(u64::from(older_half(self.stored))))?;
        let mut turn = Turn { n, seq: 0, head: Vec::new(), now: micros() };
        let mut in_transaction = false;
        for statement in self.statements {
            if statement.in_transaction && !in_transaction {
                self.conn.prepare_cached("begin immediate")?.execute([])?;
                in_transaction = true;
            }
            let values = statement.places.iter().flat_map(|place| self.values(place, &turn));
            let values: Vec<Sql> = values.collect();
            let mut prepared = self.conn.prepare_cached(&statement.sql)?;
            let mut rows = prepared.query(rusqlite::params_from_iter(values))?;
            let locks = statement.sql.starts_with(LOCK);
            while let Some(row) = rows.next()? {
                if locks {
                    (turn.seq, turn.head) = (row.get(0)?, row.get(1)?);
                }
            }
        }
        if in_transaction {
            self.conn.prepare_cached("commit")?.execute([])?;
        }
        Ok(Some(()))
    }
}

impl Loop<'_> {
    fn values(&self, place: &Value, turn: &Turn) -> Vec<Sql> {
        let id = |id: Uuid| Sql::Blob(id.as_bytes().to_vec());
        let (origin, receiver) = agencies_of(turn.n);
        let agency = |party: &Party| match party {
            Party::Origin => id(id_of(origin as u32)),
            Party::Receiver => id(id_of(receiver as u32)),
        };
        vec![match place {
            Value::Sheet => id(id_of(turn.n)),
            Value::Serial => Sql::Integer(i64::from(turn.n) + 1),
            Value::Stream => Sql::Text(format!("sheet:{}", id_of(turn.n))),
            Value::NewId => id(self.new_id(turn)),
            Value::NewKey => Sql::Text(format!("floor-{}", self.new_id(turn))),
            Value::NextSeq => Sql::Integer(turn.seq + 1),
            Value::Head => Sql::Blob(turn.head.clone()),
            Value::Now => Sql::Integer(turn.now),
            Value::Id(of) => id(*of),
            Value::Agency(party) => agency(party),
            Value::Agencies(parties) => return parties.iter().map(agency).collect(),
            Value::Text(text) => Sql::Text(text.clone()),
            Value::Int(number) => Sql::Integer(*number),
            Value::Flag(flag) => Sql::Integer(i64::from(*flag)),
            Value::Bytes(length) => Sql::Blob(vec![0x5a; *length]),
            Value::Day(day) => Sql::Text((*day).to_owned()),
            Value::Null => Sql::Null,
        }]
    }

    fn new_id(&self, turn: &Turn) -> Uuid {
        let random = u128::from(self.chance.next());
        Uuid::from_u128((u128::try_from(turn.now / 1000).unwrap_or(0) << 80) | (0x7000 << 64) | random)
    }
}

fn micros() -> i64 {
    crate::plan::now().as_micros()
}
