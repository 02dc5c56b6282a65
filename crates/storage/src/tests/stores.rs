use super::{Db, Dice, add_stream, block, both, bump, keyring, seq, stream};
use crate::connection::Conn;
use crate::lane::{Lane, Task};
use crate::migrate;
use crate::store::{Context, Settings, StoreError};
use diesel::connection::TransactionManager;
use diesel::prelude::*;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use uuid::Uuid;

fn a_read_sees_what_was_written_and_a_panic_costs_one_answer(db: &Db) {
    migrate::run(&db.url).unwrap();
    let store = db.store();
    block(store.write(Uuid::nil(), |tx| Ok::<_, StoreError>(add_stream(tx.conn, "a")?))).unwrap();
    for _ in 0..20 {
        let panicked = block(store.read(|tx| {
            Conn::begin_transaction(tx.conn)?;
            if true { panic!("on purpose") } else { Ok::<(), StoreError>(()) }
        }));
        assert!(matches!(panicked, Err(StoreError::Panicked)));
    }
    let open = block(store.read(|tx| {
        let status = Conn::transaction_manager_status_mut(tx.conn);
        Ok::<_, StoreError>(status.transaction_depth()?.is_some())
    }));
    assert!(!open.unwrap(), "the panic left nothing behind");
    let names =
        block(store.read(|tx| Ok::<_, StoreError>(stream::table.select(stream::name).load::<String>(tx.conn)?)));
    assert_eq!(names.unwrap(), ["a"]);
    let missing = block(store.read(|tx| {
        let row = stream::table.find("z").select(stream::seq).first::<i64>(tx.conn)?;
        Ok::<_, StoreError>(row)
    }));
    assert!(matches!(missing, Err(StoreError::Missing)));
}

fn more_than_the_queue_holds_is_refused_at_once(db: &Db) {
    migrate::run(&db.url).unwrap();
    let few = Settings { readers: 1, read_queue: 1, lanes: 1, write_queue: 1, batch: 64 };
    let store = db.store_with(&few);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (go, gone) = channel::<()>();
        let (begun, wait) = channel::<()>();
        let (gone, begun) = (Arc::new(Mutex::new(gone)), Mutex::new(begun));
        let held = Arc::clone(&gone);
        let mut first = Box::pin(store.read(move |_| {
            begun.lock().unwrap().send(()).unwrap();
            let _ended = held.lock().unwrap().recv();
            Ok::<_, StoreError>(())
        }));
        // Polled once each: the first runs, the second waits, the third finds no room.
        assert!(polled(&mut first).await.is_none());
        wait.recv().unwrap();
        let mut second = Box::pin(store.read(|_| Ok::<_, StoreError>(())));
        assert!(polled(&mut second).await.is_none());
        let third = store.read(|_| Ok::<_, StoreError>(())).await;
        assert!(matches!(third, Err(StoreError::Busy)));
        drop(go);
        first.await.unwrap();
        second.await.unwrap();
    });
}

#[test]
fn sql_that_runs_too_long_is_ended_on_postgres() {
    let db = Db::postgres();
    let store = db.store();
    let ended = block(store.read(|tx| {
        diesel::sql_query("set statement_timeout = 50").execute(tx.conn)?;
        Ok::<_, StoreError>(diesel::sql_query("select pg_sleep(5)").execute(tx.conn)?)
    }));
    assert!(matches!(ended, Err(StoreError::Busy)), "{ended:?}");
}

/// Polls once.
async fn polled<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

fn closing_finishes_what_is_queued_except_what_nobody_awaits(db: &Db) {
    migrate::run(&db.url).unwrap();
    add_stream(&mut db.conn(), "a").unwrap();
    let context =
        Context { url: db.url.clone(), keys: keyring(), chance: Arc::new(Dice::default()), salts: Default::default() };
    let lane = Lane::start(0, &Arc::new(context), 100, 4).unwrap();
    let task = |answer| {
        Box::new(Task::new(Uuid::nil(), |tx: &mut crate::WriteTx<'_>| Ok::<_, StoreError>(bump(tx, "a")?), answer))
    };
    let (begun, wait) = channel::<()>();
    let (go, gone) = channel::<()>();
    let (begun, gone) = (Mutex::new(begun), Mutex::new(gone));
    let (answer, held) = oneshot::channel();
    let hold = move |_: &mut crate::WriteTx<'_>| {
        begun.lock().unwrap().send(()).unwrap();
        let _ended = gone.lock().unwrap().recv();
        Ok::<_, StoreError>(())
    };
    lane.submit(Box::new(Task::new(Uuid::nil(), hold, answer))).unwrap();
    wait.recv().unwrap();
    let mut answers = Vec::new();
    for number in 0..30 {
        let (answer, answered) = oneshot::channel();
        lane.submit(task(answer)).unwrap();
        if number % 3 > 0 {
            answers.push(answered);
        }
    }
    drop(go);
    drop(lane);
    held.blocking_recv().unwrap().unwrap();
    let numbers: Vec<i64> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().unwrap()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>(), "in the order in which they came");
    assert_eq!(seq(&mut db.conn(), "a"), 20);
}

both! {
    a_read_sees_what_was_written_and_a_panic_costs_one_answer
    more_than_the_queue_holds_is_refused_at_once
    closing_finishes_what_is_queued_except_what_nobody_awaits
}
