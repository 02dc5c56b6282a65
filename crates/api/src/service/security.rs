//! Where to report a security hole in the service (RFC 9116).

use crate::app::App;
use actix_web::HttpResponse;
use actix_web::http::header;
use domain::time::{Day, Instant};

/// The path that RFC 9116 prescribes (§3).
pub(super) const PATH: &str = "/.well-known/security.txt";

/// How long the file is valid: less than a year (§2.5.5). Each answer states a new date.
const DAYS: i64 = 180;

/// The file; none when the configuration names no contact.
pub(super) fn answer(app: &App) -> Option<HttpResponse> {
    let contact = app.security_contact.as_ref()?;
    let expires = expiry(app.now());
    let url = app.public_url.trim_end_matches('/');
    let text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: ja, en\nCanonical: {url}{PATH}\n");
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    Some(
        HttpResponse::Ok()
            .insert_header(kind)
            .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
            .body(text),
    )
}

/// The end of the last day of its validity, in Japan.
fn expiry(now: Instant) -> String {
    format!("{}T23:59:59+09:00", Day(now.plus_seconds(DAYS * 24 * 3600).date()))
}
