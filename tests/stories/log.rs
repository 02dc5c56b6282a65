//! The log of every service in this test program, at the most talkative level, as lines of JSON: what `tsunagu serve` writes is a part of it.

use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing_subscriber::EnvFilter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps the log from now on.
pub fn keep() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // Also takes in what libraries write with the crate `log`.
        tracing_subscriber::fmt()
            .json()
            // The client of the tests runs in the same process, and writes down what it sends.
            .with_env_filter(EnvFilter::new("trace,ureq=off,ureq_proto=off"))
            .with_writer(|| Sink)
            .init();
    });
}

/// All of it so far.
pub fn kept() -> String {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8(lines.clone()).expect("UTF-8")
}
