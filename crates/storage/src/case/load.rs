//! Many finished cases at once, for the bench: exactly the rows that their transitions would have left, sealed the same way.

use super::rows::{AccessRow, ConsentRow, RelayRow, SheetRow, tokens};
use crate::audit::{NewEventRow, StreamLock, StreamRow};
use crate::connection::Conn;
use crate::keys::DataKey;
use crate::lane::WriteTx;
use crate::locked::{State, wrapped};
use crate::schema::{
    access, audit_event, consent, number_counter, relay, search_token, sheet, sheet_content, stream, task,
};
use crate::sql_types::Uid;
use crate::store::StoreError;
use crate::tasks::TaskRow;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use domain::agency::Actor;
use domain::audit::{EventDraft, Stream};
use domain::case::Case;
use domain::case::sheet::Document;
use domain::ids::MunicipalityId;
use domain::time::Day;

/// A case as its transitions left it, with their events.
pub struct Finished {
    /// The case.
    pub case: Case,
    /// Its document.
    pub document: Document,
    /// Its events in their order, each with who acted.
    pub events: Vec<(EventDraft, Actor)>,
}

/// The row of a sheet, whole.
#[derive(Insertable)]
#[diesel(table_name = sheet, treat_none_as_default_value = false)]
struct WholeSheetRow {
    #[diesel(embed)]
    row: SheetRow,
    data_key: Vec<u8>,
    document: Vec<u8>,
    label: Vec<u8>,
}

/// The rows that SQLite gets with one statement: more than some dozens gain nothing.
const ROWS_AT_ONCE: usize = 40;

macro_rules! copy_in {
    ($conn:expr, $table:path, $rows:expr) => {
        match &mut *$conn {
            Conn::Postgres(conn) => {
                diesel::copy_from($table).from_insertable($rows.as_slice()).execute(conn)?;
            }
            Conn::Sqlite(conn) => {
                for rows in $rows.chunks(ROWS_AT_ONCE) {
                    diesel::insert_into($table).values(rows).execute(conn)?;
                }
            }
        }
    };
}

impl WriteTx<'_> {
    /// Stores the cases.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one of them is there already; then none is stored.
    pub fn load(&mut self, cases: &[Finished], today: Day) -> Result<(), StoreError> {
        let (mut sheets, mut contents, mut token_rows) = (vec![], vec![], vec![]);
        let (mut accesses, mut consents, mut relays, mut tasks) = (vec![], vec![], vec![], vec![]);
        let (mut streams, mut events) = (Vec::<StreamRow>::new(), Vec::<NewEventRow>::new());
        for Finished { case, document, events: said } in cases {
            let sheet = &case.sheet;
            let (id, municipality) = (sheet.id, sheet.municipality_id);
            let key = DataKey::new(self.chance);
            let state = State::of(case, self.keys)?;
            sheets.push(WholeSheetRow {
                row: SheetRow::of(case, today)?,
                data_key: self.keys.wrap(&key, &wrapped::<Case>(id.0), self.chance)?,
                document: state.seal::<Case>(id.0, &key, self.chance)?,
                label: self.sealed_label(&key, id, document)?,
            });
            contents.push(self.content_row(&key, sheet, document, sheet.updated_at)?);
            token_rows.extend(tokens(self.keys, municipality, id, document));
            for it in case.access(&[], today) {
                accesses.push(AccessRow::of(self.keys, id, municipality, &it)?);
            }
            tasks.extend(case.tasks().iter().map(|task| TaskRow::of(case, task, today)));
            for it in &case.consents {
                consents.push(ConsentRow::of(municipality, it)?);
            }
            for it in &case.relays {
                relays.push(RelayRow::of(sheet, it)?);
            }
            let mut lock = StreamLock::of_new(Stream::Sheet(id), Some(municipality));
            lock.leads_to(state.digest);
            for (draft, actor) in said {
                events.push(lock.next(draft, Some(actor), actor.at, self.chance)?);
            }
            streams.push(lock.row(self.keys)?);
        }
        if let Conn::Sqlite(conn) = &mut *self.conn {
            // Tokens and ids are scattered over their indexes: with the cache of the service, every batch would read most of the pages
            // again.
            conn.batch_execute("pragma cache_size = -2000000")?;
        }
        copy_in!(self.conn, stream::table, streams);
        for rows in sheets.chunks(ROWS_AT_ONCE) {
            match &mut *self.conn {
                Conn::Postgres(conn) => diesel::insert_into(sheet::table).values(rows).execute(conn)?,
                Conn::Sqlite(conn) => diesel::insert_into(sheet::table).values(rows).execute(conn)?,
            };
        }
        copy_in!(self.conn, sheet_content::table, contents);
        copy_in!(self.conn, search_token::table, token_rows);
        copy_in!(self.conn, access::table, accesses);
        copy_in!(self.conn, consent::table, consents);
        copy_in!(self.conn, relay::table, relays);
        copy_in!(self.conn, task::table, tasks);
        copy_in!(self.conn, audit_event::table, events);
        Ok(())
    }

    /// Makes the next number of a fiscal year the one after `last`.
    ///
    /// # Errors
    /// The year has a counter already.
    pub fn begin_numbers_after(&mut self, of: MunicipalityId, fiscal_year: i16, last: i32) -> Result<(), StoreError> {
        let row = (
            number_counter::municipality_id.eq(Uid(of)),
            number_counter::fiscal_year.eq(i32::from(fiscal_year)),
            number_counter::last.eq(last),
        );
        diesel::insert_into(number_counter::table).values(row).execute(self.conn)?;
        Ok(())
    }
}
