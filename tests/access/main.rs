//! Who may do what, over every operation of openapi.yaml. `expectation.rs` is the table to read first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

mod calls;
mod closing;
mod document;
mod expectation;
use tests::forms;
mod ids;
mod matrix;
mod people;
mod rule;
mod states;
mod stories;
mod sweep;
mod told;
mod twin;
mod veil;
mod witness;
mod worlds;
