//! Logs: JSON lines on standard error. docs/logging.md lists what a line must never contain.

use tracing_subscriber::EnvFilter;

/// Starts logging, once.
pub(crate) fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).finish();
    // A second start (in a test) keeps the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
