//! The trail: each head with its last event, and each event with its body, its place and the events before it.

use super::{AT_ONCE, Difference, Mending};
use crate::audit::{HEAD_COLUMNS, HeadRow, StoredEvent, list_events_of};
use crate::connection::Conn;
use crate::lane::WriteTx;
use crate::schema::{agency, audit_event, client, sheet, staff, stream};
use crate::sql_types::Uid;
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::audit::{Finding, Stream, Verifier};
use domain::ids::{MunicipalityId, SheetId};
use std::collections::{BTreeMap, BTreeSet};

impl WriteTx<'_> {
    /// The streams after `after`, by name, each with what is wrong with its head.
    pub(super) fn examine_heads(&mut self, after: &str) -> Result<(Vec<String>, Vec<Difference>), StoreError> {
        let heads: Vec<(String, HeadRow)> = stream::table
            .filter(stream::name.gt(after))
            .order(stream::name.asc())
            .limit(AT_ONCE)
            .select((stream::name, HEAD_COLUMNS))
            .load(self.conn)?;
        let names: Vec<String> = heads.iter().map(|(name, _)| name.clone()).collect();
        let last: Vec<(String, i64, Vec<u8>)> = audit_event::table
            .filter(audit_event::stream.eq_any(names.clone()))
            .inner_join(stream::table.on(stream::name.eq(audit_event::stream).and(audit_event::seq.ge(stream::seq))))
            .select((audit_event::stream, audit_event::seq, audit_event::hash))
            .load(self.conn)?;
        let mut ends: BTreeMap<String, Vec<(i64, Vec<u8>)>> = BTreeMap::new();
        for (name, seq, hash) in last {
            ends.entry(name).or_default().push((seq, hash));
        }
        let mut found = Vec::new();
        for (name, head) in heads {
            let end = ends.remove(&name).unwrap_or_default();
            let told = match head.ends_with(&end) || self.ends_well(&name)? {
                false => "its last event is another one",
                true if head.is_vouched(&name, self.keys) => continue,
                true => "somebody else has written it",
            };
            found.push(Difference { thing: name, what: "head", told: told.to_owned(), mending: Mending::Never });
        }
        Ok((names, found))
    }

    /// The same for one stream under its lock: between two readings the service may have appended an event.
    pub(super) fn ends_well(&mut self, name: &str) -> Result<bool, StoreError> {
        let row = stream::table.find(name).select(HEAD_COLUMNS);
        let head: HeadRow = match &mut *self.conn {
            Conn::Postgres(conn) => row.for_no_key_update().get_result(conn)?,
            Conn::Sqlite(conn) => row.get_result(conn)?,
        };
        let end: Vec<(i64, Vec<u8>)> = audit_event::table
            .filter(audit_event::stream.eq(name).and(audit_event::seq.ge(head.seq())))
            .select((audit_event::seq, audit_event::hash))
            .load(self.conn)?;
        Ok(head.ends_with(&end))
    }
}

/// How far the events of a stream have been read, and what they have said.
pub(super) struct Reading {
    stream: String,
    verifier: Verifier,
    seq: i64,
    position: i64,
    municipality: Option<MunicipalityId>,
}

impl Reading {
    pub(super) fn of(stream: String) -> Self {
        Self { stream, verifier: Verifier::default(), seq: 0, position: 0, municipality: None }
    }

    /// Compares an event with its body, its place and the events before it.
    fn hear(&mut self, event: &StoredEvent, municipality: Option<MunicipalityId>) -> Result<(), &'static str> {
        let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
        let line = serde_json::json!({
            "id": event.id.to_string(), "stream": event.stream, "seq": event.seq, "kind": event.kind,
            "at": event.at.to_string(), "sheet_id": id(event.sheet_id.map(|id| id.0)),
            "relay_id": id(event.relay_id.map(|id| id.0)), "basis": event.basis,
            "actor": {
                "agency_id": id(event.agency_id.map(|id| id.0)), "staff_id": id(event.staff_id.map(|id| id.0)),
                "post_id": id(event.post_id.map(|id| id.0)), "client_id": id(event.client_id.map(|id| id.0)),
            },
            "prev": event.prev, "hash": event.hash, "body": event.body,
        });
        self.verifier.feed(&line.to_string()).map_err(|finding| match finding {
            Finding::Tampered { why, .. } => why,
            Finding::Incomplete { .. } | Finding::Unusable { .. } => "it is no event",
        })?;
        if event.seq != self.seq + 1 {
            return Err("events before it are missing");
        }
        if event.position <= self.position {
            return Err("its position is not after that of the event before it");
        }
        if self.seq > 0 && municipality != self.municipality {
            return Err("it belongs to another municipality than the event before it");
        }
        (self.seq, self.position, self.municipality) = (event.seq, event.position, municipality);
        Ok(())
    }
}

impl ReadTx<'_> {
    /// Reads on in a stream; true when there may be more.
    pub(super) fn examine_events(&mut self, reading: &mut Reading) -> Result<(bool, Option<String>), StoreError> {
        let events = list_events_of(self.conn, &reading.stream, reading.seq, AT_ONCE)?;
        for (event, municipality) in &events {
            if let Err(why) = reading.hear(event, *municipality) {
                return Ok((false, Some(format!("event {}: {why}", event.id))));
            }
        }
        Ok((i64::try_from(events.len()).is_ok_and(|read| read == AT_ONCE), None))
    }

    /// The sheets after `after`, each with whether its stream is there.
    pub(super) fn list_sheets_with_trail(&mut self, after: SheetId) -> Result<Vec<(SheetId, bool)>, StoreError> {
        let ids: Vec<Uid<SheetId>> = sheet::table
            .filter(sheet::id.gt(Uid(after)))
            .order(sheet::id.asc())
            .limit(AT_ONCE)
            .select(sheet::id)
            .load(self.conn)?;
        let names: Vec<String> = ids.iter().map(|id| Stream::Sheet(id.0).to_string()).collect();
        let there = stream::table.filter(stream::name.eq_any(names)).select(stream::name);
        let there: BTreeSet<String> = there.load::<String>(self.conn)?.into_iter().collect();
        Ok(ids.into_iter().map(|id| (id.0, there.contains(&Stream::Sheet(id.0).to_string()))).collect())
    }

    /// Agencies, people and department systems without a stream, by the name that it had, those after `after`.
    pub(super) fn list_without_trail(&mut self, after: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        macro_rules! of {
            ($table:ident) => {
                let head = stream::table.filter(stream::name.eq($table::stream));
                let rows = $table::table
                    .filter(diesel::dsl::not(diesel::dsl::exists(head)).and($table::stream.gt(after)))
                    .order($table::stream.asc())
                    .limit(AT_ONCE)
                    .select($table::stream);
                names.extend(rows.load::<String>(self.conn)?);
            };
        }
        of!(agency);
        of!(staff);
        of!(client);
        names.sort();
        names.truncate(usize::try_from(AT_ONCE).unwrap_or(usize::MAX));
        Ok(names)
    }

    /// Streams that have events and no head.
    pub(super) fn list_streams_without_head(&mut self) -> Result<Vec<String>, StoreError> {
        let head = stream::table.filter(stream::name.eq(audit_event::stream));
        let names = audit_event::table.filter(diesel::dsl::not(diesel::dsl::exists(head)));
        Ok(names.select(audit_event::stream).distinct().limit(AT_ONCE).load(self.conn)?)
    }
}
