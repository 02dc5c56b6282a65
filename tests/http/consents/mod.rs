//! `/api/v1/sheets/{id}/consents` and `/api/v1/consents`.

mod capture;
mod clauses;
mod evidence;
mod exclusions;
mod expiry;
mod input;
mod line;
mod narrowed;
mod recall;
mod receipts;
mod stops;
mod term;
