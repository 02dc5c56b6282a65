//! One file for each command.

pub(crate) mod agency_import;
pub(crate) mod audit_export;
pub(crate) mod audit_verify;
pub(crate) mod client_add;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod serve;
pub(crate) mod staff_add;

use crate::cli::Failure;
use crate::config::Config;
use crate::running;
use crate::world::{SystemChance, SystemClock};
use domain::ids::Chance;
use domain::time::{Clock, Instant};
use std::sync::Arc;
use storage::Store;

/// What a command that works on the database needs.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) now: Instant,
}

/// Opens the database (and migrates it).
pub(crate) fn desk(config: &Config) -> Result<Desk, Failure> {
    let chance: Arc<dyn Chance> = Arc::new(SystemChance::new());
    let store = running::open(config, Arc::clone(&chance))?;
    Ok(Desk {
        store,
        chance,
        now: SystemClock.now(),
    })
}

/// Runs a future of a command to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}
