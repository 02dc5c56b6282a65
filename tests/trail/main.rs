//! The audit trail: verified, tampered with, exported; and writers at the same time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "this is a test"
)]

#[allow(dead_code, reason = "shared by several test programs; none uses all of it")]
#[path = "../http/forms.rs"]
mod forms;
