//! Whole stories, typed as a clerk would type them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

mod dv;
mod eight_fifty;
use tests::{forms, log};
mod telling;
mod without_consent;
mod years;
mod young_carer;
