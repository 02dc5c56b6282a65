//! `/api/v1/session`, `/api/v1/sessions` and `/oauth2/token`; and what is noted of denied attempts.

mod denied;
mod life;
mod oauth;
mod open;
mod tokens;
