//! HTTP in, problem documents out. actix-web lives here (and in the server that starts it).

mod addresses;
pub mod app;
pub mod attachments;
mod audit;
mod auth;
mod consents;
pub mod cursor;
mod directory;
mod disclosures;
mod doc;
mod door;
mod exceptions;
mod execute;
pub mod limit;
mod metrics;
mod origin;
mod page;
pub mod password;
mod problem;
pub mod proof;
mod relays;
mod service;
mod session;
mod sheets;
mod stops;
mod tasks;
pub mod token;
mod trace;

pub use audit::event_json;
pub use directory::{BadRow, agencies_of, login_name};
pub use execute::forget_before;
pub use service::{openapi, service};
