//! `/api/v1/sheets/{id}/consents` and `/api/v1/consents`.

mod capture;
mod clauses;
mod evidence;
mod expiry;
mod input;
mod line;
mod receipts;
mod stops;
