//! What happens without a request: reminders of what is overdue, and forgetting of kept answers and sent mail.

use domain::time::{Clock, Day};
use std::sync::Arc;
use std::time::Duration;
use storage::{Store, StoreError};
use uuid::Uuid;

/// How long the outbox remembers what was sent.
const MAIL_KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// Reminders in one round; the next round takes the rest.
const AT_ONCE: i64 = 200;

/// One round: reminds of relays whose due date has passed, and forgets old answers and sent mail. Says how many reminders were written.
///
/// # Errors
/// The store refuses.
pub async fn sweep(store: &Store, clock: &dyn Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    let today = Day(now.date());
    let overdue = store
        .read::<_, StoreError, _>(move |tx| tx.list_overdue(today, AT_ONCE))
        .await?;
    let mut reminded = 0;
    for (sheet_id, relay_id) in overdue {
        let done = store
            .write::<_, StoreError, _>(sheet_id.0, move |tx| {
                let Some(locked) = tx.lock_case(sheet_id, today)? else {
                    return Ok(false);
                };
                // Answered in between: nothing to remind of.
                let Ok(outcome) = locked.case.clone().remind(relay_id, today, now) else {
                    return Ok(false);
                };
                tx.apply(locked, outcome, None, now)?;
                Ok(true)
            })
            .await?;
        reminded += usize::from(done);
    }
    let (answers_before, mails_before) = (api::forget_before(now), now.plus_seconds(-MAIL_KEPT_SECONDS));
    store
        .write::<_, StoreError, _>(Uuid::nil(), move |tx| {
            tx.forget_answers(answers_before)?;
            tx.forget_sent(mails_before)
        })
        .await?;
    Ok(reminded)
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
