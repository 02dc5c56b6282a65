//! The rows of people, their posts and their sessions.

use crate::keys::Keyring;
use crate::locked::{Locked, StateRow};
use crate::schema::{post, session, staff};
use crate::sql_types::{At, Coded, OnDay, Uid, coded};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::account::{Person, Post, Role, Session};
use domain::aggregate::Aggregate;
use domain::audit::Stream;
use domain::ids::{AgencyId, MunicipalityId, PostId, SessionId, StaffId};

coded!(Role);

#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = staff, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct StaffRow {
    pub(crate) id: Uid<StaffId>,
    municipality_id: Uid<MunicipalityId>,
    login: String,
    pub(crate) code_expires_at: Option<At>,
    stream: String,
}

impl StaffRow {
    pub(crate) fn of(person: &Person) -> Self {
        Self {
            id: Uid(person.id),
            municipality_id: Uid(person.municipality_id),
            login: person.login.clone(),
            code_expires_at: person.code.map(|code| At(code.expires_at)),
            stream: person.stream().to_string(),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = post, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct PostRow {
    pub(crate) id: Uid<PostId>,
    municipality_id: Uid<MunicipalityId>,
    pub(crate) staff_id: Uid<StaffId>,
    agency_id: Uid<AgencyId>,
    role: Coded<Role>,
    valid_from: OnDay,
    valid_until: Option<OnDay>,
    confirmed_at: Option<At>,
    ended_at: Option<At>,
}

impl PostRow {
    pub(crate) fn of(municipality: MunicipalityId, post: &Post) -> Self {
        Self {
            id: Uid(post.id),
            municipality_id: Uid(municipality),
            staff_id: Uid(post.staff_id),
            agency_id: Uid(post.agency_id),
            role: post.role.into(),
            valid_from: OnDay(post.valid_from),
            valid_until: post.valid_until.map(OnDay),
            confirmed_at: post.confirmed_at.map(At),
            ended_at: post.ended_at.map(At),
        }
    }
}

/// A session that has not ended.
#[derive(Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = session, treat_none_as_default_value = false)]
pub(crate) struct SessionRow {
    pub(crate) id: Uid<SessionId>,
    pub(crate) staff_id: Uid<StaffId>,
    acting_post_id: Uid<PostId>,
    /// That of the acting post.
    agency_id: Uid<AgencyId>,
    created_at: At,
    expires_at: At,
}

impl SessionRow {
    pub(crate) fn of(person: &Person, open: &Session) -> Result<Self, StoreError> {
        let acting = person.post(open.acting_post_id).ok_or(StoreError::Missing)?;
        Ok(Self {
            id: Uid(open.id),
            staff_id: Uid(person.id),
            acting_post_id: Uid(open.acting_post_id),
            agency_id: Uid(acting.agency_id),
            created_at: At(open.created_at),
            expires_at: At(open.expires_at),
        })
    }
}

/// The columns of a [`FoundPerson`].
macro_rules! person_columns {
    () => {
        person_columns!(crate::audit::goes_on!(crate::schema::stream::name, crate::schema::stream::seq))
    };
    (under_lock) => {
        person_columns!(crate::locked::locked!())
    };
    ($goes_on:expr) => {
        (
            crate::schema::staff::id,
            (
                crate::audit::HEAD_COLUMNS.nullable(),
                $goes_on,
                crate::schema::staff::municipality_id,
                crate::schema::staff::data_key,
                crate::schema::staff::document,
            ),
            crate::schema::staff::code_expires_at,
        )
    };
}
pub(crate) use person_columns;

/// A person as they are read.
#[derive(Queryable)]
pub(crate) struct FoundPerson {
    pub(crate) id: Uid<StaffId>,
    state: StateRow,
    code_expires_at: Option<At>,
}

impl FoundPerson {
    /// The person, if the service has written them so.
    pub(crate) fn person(self, keys: &Keyring) -> Result<Person, StoreError> {
        Ok(self.locked(keys)?.thing)
    }

    /// The same under the lock that was taken when they were read.
    pub(crate) fn locked(self, keys: &Keyring) -> Result<Locked<Person>, StoreError> {
        let id = self.id.0;
        let (mut thing, key, lock) = self.state.believe::<Person>(Stream::Person(id), id.0, keys)?;
        // A restored copy clears the column: by now, somebody else may hold a code that was given out before the copy was made.
        thing.code = thing.code.filter(|_| self.code_expires_at.is_some());
        Ok(Locked { thing, key, lock, beside: () })
    }
}

/// In a query: whether a post is held on `today` (`Post::is_valid`, for lists).
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn is_held(today: OnDay) -> _ {
    let lasts = post::valid_until.is_null().or(post::valid_until.ge(today).assume_not_null());
    let confirmed = post::confirmed_at.is_not_null().and(post::ended_at.is_null());
    confirmed.and(post::valid_from.le(today)).and(lasts)
}
