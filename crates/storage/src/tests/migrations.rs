use super::{Db, both};
use crate::connection::Role;
use crate::migrate::{Standing, beside, revert_all, run, standing, twins};
use diesel::connection::SimpleConnection;

#[test]
fn both_databases_have_the_same_migrations() {
    let (sqlite, postgres) = twins().unwrap();
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
}

/// With invented migrations: there is only one real one yet, so no database can lack some of them.
#[test]
fn a_database_that_is_behind_is_told_from_one_that_is_ahead() {
    let texts = |some: &[&str]| some.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let known = [("1", "1_first"), ("2", "2_second"), ("3", "3_third")];
    let known = known.map(|(stamp, name)| (stamp.to_owned(), name.to_owned()));
    for (applied, pending, unknown) in [
        (vec![], vec!["1_first", "2_second", "3_third"], vec![]),
        (vec!["1", "2"], vec!["3_third"], vec![]),
        (vec!["1", "3"], vec!["2_second"], vec![]),
        (vec!["1", "2", "3"], vec![], vec![]),
        (vec!["1", "2", "3", "4"], vec![], vec!["4"]),
        (vec!["1", "2", "4", "5"], vec!["3_third"], vec!["4", "5"]),
    ] {
        let (pending, unknown) = (texts(&pending), texts(&unknown));
        let expected = Standing { applied: texts(&applied), pending, unknown };
        assert_eq!(beside(texts(&applied), &known), expected);
    }
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
