//! `/api/v1/sheets`.

mod address_release;
mod assignee;
mod closing;
mod closure;
mod drafts;
mod household;
mod idempotency;
mod input;
mod labels;
mod lists;
mod malformed;
mod moved;
mod names;
mod numbers;
mod revisions;
mod search;
