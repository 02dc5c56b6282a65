//! What happens without a request: consents that ran out, reminders of what is overdue, telling the privacy officer of it, tasks that begin to show, emergencies that
//! were not approved in time, and forgetting of kept answers, sent mails and sessions.

use domain::case::{Case, Outcome};
use domain::codes::Role;
use domain::ids::{ConsentId, ExceptionId, RelayId, SheetId, StopNoticeId};
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

/// One round: ends what rested on consents that ran out, reminds of relays and stop notices whose due date has passed and of emergencies that nobody has approved, lets tasks show whose
/// day has come, and forgets old answers, sent mails and sessions. Says how many changes and reminders were written.
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
        reminded += written(store, sheet_id, move |tx| remind(tx, sheet_id, relay_id, now)).await;
    }
    let lapsed = store.read::<_, StoreError, _>(move |tx| tx.list_lapsed(today, AT_ONCE)).await?;
    for (sheet_id, consent_id) in lapsed {
        reminded += written(store, sheet_id, move |tx| lapse(tx, sheet_id, consent_id, now)).await;
    }
    let stops = store.read::<_, StoreError, _>(move |tx| tx.list_stops_to_chase(today, AT_ONCE)).await?;
    for (sheet_id, stop_id) in stops {
        reminded += written(store, sheet_id, move |tx| chase(tx, sheet_id, stop_id, now)).await;
    }
    let waking = store.read::<_, StoreError, _>(move |tx| tx.list_waking(today, AT_ONCE)).await?;
    for sheet_id in waking {
        reminded += written(store, sheet_id, move |tx| wake(tx, sheet_id, now)).await;
    }
    let unapproved = store.read::<_, StoreError, _>(move |tx| tx.list_unapproved(today, AT_ONCE)).await?;
    for (sheet_id, exception_id) in unapproved {
        reminded += written(store, sheet_id, move |tx| expire(tx, sheet_id, exception_id, now)).await;
    }
    Ok(reminded)
}

/// What `work` on the sheet wrote, counted. One sheet that cannot be read must not keep all others from being reminded of.
async fn written<F>(store: &Store, sheet_id: SheetId, work: F) -> usize
where
    F: Fn(&mut WriteTx<'_>) -> Result<usize, StoreError> + Send + 'static,
{
    store.write::<_, StoreError, _>(sheet_id.0, work).await.unwrap_or_else(|error| {
        tracing::error!(%sheet_id, cause = %error, "a reminder could not be written");
        0
    })
}

/// Writes what `step` makes of the case, if it still is as it was when it was listed.
fn apply(
    tx: &mut WriteTx<'_>,
    sheet_id: SheetId,
    now: Instant,
    step: impl FnOnce(&mut WriteTx<'_>, Case) -> Result<Option<Outcome>, StoreError>,
) -> Result<usize, StoreError> {
    let Some(locked) = tx.lock_case(sheet_id)? else {
        return Ok(0);
    };
    let Some(outcome) = step(tx, locked.case.clone())? else {
        return Ok(0);
    };
    tx.apply(locked, outcome, None, now)?;
    Ok(1)
}

fn remind(tx: &mut WriteTx<'_>, sheet_id: SheetId, relay_id: RelayId, now: Instant) -> Result<usize, StoreError> {
    // Answered in between: nothing to remind of.
    apply(tx, sheet_id, now, |_, case| Ok(case.remind(relay_id, Day(now.date()), now).ok()))
}

fn chase(tx: &mut WriteTx<'_>, sheet_id: SheetId, stop_id: StopNoticeId, now: Instant) -> Result<usize, StoreError> {
    let today = Day(now.date());
    apply(tx, sheet_id, now, |tx, case| {
        let officers = tx.list_agencies_with(Role::PrivacyOfficer, case.sheet.municipality_id, today)?;
        // Answered in between: nobody to chase.
        Ok(case.chase_stop(stop_id, &officers, today, now).ok())
    })
}

fn lapse(tx: &mut WriteTx<'_>, sheet_id: SheetId, id: ConsentId, now: Instant) -> Result<usize, StoreError> {
    apply(tx, sheet_id, now, |tx, case| {
        let receivers = tx.find_receivers(&case)?;
        // Taken back in between: that has told them.
        Ok(case.lapse(id, &receivers, &mut || tx.new_stop(now), now).ok())
    })
}

fn expire(tx: &mut WriteTx<'_>, sheet_id: SheetId, id: ExceptionId, now: Instant) -> Result<usize, StoreError> {
    // Decided in between: nothing is overdue.
    apply(tx, sheet_id, now, |_, case| Ok(case.expire_exception(id, now).ok()))
}

fn wake(tx: &mut WriteTx<'_>, sheet_id: SheetId, now: Instant) -> Result<usize, StoreError> {
    match tx.lock_case(sheet_id)? {
        Some(locked) => tx.wake_tasks(&locked, Day(now.date()), now),
        None => Ok(0),
    }
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
