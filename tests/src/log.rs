//! The log of every service in a test program, at the most talkative level, as lines of JSON. `tsunagu serve` writes a part of it.

use crate::{canary, plans};
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing_subscriber::EnvFilter;

/// A log that is longer than this is searched at once, so that a long test program does not fill the memory.
const MUCH: usize = 4 << 20;

struct Lines {
    /// Not searched yet.
    fresh: Vec<u8>,
    /// The whole log, from when a test asks to keep it.
    kept: Option<Vec<u8>>,
}

static LINES: Mutex<Lines> = Mutex::new(Lines { fresh: Vec::new(), kept: None });

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        plans::listen_to(bytes);
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.fresh.extend_from_slice(bytes);
        if let Some(kept) = &mut lines.kept {
            kept.extend_from_slice(bytes);
        }
        let much = if lines.fresh.len() > MUCH { std::mem::take(&mut lines.fresh) } else { Vec::new() };
        drop(lines);
        canary::look_in("the log", &much);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens from now on, once for the whole program.
pub(crate) fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // This also takes what libraries write with the crate `log`.
        tracing_subscriber::fmt()
            .json()
            // The client of the tests runs in the same process and logs what it sends, so it is off. At TRACE the dispatcher logs only its
            // timers and flags, thirty lines a request.
            .with_env_filter(EnvFilter::new("trace,actix_http::h1::dispatcher=debug,ureq=off,ureq_proto=off"))
            .with_writer(|| Sink)
            .init();
    });
}

/// Searches the lines that were written since the last search.
pub(crate) fn look() {
    let fresh = std::mem::take(&mut LINES.lock().unwrap_or_else(PoisonError::into_inner).fresh);
    canary::look_in("the log", &fresh);
}

/// Keeps the log from now on, for a test that reads it.
pub fn keep() {
    listen();
    LINES.lock().unwrap_or_else(PoisonError::into_inner).kept.get_or_insert_default();
}

/// The whole log so far.
pub fn kept() -> String {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8(lines.kept.clone().expect("kept")).expect("UTF-8")
}
