//! Databases for tests: each is a copy of a template that holds the demonstration, so that a test starts in milliseconds.

use crate::canary;
use server::config::Config;
use server::world::SystemChance;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// A private cluster that `cargo xtask test` (or `cargo xtask postgres`) starts.
    Postgres,
}

struct Template {
    directory: TempDir,
    postgres: String,
}

static TEMPLATES: OnceLock<[OnceLock<Template>; 2]> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

#[expect(clippy::disallowed_methods, reason = "the test command says where the private cluster is")]
fn cluster() -> String {
    std::env::var("TSUNAGU_TEST_POSTGRES")
        .expect("TSUNAGU_TEST_POSTGRES is not set: use `cargo xtask test`, or `cargo xtask postgres`")
}

fn with_name(url: &str, name: &str) -> String {
    let (before, _) = url.rsplit_once('/').expect("a URL with a database name");
    format!("{before}/{name}")
}

fn psql(statement: &str) {
    let done = Command::new("psql")
        .args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &cluster(), "-c", statement])
        .output()
        .expect("psql");
    assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Everything that stands in the database of `config`, as bytes: the files, or each row as PostgreSQL shows it.
pub(crate) fn contents(config: &Config, directory: &Path) -> Vec<(String, Vec<u8>)> {
    if config.is_embedded() {
        let files = ["tsunagu.db", "tsunagu.db-wal", "tsunagu.db-shm"].map(|name| (name, directory.join(name)));
        let files = files.into_iter().filter(|(_, path)| path.exists());
        return files.map(|(name, path)| (name.to_owned(), std::fs::read(path).expect("a database file"))).collect();
    }
    let every_table = "select string_agg(format('select t::text from %I t', tablename), ' union all ') \
                       from pg_tables where schemaname = 'public' \\gexec";
    let mut psql = Command::new("psql");
    psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", &config.database_url]);
    let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("psql");
    psql.stdin.take().expect("its input").write_all(every_table.as_bytes()).expect("its input");
    let done = psql.wait_with_output().expect("psql");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    vec![("the database".to_owned(), done.stdout)]
}

/// A configuration that points to `directory` and, on PostgreSQL, to the database `name`.
fn config(database: Database, directory: &Path, name: &str) -> Config {
    let url = match database {
        Database::Sqlite => format!("sqlite:{}", directory.join("tsunagu.db").display()),
        Database::Postgres => with_name(&cluster(), name),
    };
    let environment = BTreeMap::from([
        ("TSUNAGU_DATABASE_URL".to_owned(), url),
        ("TSUNAGU_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("TSUNAGU_METRICS_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("TSUNAGU_MAIL_URL".to_owned(), format!("file:{}", directory.join("mail").display())),
        ("TSUNAGU_MASTER_KEY_FILE".to_owned(), directory.join("master.key").display().to_string()),
        ("TSUNAGU_PUBLIC_URL".to_owned(), "http://127.0.0.1:8080".to_owned()),
        // A test comes from 127.0.0.1 unless it names another address in X-Forwarded-For.
        ("TSUNAGU_TRUSTED_PROXIES".to_owned(), "127.0.0.1".to_owned()),
        // The clock stands still while a test asks, so the limit is high; the tests of the limits set their own.
        ("TSUNAGU_REQUESTS_PER_MINUTE_PERSON".to_owned(), "1000000".to_owned()),
        ("TSUNAGU_REQUESTS_PER_MINUTE_SYSTEM".to_owned(), "1000000".to_owned()),
        ("TSUNAGU_REQUESTS_PER_MINUTE_ADDRESS".to_owned(), "1000000".to_owned()),
    ]);
    let mut config = Config::load(None, &environment).expect("a configuration");
    config.may_create_key = true;
    config
}

fn template(database: Database) -> &'static Template {
    let templates = TEMPLATES.get_or_init(Default::default);
    templates[usize::from(database == Database::Postgres)].get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let postgres = format!("template_{}", std::process::id());
        if database == Database::Postgres {
            psql(&format!("create database {postgres}"));
        }
        let config = config(database, directory.path(), &postgres);
        let made = config.clone();
        std::thread::spawn(move || {
            server::make_demo(&config, super::service::noon(), &SystemChance::new()).expect("the demonstration")
        })
        .join()
        .expect("the template");
        // Everybody may see the directory of the demonstration, whose words are sealed in the database.
        canary::plain(include_str!("../../crates/server/src/command/demo.rs"));
        for (_, bytes) in contents(&made, directory.path()) {
            canary::plain(&String::from_utf8_lossy(&bytes));
        }
        Template { directory, postgres }
    })
}

/// A fresh database with the demonstration in it.
pub(crate) fn fresh(database: Database) -> (Config, TempDir) {
    let template = template(database);
    let directory = tempfile::tempdir().expect("a directory");
    let copy = |name: &str| {
        let from: PathBuf = template.directory.path().join(name);
        std::fs::copy(from, directory.path().join(name)).expect("a copy");
    };
    copy("master.key");
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    match database {
        Database::Sqlite => copy("tsunagu.db"),
        Database::Postgres => {
            psql(&format!("create database {name} template {} strategy file_copy", template.postgres))
        }
    }
    (config(database, directory.path(), &name), directory)
}
