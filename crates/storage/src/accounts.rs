//! Accounts in the database: passwords and the codes that set them, posts that are confirmed and ended, people who are barred from logging
//! in.
//!
//! Each change compares the old value in the same statement that writes the new one, so that only one of two simultaneous changes succeeds.

use crate::directory::{CodeRecord, PasswordHash};
use crate::lane::WriteTx;
use crate::schema::{post, staff};
use crate::sql_types::{At, OnDay, Uid};
use crate::store::StoreError;
use diesel::prelude::*;
use domain::ids::{PostId, StaffId};
use domain::time::{Day, Instant};

impl WriteTx<'_> {
    /// Keeps the code that the person can use from now on, in place of any earlier one, and who gave it out (none: the command line).
    /// `false` when the person may not log in.
    pub fn keep_code(&mut self, id: StaffId, code: CodeRecord, by: Option<StaffId>) -> Result<bool, StoreError> {
        let row = staff::table.find(Uid(id)).filter(staff::disabled_at.is_null());
        let set = (
            staff::code_hash.eq(code.hash.to_vec()),
            staff::code_expires_at.eq(At(code.expires_at)),
            staff::code_issued_by.eq(by.map(Uid)),
        );
        Ok(diesel::update(row).set(set).execute(self.conn)? == 1)
    }

    /// Sets the password and uses up the code. `false` when the code was replaced, used or has expired, or when the person may not log in.
    pub fn use_code(
        &mut self,
        id: StaffId,
        code: &[u8; 32],
        password: &PasswordHash,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let row = staff::table
            .find(Uid(id))
            .filter(staff::disabled_at.is_null())
            .filter(staff::code_hash.eq(code.to_vec()))
            .filter(staff::code_expires_at.gt(At(now)));
        let set = (
            staff::password_hash.eq(&password.0),
            staff::code_hash.eq(None::<Vec<u8>>),
            staff::code_expires_at.eq(None::<At>),
        );
        Ok(diesel::update(row).set(set).execute(self.conn)? == 1)
    }

    /// Changes the password, and takes back a code that was not used yet. `false` when `earlier` is no longer the password in force.
    pub fn change_password(
        &mut self,
        id: StaffId,
        earlier: &PasswordHash,
        password: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let row = staff::table.find(Uid(id)).filter(staff::password_hash.eq(&earlier.0));
        let set = (
            staff::password_hash.eq(&password.0),
            staff::code_hash.eq(None::<Vec<u8>>),
            staff::code_expires_at.eq(None::<At>),
        );
        Ok(diesel::update(row).set(set).execute(self.conn)? == 1)
    }

    /// Keeps a person from logging in and takes back their code. `false` when the person was barred already.
    pub fn disable_staff(&mut self, id: StaffId, now: Instant) -> Result<bool, StoreError> {
        let row = staff::table.find(Uid(id)).filter(staff::disabled_at.is_null());
        let set = (
            staff::disabled_at.eq(At(now)),
            staff::code_hash.eq(None::<Vec<u8>>),
            staff::code_expires_at.eq(None::<At>),
        );
        Ok(diesel::update(row).set(set).execute(self.conn)? == 1)
    }

    /// Lets a person log in again. If `by` is a person, the posts count again only when somebody else confirms them. `false` when the
    /// person was not barred.
    pub fn enable_staff(&mut self, id: StaffId, by: Option<StaffId>) -> Result<bool, StoreError> {
        let row = staff::table.find(Uid(id)).filter(staff::disabled_at.is_not_null());
        if diesel::update(row).set(staff::disabled_at.eq(None::<At>)).execute(self.conn)? == 0 {
            return Ok(false);
        }
        if let Some(by) = by {
            self.hold_posts(id, by)?;
        }
        Ok(true)
    }

    /// Makes every confirmed post of a person wait until somebody other than `by` and the person confirms it. Posts that wait already keep
    /// their `made_by`. Returns the number of posts that now wait.
    pub fn hold_posts(&mut self, id: StaffId, by: StaffId) -> Result<usize, StoreError> {
        let posts = post::table.filter(post::staff_id.eq(Uid(id)));
        let posts = posts.filter(post::ended_at.is_null().and(post::confirmed_at.is_not_null()));
        let set = (post::made_by.eq(Uid(by)), post::confirmed_at.eq(None::<At>));
        Ok(diesel::update(posts).set(set).execute(self.conn)?)
    }

    /// Lets a post count. `false` when it counts already, or has ended.
    pub fn confirm_post(&mut self, id: PostId, now: Instant) -> Result<bool, StoreError> {
        let row = post::table.find(Uid(id)).filter(post::confirmed_at.is_null()).filter(post::ended_at.is_null());
        Ok(diesel::update(row).set(post::confirmed_at.eq(At(now))).execute(self.conn)? == 1)
    }

    /// Ends a post at once. `false` when it has ended already.
    pub fn end_post(&mut self, id: PostId, now: Instant) -> Result<bool, StoreError> {
        let row = post::table.find(Uid(id)).filter(post::ended_at.is_null());
        Ok(diesel::update(row).set(post::ended_at.eq(At(now))).execute(self.conn)? == 1)
    }

    /// Gives a post an earlier last day. `false` when it ends by then anyway.
    pub fn shorten_post(&mut self, id: PostId, last: Day) -> Result<bool, StoreError> {
        let longer = post::valid_until.is_null().or(post::valid_until.gt(OnDay(last)).assume_not_null());
        let row = post::table.find(Uid(id)).filter(post::ended_at.is_null()).filter(longer);
        Ok(diesel::update(row).set(post::valid_until.eq(OnDay(last))).execute(self.conn)? == 1)
    }
}
