//! Statements that are prepared once for each connection. Diesel prepares every `UPDATE`, and every `INSERT` whose text depends on its
//! values, anew for each execution, so that a program with ever new texts cannot fill the cache. On PostgreSQL that costs more than the
//! statement itself. Here there are few texts: the columns are fixed, and the domain bounds the number of rows.

use crate::connection::Conn;
use crate::lane::WriteTx;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::query_dsl::methods::LoadQuery;
use diesel::result::QueryResult;
use diesel::sql_types::Integer;
use std::marker::PhantomData;

/// How a prepared statement is found again.
pub(crate) trait Name: 'static {
    /// Whether the name stands for one text only; then the text need not be built to find the statement.
    const IS_ONE_TEXT: bool;
}

/// The statement is found by its text.
pub(crate) struct ByText;

impl Name for ByText {
    const IS_ONE_TEXT: bool = false;
}

/// Names for statements whose text never changes.
macro_rules! names {
    ($($name:ident),+ $(,)?) => {$(
        pub(crate) struct $name;
        impl crate::prepared::Name for $name {
            const IS_ONE_TEXT: bool = true;
        }
    )+};
}
pub(crate) use names;

/// A statement whose text is used again; see [`prepared`].
pub(crate) struct Prepared<T, N>(T, PhantomData<N>);

/// Keeps the prepared form of `statement` for the life of the connection, under its name or by its text ([`ByText`]).
pub(crate) fn prepared<N: Name, T>(statement: T) -> Prepared<T, N> {
    Prepared(statement, PhantomData)
}

impl<T, N: Name> QueryId for Prepared<T, N> {
    type QueryId = N;
    const HAS_STATIC_QUERY_ID: bool = N::IS_ONE_TEXT;
}

impl<T: QueryFragment<DB>, N: Name, DB: Backend> QueryFragment<DB> for Prepared<T, N> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<T: Query, N> Query for Prepared<T, N> {
    type SqlType = T::SqlType;
}

impl<T, N, C> RunQueryDsl<C> for Prepared<T, N> {}

/// A statement that returns no row, as a query of none.
pub(crate) struct Rowless<T>(T);

impl<T: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Rowless<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }
}

impl<T> Query for Rowless<T> {
    type SqlType = Integer;
}

/// Executes a statement that returns no row, and keeps its prepared form as [`prepared`] does. Not by Diesel's `execute`, which hands on a
/// reference: the fragment of a reference no longer knows that the statement may be kept, and it would be prepared anew each time.
pub(crate) fn execute<'a, N: Name, T, C>(statement: T, conn: &mut C) -> QueryResult<()>
where
    Prepared<Rowless<T>, N>: LoadQuery<'a, C, i32>,
{
    prepared::<N, _>(Rowless(statement)).load::<i32>(conn).map(drop)
}

/// Of more statements than this the text is not kept: each number of relays or stop requests would be a text of its own, and PostgreSQL keeps
/// the plan of each. A sheet, a consent, a relay and an answer to it are below.
const MOST_KEPT: usize = 10;

/// A statement that waits for [`WriteTx::flush`].
pub(crate) type Waiting = Box<dyn QueryFragment<Pg>>;

/// Statements that PostgreSQL executes as one: all but the last stand in its `WITH`. They must not touch the same row, for none sees what
/// another does; references between their rows are checked when all are done.
struct Together(Vec<Waiting>);

impl QueryFragment<Pg> for Together {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some((last, others)) = self.0.split_last() else { return Ok(()) };
        for (place, statement) in others.iter().enumerate() {
            pass.push_sql(if place == 0 { "WITH " } else { ", " });
            pass.push_sql(&format!("w{place} AS ("));
            statement.walk_ast(pass.reborrow())?;
            pass.push_sql(")");
        }
        if !others.is_empty() {
            pass.push_sql(" ");
        }
        last.walk_ast(pass)
    }
}

impl QueryId for Together {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Together {}

impl WriteTx<'_> {
    /// Executes what waits: on PostgreSQL, where each statement costs a round trip, as one statement.
    pub(crate) fn flush(&mut self) -> QueryResult<()> {
        let (waiting, several) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.several));
        self.execute(waiting)?;
        several.into_iter().try_for_each(|statement| self.execute(vec![statement]))
    }

    fn execute(&mut self, waiting: Vec<Waiting>) -> QueryResult<()> {
        match &mut *self.conn {
            Conn::Postgres(conn) if waiting.len() > MOST_KEPT => Together(waiting).execute(conn).map(drop),
            Conn::Postgres(conn) if !waiting.is_empty() => execute::<ByText, _, _>(Together(waiting), conn),
            _ => Ok(()),
        }
    }
}

/// Executes a statement at once on SQLite, where it is a function call; on PostgreSQL it waits for [`WriteTx::flush`].
macro_rules! put {
    ($tx:expr, $name:ty, $statement:expr) => {{
        let statement = $statement;
        match &mut *$tx.conn {
            crate::connection::Conn::Postgres(_) => $tx.waiting.push(Box::new(statement)),
            crate::connection::Conn::Sqlite(conn) => {
                crate::prepared::execute::<$name, _, _>(statement, conn)?;
            }
        }
    }};
}
pub(crate) use put;

/// The same for an insert of several rows of a struct. SQLite gets them one by one, because Diesel never keeps a statement that has several
/// rows.
macro_rules! put_all {
    ($tx:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match &mut *$tx.conn {
            crate::connection::Conn::Postgres(_) if rows.is_empty() => {}
            crate::connection::Conn::Postgres(_) if rows.len() == 1 => {
                $tx.waiting.push(Box::new(diesel::insert_into($table).values(rows)));
            }
            // Each number of rows is a text of its own; together with all others there would be too many.
            crate::connection::Conn::Postgres(_) => {
                $tx.several.push(Box::new(diesel::insert_into($table).values(rows)));
            }
            crate::connection::Conn::Sqlite(conn) => {
                for row in rows {
                    diesel::insert_into($table).values(row).execute(conn)?;
                }
            }
        }
    }};
}
pub(crate) use put_all;

/// The same for the row of a thing that is new or has changed.
macro_rules! put_row {
    ($tx:expr, $is_new:expr, $table:expr, $row:expr, $add:ty, $change:ty) => {{
        let row = $row;
        if $is_new {
            put!($tx, $add, diesel::insert_into($table).values(row));
        } else {
            put!($tx, $change, diesel::update($table.find(row.id)).set(row));
        }
    }};
}
pub(crate) use put_row;
