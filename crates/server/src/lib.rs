//! The binary `tsunagu`: command line, configuration, TLS, telemetry, wiring.

pub mod cli;
mod command;
pub mod config;
mod connections;
mod rounds;
mod running;
mod telemetry;
mod tls;
pub mod world;

pub use command::audit_verify::{Verified, verify};
pub use command::client_add::{Credentials, make as add_client};
pub use command::demo::make as make_demo;
pub use running::{Running, StartError, Workers, start};

// What a program that starts a service needs of the runtime; actix itself lives in api and here.
pub use actix_web::dev::ServerHandle;
pub use actix_web::rt::System;
