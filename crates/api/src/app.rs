//! What every handler shares.

use crate::attachments::Scanner;
use crate::cursor::Cursors;
use crate::denied::Denials;
use crate::limit::{Limits, Settings, Uploads};
use crate::metrics::Metrics;
use crate::password::Passwords;
use crate::proof::{Signer, Statuses};
use crate::token::{BadKey, Tokens};
use aws_lc_rs::hmac;
use domain::codes::Tables;
use domain::ids::Chance;
use domain::time::{Clock, Instant};
use std::sync::Arc;
use storage::keys::Purpose;
use storage::{Store, StoreError};

/// The application: the store, the clock, the keys derived for HTTP.
pub struct App {
    /// The data.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub chance: Arc<dyn Chance>,
    /// The extensible code lists.
    pub tables: Tables,
    /// Where people reach the service; decides whether cookies are for TLS only.
    pub public_url: String,
    /// How many years a consent may last.
    pub consent_years: u8,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) uploads: Uploads,
    pub(crate) scanner: Option<Scanner>,
    pub(crate) security_contact: Option<String>,
    pub(crate) csrf: hmac::Key,
    pub(crate) device: hmac::Key,
    pub(crate) network: hmac::Key,
    pub(crate) denials: Denials,
    pub(crate) cursors: Cursors,
    pub(crate) fingerprint: hmac::Key,
    pub(crate) directory: hmac::Key,
    pub(crate) signer: Signer,
    pub(crate) statuses: Statuses,
}

/// What the configuration sets for the whole service.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// How many years a consent may last.
    pub consent_years: u8,
    /// The program that scans files before they are kept.
    pub scanner: Option<Scanner>,
    /// Where to report a security hole in the service: a URI.
    pub security_contact: Option<String>,
}

impl App {
    /// Counts what one round of background work has written, and what it could not write.
    pub fn count_round(&self, round: &str, written: usize, failed: usize) {
        self.metrics.count_round(round, written, failed);
    }

    /// Puts the application together.
    ///
    /// # Errors
    /// A key cannot be derived.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        tables: Tables,
        public_url: String,
        limits: Settings,
        chosen: Chosen,
    ) -> Result<Self, StoreError> {
        let keys = store.keys();
        let mac = |purpose| -> Result<hmac::Key, StoreError> {
            Ok(hmac::Key::new(hmac::HMAC_SHA256, keys.derive(purpose)?.as_ref()))
        };
        let unusable = |error: BadKey| StoreError::Unavailable(error.to_string());
        let tokens = Tokens::new(&*keys.derive(Purpose::SessionSigning)?, &public_url).map_err(unusable)?;
        let cursors = Cursors::new(keys.derive(Purpose::Cursor)?.as_ref())
            .map_err(|_| StoreError::Unavailable("the key for cursors cannot be used".to_owned()))?;
        Ok(Self {
            tokens,
            passwords: Passwords::new(),
            metrics: Metrics::new(),
            limits: Limits::new(limits, Arc::clone(&clock)),
            uploads: Uploads::default(),
            scanner: chosen.scanner,
            security_contact: chosen.security_contact,
            csrf: mac(Purpose::Csrf)?,
            device: mac(Purpose::Device)?,
            network: mac(Purpose::Network)?,
            denials: Denials::default(),
            cursors,
            fingerprint: mac(Purpose::Idempotency)?,
            directory: mac(Purpose::Directory)?,
            signer: Signer::new(&keys.derive_all(Purpose::Receipt)?).map_err(unusable)?,
            statuses: Statuses::default(),
            store,
            clock,
            chance,
            tables,
            public_url,
            consent_years: chosen.consent_years,
        })
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether people reach the service over TLS: the cookie is then `Secure`, and its name begins with `__Host-`.
    pub(crate) fn over_tls(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
