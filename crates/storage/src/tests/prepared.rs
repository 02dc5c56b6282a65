use super::{Db, add_stream, both, seq, stream};
use crate::prepared::{ByText, execute};
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn a_statement_that_returns_no_row_is_prepared_once(db: &Db) {
    super::migrate::run(&db.url).unwrap();
    let mut conn = db.conn();
    add_stream(&mut conn, "a").unwrap();
    let kept = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&kept);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        // It comes when a statement is prepared in order to be kept.
        if let InstrumentationEvent::CacheQuery { sql, .. } = event
            && sql.starts_with("UPDATE")
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    for next in 1..=3 {
        execute::<ByText, _, _>(diesel::update(stream::table.find("a")).set(stream::seq.eq(next)), &mut conn).unwrap();
        assert_eq!((seq(&mut conn, "a"), kept.load(Ordering::Relaxed)), (next, 1));
    }
}

both! {
    a_statement_that_returns_no_row_is_prepared_once
}
