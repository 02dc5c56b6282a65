//! One agency, person or department system under its lock: the rows for searches are built again and compared.

use super::Difference;
use super::look::{Count, Look, compare};
use crate::account::{PostRow, SessionRow, StaffRow};
use crate::clients::ClientRow;
use crate::directory::AgencyRow;
use crate::lane::WriteTx;
use crate::schema::{agency, client, post, session, staff};
use crate::sql_types::Uid;
use crate::store::StoreError;
use diesel::prelude::*;
use domain::account::{Client, Person};
use domain::agency::AgencyRecord;
use domain::audit::Stream;
use domain::ids::{AgencyId, ClientId, StaffId};
use domain::time::Instant;
use std::collections::BTreeMap;

impl WriteTx<'_> {
    /// Looks at an agency whose stream is there.
    pub(super) fn examine_agency(&mut self, id: AgencyId, repair: bool) -> Result<Vec<Difference>, StoreError> {
        let mut look = Look::at(self, id, repair, Stream::Agency(id));
        if let Some(locked) = look.locked::<AgencyRecord>()? {
            compare!(look, agency, id, AgencyRow, id, [AgencyRow::of(&locked.thing)]);
        }
        Ok(look.found)
    }

    /// Looks at a department system whose stream is there.
    pub(super) fn examine_client(&mut self, id: ClientId, repair: bool) -> Result<Vec<Difference>, StoreError> {
        let mut look = Look::at(self, id, repair, Stream::Client(id));
        if let Some(locked) = look.locked::<Client>()? {
            compare!(look, client, id, ClientRow, id, [ClientRow::of(&locked.thing)]);
        }
        Ok(look.found)
    }

    /// Looks at a person whose stream is there, with their posts and open sessions.
    pub(super) fn examine_person(
        &mut self,
        id: StaffId,
        now: Instant,
        repair: bool,
    ) -> Result<Vec<Difference>, StoreError> {
        let mut look = Look::at(self, id, repair, Stream::Person(id));
        if let Some(locked) = look.locked::<Person>()? {
            let person = &locked.thing;
            compare!(look, staff, id, StaffRow, id, [StaffRow::of(person)]);
            // A session that nobody opened may refer to a post that nobody has.
            look.sessions(person, now)?;
            let posts = person.posts.iter().map(|it| PostRow::of(person.municipality_id, it));
            compare!(look, post, staff_id, PostRow, id, posts);
        }
        Ok(look.found)
    }
}

impl Look<'_, '_, StaffId> {
    /// A row that is too many, or changed, lets nobody in; it is deleted on repair. A session without a row is over: a restored copy has no
    /// rows.
    fn sessions(&mut self, person: &Person, now: Instant) -> Result<(), StoreError> {
        let rows: Vec<SessionRow> = session::table
            .filter(session::staff_id.eq(Uid(self.id)).and(session::ended_at.is_null()))
            .filter(session::expires_at.gt(crate::sql_types::At(now)))
            .select(SessionRow::as_select())
            .load(self.tx.conn)?;
        let mut expected = BTreeMap::new();
        for open in person.sessions.iter().filter(|open| now < open.expires_at) {
            expected.insert(open.id, SessionRow::of(person, open)?);
        }
        let mut count = Count::default();
        let mut wrong = Vec::new();
        for row in rows {
            match expected.get(&row.id.0) {
                None => count.extra += 1,
                Some(kept) if *kept != row => count.changed += 1,
                Some(_) => continue,
            }
            wrong.push(row.id);
        }
        if self.repair && !wrong.is_empty() {
            diesel::delete(session::table.filter(session::id.eq_any(wrong))).execute(self.tx.conn)?;
        }
        self.derived("session", &count);
        Ok(())
    }
}
