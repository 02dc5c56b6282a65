//! What happens without a request: consents that ran out, reminders of what is overdue, telling the privacy officer of it, tasks that begin to show, emergencies that
//! were not approved in time, failures of strangers that were only counted, and forgetting of kept answers, sent mails and sessions.

use actix_web::web;
use api::app::App;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::{Case, Ended, Outcome};
use domain::codes::Role;
use domain::ids::{AgencyId, ConsentId, ExceptionId, MunicipalityId, RelayId, SheetId, StopNoticeId};
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
pub async fn sweep(app: &App, clock: &dyn Clock) -> Result<usize, StoreError> {
    let (store, now) = (&app.store, clock.now());
    api::note_counted_failures(app, now).await?;
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
    let mut reminded = end_agencies(store, today, now).await?;
    let overdue = store.read::<_, StoreError, _>(move |tx| tx.list_overdue(today, AT_ONCE)).await?;
    for (sheet_id, relay_id) in overdue {
        reminded += written(store, sheet_id, move |tx| remind(tx, sheet_id, relay_id, now)).await;
    }
    let lapsed = store.read::<_, StoreError, _>(move |tx| tx.list_lapsed(today, AT_ONCE)).await?;
    for (sheet_id, consent_id) in lapsed {
        reminded += written(store, sheet_id, move |tx| lapse(tx, sheet_id, consent_id, now)).await;
    }
    let beyond = store.read::<_, StoreError, _>(move |tx| tx.list_to_recall(today, AT_ONCE)).await?;
    for sheet_id in beyond {
        reminded +=
            written(store, sheet_id, move |tx| apply(tx, sheet_id, now, |_, case| Ok(Some(case.look_again(now)))))
                .await;
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
    // What all of this says to one mailbox is one mail.
    store.write::<_, StoreError, _>(Uuid::nil(), move |tx| tx.gather(now)).await?;
    Ok(reminded)
}

/// Takes note of agencies that are no more, and hands on what was in their hands.
async fn end_agencies(store: &Store, today: Day, now: Instant) -> Result<usize, StoreError> {
    let ending = store.read::<_, StoreError, _>(move |tx| tx.list_ending(today, AT_ONCE)).await?;
    for (id, of) in ending {
        store.write::<_, StoreError, _>(id.0, move |tx| end_agency(tx, id, of, now)).await?;
    }
    let waiting = store.read::<_, StoreError, _>(move |tx| tx.list_to_hand_over(today, AT_ONCE)).await?;
    let mut handed = 0;
    for (sheet_id, ended) in waiting {
        handed += written(store, sheet_id, move |tx| hand_over(tx, sheet_id, ended, now)).await;
    }
    Ok(handed)
}

fn end_agency(tx: &mut WriteTx<'_>, id: AgencyId, of: MunicipalityId, now: Instant) -> Result<(), StoreError> {
    let stream = Stream::Agency(id);
    let mut lock = tx.lock_stream(stream, Some(of))?;
    let Some(gone) = tx.end_agency(id, Day(now.date()), now)? else { return Ok(()) };
    let event = EventDraft::new(EventKind::AgencyEnded, stream)
        .with("agency_id", Fact::Id(id.0))
        .with("posts_ended", Fact::Count(gone.posts as u64))
        .with("sessions_ended", Fact::Count(gone.sessions as u64))
        .with("clients_revoked", Fact::Count(gone.clients as u64));
    tx.append(&mut lock, &[event], None, now)
}

/// What the agency held is recalled in the same breath; whoever came after it answers for that.
fn hand_over(tx: &mut WriteTx<'_>, sheet_id: SheetId, ended: Ended, now: Instant) -> Result<usize, StoreError> {
    let step = |_: &mut WriteTx<'_>, case: Case| Ok(case.hand_over(ended, now).ok());
    let handed = apply(tx, sheet_id, now, step)?;
    if handed > 0 && ended.heir.is_some() {
        apply(tx, sheet_id, now, step)?;
    }
    Ok(handed)
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
pub(crate) async fn run(app: web::Data<App>, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = sweep(&app, clock.as_ref()).await {
            tracing::warn!(cause = %error, "the round of reminders failed and will be tried again");
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}
