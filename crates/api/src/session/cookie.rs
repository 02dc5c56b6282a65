//! The session cookie, which neither scripts nor other sites can reach.

use crate::app::App;
use crate::auth::cookie_name;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

/// The cookie with the token of a session. It has no lifetime of its own: it ends with the browser, or earlier when the session in the
/// database ends.
pub(super) fn opened(app: &App, token: String) -> Cookie<'static> {
    let cookie = Cookie::build(cookie_name(app), token);
    cookie.path("/").http_only(true).same_site(SameSite::Strict).secure(app.over_tls()).finish()
}

/// The cookie that makes a browser forget the session.
pub(super) fn cleared(app: &App) -> Cookie<'static> {
    let mut cookie = opened(app, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie
}
