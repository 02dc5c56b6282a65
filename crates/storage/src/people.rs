//! Log-ins in the database. A token only names a session; every request asks here whether the session counts.

use crate::directory::{PostRecord, PostRow};
use crate::lane::WriteTx;
use crate::prepared::{ByText, prepared};
use crate::schema::{agency, post, session, staff};
use crate::sql_types::{At, OnDay, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::prelude::*;
use domain::ids::{MunicipalityId, PostId, SessionId, StaffId};
use domain::time::Instant;

/// A log-in.
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
    /// When it was ended.
    pub ended_at: Option<Instant>,
}

/// All that a request needs to know about the person who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWithPost {
    /// The session, even one that is over.
    pub session: SessionRecord,
    /// The acting post, even one that is over.
    pub post: PostRecord,
    /// The municipality of the post's agency.
    pub municipality_id: MunicipalityId,
    /// The person's name.
    pub staff_name: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = session, treat_none_as_default_value = false)]
struct SessionRow {
    id: Uid<SessionId>,
    staff_id: Uid<StaffId>,
    acting_post_id: Uid<PostId>,
    created_at: At,
    last_used_at: At,
    expires_at: At,
    ended_at: Option<At>,
}

impl From<SessionRow> for SessionRecord {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id.0,
            staff_id: row.staff_id.0,
            acting_post_id: row.acting_post_id.0,
            created_at: row.created_at.0,
            last_used_at: row.last_used_at.0,
            expires_at: row.expires_at.0,
            ended_at: row.ended_at.map(|at| at.0),
        }
    }
}

/// A session, its acting post, that post's agency (whose directory, until when), and the person's name.
type FoundSession = (SessionRow, PostRow, Uid<MunicipalityId>, String, Option<OnDay>);

impl ReadTx<'_> {
    /// The session with its acting post, in one query.
    pub fn find_session_with_post(&mut self, id: SessionId) -> Result<Option<SessionWithPost>, StoreError> {
        let found: Option<FoundSession> = session::table
            .inner_join(staff::table.on(staff::id.eq(session::staff_id)))
            .inner_join(post::table.on(post::id.eq(session::acting_post_id).and(post::staff_id.eq(session::staff_id))))
            .inner_join(agency::table.on(agency::id.eq(post::agency_id)))
            .filter(session::id.eq(Uid(id)))
            .select((
                session::all_columns,
                post::all_columns,
                agency::municipality_id,
                staff::name,
                agency::active_until,
            ))
            .first(self.conn)
            .optional()?;
        let with_post = |(session, post, municipality_id, staff_name, agency_ends): FoundSession| {
            Ok(SessionWithPost {
                session: session.into(),
                post: post.record_until(agency_ends)?,
                municipality_id: municipality_id.0,
                staff_name,
            })
        };
        found.map(with_post).transpose()
    }

    /// The sessions of a person that can still be used at `now`, newest first: used since `idle_since`, not ended and not expired.
    pub fn list_sessions(
        &mut self,
        staff_id: StaffId,
        now: Instant,
        idle_since: Instant,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let rows: Vec<SessionRow> = session::table
            .filter(session::staff_id.eq(Uid(staff_id)))
            .filter(session::expires_at.gt(At(now)))
            .filter(session::last_used_at.gt(At(idle_since)))
            .filter(session::ended_at.is_null())
            .order(session::id.desc())
            .limit(i64::from(limit))
            .load(self.conn)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

impl WriteTx<'_> {
    /// Adds a session.
    pub fn insert_session(&mut self, record: &SessionRecord) -> Result<(), StoreError> {
        let row = SessionRow {
            id: Uid(record.id),
            staff_id: Uid(record.staff_id),
            acting_post_id: Uid(record.acting_post_id),
            created_at: At(record.created_at),
            last_used_at: At(record.last_used_at),
            expires_at: At(record.expires_at),
            ended_at: record.ended_at.map(At),
        };
        diesel::insert_into(session::table).values(row).execute(self.conn)?;
        Ok(())
    }

    /// How many sessions a person has opened since an instant, including those that have ended.
    pub fn count_sessions_since(&mut self, staff_id: StaffId, since: Instant) -> Result<i64, StoreError> {
        let rows = session::table.filter(session::staff_id.eq(Uid(staff_id))).filter(session::created_at.gt(At(since)));
        Ok(rows.count().get_result(self.conn)?)
    }

    /// Notes that the session was used; it never replaces a later instant by an earlier one. `false` when the session has ended.
    pub fn touch_session(&mut self, id: SessionId, now: Instant) -> Result<bool, StoreError> {
        let later =
            diesel::dsl::case_when(session::last_used_at.lt(At(now)), At(now).into_sql::<crate::sql_types::Moment>())
                .otherwise(session::last_used_at);
        let row = session::table.find(Uid(id)).filter(session::ended_at.is_null());
        Ok(prepared::<ByText, _>(diesel::update(row).set(session::last_used_at.eq(later))).execute(self.conn)? == 1)
    }

    /// Ends the session if it belongs to this person. `false` when it has ended already, or never existed.
    pub fn end_session_of(&mut self, staff_id: StaffId, id: SessionId, now: Instant) -> Result<bool, StoreError> {
        let row = session::table
            .find(Uid(id))
            .filter(session::staff_id.eq(Uid(staff_id)))
            .filter(session::ended_at.is_null());
        Ok(diesel::update(row).set(session::ended_at.eq(At(now))).execute(self.conn)? == 1)
    }

    /// Ends the session. `false` when it has ended already, or never existed.
    pub fn end_session(&mut self, id: SessionId, now: Instant) -> Result<bool, StoreError> {
        let row = session::table.find(Uid(id)).filter(session::ended_at.is_null());
        Ok(diesel::update(row).set(session::ended_at.eq(At(now))).execute(self.conn)? == 1)
    }

    /// Makes another post of the same person the acting one. `false` when the session has ended or the post belongs to somebody else. The
    /// caller must check whether the post is valid today.
    pub fn choose_post(&mut self, id: SessionId, post_id: PostId) -> Result<bool, StoreError> {
        let holder = post::table.find(Uid(post_id)).select(post::staff_id);
        let row =
            session::table.find(Uid(id)).filter(session::ended_at.is_null()).filter(session::staff_id.eq_any(holder));
        Ok(diesel::update(row).set(session::acting_post_id.eq(Uid(post_id))).execute(self.conn)? == 1)
    }

    /// Forgets sessions that expired before `until`; returns how many.
    pub fn forget_sessions(&mut self, until: Instant) -> Result<usize, StoreError> {
        Ok(diesel::delete(session::table.filter(session::expires_at.lt(At(until)))).execute(self.conn)?)
    }

    /// Ends every session of a person, as when their posts change. Returns how many were ended.
    pub fn end_sessions_of_staff(&mut self, staff_id: StaffId, now: Instant) -> Result<usize, StoreError> {
        self.end_sessions_but(staff_id, None, now)
    }

    /// Ends every session of a person except `kept`, as when they change their password in it. Returns how many were ended.
    pub fn end_sessions_but(
        &mut self,
        staff_id: StaffId,
        kept: Option<SessionId>,
        now: Instant,
    ) -> Result<usize, StoreError> {
        // Expired sessions are over anyway; leaving them out lets the database use the index on `expires_at`.
        let rows = session::table
            .filter(session::staff_id.eq(Uid(staff_id)))
            .filter(session::expires_at.gt(At(now)))
            .filter(session::ended_at.is_null());
        let set = session::ended_at.eq(At(now));
        Ok(match kept {
            Some(kept) => diesel::update(rows.filter(session::id.ne(Uid(kept)))).set(set).execute(self.conn)?,
            None => diesel::update(rows).set(set).execute(self.conn)?,
        })
    }
}

#[cfg(test)]
mod tests;
