use super::{Db, both};
use crate::connection::Conn;
use crate::sql_types::{At, Coded, DocOf, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use domain::ids::SheetId;
use domain::time::{Day, Instant};
use serde_json::json;
use uuid::Uuid;

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;
    sample (id) {
        id -> Id,
        at -> Moment,
        day -> CalendarDay,
        doc -> Doc,
        state -> Text,
        parent -> Nullable<Id>,
        ended -> Nullable<Moment>,
        due -> Nullable<CalendarDay>,
        note -> Nullable<Doc>,
        reason -> Nullable<Text>,
        sealed -> Binary,
        count -> BigInt,
        open -> Bool,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Shut,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Shut => "shut",
        }
    }
}

impl std::str::FromStr for State {
    type Err = ();
    fn from_str(code: &str) -> Result<Self, ()> {
        [Self::Open, Self::Shut].into_iter().find(|state| state.as_str() == code).ok_or(())
    }
}

coded!(State);

#[derive(Debug, Clone, PartialEq, Queryable, Insertable)]
#[diesel(table_name = sample)]
struct SampleRow {
    id: Uid<SheetId>,
    at: At,
    day: OnDay,
    doc: DocOf,
    state: Coded<State>,
    parent: Option<Uid<SheetId>>,
    ended: Option<At>,
    due: Option<OnDay>,
    note: Option<DocOf<Vec<String>>>,
    reason: Option<Coded<State>>,
    sealed: Vec<u8>,
    count: i64,
    open: bool,
}

fn row(number: u128, micros: i64, day: &str) -> SampleRow {
    SampleRow {
        id: Uid(SheetId(Uuid::from_u128(number))),
        at: At(Instant::from_micros(micros)),
        day: OnDay(day.parse().unwrap()),
        doc: DocOf(json!({"氏名": "𠮷田", "n": [1, null, true, "\\u0000"], "min": i64::MIN})),
        state: State::Open.into(),
        parent: None,
        ended: None,
        due: None,
        note: None,
        reason: None,
        sealed: vec![0, 255, 7],
        count: i64::MAX,
        open: true,
    }
}

fn create(db: &Db) -> Conn {
    let mut conn = db.conn();
    let sql = match conn {
        Conn::Sqlite(_) => {
            "create table sample (id blob not null primary key, at integer not null, day text not null, doc text not null,
             state text not null, parent blob, ended integer, due text, note text, reason text, sealed blob not null,
             count integer not null, open integer not null) strict"
        }
        Conn::Postgres(_) => {
            "create table sample (id uuid not null primary key, at timestamptz not null, day date not null, doc jsonb not null,
             state text not null, parent uuid, ended timestamptz, due date, note jsonb, reason text, sealed bytea not null,
             count bigint not null, open boolean not null)"
        }
    };
    conn.batch_execute(sql).unwrap();
    conn
}

fn insert(conn: &mut Conn, row: &SampleRow) -> SampleRow {
    let inserted = diesel::insert_into(sample::table).values(row).returning(sample::all_columns);
    inserted.get_result(conn).unwrap()
}

fn values_come_back_as_they_went(db: &Db) {
    let mut conn = create(db);
    let extremes = [
        row(0, 0, "2000-01-01"),
        row(1, -1, "0001-01-01"),
        row(u128::MAX, 253_402_207_200_000_000, "9999-12-31"),
        row(7, 946_684_799_999_999, "1999-12-31"),
        row(8, 1_763_724_000_123_456, "2024-02-29"),
    ];
    for row in extremes {
        assert_eq!(insert(&mut conn, &row), row);
        assert_eq!(sample::table.find(row.id).first::<SampleRow>(&mut conn).unwrap(), row);
    }
    let full = SampleRow {
        parent: Some(Uid(SheetId(Uuid::from_u128(5)))),
        ended: Some(At(Instant::from_micros(-5))),
        due: Some(OnDay("2025-03-31".parse().unwrap())),
        note: Some(DocOf(vec!["一".to_owned(), String::new()])),
        reason: Some(State::Shut.into()),
        ..row(9, 1, "2025-01-01")
    };
    assert_eq!(insert(&mut conn, &full), full);
    // And back to null.
    let emptied = diesel::update(sample::table.find(full.id))
        .set((
            sample::parent.eq(None::<Uid<SheetId>>),
            sample::ended.eq(None::<At>),
            sample::due.eq(None::<OnDay>),
            sample::note.eq(None::<DocOf>),
            sample::reason.eq(None::<Coded<State>>),
            sample::state.eq(Coded::from(State::Shut)),
        ))
        .returning(sample::all_columns)
        .get_result::<SampleRow>(&mut conn)
        .unwrap();
    assert_eq!(emptied, SampleRow { state: State::Shut.into(), ..row(9, 1, "2025-01-01") });
}

fn values_are_what_the_database_takes_them_for(db: &Db) {
    let mut conn = create(db);
    let at: Instant = "2025-11-21T12:00:00.123456+09:00".parse().unwrap();
    insert(&mut conn, &row(0x0193_0000_0000_7000_8000_0000_0000_0001, at.as_micros(), "2025-11-21"));
    let condition = match conn {
        Conn::Sqlite(_) => {
            "id = x'01930000000070008000000000000001' and at = 1763694000123456 and day = '2025-11-21'
             and doc ->> '氏名' = '𠮷田' and state = 'open'"
        }
        Conn::Postgres(_) => {
            "id = '01930000-0000-7000-8000-000000000001' and at = timestamptz '2025-11-21 12:00:00.123456+09'
             and day = date '2025-11-21' and doc ->> '氏名' = '𠮷田' and state = 'open'"
        }
    };
    let found = sample::table.filter(diesel::dsl::sql::<diesel::sql_types::Bool>(condition)).count();
    assert_eq!(found.get_result::<i64>(&mut conn).unwrap(), 1);
}

fn values_are_ordered_and_found_alike(db: &Db) {
    let mut conn = create(db);
    // The order of ids, instants and days, each across a border at which a wrong encoding would reverse it.
    let rows = [row(1, -1, "0999-12-31"), row(1 << 127, 0, "1000-01-01"), row(u128::MAX, 1, "2025-01-01")];
    for row in rows.iter().rev() {
        insert(&mut conn, row);
    }
    let ids = rows.clone().map(|row| row.id);
    let by_id = sample::table.order(sample::id).select(sample::id).load::<Uid<SheetId>>(&mut conn).unwrap();
    let by_time = sample::table.order(sample::at).select(sample::id).load::<Uid<SheetId>>(&mut conn).unwrap();
    let by_day = sample::table.order(sample::day).select(sample::id).load::<Uid<SheetId>>(&mut conn).unwrap();
    assert_eq!([by_id, by_time, by_day], [ids.to_vec(), ids.to_vec(), ids.to_vec()]);

    let two = vec![ids[0], ids[2]];
    let mut query = sample::table.filter(sample::id.eq_any(two.clone())).into_boxed();
    query = query
        .filter(sample::at.le(At(Instant::from_micros(1))).and(sample::day.lt(OnDay("2025-01-02".parse().unwrap()))));
    query = query.filter(sample::state.eq(Coded::from(State::Open))).filter(sample::parent.is_null());
    let found = query.order(sample::id).select(sample::id).limit(9).load::<Uid<SheetId>>(&mut conn).unwrap();
    assert_eq!(found, two);
    // A keyset page.
    let after = sample::table.filter(sample::id.gt(ids[0])).order(sample::id).limit(1);
    assert_eq!(after.first::<SampleRow>(&mut conn).unwrap(), rows[1]);
}

fn an_unknown_code_is_an_error_that_says_where(db: &Db) {
    let mut conn = create(db);
    let inserted = insert(&mut conn, &row(3, 0, "2025-01-01"));
    assert_eq!(inserted.state.clone().known("sample", "state", inserted.id).unwrap(), State::Open);
    diesel::update(sample::table).set(sample::state.eq("ajar")).execute(&mut conn).unwrap();
    let read = sample::table.first::<SampleRow>(&mut conn).unwrap();
    let error = read.state.known("sample", "state", read.id).unwrap_err();
    assert!(matches!(error, StoreError::UnknownCode { table: "sample", column: "state", .. }));
    assert_eq!(error.to_string(), "unknown code \"ajar\" in sample.state of row 00000000-0000-0000-0000-000000000003");
}

fn what_no_domain_value_can_hold_is_an_error(db: &Db) {
    let mut conn = create(db);
    insert(&mut conn, &row(3, 0, "2025-01-01"));
    let day_before_christ = OnDay(Day(jiff::civil::date(-1, 1, 1)));
    let broken: &[&str] = match conn {
        Conn::Sqlite(_) => {
            let refused = diesel::update(sample::table).set(sample::day.eq(day_before_christ)).execute(&mut conn);
            assert!(refused.is_err());
            &["at = 9223372036854775807", "day = '2025-1-1'", "doc = '{'", "id = x'00'"]
        }
        Conn::Postgres(_) => &["at = 'infinity'", "day = 'infinity'"],
    };
    for change in broken {
        diesel::sql_query("delete from sample").execute(&mut conn).unwrap();
        insert(&mut conn, &row(3, 0, "2025-01-01"));
        conn.batch_execute(&format!("update sample set {change}")).unwrap();
        let read = sample::table.first::<SampleRow>(&mut conn);
        assert!(matches!(read, Err(diesel::result::Error::DeserializationError(_))), "{change}: {read:?}");
    }
}

both! {
    values_are_what_the_database_takes_them_for
    values_come_back_as_they_went
    values_are_ordered_and_found_alike
    an_unknown_code_is_an_error_that_says_where
    what_no_domain_value_can_hold_is_an_error
}
