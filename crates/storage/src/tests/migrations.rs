use super::{Db, both};
use crate::connection::Role;
use crate::migrate::{revert_all, run, standing, twins};
use diesel::connection::SimpleConnection;

#[test]
fn both_databases_have_the_same_migrations() {
    let (sqlite, postgres) = twins().unwrap();
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
}

fn migrations_go_up_and_down_and_up(db: &Db) {
    let all = standing(&db.url).unwrap().pending;
    assert_eq!(all, twins().unwrap().0);
    assert_eq!(run(&db.url).unwrap().len(), all.len());
    assert_eq!(run(&db.url).unwrap(), Vec::<String>::new());
    let mut conn = db.url.connect(Role::Writer).unwrap();
    conn.batch_execute("select seq, hash from stream where name = 'a'").unwrap();
    assert_eq!(revert_all(&db.url).unwrap().len(), all.len());
    assert!(conn.batch_execute("select 1 from stream").is_err());
    assert_eq!(standing(&db.url).unwrap().pending, all);
    assert_eq!(run(&db.url).unwrap().len(), all.len());
}

fn processes_that_start_at_once_migrate_once(db: &Db) {
    let ran: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| run(&db.url).unwrap().len())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ran.iter().sum::<usize>(), twins().unwrap().0.len());
}

both! {
    migrations_go_up_and_down_and_up
    processes_that_start_at_once_migrate_once
}
