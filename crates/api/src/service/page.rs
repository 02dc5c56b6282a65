//! The page at the counter: the files of `web/dist/page`. A release contains them; a debug build reads them from the disk.

use crate::app::App;
use crate::auth::cookie_name;
use crate::problem::Problem;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::Chance;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

#[derive(RustEmbed)]
// The directory always exists; `page` exists in it once the page was built. Until then the root shows the API's documentation.
#[folder = "../../web/dist"]
struct Files;

/// Where in index.html the nonce goes.
const PLACE: &str = "NONCE";

/// Whether this path may be a screen of the page: a path that is neither the API nor a file.
///
/// A path that only resembles the API (`//api/v1/sheets`, `/API`, `/%61pi`, `/somewhere/api/v1/sheets`) is no screen: a program with a
/// wrong address must not be answered 200 and a page. The paths of screens consist of words, codes and ids in ASCII.
pub(super) fn is_screen(path: &str) -> bool {
    const RESERVED: [&str; 5] = ["api", "oauth2", "health", "metrics", "assets"];
    let is_word = |word: &str| {
        let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        plain && !RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
    };
    let words = path.strip_prefix('/').map(|words| words.strip_suffix('/').unwrap_or(words));
    path == "/" || words.is_some_and(|words| words.split('/').all(is_word))
}

/// A file of the page, or the page itself for every screen. A request without a session cookie gets the page with the log-in already in it.
pub(super) fn answer(app: &App, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    if path == super::security::PATH && request.method() == Method::GET {
        return super::security::answer(app).ok_or(Problem::NotFound);
    }
    let asset = path.strip_prefix("/assets/");
    if asset.is_none() && !is_screen(path) {
        return Err(Problem::NotFound);
    }
    if request.method() != Method::GET {
        return Err(Problem::MethodNotAllowed("GET, HEAD".to_owned()));
    }
    match asset {
        Some(name) => file(name, request.headers()).ok_or(Problem::NotFound),
        None => {
            let known = request.cookie(cookie_name(app)).is_some();
            let page = if known { "page/index.html" } else { "page/door.html" };
            Ok(screen(page, &*app.chance).unwrap_or_else(super::pages::about))
        }
    }
}

/// The page: never cached, with a nonce of its own. None when it was not built.
fn screen(page: &str, chance: &dyn Chance) -> Option<HttpResponse> {
    let page = String::from_utf8(Files::get(page)?.data.into_owned()).ok()?;
    let mut random = [0u8; 18];
    chance.fill(&mut random);
    let nonce = URL_SAFE_NO_PAD.encode(random);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let answer = HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
        .body(page.replace(PLACE, &nonce));
    Some(answer)
}

/// A file whose name contains its hash: cached for a year, and sent compressed to clients that accept that.
fn file(name: &str, asked: &HeaderMap) -> Option<HttpResponse> {
    // The compressed copies lie beside each file; they are not served under their own names.
    let media = media_type(name)?;
    let whole = Files::get(&format!("page/assets/{name}"))?;
    let etag = format!("\"{}\"", hex::encode(whole.metadata.sha256_hash()));
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::ETAG, etag.clone()));
    let text = |name| asked.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok()).unwrap_or_default();
    if text(header::IF_NONE_MATCH).split(',').any(|known| known.trim().trim_start_matches("W/") == etag) {
        return Some(answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    let (coding, found) = smallest(name, text(header::ACCEPT_ENCODING)).unwrap_or((None, whole));
    if let Some(coding) = coding {
        answer.insert_header((header::CONTENT_ENCODING, coding));
    }
    let bytes = match found.data {
        // The bytes are part of the program, so nothing is copied, however many clients read slowly.
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(answer.body(bytes))
}

/// The compressed copy in a coding that the client accepts.
fn smallest(name: &str, accepted: &str) -> Option<(Option<&'static str>, EmbeddedFile)> {
    let takes = |coding: &str| {
        accepted.split(',').any(|one| {
            let (word, weight) = one.split_once(';').unwrap_or((one, ""));
            word.trim().eq_ignore_ascii_case(coding) && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    [("br", "br"), ("gzip", "gz")].into_iter().filter(|(coding, _)| takes(coding)).find_map(|(coding, ending)| {
        Files::get(&format!("page/assets/{name}.{ending}")).map(|twin| (Some(coding), twin))
    })
}

fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_are_what_is_no_api_and_no_file() {
        for screen in ["/", "/sheets", "/sheets/", "/sheets/0190-a/relay", "/apiary", "/healthy"] {
            assert!(is_screen(screen), "{screen}");
        }
        for other in [
            "/api",
            "/api/v1/nothing",
            "/oauth2/x",
            "/health/x",
            "/metrics",
            "/assets/x",
            "/favicon.ico",
            "/.well-known/x",
            "//",
            "//api/v1/sheets",
            "/api//v1/sheets",
            "/API/v1/sheets",
            "/Api",
            "/%61pi/v1/sheets",
            "/OAuth2/token",
            "/somewhere/api/v1/sheets",
            "/api;v=1/sheets",
            "/\\api",
            "api",
            "",
        ] {
            assert!(!is_screen(other), "{other}");
        }
    }
}
