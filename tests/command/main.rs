//! The program as an operator runs it: its command line, its configuration, TLS, and how it stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "this is a test")]

mod agency;
mod audit;
mod backup;
mod cluster;
mod configuration;
mod demo;
mod doctor;
mod figures;
use tests::forms;
mod https;
mod logs;
mod memory;
mod metrics;
mod municipality;
mod municipality_names;
mod people;
mod postgres_tls;
mod program;
mod ready;
mod receipt;
mod restored;
mod serve;
mod statements;
mod system_consent;
mod tampering;
mod tampering_directory;
