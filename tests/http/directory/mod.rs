//! `/api/v1/agencies/import` and `/api/v1/postal-codes`.

mod import;
mod postal_codes;
