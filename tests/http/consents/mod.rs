//! `/api/v1/sheets/{id}/consents` and `/api/v1/consents`.

mod clauses;
mod input;
mod line;
mod receipts;
