use super::{Db, add_stream, block, both, bump, lock, seq, stream};
use crate::connection::Conn;
use crate::migrate;
use crate::store::{Settings, Store, StoreError};
use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::JoinHandle;
use uuid::Uuid;

/// The error type of a closure in another room, which says nothing of the database.
#[derive(Debug, PartialEq)]
struct Refused(String);

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

fn prepared(db: &Db, names: &[&str]) {
    migrate::run(&db.url).unwrap();
    let mut conn = db.conn();
    names.iter().for_each(|name| assert_eq!(add_stream(&mut conn, name), Ok(1)));
}

fn written(store: &Store) -> u64 {
    store.numbers().lanes.iter().map(|lane| lane.batch.sum).sum()
}

fn batches(store: &Store) -> u64 {
    store.numbers().lanes.iter().flat_map(|lane| lane.batch.counts.clone()).sum()
}

fn repeats(store: &Store) -> u64 {
    store.numbers().lanes.iter().map(|lane| lane.repeats).sum()
}

/// Keeps the only lane busy until the sender is dropped, so that the writes sent before that share one transaction.
fn hold(store: &Store) -> (Sender<()>, JoinHandle<()>) {
    let (go, gone) = channel::<()>();
    let (begun, wait) = channel::<()>();
    let (gone, begun, store) = (Mutex::new(gone), Mutex::new(begun), store.clone());
    let holder = std::thread::spawn(move || {
        let held = store.write(Uuid::nil(), move |_| {
            begun.lock().unwrap().send(()).unwrap();
            let _ended = gone.lock().unwrap().recv();
            Ok::<_, StoreError>(())
        });
        block(held).unwrap();
    });
    wait.recv().unwrap();
    (go, holder)
}

fn one_lane(db: &Db) -> Store {
    db.store_with(&Settings { lanes: 1, ..Settings::default() })
}

/// Eight writers on two stores, like two processes.
fn no_update_is_lost(db: &Db) {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    prepared(db, &names);
    for rows in [1, names.len()] {
        let stores = [db.store(), db.store()];
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let store = &stores[writer % 2];
                scope.spawn(move || {
                    for number in 0..100 {
                        let name = names[(writer + number) % rows];
                        let key = Uuid::from_u128(((writer + number) % rows) as u128);
                        block(store.write(key, move |tx| Ok::<_, StoreError>(bump(tx, name)?))).unwrap();
                    }
                });
            }
        });
        let written: u64 = stores.iter().map(written).sum();
        assert_eq!(written, 800);
    }
    let mut conn = db.conn();
    let counts: Vec<i64> = names.iter().map(|name| seq(&mut conn, name)).collect();
    assert_eq!(counts, [900, 100, 100, 100, 100, 100, 100, 100]);
}

fn a_failed_write_is_undone_alone(db: &Db) {
    prepared(db, &["a", "b", "c", "d", "e"]);
    let store = one_lane(db);
    let before = batches(&store);
    let (go, holder) = hold(&store);
    std::thread::scope(|scope| {
        let send = |number: u128, work: fn(&mut crate::WriteTx<'_>) -> Result<i64, Refused>| {
            let store = &store;
            scope.spawn(move || block(store.write(Uuid::from_u128(number), work)))
        };
        let well = send(1, |tx| Ok(bump(tx, "a").map_err(StoreError::from)?));
        let fails = send(2, |tx| {
            bump(tx, "b").map_err(StoreError::from)?;
            Err(Refused("no".to_owned()))
        });
        let panics = send(3, |tx| {
            let _never = tx.savepoint(|conn| {
                diesel::update(stream::table.find("c")).set(stream::seq.eq(5)).execute(conn)?;
                if true {
                    panic!("on purpose")
                };
                Ok::<_, diesel::result::Error>(())
            });
            Ok(0)
        });
        let hides = send(4, |tx| {
            bump(tx, "d").map_err(StoreError::from)?;
            let _hidden = add_stream(tx.conn, "d");
            Ok(0)
        });
        let last = send(5, |tx| Ok(bump(tx, "e").map_err(StoreError::from)?));
        // They are in the queue when all futures have been polled once.
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(go);
        assert_eq!(well.join().unwrap(), Ok(1));
        assert_eq!(fails.join().unwrap(), Err(Refused("no".to_owned())));
        assert_eq!(panics.join().unwrap(), Err(Refused("the work panicked".to_owned())));
        let hidden = hides.join().unwrap();
        // PostgreSQL refuses everything after a failed statement, even if the closure ignores the failure.
        assert_eq!(hidden.is_ok(), db.url.is_sqlite(), "{hidden:?}");
        assert_eq!(last.join().unwrap(), Ok(1));
    });
    holder.join().unwrap();
    assert_eq!(batches(&store) - before, 2, "the five shared one transaction");
    let mut conn = db.conn();
    let kept = i64::from(db.url.is_sqlite());
    assert_eq!(["a", "b", "c", "d", "e"].map(|name| seq(&mut conn, name)), [1, 0, 0, kept, 1]);
    assert_eq!(block(store.write(Uuid::nil(), |tx| Ok::<_, StoreError>(bump(tx, "c")?))).unwrap(), 1, "the lane lives");
}

fn a_failed_commit_is_everybodys(db: &Db) {
    prepared(db, &["a"]);
    let child = "create table child (name text not null references stream (name) deferrable initially deferred)";
    db.conn().batch_execute(child).unwrap();
    let store = one_lane(db);
    let (go, holder) = hold(&store);
    std::thread::scope(|scope| {
        let well = scope.spawn(|| block(store.write(Uuid::from_u128(1), |tx| Ok::<_, StoreError>(bump(tx, "a")?))));
        let orphan = scope.spawn(|| {
            block(store.write(Uuid::from_u128(2), |tx| {
                Ok::<_, StoreError>(diesel::sql_query("insert into child values ('nobody')").execute(tx.conn)?)
            }))
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        drop(go);
        assert!(matches!(well.join().unwrap(), Err(StoreError::Database(_))));
        assert!(matches!(orphan.join().unwrap(), Err(StoreError::Database(_))));
    });
    holder.join().unwrap();
    assert_eq!(seq(&mut db.conn(), "a"), 0);
    assert_eq!(block(store.write(Uuid::nil(), |tx| Ok::<_, StoreError>(bump(tx, "a")?))).unwrap(), 1, "the lane lives");
}

/// SQLite ends one by itself when the disk is full. A transaction that the closure left half open is no success, either.
fn a_transaction_that_the_database_ended_is_no_success(db: &Db) {
    prepared(db, &["a"]);
    let store = one_lane(db);
    let ended = block(store.write(Uuid::nil(), |tx| {
        bump(tx, "a")?;
        tx.conn.batch_execute("rollback")?;
        Ok::<_, StoreError>(())
    }));
    assert!(ended.is_err());
    let left_open = block(store.write(Uuid::nil(), |tx| {
        bump(tx, "a")?;
        Conn::begin_transaction(tx.conn)?;
        Ok::<_, StoreError>(())
    }));
    assert!(left_open.is_err());
    assert_eq!(block(store.write(Uuid::nil(), |tx| Ok::<_, StoreError>(bump(tx, "a")?))).unwrap(), 1, "the lane lives");
}

/// The others of its batch are run again, because their work was undone with it.
#[test]
fn a_transaction_that_sqlite_ended_costs_nobody_else_his_write() {
    let db = Db::sqlite();
    prepared(&db, &["a", "b"]);
    let store = db.store();
    let (go, holder) = hold(&store);
    std::thread::scope(|scope| {
        let before = scope.spawn(|| block(store.write(Uuid::from_u128(1), |tx| Ok::<_, StoreError>(bump(tx, "a")?))));
        let ends = scope.spawn(|| {
            block(store.write(Uuid::from_u128(2), |tx| {
                let sql = "insert or rollback into stream select * from stream";
                Ok::<_, StoreError>(diesel::sql_query(sql).execute(tx.conn)?)
            }))
        });
        let after = scope.spawn(|| block(store.write(Uuid::from_u128(3), |tx| Ok::<_, StoreError>(bump(tx, "b")?))));
        std::thread::sleep(std::time::Duration::from_millis(200));
        drop(go);
        assert_eq!(before.join().unwrap().unwrap(), 1);
        assert!(ends.join().unwrap().is_err());
        assert_eq!(after.join().unwrap().unwrap(), 1);
    });
    holder.join().unwrap();
    assert_eq!(["a", "b"].map(|name| seq(&mut db.conn(), name)), [1, 1]);
}

#[test]
fn a_commit_that_collides_is_run_again_on_postgres() {
    let db = Db::postgres();
    prepared(&db, &["a"]);
    db.conn()
        .batch_execute(
            "create sequence tries;
             create function once() returns trigger language plpgsql as
             $$ begin if nextval('tries') = 1 then raise exception 'no' using errcode = '40001'; end if; return null; end $$;
             create constraint trigger once after update on stream deferrable initially deferred
             for each row when (new.seq > old.seq) execute function once()",
        )
        .unwrap();
    let store = db.store();
    assert_eq!(block(store.write(Uuid::nil(), |tx| Ok::<_, StoreError>(bump(tx, "a")?))).unwrap(), 1);
    assert_eq!(repeats(&store), 1);
}

fn a_conflict_is_told_apart_and_may_run_again_once(db: &Db) {
    prepared(db, &["a"]);
    let store = one_lane(db);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let again = block(store.write(Uuid::nil(), move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok::<_, StoreError>(add_stream(tx.conn, "a")?)
    }));
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(runs.swap(0, Ordering::Relaxed), 1, "only who asks runs again");

    let counted = Arc::clone(&runs);
    let found = block(store.write(Uuid::nil(), move |tx| {
        bump(tx, "a").map_err(StoreError::from)?;
        if counted.fetch_add(1, Ordering::Relaxed) == 0 { Err(Refused::from(tx.retry())) } else { Ok(()) }
    }));
    assert_eq!((found, runs.load(Ordering::Relaxed), seq(&mut db.conn(), "a")), (Ok(()), 2, 1));

    let counted = Arc::clone(&runs);
    let never = block(store.write(Uuid::nil(), move |tx| {
        bump(tx, "a").map_err(StoreError::from)?;
        counted.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(Refused::from(tx.retry()))
    }));
    assert_eq!((runs.load(Ordering::Relaxed), seq(&mut db.conn(), "a")), (4, 1));
    assert!(never.is_err());

    // In a savepoint the conflict spoils nothing else.
    let unless_there = block(store.write(Uuid::nil(), |tx| {
        match tx.savepoint(|conn| add_stream(conn, "a").map_err(StoreError::from)) {
            Err(StoreError::Conflict(_)) => {}
            other => return other.map(|_| 0),
        }
        Ok(bump(tx, "a")?)
    }));
    assert_eq!(unless_there.unwrap(), 2);
}

/// On PostgreSQL this would lose updates: there a write must lock first. On SQLite the transaction begins as a writer's.
#[test]
fn a_write_that_reads_first_loses_nothing_on_sqlite() {
    let db = Db::sqlite();
    prepared(&db, &["a"]);
    let stores = [db.store(), db.store()];
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                for _ in 0..100 {
                    let wrote = store.write(Uuid::nil(), |tx| {
                        let seq = seq(tx.conn, "a");
                        diesel::update(stream::table).set(stream::seq.eq(seq + 1)).execute(tx.conn)?;
                        Ok::<_, StoreError>(())
                    });
                    block(wrote).unwrap();
                }
            });
        }
    });
    assert_eq!(stores.iter().map(repeats).sum::<u64>(), 0);
    assert_eq!(seq(&mut db.conn(), "a"), 200);
}

/// Two stores lock a and b in opposite order and block each other: the database cancels one, which is run again.
#[test]
fn a_deadlock_of_two_stores_is_run_again_on_postgres() {
    let db = Db::postgres();
    prepared(&db, &["a", "b"]);
    let stores = [db.store(), db.store()];
    let meet = Arc::new(Barrier::new(2));
    std::thread::scope(|scope| {
        for (store, [first, second]) in stores.iter().zip([["a", "b"], ["b", "a"]]) {
            let meet = Arc::clone(&meet);
            let runs = AtomicU32::new(0);
            scope.spawn(move || {
                let wrote = store.write(Uuid::nil(), move |tx| {
                    lock(tx, first).unwrap();
                    if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                        meet.wait();
                    }
                    // The closure hides what the database said.
                    bump(tx, second).map_err(|_| Refused("hidden".to_owned()))
                });
                assert_eq!(block(wrote), Ok(1));
            });
        }
    });
    let repeats: u64 = stores.iter().map(repeats).sum();
    assert!((1..=3).contains(&repeats), "{repeats}");
    assert_eq!(["a", "b"].map(|name| seq(&mut db.conn(), name)), [1, 1]);
}

#[test]
fn a_lost_connection_is_replaced_on_postgres() {
    let db = Db::postgres();
    prepared(&db, &["a"]);
    let store = db.store();
    for round in 1..=3 {
        db.conn()
            .batch_execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()",
            )
            .unwrap();
        let wrote = block(store.write(Uuid::nil(), |tx| Ok::<_, StoreError>(bump(tx, "a")?)));
        assert_eq!(wrote.unwrap(), round);
        let read = block(store.read(|tx| Ok::<_, StoreError>(seq(tx.conn, "a"))));
        assert_eq!(read.unwrap(), round);
    }
}

both! {
    no_update_is_lost
    a_failed_write_is_undone_alone
    a_failed_commit_is_everybodys
    a_transaction_that_the_database_ended_is_no_success
    a_conflict_is_told_apart_and_may_run_again_once
}
