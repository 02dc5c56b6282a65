//! Agencies that are no more.

use super::sheets::write;
use super::{AT_ONCE, Done, Now, each};
use api::app::App;
use domain::audit::Fact;
use domain::case::Case;
use storage::{StoreError, WriteTx};

/// Notes the end of agencies that are no more, and shuts out their department systems.
pub(super) async fn end(app: &App, now: Now) -> Result<Done, StoreError> {
    let ending = app.store.read::<_, StoreError, _>(move |tx| tx.list_ending(now.today, AT_ONCE)).await?;
    each(&app.store, ending, move |tx, id| {
        let Some(locked) = tx.lock_agency(id)? else { return Ok(0) };
        let Some(mut outcome) = locked.thing.clone().note_end(now.at) else { return Ok(0) };
        let revoked = tx.revoke_clients_of(id, now.at)? as u64;
        outcome.events =
            outcome.events.into_iter().map(|it| it.with("clients_revoked", Fact::Count(revoked))).collect();
        tx.apply(locked, outcome, None, now.at)?;
        Ok(1)
    })
    .await
}

/// Ends the posts at agencies that are no more, and the sessions that act in them.
pub(super) async fn leave(app: &App, now: Now) -> Result<Done, StoreError> {
    let leaving = app.store.read::<_, StoreError, _>(move |tx| tx.list_people_to_leave(AT_ONCE)).await?;
    each(&app.store, leaving, move |tx, (id, agency)| {
        let Some(locked) = tx.lock_person(id)? else { return Ok(0) };
        let Some(outcome) = locked.thing.clone().leave(agency, now.at) else { return Ok(0) };
        tx.apply(locked, outcome, None, now.at)?;
        Ok(1)
    })
    .await
}

/// Hands on what was in the hands of ended agencies. The first hand-over also recalls what such an agency held as a receiver. If it has a
/// successor, the second one hands the stop notice for that to the successor.
pub(super) async fn hand_over(app: &App, now: Now) -> Result<Done, StoreError> {
    let waiting = app.store.read::<_, StoreError, _>(move |tx| tx.list_to_hand_over(now.today, AT_ONCE)).await?;
    each(&app.store, waiting, move |tx, (sheet_id, ended)| {
        let step = |_: &mut WriteTx<'_>, case: Case| Ok(case.hand_over(ended, now.at).ok());
        let handed = write(tx, sheet_id, now, step)?;
        if handed > 0 && ended.heir.is_some() {
            write(tx, sheet_id, now, step)?;
        }
        Ok(handed)
    })
    .await
}
