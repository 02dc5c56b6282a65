//! The device cookie (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"): a browser that has logged in to an account before
//! has its own budget of failures, which no stranger can use up.
//!
//! It proves nothing else: without the password it opens nothing. Only browsers get one (they send `Origin`); programs keep no cookies.

use crate::app::App;
use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many days the cookie lasts: the longest that browsers keep one (RFC 6265bis §5.5).
const DAYS: i64 = 400;
const NONCE: usize = 16;

/// A login or client id as a short keyed hash: people sometimes type a password there.
pub(super) fn account(app: &App, name: &str) -> [u8; 16] {
    shortened(&hmac::sign(&app.device, &[b"account\0", name.as_bytes()].concat()))
}

/// The id of the browser that sends this request, if it has logged in to this account before.
pub(super) fn known(app: &App, request: &HttpRequest, account: &[u8; 16]) -> Option<[u8; NONCE]> {
    let cookie = request.cookie(&name(app, account))?;
    let bytes = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
    let (nonce, tag) = bytes.split_first_chunk::<NONCE>()?;
    hmac::verify(&app.device, &signed(account, nonce), tag).ok()?;
    Some(*nonce)
}

/// The cookie for a browser that has just logged in to this account for the first time; none for programs.
pub(super) fn introduced(app: &App, request: &HttpRequest, account: &[u8; 16]) -> Option<Cookie<'static>> {
    if !request.headers().contains_key(header::ORIGIN) || known(app, request, account).is_some() {
        return None;
    }
    let mut nonce = [0; NONCE];
    app.chance.fill(&mut nonce);
    let tag = hmac::sign(&app.device, &signed(account, &nonce));
    let value = URL_SAFE_NO_PAD.encode([&nonce, tag.as_ref()].concat());
    let cookie = Cookie::build(name(app, account), value).path("/api/v1/session").max_age(Duration::days(DAYS));
    Some(cookie.http_only(true).same_site(SameSite::Strict).secure(app.over_tls()).finish())
}

/// One cookie for each account: several people log in at one counter.
fn name(app: &App, account: &[u8; 16]) -> String {
    let prefix = if app.over_tls() { "__Secure-" } else { "" };
    format!("{prefix}tsunagu_device_{}", hex::encode(account))
}

fn signed(account: &[u8; 16], nonce: &[u8; NONCE]) -> Vec<u8> {
    [b"device\0", account.as_slice(), nonce].concat()
}

fn shortened(tag: &hmac::Tag) -> [u8; 16] {
    tag.as_ref().first_chunk().copied().unwrap_or_default()
}
