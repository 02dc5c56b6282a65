//! Tests through HTTP, on SQLite and on PostgreSQL. The folders mirror the URLs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

use tests::forms;

mod attachments;
mod consents;
mod conventions;
mod directory;
mod exceptions;
mod limits;
mod probe;
mod relays;
mod round;
mod session;
mod sheets;
mod tasks;
