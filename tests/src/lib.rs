//! A service for each test, on each database, with a clock that is set by hand, and a client that speaks HTTP as a program would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

pub mod canary;
mod client;
mod database;
pub mod forms;
pub mod log;
mod plans;
mod service;

pub use client::{Answer, Client};
pub use database::Database;
pub use service::{Mail, Service};

/// Writes each test twice, once for each database: `on_both! { fn a_sentence(service) { … } }`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* fn $name:ident($service:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn run(database: $crate::Database) {
                let $service = $crate::Service::start(database);
                $body
            }

            #[test]
            fn sqlite() {
                run($crate::Database::Sqlite);
            }

            #[test]
            fn postgres() {
                run($crate::Database::Postgres);
            }
        }
    )+};
}
