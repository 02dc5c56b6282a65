//! Statements that are prepared once for each connection. Diesel prepares every `UPDATE`, and every `INSERT` whose text depends on its
//! values, anew for each execution, so that a program with ever new texts cannot fill the cache. On PostgreSQL that costs more than the
//! statement itself. Here there are few texts: the columns are fixed, and the domain bounds the number of rows.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::result::QueryResult;
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

/// Inserts several rows of a struct. On PostgreSQL, where each statement costs a round trip, with one statement. On SQLite one by one:
/// there a statement is a function call, and Diesel never keeps one that has several rows.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {
        match (&mut *$conn, $rows) {
            (crate::connection::Conn::Postgres(conn), rows) => {
                let insert = diesel::insert_into($table).values(&rows);
                crate::prepared::prepared::<crate::prepared::ByText, _>(insert).execute(conn).map(drop)
            }
            (crate::connection::Conn::Sqlite(conn), rows) => {
                rows.iter().try_for_each(|row| diesel::insert_into($table).values(row).execute(conn).map(drop))
            }
        }
    };
}
pub(crate) use insert_all;
