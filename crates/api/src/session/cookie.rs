//! The session cookie: out of reach of scripts and of other sites.

use crate::app::App;
use crate::auth::cookie_name;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

/// The cookie with a session's token. It has no age: it ends with the browser, and the session row ends it earlier.
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
