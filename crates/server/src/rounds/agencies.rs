//! Agencies that are no more.

use super::sheets::write;
use super::{AT_ONCE, Done, Now, each};
use api::app::App;
use domain::account::{Client, Person};
use domain::agency::AgencyRecord;
use domain::aggregate::Outcome;
use domain::case::Case;
use storage::{StoreError, Stored, WriteTx};
use uuid::Uuid;

/// Notes the end of agencies that are no more.
pub(super) async fn end(app: &App, now: Now) -> Result<Done, StoreError> {
    let ending = app.store.read::<_, StoreError, _>(move |tx| tx.list_ending(now.today, AT_ONCE)).await?;
    each(&app.store, ending, move |tx, id| change::<AgencyRecord>(tx, id.0, now, |agency| agency.note_end(now.at)))
        .await
}

/// Ends the posts at agencies that are no more, with the sessions that act in them, and shuts out their department systems.
pub(super) async fn leave(app: &App, now: Now) -> Result<Done, StoreError> {
    let leaving = app.store.read::<_, StoreError, _>(move |tx| tx.list_people_to_leave(AT_ONCE)).await?;
    let people = each(&app.store, leaving, move |tx, (id, agency)| {
        change(tx, id.0, now, |person: Person| person.leave(agency, now.at))
    });
    let people = people.await?;
    let systems = app.store.read::<_, StoreError, _>(move |tx| tx.list_clients_to_revoke(AT_ONCE)).await?;
    let systems = each(&app.store, systems, move |tx, id| {
        // The row by which it was listed may name another agency than its document.
        let agency = Client::lock(tx, id.0)?.map(|locked| locked.thing.agency_id);
        let agency = agency.map(|id| tx.find_agency(id)).transpose()?.flatten();
        match agency.is_some_and(|record| record.ended_at.is_some()) {
            true => change(tx, id.0, now, |client: Client| client.revoke(now.at).ok()),
            false => Ok(0),
        }
    });
    let systems = systems.await?;
    Ok(Done { written: people.written + systems.written, failed: people.failed + systems.failed })
}

/// Writes the outcome of `step`, if it returns one: the thing may have changed since the listing. Returns how many outcomes were written.
fn change<A: Stored>(
    tx: &mut WriteTx<'_>,
    id: Uuid,
    now: Now,
    step: impl FnOnce(A) -> Option<Outcome<A>>,
) -> Result<usize, StoreError> {
    let Some(locked) = A::lock(tx, id)? else { return Ok(0) };
    let Some(outcome) = step(locked.thing.clone()) else { return Ok(0) };
    tx.apply(locked, outcome, None, now.at)?;
    Ok(1)
}

/// Hands on what was in the hands of ended agencies. The first hand-over also recalls what such an agency held as a receiver. If it has a
/// successor, the second one hands the stop request for that to the successor.
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
