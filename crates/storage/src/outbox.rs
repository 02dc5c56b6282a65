//! Mails that wait to be sent. A mail is written in the transaction that it reports. A worker takes it out with a lease and a fencing
//! token, so that only one of several workers sends it, and a worker that was too slow cannot overrule the next one.

use crate::connection::Conn;
use crate::directory;
use crate::lane::WriteTx;
use crate::prepared::put_all;
use crate::schema::{agency, outbox};
use crate::sql_types::{At, DocOf, Moment, Uid};
use crate::store::{ReadTx, StoreError};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use domain::ids::{AgencyId, MailId, MunicipalityId, uuid_v7};
use domain::mail::Mail;
use domain::time::Instant;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A mail that the caller may send until its lease ends.
#[derive(Clone)]
pub struct Claimed {
    /// Its id.
    pub mail_id: MailId,
    /// The fencing token, for [`WriteTx::finish`] and [`WriteTx::fail`].
    pub claim: Uuid,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// The mail. `None` when this version cannot read it: a newer one may have written it, and this one must leave the mail to it.
    pub mail: Option<Mail>,
    /// The address; `None` when the agency has no mailbox.
    pub mailbox: Option<String>,
}

/// How the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxHealth {
    /// Mails neither sent nor given up; counted to [`COUNTED`].
    pub waiting: u64,
    /// How long the oldest of them has waited; 0 when none waits. With more than [`COUNTED`], the oldest among those that are due first.
    pub oldest_age_seconds: u64,
    /// Mails given up; counted to [`COUNTED`].
    pub dead: u64,
}

/// The most mails that are looked at to report the state of the outbox, so that frequent questions do not make a backlog worse.
pub const COUNTED: u32 = 10_000;

/// The longest time that a mail of a round of reminders waits for the others: a round that breaks off must not hold it for good.
const HELD_SECONDS: i64 = 600;

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = Nullable<Moment>)]
    oldest: Option<At>,
}

#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct NewMailRow {
    id: Uid<MailId>,
    municipality_id: Uid<MunicipalityId>,
    mail: DocOf,
    created_at: At,
    due_at: At,
    attempts: i32,
}

/// The mails that are due and free, oldest first. On PostgreSQL their rows are locked, and mails that another transaction is just taking
/// are skipped.
fn lock_due(conn: &mut Conn, now: Instant, limit: u32) -> QueryResult<Vec<Uid<MailId>>> {
    let free = outbox::leased_until.is_null().or(outbox::leased_until.le(At(now)).assume_not_null());
    let due = outbox::table
        .filter(outbox::sent_at.is_null().and(outbox::dead_at.is_null()))
        .filter(outbox::due_at.le(At(now)))
        .filter(free)
        .order((outbox::due_at, outbox::id))
        .limit(i64::from(limit))
        .select(outbox::id);
    match conn {
        Conn::Postgres(conn) => due.for_update().skip_locked().load(conn),
        // SQLite has one writer, and this transaction is it.
        Conn::Sqlite(conn) => due.load(conn),
    }
}

/// The agency that a mail is for.
fn addressee(mail: &DocOf) -> Option<AgencyId> {
    serde_json::from_value::<Mail>(mail.0.clone()).ok().map(|mail| mail.agency_id)
}

/// A mail that a round of reminders has written.
type HeldRow = (Uid<MailId>, Uid<MunicipalityId>, DocOf);

/// The mails that wait for the end of their round, locked as those of [`lock_due`] are.
fn lock_held(conn: &mut Conn, now: Instant) -> QueryResult<Vec<HeldRow>> {
    let held = outbox::table
        .filter(outbox::sent_at.is_null().and(outbox::dead_at.is_null()))
        .filter(outbox::due_at.gt(At(now)))
        // A mail that failed has a later due time, too, but does not belong to the round.
        .filter(outbox::attempts.eq(0))
        .order((outbox::due_at, outbox::id))
        .limit(i64::from(COUNTED))
        .select((outbox::id, outbox::municipality_id, outbox::mail));
    match conn {
        Conn::Postgres(conn) => held.for_update().skip_locked().load(conn),
        Conn::Sqlite(conn) => held.load(conn),
    }
}

impl WriteTx<'_> {
    /// Puts mails into the outbox, due at once.
    pub fn enqueue(&mut self, mails: &[Mail], of: MunicipalityId, now: Instant) -> Result<(), StoreError> {
        self.put_mails(mails, of, now)?;
        Ok(self.flush()?)
    }

    /// The same, together with what waits.
    pub(crate) fn put_mails(&mut self, mails: &[Mail], of: MunicipalityId, now: Instant) -> Result<(), StoreError> {
        let rows = mails.iter().map(|mail| self.mail(mail, of, now, now)).collect::<Result<Vec<_>, _>>()?;
        put_all!(self, outbox::table, rows);
        Ok(())
    }

    /// Puts the mails of a round of reminders into the outbox. They wait there for the end of the round, [`WriteTx::gather`].
    pub fn enqueue_for_round(&mut self, mails: &[Mail], of: MunicipalityId, now: Instant) -> Result<(), StoreError> {
        self.put_mails_of_round(mails, of, now)?;
        Ok(self.flush()?)
    }

    /// The same, together with what waits.
    pub(crate) fn put_mails_of_round(
        &mut self,
        mails: &[Mail],
        of: MunicipalityId,
        now: Instant,
    ) -> Result<(), StoreError> {
        let due = now.plus_seconds(HELD_SECONDS);
        let rows = mails.iter().map(|mail| self.mail(mail, of, now, due)).collect::<Result<Vec<_>, _>>()?;
        put_all!(self, outbox::table, rows);
        Ok(())
    }

    fn mail(&self, mail: &Mail, of: MunicipalityId, now: Instant, due: Instant) -> Result<NewMailRow, StoreError> {
        let mail =
            serde_json::to_value(mail).map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
        Ok(NewMailRow {
            id: Uid(MailId::new(now, self.chance)),
            municipality_id: Uid(of),
            mail: DocOf(mail),
            created_at: At(now),
            due_at: At(due),
            attempts: 0,
        })
    }

    /// Ends a round of reminders: its mails become due, and all mails for one mailbox become one mail.
    pub fn gather(&mut self, now: Instant) -> Result<(), StoreError> {
        let held: Vec<_> = lock_held(self.conn, now)?
            .into_iter()
            .map(|(id, of, mail)| (id, of.0, serde_json::from_value::<Mail>(mail.0).ok()))
            .collect();
        let agencies: Vec<AgencyId> = held.iter().filter_map(|(.., mail)| Some(mail.as_ref()?.agency_id)).collect();
        let mailboxes: BTreeMap<AgencyId, String> = directory::mailboxes(self.conn, &agencies)?.into_iter().collect();
        let mut to = BTreeMap::<&String, (Vec<Uid<MailId>>, MunicipalityId, Vec<Mail>)>::new();
        let mut alone = Vec::new();
        for (id, of, mail) in held {
            // A mail without a mailbox, or from a newer program, stays as it is; the worker that sends it deals with it.
            match mail.and_then(|mail| Some((mailboxes.get(&mail.agency_id)?, mail))) {
                None => alone.push(id),
                Some((mailbox, mail)) => {
                    let (ids, _, mails) = to.entry(mailbox).or_insert_with(|| (Vec::new(), of, Vec::new()));
                    ids.push(id);
                    mails.push(mail);
                }
            }
        }
        let (mut gone, mut rows) = (Vec::new(), Vec::new());
        for (ids, of, mails) in to.into_values() {
            if mails.len() < 2 {
                alone.extend(ids);
            } else if let Some(mail) = Mail::gather(mails) {
                gone.extend(ids);
                rows.push(self.mail(&mail, of, now, now)?);
            }
        }
        diesel::update(outbox::table.filter(outbox::id.eq_any(alone)))
            .set(outbox::due_at.eq(At(now)))
            .execute(self.conn)?;
        diesel::delete(outbox::table.filter(outbox::id.eq_any(gone))).execute(self.conn)?;
        put_all!(self, outbox::table, rows);
        self.flush()?;
        Ok(())
    }

    /// Claims up to `limit` mails that are due, oldest first, for `lease_seconds`. After that, others can claim them again.
    pub fn claim(&mut self, limit: u32, now: Instant, lease_seconds: u32) -> Result<Vec<Claimed>, StoreError> {
        let ids = lock_due(self.conn, now, limit)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // One token serves all of them: no other claim ever gets the same one.
        let claim = uuid_v7(now, self.chance);
        let rows: Vec<(Uid<MailId>, i32, DocOf)> = diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
            .set((
                outbox::claim.eq(Uid(claim)),
                outbox::leased_until.eq(At(now.plus_seconds(i64::from(lease_seconds)))),
                outbox::attempts.eq(outbox::attempts + 1),
            ))
            .returning((outbox::id, outbox::attempts, outbox::mail))
            .get_results(self.conn)?;
        let mut mails: Vec<_> = rows
            .into_iter()
            .map(|(id, attempts, mail)| (id.0, attempts, serde_json::from_value::<Mail>(mail.0).ok()))
            .collect();
        mails.sort_by_key(|(id, ..)| *id);
        let agencies: Vec<AgencyId> = mails.iter().filter_map(|(.., mail)| Some(mail.as_ref()?.agency_id)).collect();
        let mailboxes: BTreeMap<AgencyId, String> = directory::mailboxes(self.conn, &agencies)?.into_iter().collect();
        let claimed = |(mail_id, attempts, mail): (MailId, i32, Option<Mail>)| Claimed {
            mail_id,
            claim,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            mailbox: mail.as_ref().and_then(|mail| mailboxes.get(&mail.agency_id).cloned()),
            mail,
        };
        Ok(mails.into_iter().map(claimed).collect())
    }

    /// Notes that the mail was sent, and that its agency can be reached again. `false` when the token is stale: another worker has the
    /// mail, or it is settled.
    pub fn finish(&mut self, mail_id: MailId, claim: Uuid, now: Instant) -> Result<bool, StoreError> {
        // A mail that is settled has no claim.
        let row = outbox::table.find(Uid(mail_id)).filter(outbox::claim.eq(Uid(claim)));
        let settled = (
            outbox::sent_at.eq(At(now)),
            outbox::claim.eq(None::<Uid>),
            outbox::leased_until.eq(None::<At>),
            outbox::last_error.eq(None::<String>),
        );
        let told =
            diesel::update(row).set(settled).returning(outbox::mail).get_result::<DocOf>(self.conn).optional()?;
        if let Some(agency_id) = told.as_ref().and_then(addressee) {
            let failed = agency::table.find(Uid(agency_id)).filter(agency::mail_failed_at.is_not_null());
            diesel::update(failed).set(agency::mail_failed_at.eq(None::<At>)).execute(self.conn)?;
        }
        Ok(told.is_some())
    }

    /// Notes that sending failed, and when to try again. Without `retry_at` the mail is given up, and its agency is marked as not reached.
    /// `error_code` is a class of error, never a text that may repeat an address. `false` when the token is stale.
    pub fn fail(
        &mut self,
        mail_id: MailId,
        claim: Uuid,
        now: Instant,
        retry_at: Option<Instant>,
        error_code: &str,
    ) -> Result<bool, StoreError> {
        // A mail that is settled has no claim.
        let row = outbox::table.find(Uid(mail_id)).filter(outbox::claim.eq(Uid(claim)));
        let settled = (
            outbox::due_at.eq(At(retry_at.unwrap_or(now))),
            outbox::dead_at.eq(if retry_at.is_none() { Some(At(now)) } else { None }),
            outbox::claim.eq(None::<Uid>),
            outbox::leased_until.eq(None::<At>),
            outbox::last_error.eq(error_code),
        );
        let told =
            diesel::update(row).set(settled).returning(outbox::mail).get_result::<DocOf>(self.conn).optional()?;
        if let (None, Some(agency_id)) = (retry_at, told.as_ref().and_then(addressee)) {
            let reached = agency::table.find(Uid(agency_id)).filter(agency::mail_failed_at.is_null());
            diesel::update(reached).set(agency::mail_failed_at.eq(At(now))).execute(self.conn)?;
        }
        Ok(told.is_some())
    }
}

impl WriteTx<'_> {
    /// Makes mails due and free that are put off or leased for more than `longest_seconds`. No mail ever waits that long, so the clock must
    /// have been set back. Returns how many.
    pub fn recall(&mut self, now: Instant, longest_seconds: i64) -> Result<usize, StoreError> {
        let latest = At(now.plus_seconds(longest_seconds));
        let free = (outbox::due_at.eq(At(now)), outbox::claim.eq(None::<Uid>), outbox::leased_until.eq(None::<At>));
        // Two statements, because each has an index.
        let waiting = outbox::table.filter(outbox::sent_at.is_null().and(outbox::dead_at.is_null()));
        let put_off = diesel::update(waiting.filter(outbox::due_at.gt(latest))).set(free).execute(self.conn)?;
        let leased = outbox::table.filter(outbox::leased_until.gt(latest).assume_not_null());
        Ok(put_off + diesel::update(leased).set(free).execute(self.conn)?)
    }

    /// Forgets mails that were sent before `until`; returns how many. Mails that were given up stay.
    pub fn forget_sent(&mut self, until: Instant) -> Result<usize, StoreError> {
        Ok(diesel::delete(outbox::table.filter(outbox::sent_at.lt(At(until)))).execute(self.conn)?)
    }
}

impl ReadTx<'_> {
    /// The state of the outbox.
    pub fn outbox_health(&mut self, now: Instant) -> Result<OutboxHealth, StoreError> {
        let waiting = format!(
            "select count(*) as waiting, min(created_at) as oldest from
             (select created_at from outbox where sent_at is null and dead_at is null order by due_at limit {COUNTED}) as mails"
        );
        let WaitingRow { waiting, oldest } = diesel::sql_query(waiting).get_result(self.conn)?;
        let dead = format!(
            "select count(*) from (select 1 from outbox where dead_at is not null order by dead_at limit {COUNTED}) as mails"
        );
        let dead: i64 = sql::<BigInt>(&dead).get_result(self.conn)?;
        let age = oldest.map_or(0, |at| now.as_micros().saturating_sub(at.0.as_micros()) / 1_000_000);
        Ok(OutboxHealth {
            waiting: u64::try_from(waiting).unwrap_or(0),
            oldest_age_seconds: u64::try_from(age).unwrap_or(0),
            dead: u64::try_from(dead).unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests;
