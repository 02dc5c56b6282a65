//! What `tsunagu doctor` asks a database: does it answer, does it fit this program, is it set up so that nothing gets lost? Changes
//! nothing.

mod deep;

pub use deep::{Difference, Mending, examine_deeply};

use crate::connection::{Conn, DatabaseUrl, Role};
use crate::health::open_newest_sheet;
use crate::keys::{Keyring, missing};
use crate::migrate;
use crate::schema::audit_event;
use crate::service::is_open;
use crate::sql_types::At;
use crate::store::Settings;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::SqliteConnection;
use domain::time::{Clock, Instant};

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// About what.
    pub what: &'static str,
    /// How it is.
    pub verdict: Verdict,
}

/// How a thing is, in words for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Fine(String),
    /// Not wrong, but worth knowing.
    Note(String),
    /// Wrong; the text says what to do.
    Wrong(String),
}

use Verdict::{Fine, Note, Wrong};

/// The oldest PostgreSQL that the tests run on (15).
const OLDEST_POSTGRES: i64 = 150_000;
/// A greater difference between the clocks puts due dates and expiry on the wrong side of midnight.
const APART_SECONDS: i64 = 5;
/// Connections that are left for commands beside the service.
const FOR_COMMANDS: usize = 2;

/// Examines the database. The file of an SQLite database must exist. `keys` is none when the master key cannot be read.
pub fn examine(url: &DatabaseUrl, keys: Option<&Keyring>, clock: &dyn Clock, settings: &Settings) -> Vec<Finding> {
    let mut conn = match url.connect(Role::Reader) {
        Ok(conn) => conn,
        Err(error) => return vec![Finding { what: "database", verdict: Wrong(error.to_string()) }],
    };
    let (schema, there) = schema(&mut conn);
    let mut findings = vec![Finding { what: "database", verdict: schema }];
    let mut add = |what, verdict: QueryResult<Verdict>| {
        let verdict = verdict.unwrap_or_else(|error| Wrong(format!("the database does not tell: {error}")));
        findings.push(Finding { what, verdict });
    };
    match &mut conn {
        Conn::Sqlite(conn) => {
            add("journal", journal(conn));
            add("integrity", integrity(conn));
        }
        Conn::Postgres(conn) => {
            add("version", version(conn));
            add("encoding", encoding(conn));
            for what in ["fsync", "full_page_writes", "synchronous_commit"] {
                add(what, durable(conn, what));
            }
            add("connections", connections(conn, settings));
            add("encryption", encryption(conn, url));
            add("database clock", other_clock(conn, clock));
        }
    }
    if there {
        add("newest event", newest_event(&mut conn, clock));
        add("receivers", receivers(&mut conn));
        if let Some(keys) = keys {
            add("master keys in use", keys_in_use(&mut conn, keys));
            add("master key of the sheets", key_of_sheets(&mut conn, keys));
        }
    }
    findings
}

/// The verdict, and whether the schema is up to date.
fn schema(conn: &mut Conn) -> (Verdict, bool) {
    let kind = if matches!(conn, Conn::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
    let standing = migrate::applied(conn).map_err(Into::into).and_then(migrate::compare);
    match standing {
        Err(error) => (Wrong(error.to_string()), false),
        Ok(standing) if !standing.unknown.is_empty() => {
            let newest = standing.unknown.last().cloned().unwrap_or_default();
            (Wrong(format!("{kind}, schema {newest} is newer than this program: install the newer one")), false)
        }
        Ok(standing) if standing.pending.is_empty() => (Fine(format!("{kind}, schema up to date")), true),
        Ok(standing) => (Fine(format!("{kind}, {} migrations wait for the next start", standing.pending.len())), false),
    }
}

fn journal(conn: &mut SqliteConnection) -> QueryResult<Verdict> {
    let mode: String = sql::<Text>("select journal_mode from pragma_journal_mode").get_result(conn)?;
    Ok(match mode.as_str() {
        "wal" => Fine("wal; synchronous = full is set by the service itself".to_owned()),
        other => Note(format!("{other}; the next start makes it wal")),
    })
}

fn integrity(conn: &mut SqliteConnection) -> QueryResult<Verdict> {
    let first: String = sql::<Text>("select quick_check from pragma_quick_check limit 1").get_result(conn)?;
    Ok(match first.as_str() {
        "ok" => Fine("quick_check finds nothing".to_owned()),
        _ => Wrong("the file is damaged: stop the service and restore the newest backup".to_owned()),
    })
}

fn setting(conn: &mut PgConnection, name: &str) -> QueryResult<String> {
    sql::<Text>(&format!("select current_setting('{name}')")).get_result(conn)
}

fn version(conn: &mut PgConnection) -> QueryResult<Verdict> {
    let version: i64 = sql::<BigInt>("select current_setting('server_version_num')::bigint").get_result(conn)?;
    let plain = format!("{}.{}", version / 10_000, version % 10_000);
    Ok(match version >= OLDEST_POSTGRES {
        true => Fine(plain),
        false => Wrong(format!("{plain}: 15 is the oldest that is tested")),
    })
}

fn encoding(conn: &mut PgConnection) -> QueryResult<Verdict> {
    let encoding = setting(conn, "server_encoding")?;
    Ok(match encoding.as_str() {
        "UTF8" => Fine(encoding),
        _ => Wrong(format!("{encoding}: names cannot be stored; make the database with encoding 'UTF8'")),
    })
}

fn durable(conn: &mut PgConnection, name: &str) -> QueryResult<Verdict> {
    let value = setting(conn, name)?;
    Ok(match value.as_str() {
        "off" => Wrong("off: what was acknowledged can be lost; set it to on".to_owned()),
        _ => Fine(value),
    })
}

fn connections(conn: &mut PgConnection, settings: &Settings) -> QueryResult<Verdict> {
    let limit: i64 = sql::<BigInt>(
        "select least(
            current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
            (select nullif(datconnlimit, -1) from pg_database where datname = current_database()),
            (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user))",
    )
    .get_result(conn)?;
    let needed = i64::try_from(settings.readers + settings.lanes + FOR_COMMANDS).unwrap_or(i64::MAX);
    Ok(match limit >= needed {
        true => Fine(format!("{limit} allowed, {needed} needed")),
        false => {
            Wrong(format!("{limit} allowed, {needed} needed: raise max_connections or the limit of database or role"))
        }
    })
}

fn encryption(conn: &mut PgConnection, url: &DatabaseUrl) -> QueryResult<Verdict> {
    let url = url.postgres().unwrap_or_default();
    if is_local(url) {
        return Ok(Fine("on this machine".to_owned()));
    }
    let tls = sql::<Bool>("select coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)");
    let tls: bool = tls.get_result(conn)?;
    Ok(match (tls, url.contains("sslmode=verify-full")) {
        (true, true) => Fine("TLS, and the certificate is checked".to_owned()),
        (true, false) => Wrong("TLS, but nobody checks whose certificate it is: add sslmode=verify-full".to_owned()),
        (false, _) => Wrong("in the clear over a network: add sslmode=verify-full to the URL".to_owned()),
    })
}

/// Whether the host of the URL is a socket or this machine.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = authority.split('/').next().unwrap_or_default();
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let named = query.split('&').filter_map(|pair| pair.strip_prefix("host="));
    hosts.split(',').chain(named).all(|host| {
        let host = host
            .strip_prefix('[')
            .and_then(|v6| v6.split(']').next())
            .unwrap_or_else(|| host.split(':').next().unwrap_or(host));
        let socket = host.is_empty() || host.starts_with('/') || host.starts_with("%2F") || host.starts_with("%2f");
        socket || host == "localhost" || host == "::1" || host.starts_with("127.")
    })
}

fn other_clock(conn: &mut PgConnection, clock: &dyn Clock) -> QueryResult<Verdict> {
    let before = clock.now().as_micros();
    let there: i64 =
        sql::<BigInt>("select (extract(epoch from clock_timestamp()) * 1000000)::bigint").get_result(conn)?;
    let after = clock.now().as_micros();
    // Only the difference beyond the time that the question itself took.
    let apart = (there - after).max(before - there).max(0) / 1_000_000;
    Ok(match apart > APART_SECONDS {
        false => Fine("agrees with this machine's".to_owned()),
        true => Wrong(format!("{apart} s apart from this machine's: let both follow the same time server")),
    })
}

fn newest_event(conn: &mut Conn, clock: &dyn Clock) -> QueryResult<Verdict> {
    let newest: Option<At> =
        audit_event::table.order(audit_event::at.desc()).select(audit_event::at).first(conn).optional()?;
    let now: Instant = clock.now();
    Ok(match newest {
        None => Fine("the trail is empty".to_owned()),
        Some(At(newest)) if newest.as_micros() > now.plus_seconds(APART_SECONDS).as_micros() => {
            Wrong(format!("{newest} is later than this machine's clock ({now}): one of them is wrong"))
        }
        Some(At(newest)) => Fine(format!("{newest}, before this machine's clock")),
    })
}

fn receivers(conn: &mut Conn) -> QueryResult<Verdict> {
    Ok(match is_open(conn)? {
        true => Fine("read what was passed on to them".to_owned()),
        false => Wrong(
            "shut out since this database was put back from a copy: record again what was withdrawn after it was made, then run \
             `tsunagu reopen` (docs/operation.md)"
                .to_owned(),
        ),
    })
}

fn keys_in_use(conn: &mut Conn, keys: &Keyring) -> QueryResult<Verdict> {
    Ok(match missing(conn, keys) {
        Ok(None) => Fine("all are in the key file".to_owned()),
        Ok(Some(error)) => {
            Wrong(format!("{error}: put the line back into the key file, or what it sealed cannot be read"))
        }
        Err(error) => Wrong(format!("the database does not tell: {error}")),
    })
}

fn key_of_sheets(conn: &mut Conn, keys: &Keyring) -> QueryResult<Verdict> {
    Ok(match open_newest_sheet(conn, keys)? {
        None => Fine("there is no sheet yet".to_owned()),
        Some(Ok(_)) => Fine("opens the newest sheet".to_owned()),
        Some(Err(error)) => {
            Wrong(format!("the newest sheet cannot be opened ({error}): put the right key file in place"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn a_network_begins_behind_sockets_and_loopback() {
        for url in [
            "postgres:///x",
            "postgres://u:p@localhost:5/x",
            "postgres://127.0.0.1/x",
            "postgres://u@[::1]:5432/x",
            "postgres://u@%2Ftmp%2Fsocket/x",
            "postgres:///x?host=/run/postgresql",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in [
            "postgres://db/x",
            "postgres://u:p@db.example.jp:5/x",
            "postgres://localhost,db/x",
            "postgres:///x?sslmode=disable&host=db",
            "postgres://u@[2001:db8::1]/x",
            "postgres://localhost.example.jp/x",
        ] {
            assert!(!is_local(url), "{url}");
        }
    }
}
