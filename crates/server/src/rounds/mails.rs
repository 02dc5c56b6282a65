//! The mails of all rounds.

use super::{Done, Now};
use api::app::App;
use storage::StoreError;
use uuid::Uuid;

/// Longer than any mail is leased or waits for another attempt.
const LONGEST_WAIT_SECONDS: i64 = 2 * 3600;

/// Gathers all mails that wait for one mailbox into one, and frees mails that would wait too long because the clock was set back.
pub(super) async fn gather(app: &App, now: Now) -> Result<Done, StoreError> {
    app.store
        .write::<_, StoreError, _>(Uuid::nil(), move |tx| {
            tx.recall(now.at, LONGEST_WAIT_SECONDS)?;
            tx.gather(now.at)
        })
        .await?;
    Ok(Done::default())
}
