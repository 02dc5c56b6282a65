//! People who work with the service, in the database. The document of a person decides, with their posts and sessions; the rows of staff,
//! posts and sessions repeat parts of it for searches.

mod log_in;
mod rows;

pub use log_in::{SessionRecord, SessionWithPost};
pub(crate) use rows::{PostRow, SessionRow, StaffRow, is_held};

use crate::connection::Conn;
use crate::directory::{believed_page, must_be_in};
use crate::keys::Keyring;
use crate::lane::WriteTx;
use crate::locked::{Locked, Stored, read_locked, wrapped};
use crate::prepared::{names, put, put_row};
use crate::schema::{agency, post, session, staff, stream};
use crate::sql_types::{At, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use domain::account::{Person, Post};
use domain::aggregate::Outcome;
use domain::audit::Stream;
use domain::ids::{AgencyId, MunicipalityId, StaffId};
use domain::time::{Day, Instant};
use rows::{FoundPerson, person_columns};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

names!(AddStaff, ChangeStaff, AddPost, ChangePost, AddSession, ChangeSession);

impl Stored for Person {
    const TABLE: &'static str = "staff";
    type Beside = ();

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn stream_of(id: Uuid) -> Stream {
        Stream::Person(StaffId(id))
    }

    fn is_there(tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool, StoreError> {
        Ok(diesel::select(exists(staff::table.find(Uid(id)))).get_result(tx.conn)?)
    }

    fn read_locked(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Locked<Self>>, StoreError> {
        read_locked!(tx, id, staff, person_columns!(under_lock), FoundPerson)
    }

    fn write(
        tx: &mut WriteTx<'_>,
        locked: &mut Locked<Self>,
        outcome: &Outcome<Self>,
        document: Option<Vec<u8>>,
        at: Instant,
    ) -> Result<(), StoreError> {
        let Some(document) = document else { return Ok(()) };
        let (person, is_new) = (&outcome.thing, locked.lock.is_new());
        let before = |id| locked.thing.post(id).filter(|_| !is_new);
        let changed: Vec<&Post> = person.posts.iter().filter(|post| before(post.id) != Some(post)).collect();
        for post in changed.iter().filter(|post| before(post.id).is_none()) {
            must_be_in(tx.conn, person.municipality_id, post.agency_id)?;
        }
        let (row, document) = (StaffRow::of(person), staff::document.eq(document));
        if is_new {
            let data_key = staff::data_key.eq(tx.keys.wrap(&locked.key, &wrapped::<Self>(person.id.0), tx.chance)?);
            let row = (row, staff::created_at.eq(At(at)), data_key, document);
            put!(tx, AddStaff, diesel::insert_into(staff::table).values(row));
        } else {
            put!(tx, ChangeStaff, diesel::update(staff::table.find(row.id)).set((row, document)));
        }
        for post in changed {
            let row = PostRow::of(person.municipality_id, post);
            put_row!(tx, before(post.id).is_none(), post::table, row, AddPost, ChangePost);
        }
        let then: &[_] = if is_new { &[] } else { &locked.thing.sessions };
        let gone = then.iter().filter(|open| person.sessions.iter().all(|other| other.id != open.id));
        let gone: Vec<_> = gone.map(|open| Uid(open.id)).collect();
        if !gone.is_empty() {
            let rows = session::table.filter(session::id.eq_any(gone).and(session::ended_at.is_null()));
            diesel::update(rows).set(session::ended_at.eq(At(at))).execute(tx.conn)?;
        }
        for open in person.sessions.iter().filter(|open| !then.contains(open)) {
            let row = SessionRow::of(person, open)?;
            let is_new = then.iter().all(|other| other.id != open.id);
            if is_new {
                let used = session::last_used_at.eq(At(open.created_at));
                put!(tx, AddSession, diesel::insert_into(session::table).values((row, used)));
            } else {
                put!(tx, ChangeSession, diesel::update(session::table.find(row.id)).set(row));
            }
        }
        Ok(())
    }
}

/// People as they are shown: nobody holds a post longer than its agency exists.
fn with_ends(conn: &mut Conn, mut people: Vec<Person>) -> Result<Vec<Person>, StoreError> {
    let ids: BTreeSet<_> = people.iter().flat_map(|it| &it.posts).map(|post| Uid(post.agency_id)).collect();
    if ids.is_empty() {
        return Ok(people);
    }
    let ends: Vec<(Uid<AgencyId>, Option<OnDay>)> =
        agency::table.filter(agency::id.eq_any(ids)).select((agency::id, agency::active_until)).load(conn)?;
    let ends: BTreeMap<AgencyId, Option<Day>> =
        ends.into_iter().map(|(id, day)| (id.0, day.map(|day| day.0))).collect();
    for post in people.iter_mut().flat_map(|it| &mut it.posts) {
        *post = post.until(ends.get(&post.agency_id).copied().flatten());
    }
    Ok(people)
}

fn find_person(conn: &mut Conn, keys: &Keyring, id: StaffId) -> Result<Option<Person>, StoreError> {
    let row: Option<FoundPerson> = staff::table
        .left_join(stream::table.on(stream::name.eq(staff::stream)))
        .filter(staff::id.eq(Uid(id)))
        .select(person_columns!())
        .first(conn)
        .optional()?;
    let found = row.map(|row| row.person(keys)).transpose()?;
    Ok(with_ends(conn, found.into_iter().collect())?.pop())
}

impl ReadTx<'_> {
    /// The person.
    pub fn find_person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        find_person(self.conn, self.keys, id)
    }

    /// The person with this login.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] also when somebody has given the login to another row.
    pub fn find_person_by_login(&mut self, login: &str) -> Result<Option<Person>, StoreError> {
        let row: Option<FoundPerson> = staff::table
            .left_join(stream::table.on(stream::name.eq(staff::stream)))
            .filter(staff::login.eq(login))
            .select(person_columns!())
            .first(self.conn)
            .optional()?;
        let found = row.map(|row| row.person(self.keys)).transpose()?;
        if let Some(person) = found.as_ref().filter(|person| person.login != login) {
            return Err(StoreError::Diverged(Stream::Person(person.id)));
        }
        Ok(with_ends(self.conn, found.into_iter().collect())?.pop())
    }

    /// The people of a municipality, or those with a post (past and future ones included) in one of its agencies; newest first.
    pub fn list_people(
        &mut self,
        of: MunicipalityId,
        in_agency: Option<AgencyId>,
        after: Option<StaffId>,
        limit: u32,
    ) -> Result<Vec<Person>, StoreError> {
        let people = believed_page(after, limit, |after, limit| {
            let mut page = staff::table
                .left_join(stream::table.on(stream::name.eq(staff::stream)))
                .filter(staff::municipality_id.eq(Uid(of)))
                .select(person_columns!())
                .order(staff::id.desc())
                .limit(i64::from(limit))
                .into_boxed();
            if let Some(in_agency) = in_agency {
                let holders = post::table.filter(post::agency_id.eq(Uid(in_agency))).select(post::staff_id);
                page = page.filter(staff::id.eq_any(holders));
            }
            if let Some(after) = after {
                page = page.filter(staff::id.lt(Uid(after)));
            }
            let rows: Vec<FoundPerson> = page.load(self.conn)?;
            // The row of a post alone says nothing.
            let holds = |person: &Person| {
                in_agency.is_none_or(|agency| person.posts.iter().any(|post| post.agency_id == agency))
            };
            let person = |row: FoundPerson| {
                let id = row.id.0;
                let diverged = StoreError::Diverged(Stream::Person(id));
                (id, row.person(self.keys).and_then(|person| if holds(&person) { Ok(person) } else { Err(diverged) }))
            };
            Ok(rows.into_iter().map(person).collect())
        })?;
        with_ends(self.conn, people)
    }

    /// People who hold a post at an agency that is no more, each with that agency.
    pub fn list_people_to_leave(&mut self, limit: i64) -> Result<Vec<(StaffId, AgencyId)>, StoreError> {
        let ended = self.ids_of_ended_agencies()?;
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uid<StaffId>, Uid<AgencyId>)> = post::table
            .filter(post::agency_id.eq_any(ended).and(post::ended_at.is_null()))
            .select((post::staff_id, post::agency_id))
            .distinct()
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(id, agency)| (id.0, agency.0)).collect())
    }
}

impl WriteTx<'_> {
    /// The person.
    pub fn find_person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        find_person(self.conn, self.keys, id)
    }

    /// The person as they are shown: nobody holds a post longer than its agency exists.
    pub fn as_shown(&mut self, person: Person) -> Result<Person, StoreError> {
        with_ends(self.conn, vec![person])?.pop().ok_or(StoreError::Missing)
    }

    /// Locks and loads a person.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when somebody else has written their head or their document.
    pub fn lock_person(&mut self, id: StaffId) -> Result<Option<Locked<Person>>, StoreError> {
        Person::lock(self, id.0)
    }
}

#[cfg(test)]
mod tests;
