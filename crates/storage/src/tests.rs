//! Runs every test on SQLite and on the PostgreSQL cluster that `TSUNAGU_TEST_POSTGRES` names: a URL of a database whose user may create
//! others (`cargo xtask test` starts such a cluster).

mod columns;
mod keys;
mod lanes;
mod migrations;
mod prepared;
mod stores;
mod urls;

use crate::connection::{Conn, DatabaseUrl, Role};
use crate::keys::Keyring;
use crate::store::{Settings, Store};
use crate::{WriteTx, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use domain::ids::Chance;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

diesel::table! {
    stream (name) {
        name -> Text,
        seq -> BigInt,
        hash -> Binary,
        state -> Binary,
        mac -> Binary,
    }
}

/// Fake chance: the same numbers in each run.
#[derive(Default)]
pub(crate) struct Dice(AtomicU64);

impl Chance for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let mut x = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = (x >> 29) as u8;
        }
    }
}

/// An empty database, which is removed together with this value.
pub(crate) struct Db {
    pub(crate) url: DatabaseUrl,
    folder: tempfile::TempDir,
    admin: Option<(DatabaseUrl, String)>,
}

impl Db {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("sqlite:{}/test.db", folder.path().display());
        Self { url: text.parse().unwrap(), folder, admin: None }
    }

    /// A new database on the cluster of the test run.
    #[expect(clippy::disallowed_methods, reason = "the cluster of the test run")]
    pub(crate) fn postgres() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let cluster = std::env::var("TSUNAGU_TEST_POSTGRES");
        let cluster =
            cluster.expect("TSUNAGU_TEST_POSTGRES is not set: use `cargo xtask test`, or `cargo xtask postgres`");
        let name = format!("storage_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (place, query) = cluster.split_once('?').unwrap_or((&cluster, ""));
        let (server, _) = place.rsplit_once('/').unwrap();
        let text = format!("{server}/{name}?{query}");
        let admin: DatabaseUrl = cluster.parse().unwrap();
        let mut conn = admin.connect(Role::Writer).unwrap();
        conn.batch_execute(&format!("drop database if exists {name} with (force)")).unwrap();
        conn.batch_execute(&format!("create database {name}")).unwrap();
        Self { url: text.parse().unwrap(), folder: tempfile::tempdir().unwrap(), admin: Some((admin, name)) }
    }

    pub(crate) fn conn(&self) -> Conn {
        self.url.connect(Role::Writer).unwrap()
    }

    pub(crate) fn migrated(self) -> Self {
        migrate::run(&self.url).unwrap();
        self
    }

    pub(crate) fn store(&self) -> Store {
        self.store_with(&Settings::default())
    }

    pub(crate) fn store_with(&self, settings: &Settings) -> Store {
        Store::open(&self.url, keyring(), Arc::new(Dice::default()), settings).unwrap()
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        if let Some((admin, name)) = &self.admin {
            let sql = format!("drop database if exists {name} with (force)");
            let _left_to_the_cluster = admin.connect(Role::Writer).map(|mut conn| conn.batch_execute(&sql));
        }
    }
}

pub(crate) fn keyring() -> Keyring {
    Keyring::parse("v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}

/// Makes two tests of a function, one for each database.
macro_rules! both {
    ($($name:ident)+) => {$(
        mod $name {
            #[test]
            fn on_sqlite() {
                super::$name(&crate::tests::Db::sqlite());
            }
            #[test]
            fn on_postgres() {
                super::$name(&crate::tests::Db::postgres());
            }
        }
    )+};
}
pub(crate) use both;

pub(crate) fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn add_stream(conn: &mut Conn, name: &str) -> QueryResult<usize> {
    diesel::insert_into(stream::table)
        .values((
            stream::name.eq(name),
            stream::seq.eq(0),
            stream::hash.eq(vec![0_u8; 32]),
            stream::state.eq(vec![]),
            stream::mac.eq(vec![]),
        ))
        .execute(conn)
}

pub(crate) fn seq(conn: &mut Conn, name: &str) -> i64 {
    stream::table.find(name).select(stream::seq).first(conn).unwrap()
}

/// The guard: locks the row and reads it in one statement.
pub(crate) fn lock(tx: &mut WriteTx<'_>, name: &str) -> QueryResult<i64> {
    diesel::update(stream::table.find(name)).set(stream::seq.eq(stream::seq)).returning(stream::seq).get_result(tx.conn)
}

/// Locks the row, reads it, then writes. Without the lock, updates would get lost.
pub(crate) fn bump(tx: &mut WriteTx<'_>, name: &str) -> QueryResult<i64> {
    let seq = lock(tx, name)?;
    diesel::update(stream::table.find(name)).set(stream::seq.eq(seq + 1)).execute(tx.conn)?;
    Ok(seq + 1)
}
