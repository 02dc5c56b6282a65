//! Mail: claim, render, send, finish. lettre lives here and nowhere else.
//!
//! A mail says that something waits, its number, its due date, and where to look; never whom or what it is about. No transaction is open
//! while a mail is sent: the mail is claimed with a lease and a fencing token, so that another worker can take it from one that died or was
//! too slow. So a mail is sent at least once; if it arrives twice, both copies have the same Message-ID.

mod backoff;
mod letter;
mod route;
mod url;

pub use backoff::MAX_ATTEMPTS;
pub use url::{BadMailUrl, BadPublicUrl};

use domain::ids::{Chance, MailId};
use domain::time::{Clock, Instant};
use letter::{Letterhead, NotSendable};
use route::{Failure, Route};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use storage::{Claimed, Store, StoreError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// The most mails that one claim takes.
const BATCH: u32 = 16;
/// Connections to the mail server. Several, because each mail waits some 44 ms for nothing: lettre leaves Nagle's algorithm on.
const CONNECTIONS: usize = 4;
/// How long a claim holds: longer than a mail may take ([`Limits`]).
const LEASE_SECONDS: u32 = 120;
/// The pause when the outbox was empty.
const IDLE: Duration = Duration::from_secs(1);
/// The pause when the database was out of reach.
const TROUBLE: Duration = Duration::from_secs(5);

/// Why there is no notifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifierError {
    /// The mail URL.
    #[error(transparent)]
    MailUrl(#[from] BadMailUrl),
    /// The public URL.
    #[error(transparent)]
    PublicUrl(#[from] BadPublicUrl),
    /// The sender.
    #[error("the sender of mails must be an address such as tsunagu@example.jp")]
    From,
    /// The directory for mails.
    #[error("the directory for mails cannot be made: {0}")]
    Directory(std::io::ErrorKind),
    /// TLS.
    #[error("TLS for mail cannot be set up; are there root certificates on this machine?")]
    Tls,
}

/// What one run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Mails that were sent.
    pub sent: usize,
    /// Mails that will be tried again.
    pub retried: usize,
    /// Mails that were given up.
    pub dead: usize,
}

/// The worker that empties the outbox. Cheap to clone; several workers, in several processes, share the work.
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

/// How long one mail may take.
#[derive(Clone, Copy)]
struct Limits {
    /// Until it gets a connection: the mails of its batch before it may each take their longest time.
    queue: Duration,
    /// To connect, and for each answer of the server.
    answer: Duration,
    /// In all, once it has a connection: a server that answers byte by byte keeps every single read within its limit.
    deadline: Duration,
}

const LIMITS: Limits =
    Limits { queue: Duration::from_secs(60), answer: Duration::from_secs(10), deadline: Duration::from_secs(20) };

struct Inner {
    store: Store,
    route: Arc<Route>,
    letterhead: Letterhead,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    limits: Limits,
    connections: Arc<Semaphore>,
    stopping: AtomicBool,
}

/// The result of sending a mail.
#[derive(Clone)]
enum Verdict {
    Sent,
    Failed { retry_at: Option<Instant>, code: String },
}

/// What became of a mail.
enum Done {
    Sent,
    Retried,
    Dead,
    /// Nothing: another worker has it by now, or will have it when its lease ends.
    Left,
}

/// The directory to which mails are written, if the URL names one.
pub fn directory(mail_url: &str) -> Option<std::path::PathBuf> {
    match mail_url.parse() {
        Ok(url::MailUrl::File(directory)) => Some(directory),
        _ => None,
    }
}

/// Tries the way that mail takes: greeting, EHLO, STARTTLS and log-in where the URL asks for them, QUIT. Sends no mail and makes nothing.
/// Blocks, at worst for some 30 s.
///
/// # Errors
/// What went wrong, as a class (`connect`, `connect_535`, `tls`, `timeout`, …) that contains nothing of the URL.
pub fn probe(mail_url: &str, mail_from: &str, public_url: &str) -> Result<(), ProbeError> {
    let letterhead = Letterhead::new(mail_from, public_url)?;
    let mail_url: url::MailUrl = mail_url.parse().map_err(NotifierError::from)?;
    let limit = Duration::from_secs(5);
    if let url::MailUrl::Smtp { .. } = mail_url {
        let route = Route::new(&mail_url, letterhead.host(), limit, Vec::new())?;
        return route.probe().map_err(|failure| ProbeError::Route(failure.code));
    }
    Ok(())
}

/// Why mail would not go out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The configuration.
    #[error(transparent)]
    Configuration(#[from] NotifierError),
    /// The mail server, by the class of the error.
    #[error("the mail server does not take our mail ({0}): check its address, the kind of TLS, user and password")]
    Route(String),
}

impl Notifier {
    /// A notifier that sends to `mail_url`: `smtp://[user:password@]host[:port]` (plain; with `?tls=starttls`, never plain), `smtps://…`
    /// (TLS from the start), or `file:DIR` (one `.eml` file for each mail). `mail_from` is the sender; the links lead to `public_url`.
    ///
    /// # Errors
    /// One of the three is not valid, or the directory cannot be made.
    pub fn new(
        store: Store,
        mail_url: &str,
        mail_from: &str,
        public_url: &str,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, NotifierError> {
        let letterhead = Letterhead::new(mail_from, public_url)?;
        let route = Route::new(&mail_url.parse()?, letterhead.host(), LIMITS.answer, Vec::new())?;
        Ok(Self::of(store, route, letterhead, LIMITS, clock, chance))
    }

    fn of(
        store: Store,
        route: Route,
        letterhead: Letterhead,
        limits: Limits,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        let (route, stopping) = (Arc::new(route), AtomicBool::new(false));
        Self(Arc::new(Inner { store, route, letterhead, clock, chance, limits, connections, stopping }))
    }

    /// Claims a limited number of due mails, sends them, and notes the results.
    ///
    /// # Errors
    /// The database did not take part. A mail whose result could not be noted comes again after its lease.
    pub async fn run_once(&self) -> Result<RunReport, StoreError> {
        let now = self.0.clock.now();
        // Every process claims through the same lane.
        let mails = self.0.store.write(Uuid::nil(), move |tx| tx.claim(BATCH, now, LEASE_SECONDS)).await?;
        let mut tasks = JoinSet::new();
        for mail in mails {
            let notifier = self.clone();
            tasks.spawn(async move { notifier.deliver(mail).await });
        }
        let mut report = RunReport::default();
        let mut trouble = None;
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(Ok(Done::Sent)) => report.sent += 1,
                Ok(Ok(Done::Retried)) => report.retried += 1,
                Ok(Ok(Done::Dead)) => report.dead += 1,
                Ok(Ok(Done::Left)) => {}
                Ok(Err(error)) => trouble = Some(error),
                Err(_) => tracing::error!("a mail task panicked"),
            }
        }
        trouble.map_or(Ok(report), Err)
    }

    /// Works until `stop` is ready. Mails that are being sent then are finished; the rest of the batch waits for the end of its lease.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let mut once = pin!(self.run_once());
            let report = tokio::select! {
                report = &mut once => report,
                () = &mut stop => {
                    self.0.stopping.store(true, Ordering::Relaxed);
                    if let Err(error) = once.await {
                        tracing::error!(%error, "the outbox cannot be emptied");
                    }
                    return;
                }
            };
            let pause = match report {
                Ok(report) if report == RunReport::default() => IDLE,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be emptied");
                    TROUBLE
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = sleep(pause) => {}
            }
        }
    }

    async fn deliver(&self, mail: Claimed) -> Result<Done, StoreError> {
        let (mail_id, claim, attempts) = (mail.mail_id, mail.claim, mail.attempts);
        let sent = match self.letter(&mail) {
            Ok(letter) => self.send(mail_id, letter).await,
            Err(failure) => Some(Err(failure)),
        };
        let Some(sent) = sent else { return Ok(Done::Left) };
        #[cfg(all(feature = "failpoints", debug_assertions))]
        if sent.is_ok() {
            fail::fail_point!("after_sending", |_| std::process::abort());
        }
        let (verdict, done) = match sent {
            Ok(()) => (Verdict::Sent, Done::Sent),
            Err(Failure { code, hopeless }) => {
                let retry_at = if hopeless {
                    None
                } else {
                    backoff::seconds(attempts, self.0.chance.as_ref()).map(|wait| self.0.clock.now().plus_seconds(wait))
                };
                let done = if retry_at.is_some() { Done::Retried } else { Done::Dead };
                // Never log the address, nor what the server said: it may repeat the address.
                match done {
                    Done::Dead => tracing::error!(%mail_id, attempts, error = code, "mail given up"),
                    _ => tracing::warn!(%mail_id, attempts, error = code, "mail not sent, to be tried again"),
                }
                (Verdict::Failed { retry_at, code }, done)
            }
        };
        if self.settle(mail_id, claim, &verdict).await? {
            Ok(done)
        } else {
            tracing::warn!(%mail_id, "the lease ran out while the mail was sent");
            Ok(Done::Left)
        }
    }

    fn letter(&self, claimed: &Claimed) -> Result<lettre::Message, Failure> {
        // A worker that dies on a mail cannot report it, so the claims are counted.
        if claimed.attempts > MAX_ATTEMPTS {
            return Err(Failure::hopeless("attempts"));
        }
        let mail = claimed.mail.as_ref().ok_or_else(|| Failure::passing("unreadable"))?;
        let mailbox = claimed.mailbox.as_deref().ok_or_else(|| Failure::hopeless("no_mailbox"))?;
        let letter = self.0.letterhead.letter(claimed.mail_id, mail, mailbox, self.0.clock.now());
        letter.map_err(|error| match error {
            NotSendable::Mailbox => Failure::hopeless("bad_mailbox"),
            NotSendable::Letter => Failure::hopeless("unsendable"),
        })
    }

    /// `None` when the notifier is stopping and has not begun to send.
    async fn send(&self, mail_id: MailId, letter: lettre::Message) -> Option<Result<(), Failure>> {
        let Ok(Ok(permit)) = timeout(self.0.limits.queue, Arc::clone(&self.0.connections).acquire_owned()).await else {
            return Some(Err(Failure::passing("queue")));
        };
        if self.0.stopping.load(Ordering::Relaxed) {
            return None;
        }
        let route = Arc::clone(&self.0.route);
        let sending = tokio::task::spawn_blocking(move || {
            // The permit is released when the thread is done, not when nobody waits for it any more: a tarpit holds at most this many
            // threads.
            let _permit = permit;
            route.send(mail_id, &letter)
        });
        Some(match timeout(self.0.limits.deadline, sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => Err(Failure::passing("panic")),
            Err(_) => Err(Failure::passing("deadline")),
        })
    }

    /// Notes the verdict; `false` when the claim is stale. It tries more than once, so that a busy moment of the database does not make the
    /// mail go out twice.
    async fn settle(&self, mail_id: MailId, claim: Uuid, verdict: &Verdict) -> Result<bool, StoreError> {
        for pause in [200, 1000] {
            match self.note(mail_id, claim, verdict.clone()).await {
                Err(StoreError::Busy | StoreError::Unavailable(_)) => sleep(Duration::from_millis(pause)).await,
                settled => return settled,
            }
        }
        self.note(mail_id, claim, verdict.clone()).await
    }

    async fn note(&self, mail_id: MailId, claim: Uuid, verdict: Verdict) -> Result<bool, StoreError> {
        let now = self.0.clock.now();
        let write = self.0.store.write(mail_id.0, move |tx| match &verdict {
            Verdict::Sent => tx.finish(mail_id, claim, now),
            Verdict::Failed { retry_at, code } => tx.fail(mail_id, claim, now, *retry_at, code),
        });
        write.await
    }
}

#[cfg(test)]
mod tests;
