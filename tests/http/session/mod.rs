//! `/api/v1/session`, `/api/v1/sessions` and `/oauth2/token`; and what is noted of who was denied.

mod denied;
mod life;
mod oauth;
mod open;
mod tokens;
