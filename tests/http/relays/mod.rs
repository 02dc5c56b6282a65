//! `/api/v1/sheets/{id}/relays` and `/api/v1/relays`.

mod afterwards;
mod amend;
mod board;
mod can;
mod chase;
mod corrected;
mod hand_back;
mod household;
mod idempotency;
mod input;
mod lost_answers;
mod mails;
mod overdue;
mod path;
mod report_back;
