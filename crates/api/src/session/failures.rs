//! Failures of strangers that were too many to note one by one.

use crate::app::App;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::time::Instant;
use storage::StoreError;
use uuid::Uuid;

/// Notes, as one event, how many failures of strangers have only been counted since the last call; none when there were none.
///
/// # Errors
/// The store refuses; the count is kept for the next time.
pub async fn note_counted_failures(app: &App, now: Instant) -> Result<(), StoreError> {
    let count = app.limits.strangers.take_count();
    if count == 0 {
        return Ok(());
    }
    let event = EventDraft::new(EventKind::FailuresCounted, Stream::Service).with("count", Fact::Count(count));
    app.store
        .write::<_, StoreError, _>(Uuid::nil(), move |tx| {
            let mut lock = tx.lock_stream(Stream::Service, None)?;
            tx.append(&mut lock, std::slice::from_ref(&event), None, now)
        })
        .await
        .inspect_err(|_| app.limits.strangers.give_back(count))
}
