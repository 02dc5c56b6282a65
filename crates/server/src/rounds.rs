//! What happens without a request: a list of rounds, each with its own numbers. When one round fails, the others are still made.

mod agencies;
mod mails;
mod old;
mod sheets;

use actix_web::web;
use api::app::App;
use domain::ids::{AgencyId, ClientId, SheetId, StaffId};
use domain::time::{Clock, Day, Instant};
use futures_util::future::LocalBoxFuture;
use std::sync::Arc;
use std::time::Duration;
use storage::{Store, StoreError, WriteTx};
use uuid::Uuid;

/// The most things that one round takes; the next one takes the rest.
const AT_ONCE: i64 = 200;

/// Work that is repeated regularly.
struct Round {
    /// Its label in metrics and logs.
    name: &'static str,
    /// The minutes from one run to the next.
    minutes: u64,
    step: for<'a> fn(&'a App, Now) -> LocalBoxFuture<'a, Result<Done, StoreError>>,
}

/// When a round is made.
#[derive(Clone, Copy)]
struct Now {
    at: Instant,
    today: Day,
}

/// The result of a round.
#[derive(Clone, Copy, Default)]
struct Done {
    /// Things that were written.
    written: usize,
    /// Things that could not be written; the next round tries them again.
    failed: usize,
}

/// The rounds, in the order in which they are made. The mails come last: what all rounds say to one mailbox becomes one mail.
const ROUNDS: &[Round] = &[
    Round { name: "failures", minutes: 1, step: |app, now| Box::pin(old::note_failures(app, now)) },
    Round { name: "forget", minutes: 1, step: |app, now| Box::pin(old::forget(app, now)) },
    Round { name: "agencies", minutes: 1, step: |app, now| Box::pin(agencies::end(app, now)) },
    Round { name: "leave", minutes: 1, step: |app, now| Box::pin(agencies::leave(app, now)) },
    Round { name: "handover", minutes: 1, step: |app, now| Box::pin(agencies::hand_over(app, now)) },
    Round { name: "overdue", minutes: 1, step: |app, now| Box::pin(sheets::remind(app, now)) },
    Round { name: "lapse", minutes: 1, step: |app, now| Box::pin(sheets::lapse(app, now)) },
    Round { name: "recall", minutes: 1, step: |app, now| Box::pin(sheets::look_again(app, now)) },
    Round { name: "stops", minutes: 1, step: |app, now| Box::pin(sheets::chase_stops(app, now)) },
    Round { name: "tasks", minutes: 1, step: |app, now| Box::pin(sheets::wake_tasks(app, now)) },
    Round { name: "exceptions", minutes: 1, step: |app, now| Box::pin(sheets::expire_exceptions(app, now)) },
    Round { name: "mails", minutes: 1, step: |app, now| Box::pin(mails::gather(app, now)) },
];

/// Something in the list of a round.
trait Listed: Copy + Send + 'static {
    /// The id of the sheet, agency, person or system that the round changes.
    fn id(self) -> Uuid;
}

impl Listed for SheetId {
    fn id(self) -> Uuid {
        self.0
    }
}

impl<T: Copy + Send + 'static> Listed for (SheetId, T) {
    fn id(self) -> Uuid {
        self.0.0
    }
}

impl Listed for AgencyId {
    fn id(self) -> Uuid {
        self.0
    }
}

impl Listed for ClientId {
    fn id(self) -> Uuid {
        self.0
    }
}

impl<T: Copy + Send + 'static> Listed for (StaffId, T) {
    fn id(self) -> Uuid {
        self.0.0
    }
}

/// Does `work` for each thing, in a transaction of its own, so that one that cannot be read does not hold up all others.
async fn each<T, F>(store: &Store, things: Vec<T>, work: F) -> Result<Done, StoreError>
where
    T: Listed,
    F: Fn(&mut WriteTx<'_>, T) -> Result<usize, StoreError> + Copy + Send + 'static,
{
    let mut done = Done::default();
    for thing in things {
        let id = thing.id();
        match store.write::<_, StoreError, _>(id, move |tx| work(tx, thing)).await {
            Ok(written) => done.written += written,
            Err(error) => {
                done.failed += 1;
                tracing::error!(%id, cause = %error, "a round could not write this; the next one tries again");
            }
        }
    }
    Ok(done)
}

/// Makes a round and counts its result.
async fn make(app: &App, round: &Round, now: Now) -> Result<usize, StoreError> {
    let made = (round.step)(app, now).await;
    match &made {
        Ok(done) => app.count_round(round.name, done.written, done.failed),
        Err(error) => {
            app.count_round(round.name, 0, 1);
            tracing::warn!(round = round.name, cause = %error, "a round failed and will be made again");
        }
    }
    made.map(|done| done.written)
}

/// Makes every round once, whether it is due or not; returns how many things were written.
///
/// # Errors
/// The error of the first round that failed; the others were made all the same.
pub async fn sweep(app: &App, clock: &dyn Clock) -> Result<usize, StoreError> {
    let now = at(clock);
    let mut all = Ok(0);
    for round in ROUNDS {
        let made = make(app, round, now).await;
        all = all.and_then(|sum: usize| made.map(|written| sum + written));
    }
    all
}

/// Makes the rounds that are due, minute by minute, until the runtime ends.
pub(crate) async fn run(app: web::Data<App>, clock: Arc<dyn Clock>) {
    for minute in 0u64.. {
        for round in ROUNDS.iter().filter(|round| minute.is_multiple_of(round.minutes)) {
            // The round itself counts and logs its failure.
            let _ = make(&app, round, at(clock.as_ref())).await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

fn at(clock: &dyn Clock) -> Now {
    let at = clock.now();
    Now { at, today: Day(at.date()) }
}
