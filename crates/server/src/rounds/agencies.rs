//! Agencies that are no more.

use super::sheets::{each, write};
use super::{AT_ONCE, Done, Now};
use api::app::App;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::Case;
use domain::ids::{AgencyId, MunicipalityId};
use storage::{StoreError, WriteTx};

/// Notes the end of agencies that are no more, and ends their posts, sessions and department systems.
pub(super) async fn end(app: &App, now: Now) -> Result<Done, StoreError> {
    let ending = app.store.read::<_, StoreError, _>(move |tx| tx.list_ending(now.today, AT_ONCE)).await?;
    for (id, of) in ending {
        app.store.write::<_, StoreError, _>(id.0, move |tx| end_agency(tx, id, of, now)).await?;
    }
    Ok(Done::default())
}

fn end_agency(tx: &mut WriteTx<'_>, id: AgencyId, of: MunicipalityId, now: Now) -> Result<(), StoreError> {
    let stream = Stream::Agency(id);
    let mut lock = tx.lock_stream(stream, Some(of))?;
    let Some(gone) = tx.end_agency(id, now.today, now.at)? else { return Ok(()) };
    let event = EventDraft::new(EventKind::AgencyEnded, stream)
        .with("agency_id", Fact::Id(id.0))
        .with("posts_ended", Fact::Count(gone.posts as u64))
        .with("sessions_ended", Fact::Count(gone.sessions as u64))
        .with("clients_revoked", Fact::Count(gone.clients as u64));
    tx.append(&mut lock, &[event], None, now.at)
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
