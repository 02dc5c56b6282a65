//! `/api/v1/sheets/{id}/relays` and `/api/v1/relays`.

mod afterwards;
mod idempotency;
mod input;
mod mails;
mod overdue;
