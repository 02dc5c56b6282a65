//! Work on what is old or was only counted: kept answers, sent mails, sessions, failed log-ins of strangers.

use super::{Done, Now};
use api::app::App;
use storage::StoreError;
use uuid::Uuid;

/// How long sent mails and ended sessions are remembered.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// Notes the number of failed log-ins of strangers that were only counted.
pub(super) async fn note_failures(app: &App, now: Now) -> Result<Done, StoreError> {
    api::note_counted_failures(app, now.at).await?;
    Ok(Done::default())
}

/// Forgets old kept answers, sent mails and sessions.
pub(super) async fn forget(app: &App, now: Now) -> Result<Done, StoreError> {
    let (answers_before, old) = (api::forget_before(now.at), now.at.plus_seconds(-KEPT_SECONDS));
    app.store
        .write::<_, StoreError, _>(Uuid::nil(), move |tx| {
            tx.forget_answers(answers_before)?;
            tx.forget_sent(old)?;
            tx.forget_sessions(old)
        })
        .await?;
    Ok(Done::default())
}
