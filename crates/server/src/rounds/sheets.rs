//! What a new day does to sheets.

use super::{AT_ONCE, Done, Now, each};
use api::app::App;
use domain::account::Role;
use domain::case::{Case, Outcome};
use domain::ids::SheetId;
use storage::{StoreError, WriteTx};

/// Reminds of relays whose due date has passed. A relay that was answered since the listing needs no reminder.
pub(super) async fn remind(app: &App, now: Now) -> Result<Done, StoreError> {
    let overdue = app.store.read::<_, StoreError, _>(move |tx| tx.list_overdue(now.today, AT_ONCE)).await?;
    each(&app.store, overdue, move |tx, (sheet_id, relay_id)| {
        write(tx, sheet_id, now, |_, case| Ok(case.remind(relay_id, now.today, now.at).ok()))
    })
    .await
}

/// Ends what rested on consents that have run out. A consent that was taken back since the listing is skipped: its withdrawal has ended
/// everything.
pub(super) async fn lapse(app: &App, now: Now) -> Result<Done, StoreError> {
    let lapsed = app.store.read::<_, StoreError, _>(move |tx| tx.list_lapsed(now.today, AT_ONCE)).await?;
    each(&app.store, lapsed, move |tx, (sheet_id, consent_id)| {
        write(tx, sheet_id, now, |tx, case| {
            let receivers = tx.find_receivers(&case)?;
            Ok(case.lapse(consent_id, &receivers, &mut || tx.new_stop(now.at), now.at).ok())
        })
    })
    .await
}

/// Looks again at sheets whose receivers may be told more or less because of a day, not a request: an agreement has ended, for example.
pub(super) async fn look_again(app: &App, now: Now) -> Result<Done, StoreError> {
    let beyond = app.store.read::<_, StoreError, _>(move |tx| tx.list_to_recall(now.today, AT_ONCE)).await?;
    each(&app.store, beyond, move |tx, sheet_id| write(tx, sheet_id, now, |_, case| Ok(Some(case.look_again(now.at)))))
        .await
}

/// Reminds of stop requests that nobody has answered, and tells the privacy officers. A notice that was answered since the listing is
/// skipped.
pub(super) async fn chase_stops(app: &App, now: Now) -> Result<Done, StoreError> {
    let stops = app.store.read::<_, StoreError, _>(move |tx| tx.list_stops_to_chase(now.today, AT_ONCE)).await?;
    each(&app.store, stops, move |tx, (sheet_id, stop_id)| {
        write(tx, sheet_id, now, |tx, case| {
            let officers = tx.list_agencies_with(Role::PrivacyOfficer, case.sheet.municipality_id, now.today)?;
            Ok(case.chase_stop(stop_id, &officers, now.today, now.at).ok())
        })
    })
    .await
}

/// Shows tasks whose day has come.
pub(super) async fn wake_tasks(app: &App, now: Now) -> Result<Done, StoreError> {
    let waking = app.store.read::<_, StoreError, _>(move |tx| tx.list_waking(now.today, AT_ONCE)).await?;
    each(&app.store, waking, move |tx, sheet_id| match tx.lock_case(sheet_id)? {
        Some(locked) => tx.wake_tasks(&locked, now.today, now.at),
        None => Ok(0),
    })
    .await
}

/// Ends emergencies that nobody has approved in time. An emergency that was decided since the listing is skipped.
pub(super) async fn expire_exceptions(app: &App, now: Now) -> Result<Done, StoreError> {
    let unapproved = app.store.read::<_, StoreError, _>(move |tx| tx.list_unapproved(now.today, AT_ONCE)).await?;
    each(&app.store, unapproved, move |tx, (sheet_id, exception_id)| {
        write(tx, sheet_id, now, |_, case| Ok(case.expire_exception(exception_id, now.at).ok()))
    })
    .await
}

/// Writes the outcome of `step`, if it returns one: the case may have changed since the listing. Returns how many outcomes were written.
pub(super) fn write(
    tx: &mut WriteTx<'_>,
    sheet_id: SheetId,
    now: Now,
    step: impl FnOnce(&mut WriteTx<'_>, Case) -> Result<Option<Outcome>, StoreError>,
) -> Result<usize, StoreError> {
    let Some(locked) = tx.lock_case(sheet_id)? else {
        return Ok(0);
    };
    let Some(outcome) = step(tx, locked.thing.clone())? else {
        return Ok(0);
    };
    tx.apply(locked, outcome, None, now.at)?;
    Ok(1)
}
