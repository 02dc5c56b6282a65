//! PostgreSQL: `pg_dump` and `pg_restore`. The manifest's numbers and the archive come from one snapshot.

use super::{BackupError, Copied, Trail, at, create, trail};
use crate::connection::{DatabaseUrl, Role};
use crate::migrate;
use crate::service::NOT_COPIED;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::path::Path;
use std::process::{Command, Stdio};

pub(super) fn copy(url: &DatabaseUrl, to: &Path) -> Result<Copied, BackupError> {
    let mut conn = url.connect(Role::Migrator)?;
    // This session only keeps the snapshot open while pg_dump works, however long that takes.
    conn.batch_execute(
        "set idle_in_transaction_session_timeout = 0; begin transaction isolation level repeatable read read only",
    )?;
    let schema = migrate::applied(&mut conn)?;
    if schema.is_empty() {
        return Err(BackupError::Nothing);
    }
    let trail = trail::read(&mut conn)?;
    let snapshot: String = sql::<Text>("select pg_export_snapshot()").get_result(&mut conn)?;
    // Left to itself, pg_dump would make a file that others can read.
    create(to)?;
    let mut dump = program("pg_dump", url);
    dump.args(["--format=custom", "--no-owner", "--no-privileges"]).arg(format!("--snapshot={snapshot}"));
    dump.args(NOT_COPIED.iter().map(|name| format!("--exclude-table-data=*.{name}")));
    run("pg_dump", dump.arg("--file").arg(to))?;
    Ok(Copied { schema, trail })
}

pub(super) fn put_back(url: &DatabaseUrl, data: &Path) -> Result<(Trail, Vec<String>), BackupError> {
    let mut conn = url.connect(Role::Migrator)?;
    let there: i64 = sql::<BigInt>(
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
           and n.nspname not like 'pg\\_temp%'",
    )
    .get_result(&mut conn)?;
    if there > 0 {
        return Err(BackupError::Full("the database".to_owned()));
    }
    if !data.is_file() {
        return Err(at(data)(std::io::ErrorKind::NotFound.into()));
    }
    let mut restore = program("pg_restore", url);
    restore.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]);
    run("pg_restore", restore.arg(data))?;
    conn.batch_execute(super::WITHOUT_CODES)?;
    // Statistics for the planner: without them queries would be slow for the first hours.
    conn.batch_execute("analyze")?;
    conn.batch_execute("begin transaction isolation level repeatable read read only")?;
    Ok((trail::read(&mut conn)?, migrate::applied(&mut conn)?))
}

/// The program, with the address of the database. The password is passed in the environment, which only the owner and root can read;
/// anybody can read a command line.
fn program(name: &'static str, url: &DatabaseUrl) -> Command {
    let (plain, password) = without_password(url.postgres().unwrap_or_default());
    let mut command = Command::new(name);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).env("PGAPPNAME", "tsunagu");
    command.arg(format!("--dbname={plain}")).arg("--no-password");
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command
}

fn run(name: &'static str, command: &mut Command) -> Result<(), BackupError> {
    let output = command.output().map_err(|_| BackupError::Program(name))?;
    if output.status.success() {
        return Ok(());
    }
    // Its other lines (CONTEXT, DETAIL) may contain rows.
    let words = String::from_utf8_lossy(&output.stderr);
    let mine = words.lines().filter(|line| line.starts_with(name) && line.contains("error:"));
    let said: Vec<&str> = mine.take(3).collect();
    Err(BackupError::Failed { program: name, said: said.join("; ") })
}

/// Splits the URL as libpq reads it: the URL without the password, and the password.
fn without_password(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let mut password = None;
    // In libpq, user and password end at the first `@` before any slash.
    let before = match before.split_once('@') {
        Some((credentials, hosts)) if !credentials.contains('/') => match credentials.split_once(':') {
            Some((user, secret)) => {
                password = decoded(secret);
                format!("{user}@{hosts}")
            }
            None => before.to_owned(),
        },
        _ => before.to_owned(),
    };
    let mut pairs = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("password=") {
            Some(secret) => password = decoded(secret),
            None => pairs.push(pair),
        }
    }
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    (format!("{scheme}://{before}{query}"), password.filter(|it| !it.is_empty()))
}

/// Decodes percent signs.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn the_password_leaves_the_url_wherever_it_stands() {
        let parted = |url: &str| {
            let (plain, password) = without_password(url);
            (plain, password.unwrap_or_default())
        };
        let expect = |plain: &str, password: &str| (plain.to_owned(), password.to_owned());
        assert_eq!(parted("postgres://u:p%40%3A@h:5/x?a=b"), expect("postgres://u@h:5/x?a=b", "p@:"));
        assert_eq!(
            parted("postgres://u@h/x?password=p&sslmode=require"),
            expect("postgres://u@h/x?sslmode=require", "p")
        );
        assert_eq!(parted("postgres://u@h/x?password=p"), expect("postgres://u@h/x", "p"));
        assert_eq!(parted("postgres://h/x?passfile=f"), expect("postgres://h/x?passfile=f", ""));
        assert_eq!(parted("postgres://u:@%2Ftmp/x"), expect("postgres://u@%2Ftmp/x", ""));
        assert_eq!(parted("postgres:///x@y"), expect("postgres:///x@y", ""));
    }
}
