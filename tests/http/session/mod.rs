//! `/api/v1/session` and `/oauth2/token`.

mod life;
mod oauth;
mod tokens;
