//! Exactly the statements that one request executes, taken from the service's own log (`storage::sql` at TRACE), and the values for their
//! places. The floor runs them without the service.

use crate::Result;
use crate::process;
use crate::world::{World, id_of};
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A statement, with a value for each of its places.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) places: Vec<Value>,
    /// Whether it stands between `BEGIN` and `COMMIT`.
    pub(crate) in_transaction: bool,
}

/// The value for a place. Values that differ from turn to turn have a kind of their own; all others are the same each time.
#[derive(Clone)]
pub(crate) enum Value {
    /// The id of one of the stored sheets (its consent and its relay have the same).
    Sheet,
    /// The serial of that sheet's number.
    Serial,
    /// The name of that sheet's stream.
    Stream,
    /// A new id.
    NewId,
    /// A new Idempotency-Key.
    NewKey,
    /// The number after the stream's last.
    NextSeq,
    /// The hash of the stream's head.
    Head,
    Now,
    Id(Uuid),
    /// The agency that recorded the sheet, or the one to which it was relayed.
    Agency(Party),
    Agencies(&'static [Party]),
    Text(String),
    Int(i64),
    Flag(bool),
    Bytes(usize),
    Day(&'static str),
    Null,
}

/// Both ends of a relay.
#[derive(Clone, Copy)]
pub(crate) enum Party {
    Origin,
    Receiver,
}

/// The lengths of the sealed columns and the body of an event in a relay of the bench.
const DOCUMENT_SEALED: usize = 3400;
const DIGEST: usize = 33;
const ANSWER_SEALED: usize = 2300;
/// The same without content.
const BARE_SEALED: usize = 1100;
const EVENT_BODY: usize = 1150;

/// The sheet number of the relays that the floor writes, by which they are found again.
pub(crate) const FLOOR: &str = "floor";

/// The people and agencies of the statements.
pub(crate) struct Cast<'a> {
    pub(crate) world: &'a World,
    /// The session of the clerk who sends the request.
    pub(crate) session: Uuid,
}

impl Cast<'_> {
    fn value(&self, table: &str, column: &str) -> Result<Value> {
        let clerk = self.world.staff.first().ok_or("no clerk")?;
        let text = |text: &str| Value::Text(text.to_owned());
        Ok(match (table, column) {
            (_, "limit") | (_, "revision" | "content_revision") => Value::Int(1),
            (_, "municipality_id") => Value::Id(self.world.municipality.id.0),
            ("session", "id") => Value::Id(self.session),
            ("stream", "name") | ("audit_event", "stream") => Value::Stream,
            ("stream" | "audit_event", "seq") => Value::NextSeq,
            ("stream" | "audit_event", "hash") | ("idempotency", "fingerprint") => Value::Bytes(32),
            ("audit_event", "prev") => Value::Head,
            ("stream" | "audit_event", "state" | "mac") => Value::Bytes(DIGEST),
            ("sheet", "document") => Value::Bytes(DOCUMENT_SEALED),
            ("in_service", "id") => Value::Int(1),
            ("sheet" | "consent" | "stream", "id") | (_, "sheet_id" | "consent_id") => Value::Sheet,
            ("task", "waits_for" | "agency_id") => Value::Agency(Party::Receiver),
            ("task", "staff_id" | "but_staff_id" | "role" | "wakes_on") => Value::Null,
            ("task", "subject_id") => Value::NewId,
            ("task", "kind") => text("relay_answer"),
            ("task", "from_day" | "due_day") => Value::Day("2098-12-31"),
            ("task", "shows") => Value::Flag(true),
            ("figure_fact", "kind") => text("relay_sent"),
            ("figure_fact", "on_day") => Value::Day("2026-11-30"),
            ("figure_fact", "sheet_ref" | "person_key" | "mac") => Value::Bytes(DIGEST),
            ("figure_fact", "agency_id") => Value::Agency(Party::Origin),
            ("figure_fact", "other_agency_id") => Value::Agency(Party::Receiver),
            ("figure_fact", "marks") => text("{}"),
            ("figure_fact", "n") => Value::Int(1),
            ("figure_fact", "corrects") => Value::Null,
            ("agency", "ids 1") => Value::Agencies(&[Party::Origin]),
            ("agency", "ids" | "ids 2") => Value::Agencies(&[Party::Origin, Party::Receiver]),
            ("agency", "id") | ("idempotency" | "audit_event", "agency_id") => Value::Agency(Party::Origin),
            (_, "from_agency_id" | "holder_agency_id" | "origin_agency_id") => Value::Agency(Party::Origin),
            (_, "to_agency_id") => Value::Agency(Party::Receiver),
            (_, "principal_id" | "staff_id") => Value::Id(clerk.id.0),
            (_, "post_id") => Value::Id(clerk.posts.first().ok_or("no post")?.id.0),
            ("idempotency", "key") => Value::NewKey,
            ("idempotency", "sealed") => Value::Bytes(ANSWER_SEALED),
            ("idempotency", "bare") => Value::Bytes(BARE_SEALED),
            ("idempotency", "shown") => text(
                r#"{"subject":{"relay":"00000000-0000-7000-8000-000000000000"},"sections":["identity","statement"],"words":true,"files":[]}"#,
            ),
            ("idempotency", "status") => Value::Int(201),
            ("idempotency", "etag") => text("\"1\""),
            ("idempotency", "location") => text("/api/v1/relays/00000000-0000-7000-8000-000000000000"),
            ("relay", "waits" | "held") => Value::Flag(true),
            ("relay", "shut") => Value::Flag(false),
            ("agency", "is_named") => Value::Flag(true),
            ("relay", "sender_revision" | "receiver_revision") => Value::Int(1),
            ("relay", "sections") => text(r#"["identity","topics","statement"]"#),
            ("relay", "state") => text("sent"),
            ("relay", "purpose") => text("support_referral"),
            ("relay", "handover") => text("accompanied"),
            ("relay", "reply_due") => Value::Day("2098-12-31"),
            ("sheet", "state") => text("relaying"),
            ("sheet", "standing") => text("open"),
            ("sheet", "channel") => text("visit"),
            ("sheet", "route") => text("self_visit"),
            ("sheet", "address_secret") => text("none"),
            ("sheet", "fiscal_year") => Value::Int(2026),
            ("sheet", "serial") => Value::Serial,
            ("sheet", "consented_until") => Value::Day("2099-03-31"),
            ("relay", "number") => text(FLOOR),
            (_, "number") => text("R8-000001"),
            (_, "urgency") => text("normal"),
            ("audit_event", "kind") => text("relay.sent"),
            ("audit_event", "body") => Value::Text("x".repeat(EVENT_BODY)),
            ("outbox", "mail") => Value::Text(
                serde_json::json!({
                    "kind": "relay_sent", "agency_id": id_of(1), "sheet_id": id_of(0), "relay_id": id_of(0),
                    "number": "R8-000001", "due": "2098-12-31",
                })
                .to_string(),
            ),
            ("outbox", "attempts") => Value::Int(0),
            ("audit_event", "basis") => text("consent"),
            (_, "parent_relay_id" | "overdue_since" | "chased_on" | "closed_at" | "client_id" | "exception_id") => {
                Value::Null
            }
            ("audit_event", "relay_id") | (_, "id") => Value::NewId,
            (
                _,
                "created_at"
                | "updated_at"
                | "sent_at"
                | "received_at"
                | "due_at"
                | "at"
                | "sender_updated_at"
                | "receiver_updated_at",
            ) => Value::Now,
            _ => return Err(format!("the floor does not know what to put into {table}.{column}").into()),
        })
    }

    /// A statement as Diesel writes it, with a value for each place.
    fn statement(&self, sql: &str, in_transaction: bool) -> Result<Statement> {
        let mut places = Vec::new();
        for part in parts(sql) {
            let (table, columns) = columns(part)?;
            let reads_relay = table == "relay" && part.starts_with("SELECT");
            for column in &columns {
                places.push(match column.as_str() {
                    // The relay that is read is a stored one; the relay that is written is new.
                    "id" if reads_relay => Value::Sheet,
                    column => self.value(&table, column)?,
                });
            }
        }
        // The one column that has no name: pgbench wants one.
        let sql = sql.replace('`', "\"").replace("\"mac\", $1, ", "\"mac\", $1 AS \"locked\", ");
        Ok(Statement { sql, places, in_transaction })
    }

    /// Turns the statements in a piece of the service's log into statements with values.
    pub(crate) fn statements(&self, log: &[String]) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        let mut in_transaction = false;
        for sql in log {
            match sql.split_whitespace().next().unwrap_or_default() {
                "BEGIN" => in_transaction = true,
                "COMMIT" => in_transaction = false,
                "SAVEPOINT" | "RELEASE" => {}
                _ => statements.push(self.statement(sql, in_transaction)?),
            }
        }
        Ok(statements)
    }
}

/// The statements that PostgreSQL executes as one: those in its `WITH`, and the one that follows.
fn parts(sql: &str) -> Vec<&str> {
    let Some(mut rest) = sql.strip_prefix("WITH w0 AS (") else { return vec![sql] };
    let mut parts = Vec::new();
    for next in 1.. {
        let Some((part, others)) = rest.split_once(&format!("), w{next} AS (")) else { break };
        parts.push(part);
        rest = others;
    }
    // The events come last.
    let last = rest.rfind(") INSERT").unwrap_or(rest.len());
    parts.push(rest.get(..last).unwrap_or_default());
    parts.push(rest.get(last + 2..).unwrap_or_default());
    parts
}

/// The table of a statement (of a `SELECT`, that of its first column), and the column that each of its places stands for.
fn columns(sql: &str) -> Result<(String, Vec<String>)> {
    let names: Vec<&str> = sql.split(['"', '`']).skip(1).step_by(2).collect();
    let after = |word: &str| {
        let (_, rest) = sql.split_once(word)?;
        rest.split(['"', '`']).nth(1).map(str::to_owned)
    };
    let table = match sql.split_whitespace().next() {
        Some("DELETE") => after("FROM"),
        Some("INSERT") => after("INTO"),
        _ => names.first().map(|name| (*name).to_owned()),
    };
    let table = table.ok_or_else(|| format!("no table in {sql}"))?;
    let inserts = sql.split(" ON CONFLICT").next().unwrap_or_default();
    if let Some((head, values)) = inserts.split_once(" VALUES ") {
        let columns: Vec<&str> = head.split(['"', '`']).skip(1).step_by(2).skip(1).collect();
        let values = values.trim_matches(['(', ')']).split(", ").zip(columns);
        let filled = values.filter(|(value, _)| *value != "DEFAULT");
        return Ok((table, filled.map(|(_, column)| column.to_owned()).collect()));
    }
    let mut columns = Vec::new();
    let (mut rest, mut column) = (sql, String::new());
    while let Some(at) = rest.find(['$', '?']) {
        let (before, after) = rest.split_at(at);
        // Between two places of one list there is no other name.
        if let Some(name) = before.rsplit(['"', '`']).nth(1) {
            column = name.to_owned();
        }
        let is_list = before.ends_with("ANY(") || before.ends_with("IN (");
        columns.push(match () {
            () if before.ends_with("LIMIT ") => "limit".to_owned(),
            () if before.ends_with("IN (") => {
                let list = after.split(')').next().unwrap_or_default();
                format!("ids {}", list.matches('?').count())
            }
            () if is_list => "ids".to_owned(),
            () => column.clone(),
        });
        rest = after.get(1..).unwrap_or_default().trim_start_matches(|c: char| c.is_ascii_digit());
        if is_list && let Some((_, after)) = rest.split_once(')') {
            rest = after;
        }
    }
    Ok((table, columns))
}

/// The SQL that the service has logged since `offset`, read when nothing more comes, and the end of the log.
pub(crate) fn logged(log: &Path, offset: usize) -> Result<(Vec<String>, usize)> {
    let begun = Instant::now();
    let mut last = (0, Instant::now());
    loop {
        let text = std::fs::read_to_string(log)?;
        if text.len() != last.0 {
            last = (text.len(), Instant::now());
        }
        if last.1.elapsed() > Duration::from_millis(300) || begun.elapsed() > Duration::from_secs(10) {
            let lines = text.get(offset..).unwrap_or_default().lines();
            let sql = lines.filter_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                let sql = line.get("fields")?.get("sql")?.as_str()?.to_owned();
                // The work of the mail worker in between is not part of a request.
                let is_write = sql.starts_with("INSERT") || sql.starts_with("WITH");
                let is_mail = sql.starts_with("SELECT \"agency\".\"id\", \"agency\".\"mailbox\"")
                    || sql.contains("outbox") && !is_write
                    || sql.starts_with("UPDATE") && sql.contains("mail_failed_at");
                (!is_mail).then_some(sql)
            });
            return Ok((without_empty_transactions(sql.collect()), text.len()));
        }
        process::pause();
    }
}

/// Removes the empty transactions that remain of the mail worker's.
fn without_empty_transactions(sql: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for statement in sql {
        let ends = statement == "COMMIT";
        kept.push(statement);
        if ends {
            let begin = kept.iter().rposition(|s| s.starts_with("BEGIN")).unwrap_or(0);
            let inside = kept.get(begin + 1..kept.len() - 1).unwrap_or_default();
            if inside.iter().all(|s| s.starts_with("SAVEPOINT") || s.starts_with("RELEASE")) {
                kept.truncate(begin);
            }
        }
    }
    kept
}
