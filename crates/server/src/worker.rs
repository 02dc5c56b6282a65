//! What happens without a request: reminders of what is overdue, tasks that begin to show, emergencies that were not approved in time, and
//! forgetting of kept answers, sent mails and sessions.

use domain::ids::{ExceptionId, RelayId, SheetId};
use domain::time::{Clock, Day, Instant};
use std::sync::Arc;
use std::time::Duration;
use storage::{Store, StoreError, WriteTx};
use uuid::Uuid;

/// How long sent mails and ended sessions are remembered.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// Longer than a mail is leased or waits for another attempt.
const LONGEST_WAIT_SECONDS: i64 = 2 * 3600;
/// Reminders in one round; the next round takes the rest.
const AT_ONCE: i64 = 200;

/// One round: reminds of relays whose due date has passed and of emergencies that nobody has approved, lets tasks show whose day has come,
/// and forgets old answers, sent mails and sessions. Says how many reminders were written.
///
/// # Errors
/// The store refuses.
pub async fn sweep(store: &Store, clock: &dyn Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let today = Day(now.date());
    let (answers_before, old) = (api::forget_before(now), now.plus_seconds(-KEPT_SECONDS));
    store
        .write::<_, StoreError, _>(Uuid::nil(), move |tx| {
            tx.forget_answers(answers_before)?;
            tx.forget_sent(old)?;
            tx.recall(now, LONGEST_WAIT_SECONDS)?;
            tx.forget_sessions(old)
        })
        .await?;
    let overdue = store.read::<_, StoreError, _>(move |tx| tx.list_overdue(today, AT_ONCE)).await?;
    let mut reminded = 0;
    for (sheet_id, relay_id) in overdue {
        let work = move |tx: &mut WriteTx<'_>| remind(tx, sheet_id, relay_id, now);
        match store.write::<_, StoreError, _>(sheet_id.0, work).await {
            Ok(done) => reminded += usize::from(done),
            // One sheet that cannot be read must not keep all others from being reminded of.
            Err(error) => tracing::error!(%sheet_id, cause = %error, "a reminder could not be written"),
        }
    }
    let waking = store.read::<_, StoreError, _>(move |tx| tx.list_waking(today, AT_ONCE)).await?;
    for sheet_id in waking {
        match store.write::<_, StoreError, _>(sheet_id.0, move |tx| wake(tx, sheet_id, now)).await {
            Ok(mails) => reminded += mails,
            Err(error) => tracing::error!(%sheet_id, cause = %error, "a task could not be shown"),
        }
    }
    let unapproved = store.read::<_, StoreError, _>(move |tx| tx.list_unapproved(today, AT_ONCE)).await?;
    for (sheet_id, exception_id) in unapproved {
        let work = move |tx: &mut WriteTx<'_>| expire(tx, sheet_id, exception_id, now);
        match store.write::<_, StoreError, _>(sheet_id.0, work).await {
            Ok(done) => reminded += usize::from(done),
            Err(error) => tracing::error!(%sheet_id, cause = %error, "an overdue approval could not be noted"),
        }
    }
    Ok(reminded)
}

fn wake(tx: &mut WriteTx<'_>, sheet_id: SheetId, now: Instant) -> Result<usize, StoreError> {
    match tx.lock_case(sheet_id)? {
        Some(locked) => tx.wake_tasks(&locked, Day(now.date()), now),
        None => Ok(0),
    }
}

fn remind(tx: &mut WriteTx<'_>, sheet_id: SheetId, relay_id: RelayId, now: Instant) -> Result<bool, StoreError> {
    let today = Day(now.date());
    let Some(locked) = tx.lock_case(sheet_id)? else {
        return Ok(false);
    };
    // Answered in between: nothing to remind of.
    let Ok(outcome) = locked.case.clone().remind(relay_id, today, now) else {
        return Ok(false);
    };
    tx.apply(locked, outcome, None, now)?;
    Ok(true)
}

fn expire(tx: &mut WriteTx<'_>, sheet_id: SheetId, id: ExceptionId, now: Instant) -> Result<bool, StoreError> {
    let Some(locked) = tx.lock_case(sheet_id)? else {
        return Ok(false);
    };
    // Decided in between: nothing is overdue.
    let Ok(outcome) = locked.case.clone().expire_exception(id, now) else {
        return Ok(false);
    };
    tx.apply(locked, outcome, None, now)?;
    Ok(true)
}

/// Rounds until the runtime ends.
pub(crate) async fn run(store: Store, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = sweep(&store, clock.as_ref()).await {
            tracing::warn!(cause = %error, "the round of reminders failed and will be tried again");
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}
