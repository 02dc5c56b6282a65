//! Log-ins in the database. A token only names a session; every request asks here whether the session counts.

use super::rows::{FoundPerson, person_columns};
use crate::directory::{FoundAgency, OF_AGENCY, agency_columns};
use crate::lane::WriteTx;
use crate::prepared::{ByText, prepared};
use crate::schema::{agency, session, staff, stream};
use crate::sql_types::{At, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::account::{Post, Session};
use domain::audit::Stream;
use domain::ids::{MunicipalityId, PostId, SessionId, StaffId};
use domain::time::Instant;

/// A log-in that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// The person who has logged in.
    pub staff_id: StaffId,
    /// The post they act in.
    pub acting_post_id: PostId,
    /// When.
    pub created_at: Instant,
    /// When it was used last.
    pub last_used_at: Instant,
    /// When it ends at the latest.
    pub expires_at: Instant,
}

impl SessionRecord {
    /// A session of a person, which was used last at an instant.
    pub fn of(staff_id: StaffId, open: Session, last_used_at: Instant) -> Self {
        let Session { id, acting_post_id, created_at, expires_at } = open;
        Self { id, staff_id, acting_post_id, created_at, last_used_at, expires_at }
    }
}

/// All that a request needs to know about the person who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWithPost {
    /// The session, even one that has expired.
    pub session: SessionRecord,
    /// The acting post, even one that is over.
    pub post: Post,
    /// The municipality of the post's agency.
    pub municipality_id: MunicipalityId,
    /// The person's name.
    pub staff_name: String,
}

/// When the session was used last, the person, and the agency in which they act.
type FoundSession = (At, FoundPerson, FoundAgency);

impl ReadTx<'_> {
    /// The session with its acting post, in one query; none when it has ended.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] when the service has not written the session, the person or the agency so.
    pub fn find_session_with_post(&mut self, id: SessionId) -> Result<Option<SessionWithPost>, StoreError> {
        let query = session::table
            .inner_join(staff::table.on(staff::id.eq(session::staff_id)))
            .inner_join(agency::table.on(agency::id.eq(session::agency_id)))
            .left_join(stream::table.on(stream::name.eq(staff::stream)))
            .left_join(OF_AGENCY.on(OF_AGENCY.field(stream::name).eq(agency::stream)))
            .filter(session::id.eq(Uid(id)).and(session::ended_at.is_null()))
            .select((session::last_used_at, person_columns!(), agency_columns!(of_agency)));
        let found: Option<FoundSession> = query.get_result(self.conn).optional()?;
        let Some((At(last_used_at), person, agency)) = found else { return Ok(None) };
        let person = person.person(self.keys)?;
        let diverged = || StoreError::Diverged(Stream::Person(person.id));
        let open = person.sessions.iter().find(|open| open.id == id).ok_or_else(diverged)?;
        let agency = agency.record(self.keys)?.agency;
        let post = person.post(open.acting_post_id).filter(|post| post.agency_id == agency.id).ok_or_else(diverged)?;
        Ok(Some(SessionWithPost {
            session: SessionRecord::of(person.id, *open, last_used_at),
            post: post.until(agency.active_until),
            municipality_id: agency.municipality_id,
            staff_name: person.name.clone(),
        }))
    }

    /// The person whose session it is; none when it is not there, or has ended.
    pub fn find_person_of_session(&mut self, id: SessionId) -> Result<Option<StaffId>, StoreError> {
        let row = session::table.find(Uid(id)).filter(session::ended_at.is_null());
        let found: Option<Uid<StaffId>> = row.select(session::staff_id).first(self.conn).optional()?;
        Ok(found.map(|id| id.0))
    }

    /// The sessions of a person that can still be used at `now`, newest first: used since `idle_since`, not ended and not expired.
    pub fn list_sessions(
        &mut self,
        staff_id: StaffId,
        now: Instant,
        idle_since: Instant,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let Some(person) = self.find_person(staff_id)? else { return Ok(Vec::new()) };
        let rows: Vec<(Uid<SessionId>, At)> = session::table
            .filter(session::staff_id.eq(Uid(staff_id)))
            .filter(session::expires_at.gt(At(now)))
            .filter(session::last_used_at.gt(At(idle_since)))
            .filter(session::ended_at.is_null())
            .order(session::id.desc())
            .limit(i64::from(limit))
            .select((session::id, session::last_used_at))
            .load(self.conn)?;
        let open = |(id, At(used)): (Uid<SessionId>, At)| {
            let open = person.sessions.iter().find(|open| open.id == id.0)?;
            Some(SessionRecord::of(staff_id, *open, used))
        };
        Ok(rows.into_iter().filter_map(open).collect())
    }
}

impl WriteTx<'_> {
    /// How many sessions a person has opened since an instant, including those that have ended.
    pub fn count_sessions_since(&mut self, staff_id: StaffId, since: Instant) -> Result<i64, StoreError> {
        let rows = session::table.filter(session::staff_id.eq(Uid(staff_id))).filter(session::created_at.gt(At(since)));
        Ok(rows.count().get_result(self.conn)?)
    }

    /// Notes that the session was used; it never replaces a later instant by an earlier one. `false` when the session has ended. This
    /// decides only when an idle session ends, so it stands beside the document of the person.
    pub fn touch_session(&mut self, id: SessionId, now: Instant) -> Result<bool, StoreError> {
        let later =
            diesel::dsl::case_when(session::last_used_at.lt(At(now)), At(now).into_sql::<crate::sql_types::Moment>())
                .otherwise(session::last_used_at);
        let row = session::table.find(Uid(id)).filter(session::ended_at.is_null());
        let touched = diesel::update(row).set(session::last_used_at.eq(later)).returning(session::id);
        let touched = prepared::<ByText, _>(touched).get_result::<Uid<SessionId>>(self.conn).optional()?;
        Ok(touched.is_some())
    }

    /// Forgets sessions that expired before `until`; returns how many.
    pub fn forget_sessions(&mut self, until: Instant) -> Result<usize, StoreError> {
        Ok(diesel::delete(session::table.filter(session::expires_at.lt(At(until)))).execute(self.conn)?)
    }
}
